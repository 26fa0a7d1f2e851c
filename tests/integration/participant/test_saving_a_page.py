"""Saving a page: nothing is mandatory, nothing is doubled, nothing is lost by going back or reloading."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from tests.integration.participant.steps import (
    checked,
    count,
    dump,
    fill_in,
    finish_pain,
    go_to,
    present,
    same_cookies,
    session_address,
    states,
    trail,
    visit_row,
)
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World


class StutteringBrowser(PlainBrowser):
    """A browser of somebody whose every tap is a double tap."""

    def send(self, address: str, sent: Iterable[tuple[str, str]]) -> "PlainBrowser":
        """Post twice; the second answer is the one that stays on the screen."""
        pairs = list(sent)
        here = self.address
        super().send(address, pairs)
        self.address = here
        return super().send(address, pairs)


@pytest.fixture
def browser(world: World) -> PlainBrowser:
    """A browser that has started the baseline visit."""
    return world.started()


def events(world: World, tag: str) -> int:
    """Number of audit events of a kind."""
    with world.reading() as session:
        return len(session.execute(select(AuditEvent.seq).where(AuditEvent.tag == tag)).all())


def problems(browser: PlainBrowser) -> list[str]:
    """Ids that the list at the top of the page leads to."""
    top = next(one for one in browser.document.iter("div") if one.get("id") == "summary")
    return [one.get("href", "").removeprefix("#") for one in top.iter("a")]


def open_questions(browser: PlainBrowser) -> list[str]:
    """Items that the list at the top names, by their input's name."""
    names = {one.get("id"): one.get("name", "") for one in browser.main_form.iter("input")}
    return [names[target] for target in problems(browser)]


def visit_with(world: World, browser: PlainBrowser, number: str) -> PlainBrowser:
    """A later visit, walked from link to receipt with changes of mind on the way."""
    world.add(number, day0=(clock.today() - timedelta(days=14)).isoformat())
    browser.open(world.invite(number, "day14")).press().press()
    browser.press().press()
    browser.press("decline", "pain_worst_2w").press("clear", "pain_worst_2w")
    browser.fill("pain_worst_2w", "4").press("lang", "en").press()
    browser.fill("pain_usual_2w", "3").press("back")
    browser.press("later")
    browser.open(f"{session_address(browser)}/page/1").fill("pain_now", "5").press()
    return browser.open(f"{session_address(browser)}/review").press()


def test_sending_every_form_twice_stores_what_sending_it_once_stores(world: World) -> None:
    once = visit_with(world, world.browser(), "BTB-001")
    twice = visit_with(world, StutteringBrowser(world.app.test_client()), "BTB-002")
    assert once.page == twice.page == "receipt"
    told = [
        [(row.item, row.state, row.value, row.language) for row in trail(world, number=number)]
        for number in ("BTB-001", "BTB-002")
    ]
    assert told[0] == told[1]
    assert len(told[0]) == 6
    assert events(world, "answer:save") == 2 * 6
    assert events(world, "visit:submit") == 2
    assert count(world, "participant_session") == 2


def test_the_first_next_names_the_open_questions_and_keeps_the_others(
    world: World, browser: PlainBrowser
) -> None:
    go_to(browser, world, "fabq_cause_activity").fill("fabq_activity_worse", "0")
    here = browser.address
    browser.press()
    assert (browser.status, browser.page, browser.address) == (200, "items", here)
    assert open_questions(browser) == ["fabq_cause_activity", "fabq_activity_harm"]
    assert checked(browser, "fabq_activity_worse") == ["0"]
    assert present(world) == {"fabq_activity_worse": ("answered", "0")}


def test_the_second_next_goes_on_and_notes_what_was_left_blank(world: World, browser: PlainBrowser) -> None:
    number = int(go_to(browser, world, "fabq_cause_activity").address.rsplit("/", 1)[1])
    browser.fill("fabq_activity_worse", "0").press().press()
    assert browser.address.endswith(f"/page/{number + 1}")
    assert present(world) == {
        "fabq_cause_activity": ("skipped", None),
        "fabq_activity_worse": ("answered", "0"),
        "fabq_activity_harm": ("skipped", None),
    }


def test_a_complete_page_goes_on_at_once(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_now")
    number = int(browser.address.rsplit("/", 1)[1])
    browser.fill("pain_now", "0").press()
    assert browser.address.endswith(f"/page/{number + 1}")


def test_a_question_that_was_emptied_since_is_named_before_it_is_passed(
    world: World, browser: PlainBrowser
) -> None:
    go_to(browser, world, "bg_age").fill("bg_age", "40").press()
    assert "bg_age" not in open_questions(browser)
    browser.fill("bg_age", "").press()
    assert "bg_age" in open_questions(browser)
    browser.press()
    assert present(world)["bg_age"] == ("cleared", None)


def test_nothing_is_preselected_on_any_page(world: World, browser: PlainBrowser) -> None:
    browser.press()
    seen = []
    while browser.page == "items":
        seen.append(browser.address)
        given = [pair for pair in browser.values if pair[0] in browser.names() and pair[1]]
        assert given == [], browser.address
        assert not any(one.get("required") is not None for one in browser.document.iter("input"))
        browser.press().press()
    assert browser.page == "review"
    assert len(seen) == 27


def test_going_back_saves_the_page_and_notes_nothing_as_blank(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "fabq_avoid_should").fill("fabq_avoid_should", "2").press("back")
    assert browser.page == "items"
    assert "fabq_cause_activity" in browser.names()
    assert present(world) == {"fabq_avoid_should": ("answered", "2")}


def test_going_back_from_the_first_page_leads_to_the_parts(browser: PlainBrowser) -> None:
    assert browser.press().press("back").page == "parts"


def test_continuing_later_saves_the_page_and_says_until_when(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "fabq_avoid_should").fill("fabq_avoid_should", "2").press("later")
    assert browser.page == "parts"
    assert "later=1" in browser.address
    assert present(world) == {"fabq_avoid_should": ("answered", "2")}


def test_reloading_the_page_that_names_open_questions_stores_nothing_more(
    world: World, browser: PlainBrowser
) -> None:
    go_to(browser, world, "fabq_cause_activity").fill("fabq_activity_worse", "0")
    sent = [*browser.values, ("next", "1")]
    here = browser.address
    browser.send(here, sent)
    before = dump(world)
    browser.send(here, sent)
    assert (browser.status, dump(world)) == (200, before)
    browser.press()
    assert browser.page == "items"
    assert len(trail(world)) == 3


def test_back_and_the_same_answer_again_is_one_answer(world: World, browser: PlainBrowser) -> None:
    page = go_to(browser, world, "pain_now").fill("pain_now", "5")
    sent, here = [*page.values, ("next", "1")], page.address
    for _ in range(4):
        browser.send(here, sent)
        assert (browser.status, browser.page) == (200, "items")
    assert states(world, "pain_now") == [("answered", "5")]


def test_an_older_page_sent_again_does_not_bring_back_its_answer(world: World, browser: PlainBrowser) -> None:
    page = go_to(browser, world, "pain_now").fill("pain_now", "5")
    sent, here = [*page.values, ("next", "1")], page.address
    browser.send(here, sent)
    go_to(browser, world, "pain_now").fill("pain_now", "7").press()
    browser.send(here, sent)
    assert states(world, "pain_now") == [("answered", "5"), ("answered", "7")]


def test_the_same_page_sent_with_another_answer_asks_and_keeps_what_was_typed(
    world: World, browser: PlainBrowser
) -> None:
    page = go_to(browser, world, "pain_duration")
    here, state = page.address, page.value("state")
    fill_in(page, {"pain_duration_years": "5", "pain_worse": ("lifting",)})
    kept = page.values
    page.press()
    before = dump(world)
    again = same_cookies(page)
    other = [(name, "6" if name == "pain_duration_years" else value) for name, value in kept]
    again.send(here, [*other, ("next", "1")])
    assert (again.status, again.page) == (422, "items")
    assert again.value("pain_duration_years") == ["6"]
    assert checked(again, "pain_worse") == ["lifting"]
    assert again.value("state") != state
    assert dump(world) == before
    again.press()
    assert again.status == 200
    assert states(world, "pain_duration_years") == [("answered", "5"), ("answered", "6")]


def test_the_same_page_sent_with_one_more_answer_asks_too_and_gives_a_fresh_key(
    world: World, browser: PlainBrowser
) -> None:
    page = go_to(browser, world, "pain_worse").fill("pain_duration_years", "4")
    here, sent, old = page.address, list(page.values), page.value("state")
    page.press("later")
    before = dump(world)
    more = [pair for pair in sent if pair[0] != "pain_duration_months"]
    page.send(here, [*more, ("pain_duration_months", "3"), ("later", "1")])
    assert (page.status, page.page) == (422, "items")
    assert page.value("pain_duration_months") == ["3"]
    assert page.value("state") != old
    assert dump(world) == before
    page.press("later")
    assert [row.value for row in trail(world, "pain_duration_months")] == ["3"]


def test_a_repeat_that_had_changed_nothing_does_not_undo_what_came_later(
    world: World, browser: PlainBrowser
) -> None:
    page = go_to(browser, world, "pain_worse")
    hidden = [pair for pair in page.values if pair[0] in ("csrf_token", "state")]
    address = page.address.replace("/page/", "/tap/")

    def tap(key: str, value: str) -> int:
        sent = dict([*hidden, ("pain_duration_years", value), ("key", key)])
        return page.client.post(address, data=sent).status_code

    assert [tap("first-tap", "4"), tap("second-tap", "4"), tap("third-tap", "5")] == [200] * 3
    assert tap("second-tap", "4") == 200
    assert states(world, "pain_duration_years") == [("answered", "4"), ("answered", "5")]
    assert tap("second-tap", "6") == 422
    assert states(world, "pain_duration_years") == [("answered", "4"), ("answered", "5")]


def test_a_page_of_answers_is_one_step_of_the_audit_trail(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "fabq_cause_activity")
    fill_in(browser, {"fabq_cause_activity": "1", "fabq_activity_worse": "2", "fabq_activity_harm": "3"})
    browser.press()
    assert events(world, "answer:save") == 1
    assert len({row.event_seq for row in trail(world)}) == 1


def test_each_answer_keeps_when_it_was_shown_and_when_it_arrived(world: World, browser: PlainBrowser) -> None:
    shown = clock.now()
    with clock.at(shown):
        go_to(browser, world, "pain_now")
    with clock.at(shown + timedelta(seconds=42)):
        browser.fill("pain_now", "5").press()
    [row] = trail(world)
    assert (row.shown_at, row.received_at) == (shown, shown + timedelta(seconds=42))
    assert (row.mode, row.device_at) == ("own_phone", None)


def test_saving_a_later_page_does_not_submit(world: World) -> None:
    world.add("BTB-009", day0=(clock.today() - timedelta(days=14)).isoformat())
    browser = finish_pain(world.started(world.invite("BTB-009", "day14")))
    browser.press("lang", "en")
    assert browser.page == "review"
    assert visit_row(world, "BTB-009", "day14").submitted_at is None
