"""A short sample of `make faults`: each fault a few times. Nothing acknowledged may be lost."""

from pathlib import Path

import pytest

from tests.faults.kills import kill_server
from tests.faults.power_cut import cut_power
from tests.faults.stops import stop_server
from tests.support.engines import EngineName


@pytest.mark.parametrize("engine", EngineName)
def test_killing_the_server_loses_nothing_that_was_acknowledged(tmp_path: Path, engine: EngineName) -> None:
    result = kill_server(tmp_path, engine, points=2)
    assert result.verdict.acknowledged >= 2
    assert result.is_as_it_must_be, result


@pytest.mark.parametrize("engine", EngineName)
def test_a_server_that_is_stopped_under_fifty_open_pages_loses_none(
    tmp_path: Path, engine: EngineName
) -> None:
    result = stop_server(tmp_path, engine)
    assert result.verdict.acknowledged >= 100
    assert result.is_as_it_must_be, result


def test_a_power_cut_at_any_write_or_sync_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    result = cut_power(tmp_path, saves=5)
    assert result.points > 100
    assert result.is_as_it_must_be, result


def test_the_power_cut_would_be_noticed(tmp_path: Path) -> None:
    assert cut_power(tmp_path, saves=5, synchronous="NORMAL").verdict.lost > 0
