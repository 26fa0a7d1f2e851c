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


@pytest.mark.parametrize(
    ("utc", "local"),
    [
        ("2026-03-29T00:59:59.999Z", "2026-03-29T01:59:59.999+01:00"),
        ("2026-03-29T01:00:00.000Z", "2026-03-29T03:00:00.000+02:00"),
        ("2026-10-25T00:30:00.000Z", "2026-10-25T02:30:00.000+02:00"),
        ("2026-10-25T01:30:00.000Z", "2026-10-25T02:30:00.000+01:00"),
        ("2026-12-31T23:00:00.000Z", "2027-01-01T00:00:00.000+01:00"),
    ],
)
def test_the_nights_of_the_clock_change_keep_their_offsets(utc: str, local: str) -> None:
    instant = clock.read_utc(utc)
    assert clock.local_text(instant) == local
    assert clock.read_utc(local) == instant


@pytest.mark.parametrize(
    ("end", "day"),
    [
        ("2026-06-30T22:00:00.000Z", date(2026, 6, 30)),
        ("2026-06-30T22:00:00.001Z", date(2026, 7, 1)),
        ("2026-01-01T23:00:00.000Z", date(2026, 1, 1)),
        ("2026-03-29T22:00:00.000Z", date(2026, 3, 29)),
    ],
)
def test_the_last_day_is_the_day_before_the_midnight_at_which_something_ends(end: str, day: date) -> None:
    assert clock.last_day(clock.read_utc(end)) == day


@pytest.mark.parametrize(
    "text", ["2026-01-31", "2026-01-31T10:00:00", "", "yesterday", "2026-13-01T00:00:00Z"]
)
def test_a_text_that_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the messages are the standard library's
        clock.read_utc(text)


def test_now_is_cut_to_milliseconds() -> None:
    with clock.at(datetime(2026, 1, 1, microsecond=999_999, tzinfo=UTC)):
        assert clock.now().microsecond == 999_000
    assert clock.now().microsecond % 1000 == 0
    assert clock.now().tzinfo is UTC
