"""The clock: one value for an instant everywhere, days as Norway has them, and a past that can be told."""

from datetime import UTC, date, datetime, timedelta, timezone
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro import clock

SUMMER_NIGHT = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)


def test_within_at_it_is_that_instant_and_afterwards_it_is_now_again() -> None:
    with clock.at(SUMMER_NIGHT):
        assert clock.now() == SUMMER_NIGHT
        with clock.at(SUMMER_NIGHT + timedelta(days=1)):
            assert clock.now() == SUMMER_NIGHT + timedelta(days=1)
        assert clock.now() == SUMMER_NIGHT
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_an_error_within_at_lets_the_clock_go_on() -> None:
    with pytest.raises(KeyError), clock.at(SUMMER_NIGHT):
        raise KeyError
    assert clock.now() != SUMMER_NIGHT


def test_other_threads_keep_the_real_time() -> None:
    seen: list[datetime] = []
    with clock.at(SUMMER_NIGHT):
        other = Thread(target=lambda: seen.append(clock.now()))
        other.start()
        other.join()
    assert seen[0] != SUMMER_NIGHT


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"), clock.at(datetime(2026, 6, 30)):
        pass


def test_the_day_is_norways() -> None:
    with clock.at(SUMMER_NIGHT):
        assert clock.today() == date(2026, 7, 1)


def test_instants_are_written_in_utc_and_in_norwegian_time_with_its_offset() -> None:
    assert clock.utc_text(SUMMER_NIGHT) == "2026-06-30T22:30:00.000Z"
    assert clock.local_text(SUMMER_NIGHT) == "2026-07-01T00:30:00.000+02:00"


@given(st.datetimes(timezones=st.timezones() | st.just(timezone(timedelta(hours=-3, minutes=-30)))))
def test_what_was_written_is_read_back(instant: datetime) -> None:
    try:
        told = instant.astimezone(UTC)
    except OverflowError:
        return
    kept = told.replace(microsecond=told.microsecond // 1000 * 1000)
    assert clock.read_utc(clock.utc_text(instant)) == kept
