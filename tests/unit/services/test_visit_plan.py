"""Windows that move: over the nights when the clocks change, around what stays, and back to day 0."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.participant import Invitation, Visit
from btb_pro.services.known_participants import find_participant
from btb_pro.services.moving import VisitDay, move_visit, set_day0
from btb_pro.services.visit_plan import MoveFault, MoveRefused, Stays, appointment
from btb_pro.study import Visit as PlannedVisit
from btb_pro.study import is_after_visit, is_late, window_on
from tests.support.world import COMMAND, World

DAY14 = PlannedVisit("day14", {}, 14, -3, 3, 7, (), 2, ())


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)))
def test_a_window_begins_and_ends_at_midnight_in_norway_whatever_the_clocks_do(day: date) -> None:
    window = window_on(DAY14, day)
    for instant, later in ((window.opens_at, -3), (window.closes_at, 4), (window.expires_at, 8)):
        assert instant is not None
        local = instant.astimezone(clock.OSLO)
        assert (local.date(), local.hour, local.minute) == (day + timedelta(days=later), 0, 0)


def test_a_window_over_the_night_in_spring_is_an_hour_shorter_and_in_autumn_longer() -> None:
    def hours(day: date) -> float:
        window = window_on(DAY14, day)
        assert window.opens_at is not None
        assert window.closes_at is not None
        return (window.closes_at - window.opens_at).total_seconds() / 3600

    assert [hours(date(2026, 3, 29)), hours(date(2026, 10, 25)), hours(date(2026, 6, 1))] == [167, 169, 168]


@pytest.mark.parametrize(
    ("day", "hour", "wanted"),
    [
        (date(2026, 3, 29), "03:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (date(2026, 10, 25), "02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (date(2026, 1, 5), "9.05", datetime(2026, 1, 5, 8, 5, tzinfo=UTC)),
    ],
)
def test_an_appointment_is_an_hour_in_norway(day: date, hour: str, wanted: datetime) -> None:
    assert appointment(day, hour) == wanted


@pytest.mark.parametrize(
    ("day", "hour"),
    [(date(2026, 3, 29), "02:30"), (date(2026, 1, 5), "24:00"), (date(2026, 1, 5), "half past nine")],
)
def test_an_hour_that_there_is_not_is_refused(day: date, hour: str) -> None:
    with pytest.raises(MoveRefused) as caught:
        appointment(day, hour)
    assert caught.value.fault is MoveFault.HOUR_ILLEGAL


@given(
    submitted=st.datetimes(datetime(2026, 3, 27), datetime(2026, 4, 1), timezones=st.just(UTC)),
    hour=st.none() | st.integers(0, 23),
)
def test_after_the_visit_is_after_its_hour_or_else_after_its_day(
    submitted: datetime, hour: int | None
) -> None:
    day = date(2026, 3, 29)
    begins_at = datetime(2026, 3, 29, hour, tzinfo=clock.OSLO).astimezone(UTC) if hour is not None else None
    end = datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert is_after_visit(submitted, begins_at, day) == (submitted >= (begins_at or end))


def test_late_is_at_the_first_instant_after_the_window() -> None:
    closes_at = datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert is_late(closes_at, closes_at)
    assert not is_late(closes_at - timedelta(milliseconds=1), closes_at)
    assert not is_late(None, closes_at)


def test_submitted_visits_and_those_set_by_hand_stay_when_day0_changes(world: World) -> None:
    world.add(day0="2026-11-01")
    with world.writing() as session:
        visits = {one.code: one for one in session.execute(select(Visit)).scalars()}
        done = visits["baseline"]
        done.submitted_at, done.receipt_code, done.submitted_seq = clock.now(), "K7PM-2XQ4", 1
        found = find_participant(session, "BTB-001")
        move_visit(session, COMMAND, world.runtime, found, "day42", VisitDay(date(2026, 12, 15)))
        plan = set_day0(session, COMMAND, world.runtime, found, date(2026, 11, 8))
        stays = {one.code: one.stays for one in plan if one.stays}
    assert stays == {"baseline": Stays.SUBMITTED, "day42": Stays.SET_BY_HAND}
    with world.reading() as session:
        days = {one.code: one.planned_on for one in session.execute(select(Visit)).scalars()}
    assert days["baseline"] == date(2026, 11, 1)
    assert days["day42"] == date(2026, 12, 15)
    assert days["day14"] == date(2026, 11, 22)


def test_a_submitted_visit_cannot_be_moved(world: World) -> None:
    world.add(day0="2026-11-01")
    with world.writing() as session:
        row = session.execute(select(Visit).where(Visit.code == "baseline")).scalar_one()
        row.submitted_at, row.receipt_code, row.submitted_seq = clock.now(), "K7PM-2XQ4", 1
        found = find_participant(session, "BTB-001")
        with pytest.raises(MoveRefused) as caught:
            move_visit(session, COMMAND, world.runtime, found, "baseline", VisitDay(date(2026, 11, 5)))
    assert caught.value.fault is MoveFault.SUBMITTED


def test_a_link_made_before_day0_was_known_gets_its_visits_window(world: World) -> None:
    world.add(day0="")
    world.invite()
    with world.writing() as session:
        found = find_participant(session, "BTB-001")
        set_day0(session, COMMAND, world.runtime, found, clock.today() + timedelta(days=100))
    with world.reading() as session:
        link = session.execute(select(Invitation)).scalar_one()
        row = session.execute(select(Visit).where(Visit.code == "baseline")).scalar_one()
        assert (link.opens_at, link.expires_at) == (row.opens_at, row.expires_at)


def test_setting_the_same_day_again_writes_nothing(world: World) -> None:
    world.add(day0="2026-11-01")
    for _ in range(2):
        with world.writing() as session:
            found = find_participant(session, "BTB-001")
            set_day0(session, COMMAND, world.runtime, found, date(2026, 11, 2))
    with world.reading() as session:
        tags = session.execute(select(AuditEvent.tag)).scalars().all()
    assert tags.count("participant:change") == 1


@given(st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), min_size=2, max_size=5))
def test_windows_keep_the_order_of_their_days(days: list[date]) -> None:
    windows = [window_on(DAY14, day) for day in sorted(days)]
    for one, other in pairwise(windows):
        assert one.opens_at is not None
        assert other.opens_at is not None
        assert one.opens_at <= other.opens_at


def test_paper_counts_by_the_day_it_says_and_not_by_when_it_was_typed_in() -> None:
    closes_at = datetime(2026, 3, 10, 23, tzinfo=UTC)
    typed = closes_at + timedelta(days=20)
    assert not is_late(typed, closes_at, date(2026, 3, 10))
    assert is_late(typed, closes_at, date(2026, 3, 11))
    assert not is_after_visit(typed, None, date(2026, 3, 5), date(2026, 3, 5))
    assert not is_after_visit(typed, datetime(2026, 3, 5, 9, tzinfo=UTC), None, date(2026, 3, 5))
    assert is_after_visit(typed, None, date(2026, 3, 5), date(2026, 3, 6))
