"""A wrong value: 422, the page again with the field named and all else kept, and nothing half-written."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.participant.steps import (
    checked,
    dump,
    fill_in,
    go_to,
    values,
)
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World

WRONG: list[tuple[str, Mapping[str, str | Sequence[str]], str]] = [
    ("pain_now", {"pain_now": "11"}, "pain_now-0"),
    ("pain_now", {"pain_now": "-1"}, "pain_now-0"),
    ("pain_now", {"pain_now": ""}, "pain_now-0"),
    ("pain_now", {"pain_now": "05"}, "pain_now-0"),
    ("pain_now", {"pain_now": "5 "}, "pain_now-0"),
    ("pain_now", {"pain_now": "\N{ARABIC-INDIC DIGIT FIVE}"}, "pain_now-0"),
    ("pain_now", {"pain_now": "5\x00"}, "pain_now-0"),
    ("pain_now", {"pain_now": "on"}, "pain_now-0"),
    ("hscl_headache", {"hscl_headache": "0"}, "hscl_headache-1"),
    ("fabq_cause_activity", {"fabq_cause_activity": "7"}, "fabq_cause_activity-0"),
    ("shc_headache", {"shc_headache": "4"}, "shc_headache-0"),
    ("shc_headache", {"shc_headache": "2", "shc_headache_days": "31"}, "shc_headache_days"),
    ("shc_headache", {"shc_headache": "2", "shc_headache_days": "-1"}, "shc_headache_days"),
    ("bg_age", {"bg_age": "17"}, "bg_age"),
    ("bg_age", {"bg_age": "100"}, "bg_age"),
    ("bg_age", {"bg_age": "4O"}, "bg_age"),
    ("bg_age", {"bg_age": "4,5"}, "bg_age"),
    ("bg_age", {"bg_age": "4_0"}, "bg_age"),
    ("bg_age", {"bg_age": "+40"}, "bg_age"),
    ("bg_age", {"bg_age": "1e1"}, "bg_age"),
    ("bg_age", {"bg_age": "NaN"}, "bg_age"),
    ("bg_age", {"bg_age": "٤٠"}, "bg_age"),
    ("bg_age", {"bg_age": "²"}, "bg_age"),
    ("bg_age", {"bg_age": "9" * 19}, "bg_age"),
    ("bg_age", {"bg_age": "9" * 5000}, "bg_age"),
    ("bg_age", {"bg_age": "40\x00"}, "bg_age"),
    ("pain_worse", {"pain_worse": "jumping"}, "pain_worse-sitting"),
    ("pain_worse", {"pain_worse": ("sitting", "none")}, "pain_worse-sitting"),
    ("pain_worse", {"pain_worse": "sitting lifting"}, "pain_worse-sitting"),
    ("pain_worse", {"pain_worse": "other", "pain_worse_other": "a" * 201}, "pain_worse_other"),
    ("pain_worse", {"pain_worse": "other", "pain_worse_other": "a\x00b"}, "pain_worse_other"),
    ("pain_worse", {"pain_worse": "other", "pain_worse_other": "a\x07b"}, "pain_worse_other"),
    ("pain_worse", {"pain_worse": "other", "pain_worse_other": "a\x1bb"}, "pain_worse_other"),
    ("pain_worse", {"pain_worse": "other", "pain_worse_other": "a\ufffeb"}, "pain_worse_other"),
    ("pain_worse", {"pain_worse": "other", "pain_worse_other": "a\uffffb"}, "pain_worse_other"),
    ("pain_worse", {"pain_duration_years": "81"}, "pain_duration_years"),
    ("pain_worse", {"pain_duration_months": "12"}, "pain_duration_months"),
    ("pain_treat", {"pain_treat_manual": "4"}, "pain_treat_manual-1"),
]
"""An item, what is sent for it, and the id that the page leads to."""


@pytest.fixture
def browser(world: World) -> PlainBrowser:
    """A browser that has started the baseline visit."""
    return world.started()


def send(browser: PlainBrowser, *more: tuple[str, str]) -> PlainBrowser:
    """Send the page that is shown with pairs that its form has no control for."""
    return browser.send(browser.address, [*browser.values, *more, ("next", "1")])


def named(browser: PlainBrowser) -> list[str]:
    """Ids that the list of what is wrong leads to."""
    [top] = [one for one in browser.document.iter("div") if one.get("id") == "summary"]
    return [one.get("href", "").removeprefix("#") for one in top.iter("a")]


def test_a_value_that_cannot_be_is_refused_and_the_field_named(world: World, browser: PlainBrowser) -> None:
    before = dump(world)
    for item, pairs, place in WRONG:
        fill_in(go_to(browser, world, item), pairs).press()
        assert (browser.status, browser.page, named(browser)) == (422, "items", [place]), pairs
        assert any(one.get("id") == place for one in browser.main_form.iter())
    assert dump(world) == before


def test_everything_else_on_the_page_is_kept_and_saved_once_the_mistake_is_mended(
    world: World, browser: PlainBrowser
) -> None:
    go_to(browser, world, "pain_worse")
    given = {
        "pain_duration_years": "5",
        "pain_worse": ("lifting", "other"),
        "pain_worse_other": "«snø» & <is>",
    }
    fill_in(browser, given).fill("pain_duration_months", "12").press()
    assert browser.status == 422
    assert browser.value("pain_duration_months") == ["12"]
    assert browser.value("pain_duration_years") == ["5"]
    assert checked(browser, "pain_worse") == ["lifting", "other"]
    assert browser.value("pain_worse_other") == ["«snø» & <is>"]
    browser.fill("pain_duration_months", "11").press()
    assert values(world) == {
        "pain_duration_years": "5",
        "pain_duration_months": "11",
        "pain_worse": "lifting other",
        "pain_worse_other": "«snø» & <is>",
    }


def test_a_wrong_field_is_marked_for_a_screen_reader_and_the_title_says_so(
    world: World, browser: PlainBrowser
) -> None:
    go_to(browser, world, "bg_age").fill("bg_age", "400").press()
    [box] = browser.inputs("bg_age")
    assert box.get("aria-invalid") == "true"
    told = (box.get("aria-describedby") or "").split()
    assert "bg_age-error" in told
    plain = same_title(world, browser)
    assert browser.document.findtext("head/title") != plain


def same_title(world: World, browser: PlainBrowser) -> str | None:
    """The title of the page when nothing is wrong."""
    fresh = PlainBrowser(browser.client).open(browser.address)
    return fresh.document.findtext("head/title")


def test_two_values_for_one_radio_are_refused(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_now").fill("pain_now", "3", "4")
    before = dump(world)
    browser.press()
    assert (browser.status, named(browser)) == (422, ["pain_now-0"])
    assert dump(world) == before


def test_two_values_for_one_number_or_text_are_refused(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_worse").fill("pain_duration_years", "3", "4")
    before = dump(world)
    browser.press()
    assert (browser.status, named(browser)) == (422, ["pain_duration_years"])
    assert dump(world) == before


def test_a_field_that_the_page_does_not_have_is_refused_and_named(
    world: World, browser: PlainBrowser
) -> None:
    names = ["no_such_item", "pain_worst_2w", "pain_now_other", "PAIN_NOW", "pain_now ", "pain_now[]"]
    names += ["__class__", "submitted_at", "site_code", "action", "", "å", "<b>"]
    before = dump(world)
    for name in names:
        go_to(browser, world, "pain_now").fill("pain_now", "5")
        send(browser, (name, "4"))
        assert (browser.status, browser.page) == (422, "items"), name
        assert name.strip() in browser.text
        assert checked(browser, "pain_now") == ["5"]
    assert dump(world) == before
    browser.press()
    assert values(world) == {"pain_now": "5"}


def test_a_button_that_names_no_question_of_the_page_is_refused(world: World, browser: PlainBrowser) -> None:
    before = dump(world)
    for button in ("clear", "decline"):
        for code in ("pain_worst_2w", "no_such_item", "", "å", "pain_now-0"):
            go_to(browser, world, "pain_now").fill("pain_now", "5")
            browser.send(browser.address, [*browser.values, (button, code)])
            assert (browser.status, checked(browser, "pain_now")) == (422, ["5"]), (button, code)
    assert dump(world) == before


def test_an_unknown_field_can_carry_nothing_into_the_page(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_now")
    for name in ('"><script>alert(1)</script>', "<b id='x'>", "a\x00\x01\x1b\ufffeb", "x" * 50_000):
        send(browser, (name, "x"))
        assert (browser.status, browser.page) == (422, "items")
        assert not [one for one in browser.document.iter("script") if one.text or not one.get("src")]
        assert not list(browser.document.iter("b"))


def test_one_wrong_field_stores_no_field_of_the_page(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "bg_age")
    fill_in(browser, {"bg_age": "40", "bg_children": "21", "bg_gender": "1"})
    before = dump(world)
    browser.press()
    assert (browser.status, named(browser)) == (422, ["bg_children"])
    assert dump(world) == before


def test_every_wrong_field_is_named_at_once(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "bg_age")
    fill_in(browser, {"bg_age": "4", "bg_children": "21", "bg_gender": "9"}).press()
    assert named(browser) == ["bg_age", "bg_gender-1", "bg_children"]


def test_a_wrong_value_is_refused_whatever_button_is_pressed(world: World, browser: PlainBrowser) -> None:
    for button, value in (
        ("next", "1"),
        ("back", "1"),
        ("later", "1"),
        ("lang", "en"),
        ("decline", "bg_gender"),
    ):
        go_to(browser, world, "bg_age").fill("bg_age", "4").fill("bg_children", "2").press(button, value)
        assert (browser.status, browser.value("bg_age")) == (422, ["4"])
        assert values(world) == {}


def test_more_fields_than_any_page_has_are_refused(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_now")
    before = dump(world)
    browser.send(browser.address, [*browser.values, *((f"x{number}", "") for number in range(2000))])
    assert browser.status == 400
    assert dump(world) == before


class WordsPage:
    """The page of one text, of which only what is stored matters: not every text can stand in valid HTML."""

    def __init__(self, world: World) -> None:
        self.world = world
        browser = go_to(world.started(), world, "et_words")
        self._client, self._address = browser.client, browser.address

    def send(self, text: str) -> int:
        """Open the page, type over what stands there, and continue later."""
        page = self._client.get(self._address).text
        hidden = {
            name: page.split(f'name="{name}" value="')[1].split('"')[0] for name in ("csrf_token", "state")
        }
        return self._client.post(self._address, data={**hidden, "et_words": text, "later": "1"}).status_code


@pytest.fixture
def words_page(every_type: World) -> WordsPage:
    """The page that asks for a text."""
    return WordsPage(every_type)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=45))
def test_a_text_is_stored_exactly_as_typed_or_refused_whole(words_page: WordsPage, text: str) -> None:
    words_page.send("before")
    status = words_page.send(text)
    stored = values(words_page.world).get("et_words")
    if status == 422:
        assert stored == "before"
        assert len(text) > 40 or any(ord(letter) < 32 or letter in "\ufffe\uffff" for letter in text)
    else:
        assert status == 303
        assert stored == (text if text.strip() else None)
