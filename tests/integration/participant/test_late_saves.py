"""A save that comes after the visit was sent in changes nothing, and is kept as late for the investigator."""

import pytest

from btb_pro.services.untaken_answers import late_saves
from btb_pro.services.verification import verify
from tests.integration.participant.steps import dump, go_to, same_cookies, session_address, values, visit_row
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World

UNTOUCHED = ("answer", "response", "score", "visit", "participant_session")


def late(world: World) -> list[tuple[str, str, str | None]]:
    """What came late: item, state, value."""
    with world.reading() as session:
        return [(row.item, row.state, row.value) for row in late_saves(session, visit_row(world))]


@pytest.fixture
def left_open(world: World) -> PlainBrowser:
    """A page left open with an answer on it, while another tab sent the visit in."""
    browser = go_to(world.started(), world, "pain_worse")
    browser.fill("pain_duration_years", "4").press()
    page = go_to(browser, world, "pain_worse")
    other = same_cookies(page).open(f"{session_address(page)}/review")
    assert other.press().page == "receipt"
    page.fill("pain_duration_years", "5")
    return page


def test_it_changes_no_answer_and_the_participant_is_shown_the_receipt(
    world: World, left_open: PlainBrowser
) -> None:
    before = dump(world)
    left_open.press()
    assert (left_open.status, left_open.page) == (200, "receipt")
    after = dump(world)
    assert {name: after[name] for name in UNTOUCHED} == {name: before[name] for name in UNTOUCHED}
    assert values(world)["pain_duration_years"] == "4"


def test_what_it_said_is_kept_once_however_often_it_comes(world: World, left_open: PlainBrowser) -> None:
    here, sent = left_open.address, [*left_open.values, ("next", "1")]
    for _ in range(3):
        left_open.send(here, sent)
        assert left_open.page == "receipt"
    assert late(world) == [("pain_duration_years", "answered", "5")]


def test_the_repeat_of_a_save_that_came_in_time_is_not_late(world: World) -> None:
    page = go_to(world.started(), world, "pain_worse").fill("pain_duration_years", "4")
    here, sent = page.address, [*page.values, ("later", "1")]
    page.press("later").open(f"{session_address(page)}/review").press()
    page.send(here, sent)
    assert (page.page, late(world)) == ("receipt", [])


def test_a_page_that_was_not_touched_has_nothing_that_is_late(world: World, left_open: PlainBrowser) -> None:
    left_open.fill("pain_duration_years", "4").press()
    assert (left_open.page, late(world)) == ("receipt", [])


def test_a_tap_that_was_out_of_coverage_is_kept_too(world: World, left_open: PlainBrowser) -> None:
    address = left_open.address.replace("/page/", "/tap/")
    sent = [("csrf_token", left_open.value("csrf_token")[0]), ("state", left_open.value("state")[0])]
    left_open.send(address, [*sent, ("pain_duration_months", "3"), ("key", "tap-12345678")])
    assert left_open.page == "receipt"
    assert late(world) == [("pain_duration_months", "answered", "3")]


def test_words_enter_the_audit_trail_as_a_salted_hash_alone(world: World, left_open: PlainBrowser) -> None:
    left_open.fill("pain_worse", "other").fill("pain_worse_other", "blåbær").press()
    assert ("pain_worse_other", "answered", "blåbær") in late(world)
    events = [row for row in dump(world)["audit_event"] if "answer:come_late" in row]
    assert len(events) == 1
    assert "blåbær" not in repr(events)
    with world.reading() as session:
        verify(session)
