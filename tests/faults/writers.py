"""Many writers at once, in several processes: one chain, without a gap, each event following another one."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from btb_pro.config import read_settings
from btb_pro.models.base import AuditEvent
from btb_pro.models.participant import Participant
from btb_pro.services.audit import Actor, Context
from btb_pro.services.opening import open_runtime
from btb_pro.services.participant_checks import NewParticipant
from btb_pro.services.participants import add_participant
from btb_pro.services.runtime import Runtime
from btb_pro.services.verification import verify
from tests.faults.load import Verdict
from tests.faults.report import Result
from tests.support.engines import EngineName
from tests.support.world import World, make_world

_PROCESSES = 2
_WRITERS = 4
"""In each process."""


def write_at_once(folder: Path, engine: EngineName, rows: int = 500) -> Result:
    """Eight writers add so many participants each; every one is there once, and the chain did not fork."""
    world = make_world(folder / "instance", engine=engine)
    try:
        with world.reading() as session:
            before = verify(session).events
        environ = {name: value for name, value in os.environ.items() if not name.startswith("BTB_")}
        command = [sys.executable, "-m", "tests.faults.writers", str(world.folder), str(rows)]
        writers = [
            subprocess.Popen([*command, str(number)], env=environ, stdout=subprocess.DEVNULL)
            for number in range(_PROCESSES)
        ]
        assert [writer.wait() for writer in writers] == [0] * _PROCESSES
        wanted = _PROCESSES * _WRITERS * rows
        return Result(f"8 writers in 2 processes, {engine}", 8, _verdict(world, before, wanted))
    finally:
        world.close()


def _verdict(world: World, before: int, wanted: int) -> Verdict:
    with world.reading() as session:
        proof = verify(session)
        numbers = list(session.execute(select(Participant.study_number)).scalars())
        previous = list(session.execute(select(AuditEvent.previous_hash)).scalars())
    return Verdict(
        acknowledged=wanted,
        lost=wanted - len(set(numbers)),
        doubled=len(numbers) - len(set(numbers)),
        # A gap, or two events that follow the same one.
        changed=(proof.seq - before - wanted) + (len(previous) - len(set(previous))),
        bare_errors=0,
    )


def _is_added(runtime: Runtime, context: Context, new: NewParticipant) -> bool:
    """Add, or be told that others kept the lock for too long: SQLite's waiters stand in no queue."""
    try:
        with runtime.database.writing() as session:
            add_participant(session, context, runtime, new)
            session.commit()
    except OperationalError:
        return False
    return True


def main(instance: Path, rows: int, process: int) -> None:
    """One process: its writers share its pool of connections, as the server's threads do."""
    runtime = open_runtime(read_settings(instance, {}))
    context = Context(Actor("command", f"writer {process}"))

    def write(writer: int) -> None:
        for row in range(rows):
            new = NewParticipant(f"{process}-{writer}-{row:04}", "oslo", "nb")
            while not _is_added(runtime, context, new):
                pass

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(_WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
