"""Looking for damage at a server's start and once a day; what is found stops all writing until mended."""

import json
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.damage import Damage, DamageKind, is_damage
from btb_pro.db import Database
from btb_pro.services.audit import ChainBroken
from btb_pro.services.runtime import Runtime
from btb_pro.services.verification import missing_guards, verify

INSPECTED_EVERY = timedelta(hours=24)
_FILE = "inspected.json"

Found = tuple[DamageKind, str]


def inspect(runtime: Runtime, *, whole: bool) -> Damage | None:
    """Look, and note what is found, so that nobody writes any more; None when all is as it was written.

    At a start the pages and the guards alone; `whole` looks at references, trail and every row too, in one
    reading of the database. A note from before stays: only a restore or `audit verify` takes it away.
    """
    note = runtime.database.note
    if note is None or (before := note.read()) is not None:
        return before if note is not None else None
    found = find_damage(runtime.database, whole=whole)
    if found is not None:
        note.write(*found)
    elif whole:
        _note_inspection(runtime.settings.instance)
    return note.read()


def inspect_when_due(runtime: Runtime) -> Damage | None:
    """The whole inspection, if the last one was a day ago, whoever made it."""
    if _is_due(runtime.settings.instance):
        return inspect(runtime, whole=True)
    return None


def find_damage(database: Database, *, whole: bool) -> Found | None:
    """The first thing that is not as it was written. Reads alone."""
    try:
        with database.reading() as session:
            return _pages(session, whole) or _guards(session) or (_trail(session) if whole else None)
    except DBAPIError as error:
        return _damage_or_raise(error)


def find_damaged_pages(database: Database) -> Found | None:
    """The first page of an SQLite file that is not as it was written. Reads alone."""
    try:
        with database.reading() as session:
            return _pages(session, whole=False)
    except DBAPIError as error:
        return _damage_or_raise(error)


def damaged_pages(session: Session, *, whole: bool) -> list[str]:
    """What SQLite finds wrong with its pages, indexes and references; PostgreSQL tells when it reads them."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    check = "integrity_check" if whole else "quick_check"
    faults = [str(fault) for fault in session.execute(text(f"PRAGMA {check}")).scalars() if fault != "ok"]
    if whole and not faults:
        orphans = session.execute(text("PRAGMA foreign_key_check")).all()
        faults = [f"a row of {row[0]} refers to one of {row[2]} that is not there" for row in orphans]
    return faults


def _damage_or_raise(error: DBAPIError) -> Found:
    if error.orig is None or not is_damage(error.orig):
        raise error
    return DamageKind.PAGES, type(error.orig).__name__


def _pages(session: Session, whole: bool) -> Found | None:
    faults = damaged_pages(session, whole=whole)
    return (DamageKind.PAGES, faults[0][:200]) if faults else None


def _guards(session: Session) -> Found | None:
    missing = missing_guards(session)
    return (DamageKind.GUARDS, ", ".join(missing)) if missing else None


def _trail(session: Session) -> Found | None:
    try:
        verify(session)
    except ChainBroken as error:
        return DamageKind.TRAIL, str(error)
    return None


def _is_due(instance: Path) -> bool:
    try:
        told = json.loads((instance / _FILE).read_text(encoding="utf-8"))
        age = clock.now() - clock.read_utc(told["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return True
    # A clock that was ahead must not put the next one off.
    return not timedelta(0) <= age < INSPECTED_EVERY


def _note_inspection(instance: Path) -> None:
    told = {"at": clock.utc_text(clock.now())}
    (instance / _FILE).write_text(json.dumps(told), encoding="utf-8")
