"""The phone's clock is noted beside an answer, if it says a time at all, and decides nothing."""

from datetime import datetime, timedelta

import pytest

from btb_pro import clock
from tests.integration.participant.steps import go_to, invitation_row, trail, visit_row
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World

NOW = datetime.fromisoformat("2026-03-10T12:00:00+00:00")
TEN_YEARS = timedelta(days=3653)
TIMES = {
    "ten years slow": clock.utc_text(NOW - TEN_YEARS),
    "ten years fast": clock.local_text(NOW + TEN_YEARS),
    "ahead by a zone": "2026-03-11T02:00:00.000+14:00",
}
NO_TIMES = [
    "NaN", "Invalid Date", "-1", "1e999", "0" * 400, "2026-03-10T12:00:00", "<b>\u202e",
    "9999-12-31T23:59:59-14:00",
]  # fmt: skip


def send(page: PlainBrowser, told: str) -> None:
    """Save the page as a phone does that says of every time what it was told to."""
    page.send(page.address, [*page.values, ("at", told), ("shown", told), ("later", "1")])
    assert (page.status, page.page) == (200, "parts")


@pytest.fixture
def page(world: World) -> PlainBrowser:
    """A page with an answer on it, shown at noon."""
    with clock.at(NOW):
        world.add()
        return go_to(world.started(world.invite()), world, "pain_now").fill("pain_now", "3")


@pytest.mark.parametrize("told", TIMES.values(), ids=TIMES)
def test_a_time_that_cannot_be_true_is_noted_as_told_and_moves_nothing(
    world: World, page: PlainBrowser, told: str
) -> None:
    with clock.at(NOW + timedelta(minutes=1)):
        before = (invitation_row(world).expires_at, visit_row(world).opens_at, visit_row(world).closes_at)
        send(page, told)
        after = (invitation_row(world).expires_at, visit_row(world).opens_at, visit_row(world).closes_at)
        go_to(page, world, "pain_now").fill("pain_now", "4").press("later")
    first, second = trail(world, "pain_now")
    assert (first.device_at, first.shown_at, first.received_at) == (told, NOW, NOW + timedelta(minutes=1))
    assert before == after
    assert (first.value, second.value, first.event_seq < second.event_seq) == ("3", "4", True)


@pytest.mark.parametrize("told", NO_TIMES)
def test_what_is_no_time_is_dropped_and_the_answer_is_kept(
    world: World, page: PlainBrowser, told: str
) -> None:
    with clock.at(NOW + timedelta(minutes=1)):
        send(page, told)
    [row] = trail(world, "pain_now")
    assert (row.value, row.device_at, row.shown_at) == ("3", None, NOW)


@pytest.mark.parametrize("told", [clock.utc_text(NOW), clock.utc_text(NOW - TEN_YEARS)])
def test_a_link_that_has_ended_stays_ended_whatever_the_phone_says(
    world: World, page: PlainBrowser, told: str
) -> None:
    with clock.at(NOW):
        ends = invitation_row(world).expires_at
    with clock.at(ends + timedelta(hours=3)):
        page.send(page.address, [*page.values, ("at", told), ("shown", told), ("later", "1")])
        assert (page.status, page.page) == (410, "dead")
    assert trail(world, "pain_now") == []
