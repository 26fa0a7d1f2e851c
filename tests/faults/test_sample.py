"""A short sample of `make faults`: each fault a few times. Nothing acknowledged may be lost.

A fault that has little to do with the engine is met on one of them here; `make faults` meets it on both. What
a lock that is held does stands in test_database_failure.py, a killed worker in test_workers_that_die.py.
"""

from pathlib import Path

import pytest

from tests.faults.disks import spoil_disk
from tests.faults.kills import kill_server
from tests.faults.locks_and_clocks import step_clock
from tests.faults.migrations import kill_migration
from tests.faults.power_cut import cut_power
from tests.faults.servers_down import fail_over, restart_database
from tests.faults.stops import stop_server
from tests.faults.writers import write_at_once
from tests.support.engines import EngineName


def test_killing_the_server_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    result = kill_server(tmp_path, EngineName.SQLITE, points=1)
    assert result.verdict.acknowledged >= 1
    assert result.is_as_it_must_be, result


def test_a_server_that_is_stopped_under_open_pages_loses_none(tmp_path: Path) -> None:
    result = stop_server(tmp_path, EngineName.POSTGRESQL, pages=10)
    assert result.verdict.acknowledged >= 20
    assert result.is_as_it_must_be, result


@pytest.mark.parametrize("journal", ["wal", "truncate"])
def test_a_power_cut_at_any_write_or_sync_loses_nothing_that_was_acknowledged(
    tmp_path: Path, journal: str
) -> None:
    result = cut_power(tmp_path, saves=2, journal=journal)
    assert result.points > 100
    assert result.is_as_it_must_be, result


def test_the_power_cut_would_be_noticed(tmp_path: Path) -> None:
    assert cut_power(tmp_path, saves=2, synchronous="NORMAL").verdict.lost > 0


def test_a_database_that_goes_down_under_load_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    result = restart_database(tmp_path, 2)
    assert result.verdict.acknowledged > 25
    assert result.is_as_it_must_be, result
    assert result.slowest_recovery_s < 30


def test_a_standby_that_takes_over_has_everything_that_was_acknowledged(tmp_path: Path) -> None:
    result = fail_over(tmp_path, 1)
    assert result.verdict.acknowledged > 25
    assert result.is_as_it_must_be, result
    assert result.slowest_recovery_s < 30


def test_a_disk_that_takes_nothing_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    result = spoil_disk(tmp_path, 1)
    assert result.verdict.acknowledged > 3
    assert result.is_as_it_must_be, result


@pytest.mark.parametrize("engine", EngineName)
def test_eight_writers_in_two_processes_make_one_chain(tmp_path: Path, engine: EngineName) -> None:
    result = write_at_once(tmp_path, engine, rows=3)
    assert result.verdict.acknowledged == 24
    assert result.is_as_it_must_be, result


@pytest.mark.parametrize("engine", EngineName)
def test_a_migration_that_is_killed_loses_nothing_and_goes_on_at_the_next_start(
    tmp_path: Path, engine: EngineName
) -> None:
    result = kill_migration(tmp_path, engine, "0002", every=20)
    assert result.points >= 3
    assert result.is_as_it_must_be, result


def test_a_clock_that_steps_loses_and_reorders_nothing(tmp_path: Path) -> None:
    result = step_clock(tmp_path, EngineName.SQLITE)
    # Four steps, each saved before and after, and two nights of six saves. While the clock is off by more
    # than the link's life a save is refused, and says so.
    assert result.verdict.acknowledged >= 20
    assert result.is_as_it_must_be, result
