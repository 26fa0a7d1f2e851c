"""SIGKILL in a migration, at each statement that writes: the old schema stands, with all its rows."""

import os
import signal
from pathlib import Path

from sqlalchemy import event, select

from btb_pro.db import Database
from btb_pro.migrate import newest_revision, revision_of, upgrade
from btb_pro.models.response import Answer
from btb_pro.services.upgrading import Holding, holding, losing_nothing
from tests.faults.load import Verdict
from tests.faults.report import Result
from tests.support.engines import EngineName, drop_database, empty_database
from tests.support.older import VALUES, make_older

_DONE = 0


def kill_migration(folder: Path, engine: EngineName, revision: str, every: int = 1) -> Result:
    """Upgrade a released version's database, killed at its first writing statement, at the next, to the end.

    Each attempt is a process of its own, and the next one begins on what the killed one left. With `every`
    only each so many statements is tried.
    """
    url = empty_database(folder, engine)
    try:
        make_older(url, revision)
        before = _holds(url)
        points = lost = changed = 0
        while _upgrade_until(url, 1 + points * every) != _DONE:
            points += 1
            if _revision(url) != revision:
                lost += 1
            changed += _holds(url, before) != before
        after = _holds(url, before)
        lost += _revision(url) != newest_revision()
        lost += sum(after.rows[name] < count for name, count in before.rows.items())
        changed += _values(url) != VALUES
        verdict = Verdict(len(VALUES), lost, _doubled(after, before), changed, 0)
        return Result(f"SIGKILL of a migration from {revision}, {engine}", points, verdict)
    finally:
        drop_database(url)


def _upgrade_until(url: str, statement: int) -> int:
    """Upgrade in a process that is killed before that statement; 0 when it got to the end.

    A fork: to start Python anew at each of a hundred statements would take minutes.
    """
    child = os.fork()
    if child == 0:
        _die_at(url, statement)
    _, status = os.waitpid(child, 0)
    assert status == _DONE or os.WTERMSIG(status) == signal.SIGKILL, status
    return status


def _die_at(url: str, statement: int) -> None:
    said = 0

    def count(*told: object) -> None:
        nonlocal said
        said += not _reads(told)
        if said == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        database = Database(url)
        event.listen(database.engine, "before_cursor_execute", count)
        event.listen(database.engine, "commit", count)
        upgrade(database, losing_nothing)
    except BaseException:
        os._exit(1)
    os._exit(_DONE)


def _reads(told: tuple[object, ...]) -> bool:
    """Whether a statement changes nothing; a commit comes without one."""
    words = told[2] if len(told) > 2 else ""
    return isinstance(words, str) and words.lstrip().upper().startswith(("SELECT", "PRAGMA", "WITH"))


def _holds(url: str, before: Holding | None = None) -> Holding:
    database = Database(url)
    try:
        with database.engine.connect() as connection:
            return holding(connection, before.columns if before else None)
    finally:
        database.close()


def _revision(url: str) -> str | None:
    database = Database(url)
    try:
        return revision_of(database)
    finally:
        database.close()


def _values(url: str) -> tuple[str | None, ...]:
    database = Database(url)
    try:
        with database.reading() as session:
            return tuple(session.execute(select(Answer.value).order_by(Answer.id)).scalars())
    finally:
        database.close()


def _doubled(after: Holding, before: Holding) -> int:
    return max(0, after.rows["answer"] - before.rows["answer"])
