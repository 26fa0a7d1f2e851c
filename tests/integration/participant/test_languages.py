"""Both languages: a switch on every page, nothing lost by it; each answer knows what was on the screen."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.instruments.model import wording_sha256
from btb_pro.models.response import Response
from btb_pro.study_file import PACKAGED_STUDY
from tests.integration.participant.steps import (
    checked,
    dump,
    finish_pain,
    go_to,
    session_address,
    states,
    trail,
    values,
)
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World, make_world


@pytest.fixture
def browser(world: World) -> PlainBrowser:
    """A browser that has started the baseline visit in Norwegian."""
    return world.started()


def lang(browser: PlainBrowser) -> str | None:
    """The language that the page says it is in."""
    return browser.document.get("lang")


def test_a_language_switch_keeps_what_was_entered(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_duration").fill("pain_duration_years", "5").fill(
        "pain_worse", "lifting", "other"
    )
    browser.fill("pain_worse_other", "regn").press("lang", "en")
    assert (lang(browser), browser.page) == ("en", "items")
    assert browser.value("pain_duration_years") == ["5"]
    assert checked(browser, "pain_worse") == ["lifting", "other"]
    assert browser.value("pain_worse_other") == ["regn"]


def test_a_language_switch_keeps_a_wrong_value_and_says_what_is_wrong_in_the_new_language(
    world: World, browser: PlainBrowser
) -> None:
    go_to(browser, world, "pain_duration").fill("pain_duration_years", "999").fill("pain_worse", "lifting")
    browser.press("lang", "en")
    assert (browser.status, lang(browser)) == (422, "en")
    assert browser.value("pain_duration_years") == ["999"]
    assert checked(browser, "pain_worse") == ["lifting"]
    assert values(world) == {}
    browser.fill("pain_duration_years", "9").press()
    assert values(world) == {"pain_duration_years": "9", "pain_worse": "lifting"}


def test_the_language_stays_for_all_pages_that_follow(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_now").press("lang", "en")
    base = session_address(browser)
    for path in ("/", "/page/1", "/page/27", "/review"):
        assert lang(browser.open(base + path)) == "en"


def test_parts_and_review_have_the_switch_too(browser: PlainBrowser) -> None:
    assert lang(browser.press("lang", "en")) == "en"
    assert browser.page == "parts"
    browser.open(f"{session_address(browser)}/review").press("lang", "nb")
    assert (browser.page, lang(browser)) == ("review", "nb")


def test_switching_the_language_is_in_the_audit_trail_and_pressing_it_again_is_not(
    world: World, browser: PlainBrowser
) -> None:
    browser.press("lang", "en")
    before = dump(world)
    browser.send(browser.address, [*browser.values, ("lang", "en")])
    assert dump(world) == before
    assert any("session:change_language" in row for row in before["audit_event"])


def test_a_language_that_the_study_does_not_speak_changes_nothing(
    world: World, browser: PlainBrowser
) -> None:
    before = dump(world)
    for language in ("de", "", "nb-NO", "å", "en,nb"):
        browser.send(browser.address, [*browser.values, ("lang", language)])
        assert (browser.status, lang(browser)) == (200, "nb")
        browser.open(f"{session_address(browser)}/")
    assert dump(world) == before


def test_each_answer_stores_the_language_and_the_wording_that_were_on_the_screen(
    world: World, browser: PlainBrowser
) -> None:
    pain = world.runtime.instruments["pain"]
    go_to(browser, world, "pain_now").fill("pain_now", "5").press("lang", "en")
    browser.press()
    browser.fill("pain_worst_2w", "6").press()
    rows = trail(world)
    assert [(row.item, row.language) for row in rows] == [("pain_now", "nb"), ("pain_worst_2w", "en")]
    assert [row.wording_sha256 for row in rows] == [wording_sha256(pain, "nb"), wording_sha256(pain, "en")]


def test_a_response_is_pinned_to_the_version_and_wording_that_it_was_begun_in(
    world: World, browser: PlainBrowser
) -> None:
    pain = world.runtime.instruments["pain"]
    go_to(browser, world, "pain_now").fill("pain_now", "5").press("lang", "en")
    go_to(browser, world, "pain_worst_2w").fill("pain_worst_2w", "6").press()
    with world.reading() as session:
        response = session.execute(select(Response)).scalar_one()
    assert (response.instrument, response.instrument_version, response.language) == (
        "pain",
        pain.version,
        "nb",
    )
    assert response.wording_sha256 == wording_sha256(pain, "nb")


def test_the_same_answer_in_another_language_is_not_stored_again(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_now").fill("pain_now", "5").press("lang", "en")
    browser.press()
    assert states(world, "pain_now") == [("answered", "5")]


@pytest.mark.parametrize("language", ["nb", "en"])
def test_a_page_shows_the_instruments_words_in_its_language_and_no_other(
    world: World, browser: PlainBrowser, language: str
) -> None:
    if language == "en":
        browser.press("lang", "en")
    other = "en" if language == "nb" else "nb"
    for code in ("exp_change", "fabq_cause_activity", "hscl_headache", "shc_cough"):
        go_to(browser, world, code)
        item = next(
            item
            for instrument in world.runtime.instruments.values()
            for item in instrument.items
            if item.code == code
        )
        assert item.text[language].text in browser.text
        assert item.text[other].text not in browser.text
        for choice in item.fields[0].choices:
            if choice.label:
                assert choice.label[language].text in browser.text


def test_the_start_page_offers_the_other_language_and_starts_in_it(world: World) -> None:
    world.add("BTB-002", language="nb")
    browser = world.browser().open(world.invite("BTB-002"))
    browser.open(browser.address + "?lang=en")
    assert lang(browser) == "en"
    assert lang(browser.press()) == "en"


def test_an_invitations_language_outweighs_the_phones(world: World) -> None:
    world.add("BTB-002", language="en")
    browser = world.browser("nb").open(world.invite("BTB-002"))
    assert lang(browser) == "en"
    assert lang(browser.press()) == "en"


def test_a_later_visit_can_be_walked_in_english_alone(world: World) -> None:
    world.add("BTB-002", language="en", day0=(clock.today() - timedelta(days=14)).isoformat())
    browser = finish_pain(world.started(world.invite("BTB-002", "day14"), "en"))
    assert lang(browser.press()) == "en"
    assert {row.language for row in trail(world, number="BTB-002")} == {"en"}


@pytest.mark.usefixtures("engine")
def test_a_study_in_one_language_speaks_it_to_every_phone(tmp_path: Path) -> None:
    lines = PACKAGED_STUDY.read_text(encoding="utf-8").replace('["nb", "en"]', '["nb"]').splitlines()
    text = "\n".join(line for line in lines if ".en = " not in line)
    world = make_world(tmp_path / "instance", study=text)
    try:
        world.add()
        browser = world.browser("en").open(world.invite() + "?lang=en")
        assert (browser.status, lang(browser)) == (200, "nb")
        assert not list(browser.document.iter("section"))
        assert lang(browser.press()) == "nb"
        browser.press().press()
        assert lang(browser.open("/s/nobody-made-this")) == "nb"
    finally:
        world.close()
