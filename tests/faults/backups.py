"""Backups taken while phones save: every save that was acknowledged before one began is in it."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from btb_pro.config import Settings
from btb_pro.db import Database
from btb_pro.models.response import Answer
from btb_pro.services.backup_files import new_backup_key, read_backup
from btb_pro.services.backups import take_backup
from btb_pro.services.restoring import restore_backup
from btb_pro.services.runtime import Runtime
from btb_pro.services.verification import verify
from tests.faults.load import FIELD, Phone, judge, make_phones, saving, wait_for_saves
from tests.faults.report import Result
from tests.faults.server import serving
from tests.support.engines import EngineName
from tests.support.world import COMMAND, make_world

_PHONES = 6


def back_up(folder: Path, engine: EngineName, points: int) -> Result:
    """Take so many, and open each as a restore would; at the end, restore the last into an empty instance.

    Each is proven when it is taken: pages, references, trail, every row.
    """
    world = make_world(folder / "instance", engine=engine)
    try:
        settings = replace(world.runtime.settings, backup_keys=(new_backup_key(),))
        runtime = replace(world.runtime, settings=settings)
        phones = make_phones(world, _PHONES)
        lost = 0
        before: dict[str, str] = {}
        with serving(world, folder / "server.log") as server, saving(phones, server.base_url):
            for point in range(points):
                wait_for_saves(phones, 1)
                before = _acknowledged(phones)
                lost += len(before.items() - _in_backup(runtime, folder / f"{point}.btb-backup").items())
        verdict = judge(world, phones)
        lost += verdict.lost + len(before.items() - _restored(settings, folder, points - 1).items())
        return Result(f"backup while phones save, {engine}", points, replace(verdict, lost=lost))
    finally:
        world.close()


def _acknowledged(phones: list[Phone]) -> dict[str, str]:
    return {key: value for phone in phones for key, value in list(phone.acknowledged.items())}


def _in_backup(runtime: Runtime, path: Path) -> dict[str, str]:
    take_backup(runtime, COMMAND, path)
    opened = path.with_suffix(".opened")
    opened.mkdir()
    copy, _ = read_backup(path, runtime.settings.backup_keys, opened)
    return _stored(f"sqlite:///{copy}")


def _restored(settings: Settings, folder: Path, last: int) -> dict[str, str]:
    url = f"sqlite:///{folder / 'restored.db'}"
    restore_backup(replace(settings, database_url=url), COMMAND, folder / f"{last}.btb-backup")
    return _stored(url)


def _stored(url: str) -> dict[str, str]:
    database = Database(url)
    try:
        with database.reading() as session:
            verify(session)
            rows = session.execute(select(Answer.client_key, Answer.value).where(Answer.item == FIELD)).all()
            return {row.client_key: row.value or "" for row in rows}
    finally:
        database.close()
