"""SIGKILL of a restore, at moments spread over all of it: the one database stands or the other, whole."""

import os
import random
import signal
import time
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from btb_pro.config import Settings
from btb_pro.damage import DamageNote, DatabaseDamaged
from btb_pro.models.base import AuditEvent
from btb_pro.models.participant import Participant
from btb_pro.services.audit import Tag
from btb_pro.services.backup_files import new_backup_key
from btb_pro.services.backups import take_backup
from btb_pro.services.restoring import restore_backup
from btb_pro.services.verification import verify
from tests.faults.load import Verdict
from tests.faults.report import Result
from tests.support.engines import EngineName
from tests.support.world import COMMAND, World, make_world

_EVENTS_SINCE = 3
"""The backup's own, and two participants."""


def kill_restore(folder: Path, engine: EngineName, points: int, seed: int = 1) -> Result:
    """Each time back up, add two participants, and kill the restore of it at another moment.

    Lost is a participant without whom the old database stands, changed a new one that does not tell its gap,
    or any that takes a write while the note lies. Its trail must be whole.
    """
    world = make_world(folder / "instance", engine=engine)
    try:
        settings = replace(world.runtime.settings, backup_keys=(new_backup_key(),))
        lost = changed = kept = 0
        lasts_s = _restore(world, settings, folder / "first.btb-backup", None)
        # In no order: what is restored grows, and takes longer, from one to the next.
        for point in random.Random(seed).sample(range(points), points):
            before = _numbers(world)
            path = folder / f"{point}.btb-backup"
            _restore(world, settings, path, 2 * lasts_s * (point + 0.5) / points)
            note = DamageNote(settings.instance)
            changed += note.read() is not None and _takes_a_write(world)
            note.lift()
            after = _numbers(world)
            is_old = bool(after - before)
            kept += is_old
            lost += is_old and len(after - before) != 2
            changed += not (is_old or _tells_its_gap(world))
            with world.reading() as session:
                verify(session)
        assert 0 < kept < points, "all were killed too early, or too late"
        verdict = Verdict(2 * points, lost, 0, changed, 0)
        return Result(f"SIGKILL of a restore, {engine}", points, verdict)
    finally:
        world.close()


def _restore(world: World, settings: Settings, path: Path, killed_after_s: float | None) -> float:
    """Back up, add two participants, restore in a process that is killed after so long; how long it took."""
    take_backup(replace(world.runtime, settings=settings), COMMAND, path)
    for _ in range(2):
        world.add(f"LATE-{time.monotonic_ns() % 10**7:07}")
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _restore_and_end(settings, path)
    if killed_after_s is not None:
        time.sleep(killed_after_s)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
    return time.monotonic() - began


def _restore_and_end(settings: Settings, path: Path) -> None:
    try:
        restore_backup(settings, COMMAND, path, lose=_EVENTS_SINCE)
    except BaseException:
        os._exit(1)
    os._exit(0)


def _takes_a_write(world: World) -> bool:
    try:
        world.add("MEANWHILE")
    except DatabaseDamaged:
        return False
    return True


def _numbers(world: World) -> set[str]:
    with world.reading() as session:
        return set(session.execute(select(Participant.study_number)).scalars())


def _tells_its_gap(world: World) -> bool:
    with world.reading() as session:
        newest = session.execute(
            select(AuditEvent).where(AuditEvent.tag != Tag.BACKUP_TAKE.value).order_by(AuditEvent.seq.desc())
        ).scalars()
        return next(newest).tag == Tag.BACKUP_RESTORE.value
