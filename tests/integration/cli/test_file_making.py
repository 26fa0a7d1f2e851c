"""The process that makes files: it outlives the death of a job's process, and not that of its server."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from btb_pro.models.base import AuditEvent
from btb_pro.models.job import Job
from btb_pro.models.staff import Staff
from btb_pro.roles import Role
from btb_pro.services.asked_exports import AskedExport
from btb_pro.services.jobs import MOST_TRIES, JobFault, JobKind, JobState, ask_for
from tests.support.answered import answered_world
from tests.support.engines import ON_ONE_ENGINE
from tests.support.live_server import free_port
from tests.support.staff import add_staff
from tests.support.world import World

_PROGRAM = """
import os, signal, sys, threading
from pathlib import Path
from btb_pro.cli import file_making
from btb_pro.config import read_settings
from btb_pro.services.opening import open_runtime

deaths, real = Path(sys.argv[2]), file_making.work_on_next

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def work(runtime, worker, is_stopping):
    seen = len(list(deaths.iterdir()))
    if seen < int(sys.argv[3]):
        (deaths / str(seen)).touch()
        return real(runtime, worker, die)
    return real(runtime, worker, is_stopping)

file_making.work_on_next = work
file_making.FileMaker(open_runtime(read_settings(Path(sys.argv[1]), {}))).run(
    threading.Event(), beside=None, once=True
)
"""


def asked(world: World) -> int:
    answered_world(world, 1)
    email = add_staff(world, Role.DATA_MANAGER)
    with world.writing() as session:
        staff = session.execute(select(Staff.id).where(Staff.email == email)).scalar_one()
        seq = session.execute(select(func.max(AuditEvent.seq))).scalar_one()
        return ask_for(session, staff, JobKind.EXPORT, AskedExport("csv", until=f"{seq}").as_json())


@pytest.mark.parametrize("deaths", [1, MOST_TRIES])
def test_a_job_whose_process_is_killed_is_tried_again_at_once_and_not_for_ever(
    world: World, tmp_path: Path, deaths: int
) -> None:
    number, folder = asked(world), tmp_path / "deaths"
    folder.mkdir()
    command = [sys.executable, "-c", _PROGRAM, str(world.folder), str(folder), str(deaths)]
    subprocess.run(command, check=True, timeout=60)
    with world.reading() as session:
        job = session.get_one(Job, number)
        died = deaths == MOST_TRIES
        assert job.state == (JobState.FAILED if died else JobState.DONE)
        assert job.fault == (JobFault.DIED if died else None)
        assert job.tries == min(deaths + 1, MOST_TRIES)


def children_of(parent: int) -> list[int]:
    """The processes that make files beside one."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--beside" in words and str(parent).encode() in words:
            found.append(int(path.parent.name))
    return found


@ON_ONE_ENGINE
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_its_server_however_that_ends(world: World, number: int) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "btb_pro", "serve", "--port", str(free_port()), "--workers", "1"],
        env={**os.environ, "BTB_INSTANCE": str(world.folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with server:
        wait_for(lambda: bool(children_of(server.pid)))
        time.sleep(1)
        server.send_signal(number)
    wait_for(lambda: not children_of(server.pid))


def wait_for(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.2)
