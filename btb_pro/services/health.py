"""Whether an instance can take answers at this moment: what the load balancer and the doctor both ask."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url

from btb_pro import clock
from btb_pro.config import Settings
from btb_pro.damage import DATABASE_FAILURES, DamageKind, DamageNote
from btb_pro.db import Database
from btb_pro.migrate import SchemaNewer, newest_revision, revision_of
from btb_pro.models.base import AuditEvent

LEAST_ROOM = 100 * 1024**2
"""Bytes that must be free, or no answers are sent here."""
SCARCE_ROOM = 1024**3
_CLOCKS_DIFFER = timedelta(seconds=2)


class Grade(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(StrEnum):
    """What is looked at."""

    SETTINGS = "settings"
    STUDY = "study"
    KEYS = "keys"
    RIGHTS = "rights"
    DATABASE = "database"
    DAMAGE = "damage"
    ENGINE = "engine"
    SCHEMA = "schema"
    WRITABLE = "writable"
    INTEGRITY = "integrity"
    GUARDS = "guards"
    OWNER = "owner"
    ROOM = "room"
    CLOCK = "clock"
    STEPS = "steps"
    BACKUP = "backup"
    QUEUE = "queue"
    MAIL = "mail"
    ALARMS = "alarms"
    SMS = "sms"
    WORDINGS = "wordings"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, as a code and facts; the words are the edge's."""

    check: Check
    grade: Grade
    code: str = "ok"
    facts: Mapping[str, str] = field(default_factory=dict)


def is_ready(settings: Settings, database: Database) -> bool:
    """Whether answers can be taken now."""
    return all(finding.grade is not Grade.FAIL for finding in readiness(settings, database))


def readiness(settings: Settings, database: Database) -> Iterator[Finding]:
    """What must hold for an answer to be taken: no damage, room, the schema, writes taken, the clock.

    Nothing is written. The rest is not asked once the schema is not the one that this version needs.
    """
    yield find_damage_note(settings)
    yield find_room(settings)
    schema = find_schema(database)
    yield schema
    if schema.grade is Grade.OK:
        yield find_writable(database)
        yield find_clock(database)


def database_file(settings: Settings) -> Path | None:
    """SQLite's file; None where the database is no file of ours."""
    url = make_url(settings.database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def find_damage_note(settings: Settings) -> Finding:
    """Whether damage was found that stops all writing."""
    damage = DamageNote(settings.instance, settings.database_url).read()
    if damage is None:
        return Finding(Check.DAMAGE, Grade.OK)
    since = clock.local_text(damage.found_at) if damage.found_at else "unknown"
    facts = {"kind": damage.kind.value, "detail": damage.detail, "since": since}
    if damage.kind is DamageKind.RESTORE:
        return Finding(Check.DAMAGE, Grade.FAIL, "restoring", facts)
    if damage.kind is DamageKind.MOVED:
        return Finding(Check.DAMAGE, Grade.FAIL, "moved", facts)
    return Finding(Check.DAMAGE, Grade.FAIL, "found", facts)


def find_room(settings: Settings) -> Finding:
    """Whether the disk has room, for the database and for a copy of it."""
    path = database_file(settings)
    folder = settings.instance if path is None else path.parent
    needed = SCARCE_ROOM
    try:
        free = shutil.disk_usage(folder).free
        if path is not None and path.exists():
            # A backup takes a plain copy and a zip of it beside the database.
            needed = max(needed, 3 * path.stat().st_size)
    except OSError as error:
        return Finding(Check.ROOM, Grade.FAIL, "unknown", {"why": error.strerror or "unknown"})
    facts = {"free_mb": str(free // 1024**2), "needed_mb": str(needed // 1024**2), "folder": str(folder)}
    if free < LEAST_ROOM:
        return Finding(Check.ROOM, Grade.FAIL, "none", facts)
    if free < needed:
        return Finding(Check.ROOM, Grade.WARN, "scarce", facts)
    return Finding(Check.ROOM, Grade.OK, facts=facts)


def find_schema(database: Database) -> Finding:
    """Whether the tables are those that this version needs."""
    needs = newest_revision()
    try:
        has = revision_of(database)
    except SchemaNewer:
        return Finding(Check.SCHEMA, Grade.FAIL, "newer", {"needs": needs})
    except DATABASE_FAILURES as error:
        return _unreachable(Check.SCHEMA, error)
    facts = {"has": has or "none", "needs": needs}
    if has != needs:
        return Finding(Check.SCHEMA, Grade.FAIL, "older", facts)
    return Finding(Check.SCHEMA, Grade.OK, facts=facts)


def find_writable(database: Database) -> Finding:
    """Whether the database would take a write: SQLite gives the write lock, PostgreSQL is no standby."""
    try:
        if database.engine.dialect.name == "sqlite":
            with database.writing() as session:
                session.connection()
            return Finding(Check.WRITABLE, Grade.OK)
        with database.reading() as session:
            is_standby = text("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'")
            if session.execute(is_standby).scalar_one():
                return Finding(Check.WRITABLE, Grade.FAIL, "read_only")
    except DATABASE_FAILURES as error:
        return _unreachable(Check.WRITABLE, error)
    return Finding(Check.WRITABLE, Grade.OK)


def find_clock(database: Database) -> Finding:
    """Whether the clock stands where the last audit event says it stood, or later."""
    now = clock.now()
    try:
        with database.reading() as session:
            newest = select(func.max(AuditEvent.seq)).scalar_subquery()
            last = session.execute(select(AuditEvent.at).where(AuditEvent.seq == newest)).scalar_one_or_none()
    except DATABASE_FAILURES as error:
        return _unreachable(Check.CLOCK, error)
    facts = {"now": clock.utc_text(now)} | ({"last_event": clock.utc_text(last)} if last else {})
    if last is not None and now < last - _CLOCKS_DIFFER:
        return Finding(Check.CLOCK, Grade.FAIL, "behind", facts)
    return Finding(Check.CLOCK, Grade.OK, facts=facts)


def _unreachable(check: Check, error: Exception) -> Finding:
    # The kind alone: a driver's message may hold the address with its password.
    return Finding(check, Grade.FAIL, "unreachable", {"why": type(error).__name__})
