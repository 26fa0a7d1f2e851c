"""A database that fails: what it raises then, and the note that nothing may be written.

It tells of damage, of a restore that is under way, or that the study was moved elsewhere. While it lies in
the instance folder, nothing is written. It lies beside the database and not in it: what is damaged can keep
no note. Every process looks before each write, so that all stop together, and go on together once the note
is taken away.
"""

import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from btb_pro import clock
from btb_pro.refusals import PlainRefusal

NOTE_FILE = "damage.json"
_ON_SQLITE = (sqlite.SQLITE_CORRUPT, sqlite.SQLITE_NOTADB)
# data_corrupted and index_corrupted.
_ON_POSTGRESQL = ("XX001", "XX002")
_log = logging.getLogger("btb_pro.damage")


class DamageKind(StrEnum):
    """What is not as it was written, or why else nobody may write."""

    PAGES = "pages"
    """Pages of the database's files."""
    TRAIL = "trail"
    """The audit trail, or a row that it tells otherwise."""
    GUARDS = "guards"
    """The triggers that refuse to change what only grows."""
    UNREADABLE = "unreadable"
    """The note itself."""
    RESTORE = "restore"
    """Nothing is damaged: a backup is being put in the database's place, or that was broken off."""
    MOVED = "moved"
    """Nothing is damaged: the study is, or is being, moved to another database, and this is the old one."""


_NOT_DAMAGED = {
    DamageKind.RESTORE: (
        "a backup is being put in the database's place. If that was broken off, run btb-pro restore again, "
        "or btb-pro audit verify to go on with what is there."
    ),
    DamageKind.MOVED: (
        "the study was moved to another database. Set BTB_DATABASE_URL to it and start server and worker "
        "again; btb-pro audit verify goes on with the old one."
    ),
}


@dataclass(frozen=True, slots=True)
class Damage:
    """What was found."""

    kind: DamageKind
    found_at: datetime | None
    detail: str
    """For whoever mends it: numbers and names of our own, no value that anybody entered."""


class DatabaseDamaged(PlainRefusal):
    """Nothing is written, since the database was found damaged. The message says what to do."""

    def __init__(self, damage: Damage) -> None:
        self.damage = damage
        if damage.kind in _NOT_DAMAGED:
            super().__init__(f"Nothing is written: {_NOT_DAMAGED[damage.kind]}")
            return
        super().__init__(
            f"Nothing is written: the database was found damaged ({damage.kind}: {damage.detail}). Run "
            "btb-pro restore with the last good backup, or btb-pro audit verify once it is mended."
        )


DATABASE_FAILURES = (DBAPIError, NoConnectionFree, DatabaseDamaged)
"""Whatever a database that is locked, full, gone, read-only, restarting or damaged does to a request."""


class DamageNote:
    """The note of one instance. That the study was moved concerns the database that it was moved from."""

    def __init__(self, instance: Path, database_url: str = "") -> None:
        self._path = instance / NOTE_FILE
        self._database_url = database_url
        self._unwritten: Damage | None = None

    def read(self) -> Damage | None:
        """What was found; None while nothing was."""
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
            if told["kind"] == DamageKind.MOVED and told["of"] != _fingerprint(self._database_url):
                return self._unwritten
            return Damage(DamageKind(told["kind"]), clock.read_utc(told["found_at"]), str(told["detail"]))
        except FileNotFoundError:
            return self._unwritten
        except (OSError, ValueError, KeyError, TypeError) as error:
            return Damage(DamageKind.UNREADABLE, None, f"{self._path}: {type(error).__name__}")

    def write(self, kind: DamageKind, detail: str) -> bool:
        """Note what was found and say so in the log; of several findings the first is kept, and this one is
        not noted.
        """
        damage = Damage(kind, clock.now(), detail)
        found_at = clock.utc_text(clock.now())
        told = {"kind": kind.value, "found_at": found_at, "detail": detail}
        if kind is DamageKind.MOVED:
            told["of"] = _fingerprint(self._database_url)
        try:
            with self._path.open("x", encoding="utf-8") as file:
                json.dump(told, file)
        except FileExistsError:
            if self.read() is not None:
                return False
            # Of a move from another database, which is over.
            self._path.write_text(json.dumps(told), encoding="utf-8")
        except OSError:
            # A disk that takes no note still stops this process.
            self._unwritten = damage
        if kind not in _NOT_DAMAGED:
            _log.critical("the database is damaged (%s: %s): nothing is written any more", kind, detail)
        return True

    def lift(self) -> bool:
        """Take the note away, since what it tells of is over; whether there was one."""
        was_there = self.read() is not None
        self._unwritten = None
        if was_there:
            self._path.unlink(missing_ok=True)
        return was_there


def _fingerprint(database_url: str) -> str:
    """The same however the address is written: with or without driver, password, a folder's whole path."""
    if not database_url:
        return ""
    url = make_url(database_url)
    engine, database = url.get_backend_name(), url.database or ""
    where = Path(database).resolve() if engine == "sqlite" else f"{url.host} {url.port} {database}"
    return hashlib.sha256(f"{engine} {where} {sorted(url.query.items())}".encode()).hexdigest()


def is_damage(error: BaseException) -> bool:
    """Whether an engine says that what it reads is not what was written, rather than that it cannot read."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _ON_SQLITE
    return getattr(error, "sqlstate", None) in _ON_POSTGRESQL
