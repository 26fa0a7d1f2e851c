"""What belongs together is written together: a fault before any statement leaves nothing of it.

The database fails before the first statement that writes, then before the second, and so on up to the commit.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from btb_pro import clock
from tests.integration.console.test_typing_in_paper import PAPER, Hospital, browser_of, select_names
from tests.integration.participant.steps import dump, finish_pain, values, visit_row
from tests.support.breaking import breaking_before
from tests.support.engines import EngineName
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.watched import WATCHED_STUDY
from tests.support.world import World, make_world

NUMBER = "BTB-001"
Rows = dict[str, list[tuple[object, ...]]]


@pytest.fixture
def watched(tmp_path: Path, engine: EngineName) -> Iterator[World]:
    """A study in which an answer may ask for a call: a message goes into the queue with it."""
    made = make_world(tmp_path / "watched", study=WATCHED_STUDY)
    made.add(NUMBER, day0=(clock.today() - timedelta(days=14)).isoformat())
    yield made
    made.close()


def kept(world: World) -> Rows:
    """All that is stored, but when a member of staff was last there."""
    rows = dump(world)
    del rows["staff_session"]
    return rows


def press_until_it_goes_through(
    world: World, page: PlainBrowser, is_retry: Callable[[PlainBrowser], bool], every: int = 1
) -> tuple[set[str], list[str]]:
    """Press with a fault before each statement in turn; which tables changed, and the statements."""
    before, typed = kept(world), page.values
    for place in range(1, 100, every):
        with breaking_before(world, place) as told:
            page.press()
        if not told.has_broken:
            break
        assert is_retry(page), (told.statements[-1], page.status, page.page)
        assert [pair for pair in typed if pair not in page.values] == []
        assert kept(world) == before, told.statements[-1]
    assert told.statements[-1] == "COMMIT"
    after = kept(world)
    return {table for table, rows in after.items() if rows != before[table]}, told.statements


def is_asked_to_press_again(page: PlainBrowser) -> bool:
    """The participant's page that says that nothing is saved yet."""
    return (page.status, page.page) == (503, "step")


def is_asked_to_press_again_at_work(page: PlainBrowser) -> bool:
    """The console's page that says so."""
    return (page.status, page.page) == (503, "console-retry")


def test_a_page_is_saved_with_its_times_its_alert_its_message_and_its_event_or_not_at_all(
    watched: World,
) -> None:
    page = watched.browser().open(watched.invite(NUMBER, "day14")).press().press().fill("pain_now", "9")
    changed, statements = press_until_it_goes_through(watched, page, is_asked_to_press_again)
    assert (page.status, page.page, values(watched)) == (200, "items", {"pain_now": "9"})
    assert {"answer", "response", "visit", "save_key", "safety_alert", "message", "audit_event"} <= changed
    assert statements.count("COMMIT") == 1


def test_a_visit_is_sent_in_with_its_lock_its_scores_its_receipt_and_its_event_or_not_at_all(
    watched: World,
) -> None:
    page = finish_pain(watched.browser().open(watched.invite(NUMBER, "day14")).press())
    changed, statements = press_until_it_goes_through(watched, page, is_asked_to_press_again)
    assert (page.status, page.page) == (200, "receipt")
    assert visit_row(watched, NUMBER, "day14").receipt_code is not None
    assert {"response", "score", "visit", "weekly_count", "audit_event"} == changed
    assert statements.count("COMMIT") == 1


def test_somebody_leaves_with_links_messages_and_addresses_or_stays_as_before(world: World) -> None:
    world.add(NUMBER, email="kari@example.org")
    world.invite(NUMBER)
    # The look at the page that comes after is noted once an hour, and so not in between.
    page = signed_in(world).open(f"/console/participants/{NUMBER}")
    page.open(f"{page.address}/withdraw")
    page.fill("reason", "moved abroad").fill("erases", "y")
    changed, _ = press_until_it_goes_through(world, page, is_asked_to_press_again_at_work)
    assert page.address == f"/console/participants/{NUMBER}"
    assert {"participant", "invitation", "contact", "audit_event"} <= changed


def test_paper_becomes_answers_scores_and_a_visit_that_is_sent_in_or_stays_paper(world: World) -> None:
    world.add(NUMBER, day0=(clock.today() - timedelta(days=14)).isoformat())
    hospital = Hospital(
        world, browser_of(world, "kari@hospital.example"), browser_of(world, "ola@hospital.example")
    )
    typed = dict.fromkeys(("pain_now", "pain_worst_2w", "pain_usual_2w"), "7")
    hospital.begin()
    hospital.type_all(hospital.first, typed)
    page = hospital.second.open(f"/console/participants/{NUMBER}").open(f"{PAPER}/page/1")
    while page.page == "console-paper-page":
        for name in set(select_names(page)) & set(typed):
            page.fill(name, "7")
        page.press()
    # Of some forty statements, every fifth.
    changed, _ = press_until_it_goes_through(world, page, is_asked_to_press_again_at_work, every=5)
    assert {"answer", "response", "score", "visit", "paper_entry", "paper_keying", "audit_event"} <= changed
    assert visit_row(world, NUMBER, "day14").receipt_code is not None
    assert values(world) == typed
