"""Whoever tries too often waits longer and longer, and never for good."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.staff import RateCount
from btb_pro.services.limits import (
    Limit,
    count_or_wait,
    failures,
    forget,
    network_of,
    note_failure,
    take_back,
    wait_until,
)
from tests.support.world import World

LIMIT = Limit("test", free=3, longest=timedelta(minutes=1), window=timedelta(hours=1))
KEY = "k" * 32


def fail(world: World, times: int, whom: str = "10.0.0.1") -> None:
    """Note some failures."""
    with world.writing() as session:
        for _ in range(times):
            note_failure(session, LIMIT, whom, KEY)


def seconds_to_wait(world: World, whom: str = "10.0.0.1", limit: Limit = LIMIT) -> float | None:
    """For how long nothing may be tried."""
    with world.reading() as session:
        until = wait_until(session, limit, whom, KEY)
    return None if until is None else round((until - clock.now()).total_seconds())


def test_the_first_failures_cost_nothing_and_each_further_one_twice_as_much(world: World) -> None:
    waited = []
    with clock.at(clock.now()):
        for _ in range(11):
            fail(world, 1)
            waited.append(seconds_to_wait(world))
    assert waited == [None, None, None, 1, 2, 4, 8, 16, 32, 60, 60]


def test_the_pause_ends_by_itself(world: World) -> None:
    fail(world, 20)
    with clock.at(clock.now() + timedelta(seconds=59)):
        assert seconds_to_wait(world) is not None
    with clock.at(clock.now() + timedelta(seconds=61)):
        assert seconds_to_wait(world) is None


def test_the_count_begins_anew_when_its_window_is_over(world: World) -> None:
    fail(world, 5)
    with clock.at(clock.now() + LIMIT.window):
        fail(world, 3)
        assert seconds_to_wait(world) is None
        with world.reading() as session:
            assert failures(session, LIMIT, "10.0.0.1", KEY) == 3


def test_one_does_not_wait_for_another(world: World) -> None:
    fail(world, 9)
    assert seconds_to_wait(world, "10.0.0.2") is None
    assert seconds_to_wait(world, limit=Limit("other", 3, LIMIT.longest, LIMIT.window)) is None


def test_success_wipes_the_slate(world: World) -> None:
    fail(world, 9)
    with world.writing() as session:
        forget(session, LIMIT, "10.0.0.1", KEY)
    assert seconds_to_wait(world) is None


def test_a_try_that_went_well_is_taken_back_and_those_before_it_count_on(world: World) -> None:
    fail(world, 4)
    with world.writing() as session:
        take_back(session, LIMIT, "10.0.0.1", KEY)
        take_back(session, LIMIT, "10.0.0.9", KEY)
        assert failures(session, LIMIT, "10.0.0.1", KEY) == 3
    assert seconds_to_wait(world) is None
    fail(world, 2)
    assert seconds_to_wait(world) == 2


def test_neither_address_nor_account_stands_in_the_table(world: World) -> None:
    fail(world, 1, "kari@hospital.example 10.0.0.1")
    with world.reading() as session:
        keys = session.execute(select(RateCount.key)).scalars().all()
    assert [key.partition(":")[0] for key in keys] == ["test"]
    assert "kari" not in keys[0]
    assert "10.0" not in keys[0]
    assert len(keys[0]) <= 80


def test_counts_that_count_no_more_are_gone_with_the_next_newcomer(world: World) -> None:
    for host in range(20):
        fail(world, 1, f"10.0.0.{host}")
    with clock.at(clock.now() + LIMIT.window):
        fail(world, 1, "10.0.1.1")
        with world.reading() as session:
            assert len(session.execute(select(RateCount.key)).all()) == 1


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_an_ipv6_customer_counts_once(address: str, counted: str) -> None:
    assert network_of(address) == counted


@given(st.integers(0, 10_000), st.integers(0, 20), st.integers(1, 100_000))
def test_no_pause_is_longer_than_the_longest_and_none_shrinks(failed: int, free: int, longest: int) -> None:
    limit = Limit("x", free, timedelta(seconds=longest), timedelta(hours=1))
    assert timedelta(0) <= limit.pause(failed) <= limit.pause(failed + 1) <= limit.longest
    assert (limit.pause(failed) == timedelta(0)) == (failed <= free)


def test_of_many_tries_side_by_side_no_more_than_the_free_ones_pass(world: World) -> None:
    def attempt(_number: int) -> bool:
        with world.runtime.database.writing() as session:
            until = count_or_wait(session, LIMIT, "10.0.0.1", KEY)
            session.commit()
        return until is None

    with ThreadPoolExecutor(12) as pool:
        passed = sum(pool.map(attempt, range(24)))
    assert passed == LIMIT.free + 1
