"""When messages wait: past midnight, and on the nights when the clocks change."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.clock import OSLO
from btb_pro.services.quiet_hours import day_begins, is_quiet, next_loud
from btb_pro.study import QuietHours

NIGHT = QuietHours(time(20), time(8))


@pytest.mark.parametrize(
    ("shown", "quiet"),
    [("19:59", False), ("20:00", True), ("23:59", True), ("00:00", True), ("07:59", True), ("08:00", False)],
)
def test_quiet_hours_last_past_midnight(shown: str, quiet: bool) -> None:
    at = datetime.combine(date(2026, 3, 10), time.fromisoformat(shown), OSLO)
    assert is_quiet(NIGHT, at) is quiet


def test_quiet_hours_may_lie_within_a_day() -> None:
    midday = QuietHours(time(11), time(13))
    assert is_quiet(midday, datetime(2026, 3, 10, 12, tzinfo=OSLO))
    assert not is_quiet(midday, datetime(2026, 3, 10, 13, tzinfo=OSLO))
    assert not is_quiet(midday, datetime(2026, 3, 10, 2, tzinfo=OSLO))


@pytest.mark.parametrize(
    ("evening", "morning"),
    [
        # An ordinary night, the one that is an hour shorter, and the one that is an hour longer.
        ("2026-03-27T19:00:00+00:00", "2026-03-28T07:00:00+00:00"),
        ("2026-03-28T19:00:00+00:00", "2026-03-29T06:00:00+00:00"),
        ("2026-10-24T18:00:00+00:00", "2026-10-25T07:00:00+00:00"),
    ],
)
def test_messages_go_out_at_eight_whatever_the_night_was(evening: str, morning: str) -> None:
    begins, ends = datetime.fromisoformat(evening), datetime.fromisoformat(morning)
    assert next_loud(NIGHT, begins) == ends
    assert is_quiet(NIGHT, ends - timedelta(milliseconds=1))
    assert not is_quiet(NIGHT, begins - timedelta(milliseconds=1))


def test_an_end_that_the_wall_never_shows_is_the_hour_that_it_shows_instead() -> None:
    until_half_past_two = QuietHours(time(20), time(2, 30))
    at = datetime(2026, 3, 28, 23, tzinfo=OSLO)
    assert next_loud(until_half_past_two, at).astimezone(OSLO).isoformat() == "2026-03-29T03:00:00+02:00"


def test_a_day_begins_when_its_quiet_hours_end() -> None:
    assert day_begins(NIGHT, date(2026, 3, 29)) == datetime(2026, 3, 29, 8, tzinfo=OSLO)
    assert day_begins(QuietHours(time(11), time(13)), date(2026, 3, 29)) == datetime(2026, 3, 29, tzinfo=OSLO)


TIMES = st.times().map(lambda shown: shown.replace(second=0, microsecond=0))


@given(
    st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] != pair[1]),
    st.datetimes(datetime(2026, 3, 27), datetime(2026, 3, 31))
    | st.datetimes(datetime(2026, 10, 23), datetime(2026, 10, 27)),
)
def test_the_next_loud_instant_is_loud_and_none_comes_before_it(
    hours: tuple[time, time], at: datetime
) -> None:
    quiet, at = QuietHours(*hours), at.replace(tzinfo=UTC)
    found = next_loud(quiet, at)
    assert not is_quiet(quiet, found)
    assert at <= found <= at + timedelta(hours=26)
    assert found == at or all(is_quiet(quiet, at + (found - at) * step / 40) for step in range(40))
