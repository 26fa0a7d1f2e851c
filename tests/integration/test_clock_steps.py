"""The server's clock is set while it runs: the trail tells when, by how much, and the operator is told."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.damage import DATABASE_FAILURES
from btb_pro.models.base import AuditEvent
from btb_pro.roles import Role
from btb_pro.services.clock_steps import ClockWatch, last_clock_step
from tests.integration.cli.shell import run_in
from tests.support.engines import ON_ONE_ENGINE
from tests.support.live_server import free_port, wait_until_it_answers
from tests.support.staff import signed_in
from tests.support.world import World


class Machine:
    """A clock that can be set beside a counter that cannot."""

    ahead = timedelta(0)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    real = clock.now
    monkeypatch.setattr("btb_pro.clock.now", lambda: real() + made.ahead)
    return made


def _steps(world: World) -> list[tuple[str, str]]:
    """Seconds and who noticed, of each step in the trail."""
    with world.reading() as session:
        query = select(AuditEvent.changes).where(AuditEvent.tag == "clock:step").order_by(AuditEvent.seq)
        told = [json.loads(changes) for changes in session.execute(query).scalars()]
    return [(changes[0]["new"], changes[1]["new"]) for changes in told]


@pytest.mark.parametrize("by", [timedelta(hours=-3), timedelta(days=400), timedelta(seconds=2.5)])
def test_a_step_is_told_once_however_many_processes_notice_it(
    world: World, machine: Machine, by: timedelta
) -> None:
    watches = [ClockWatch(world.runtime, f"process {number}") for number in range(3)]
    assert [watch.look() for watch in watches] == [None] * 3
    machine.ahead = by
    noticed = [watch.look() for watch in watches]
    assert [noticed[0] is not None, *noticed[1:]] == [True, None, None]
    (told,) = _steps(world)
    assert (abs(float(told[0]) - by.total_seconds()) < 0.5, told[1]) == (True, "counter")
    assert [watch.look() for watch in watches] == [None] * 3
    machine.ahead = timedelta(0)
    assert watches[1].look() is not None
    assert len(_steps(world)) == 2


def test_a_clock_that_was_set_back_while_nothing_ran_is_found_at_the_start(
    world: World, machine: Machine
) -> None:
    world.add()
    machine.ahead = timedelta(hours=-3)
    assert ClockWatch(world.runtime, "one").look() is not None
    assert ClockWatch(world.runtime, "other").look() is None
    assert [seen_by for _, seen_by in _steps(world)] == ["trail"]


def test_a_slow_clock_and_a_stopped_one_are_no_step(world: World, machine: Machine) -> None:
    watch = ClockWatch(world.runtime, "one")
    for _ in range(10):
        machine.ahead += timedelta(seconds=0.5)
        assert watch.look() is None
    with clock.at(clock.now() - timedelta(days=1)):
        assert watch.look() is None
    assert _steps(world) == []


def test_a_step_that_the_database_does_not_take_is_told_later(
    world: World, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = ClockWatch(world.runtime, "one")
    watch.look()
    machine.ahead = timedelta(hours=1)
    with monkeypatch.context() as patch:
        patch.setattr(world.runtime.database, "writing", _refused)
        assert watch.look() is None
    assert _steps(world) == []
    assert watch.look() is not None
    assert len(_steps(world)) == 1


def _refused() -> Iterator[None]:
    raise DATABASE_FAILURES[1]("every connection is in use")


def test_the_doctor_tells_the_operator_for_a_month(world: World, machine: Machine) -> None:
    watch = ClockWatch(world.runtime, "one")
    watch.look()
    assert _doctor(world)["steps"] == "ok ok"
    machine.ahead = timedelta(hours=-3)
    watch.look()
    assert _doctor(world)["steps"] == "warn stepped"
    said = run_in(world.folder, "doctor").output
    assert "the clock was set by -10800 s" in said
    assert "-10800" in signed_in(world, Role.ADMIN).open("/console/staff").html
    with clock.at(clock.now() + timedelta(days=31)):
        assert _doctor(world)["steps"] == "ok ok"


def _doctor(world: World) -> dict[str, str]:
    told = json.loads(run_in(world.folder, "doctor", "--json").stdout)
    return {one["check"]: f"{one['grade']} {one['code']}" for one in told}


@ON_ONE_ENGINE
def test_a_running_server_tells_that_its_clock_was_set(world: World, tmp_path: Path) -> None:
    step_file, log = tmp_path / "step", tmp_path / "log"
    step_file.write_text("0", encoding="ascii")
    port = free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BTB_")}
    environ |= {"BTB_INSTANCE": str(world.folder), "STEP_FILE": str(step_file)}
    words = ["-m", "tests.support.stepping_server", "serve", "--port", str(port), "--workers", "2"]
    with log.open("wb") as output:
        server = subprocess.Popen([sys.executable, *words], env=environ, stdout=output, stderr=output)
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}", server, log)
        time.sleep(1.5)
        step_file.write_text("-10800", encoding="ascii")
        end = time.monotonic() + 60
        while not _steps(world):
            assert time.monotonic() < end, log.read_text(encoding="utf-8")
            time.sleep(0.1)
        time.sleep(2.5)
    finally:
        server.terminate()
        server.wait(60)
    (told,) = _steps(world)
    assert abs(float(told[0]) + 10_800) < 2
    with world.reading() as session:
        last = last_clock_step(session)
        assert last is not None
        assert abs(last.at + timedelta(hours=3) - clock.now()) < timedelta(minutes=1)
