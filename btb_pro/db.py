"""The database: its engine, and the sessions that read and write it."""

import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import Connection, Dialect, ExceptionContext
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError
from sqlalchemy.orm import Session, sessionmaker

from btb_pro.damage import DamageKind, DamageNote, DatabaseDamaged, is_damage
from btb_pro.file_systems import refuse_network_share
from btb_pro.refusals import PlainRefusal

_WAIT_S = 10
_BUSY_TIMEOUT_MS = _WAIT_S * 1_000
_FIXED_BRANCHES = {(3, 44): 6, (3, 50): 7, (3, 51): 3}

_WAL_RESET_BUG = (
    f"SQLite {sqlite.sqlite_version} can corrupt a database in WAL mode, and another process keeps this "
    "one in it: stop that process, or install pysqlite3 0.6.1 or later, which brings a mended SQLite"
)
_THIS_DATABASE = """
SELECT pg_encoding_to_char(encoding), to_jsonb(d) FROM pg_database d WHERE datname = current_database()
"""
_WRITE_LOCK = zlib.crc32(b"btb_pro")
_POSTGRESQL_CONNECTS_BY = {
    "connect_timeout": _WAIT_S,
    "target_session_attrs": "read-write",
    "application_name": "btb_pro",
    # A host that vanished is noticed within half a minute, not after the two hours of the system's default.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
_POSTGRESQL_SETTINGS = {
    # A commit is on disk, and on a synchronous standby where there is one, before it is called done.
    "synchronous_commit": "on",
    "statement_timeout": "60s",
    "lock_timeout": f"{_WAIT_S}s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}


class DatabaseUnreachable(PlainRefusal):
    """The database cannot be opened. The message is one sentence that names BTB_DATABASE_URL."""


class DatabaseSortsOtherwise(PlainRefusal):
    """A PostgreSQL database whose encoding or collation is not by code point."""


class Database:
    """An engine with two kinds of session: one that reads a single moment, and one that takes the write lock.

    A transaction that reads first and writes later fails at once in SQLite when another wrote in between,
    whatever the busy timeout; ``BEGIN IMMEDIATE`` waits its turn instead. PostgreSQL would let both go on
    and judge by what the other changes, so there a writer waits for an advisory lock that ends with its
    transaction: on both engines, what a writer has read still holds when it writes.
    """

    def __init__(self, url: str, note: DamageNote | None = None) -> None:
        """With a note, damage that the engine meets is noted there, and nothing is written while it lies."""
        self.engine = _engine(url)
        self.note = note
        if note is not None:
            event.listen(self.engine, "handle_error", partial(_note_damage, note))
            event.listen(self.engine, "begin", partial(_refuse_while_noted, note))
        snapshot = {"isolation_level": "REPEATABLE READ"} if self.engine.name == "postgresql" else {}
        self._reading = sessionmaker(self.engine.execution_options(**snapshot), autoflush=False)
        self._writing = sessionmaker(self.engine.execution_options(takes_write_lock=True))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading; nothing is committed."""
        with self._reading() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session for writing; the caller commits, anything else is rolled back.

        Raises:
            DatabaseDamaged: damage was found earlier and is not mended, or a backup is being restored.
        """
        if self.note is not None:
            _require_no_note(self.note)
        with self._writing() as session:
            yield session

    def check(self) -> None:
        """Open a connection once.

        Raises:
            DatabaseUnreachable: it cannot be opened.
            DatabaseOnNetworkShare: SQLite's file lies where its locks do not hold.
            DatabaseSortsOtherwise: see the class.
        """
        if self.engine.name == "sqlite" and self.engine.url.database:
            refuse_network_share(Path(self.engine.url.database))
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
                if self.engine.name == "postgresql":
                    _require_code_points(connection)
        except DatabaseError as error:
            raise DatabaseUnreachable(
                f"The database of BTB_DATABASE_URL cannot be opened ({error.orig}): "
                "check the address, that it runs, and that its folder can be written."
            ) from error

    def forget(self) -> None:
        """Let no file hold what was erased: SQLite's log of earlier pages is written back and emptied.

        To be called after the commit. Who reads meanwhile is waited for; one who reads for longer than the
        busy timeout leaves the log to the next call. PostgreSQL's VACUUM does the same in its own time.
        """
        if self.engine.dialect.name != "sqlite":
            return
        connection = self.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    try:
        if url.startswith("sqlite:"):
            engine = create_engine(url, module=sqlite, hide_parameters=True)
        else:
            engine = create_engine(
                _with_driver(url), pool_pre_ping=True, pool_timeout=_WAIT_S, hide_parameters=True
            )
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise DatabaseUnreachable(
            f"BTB_DATABASE_URL names no database that can be used here ({error})."
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "checkin", _end_sqlite)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "do_connect", _connect_postgresql)
        event.listen(engine, "connect", _prepare_postgresql)
        event.listen(engine, "begin", _begin_postgresql)
    return engine


def _with_driver(url: str) -> str:
    """The address with the driver that we bring: the usual ones name none, or SQLAlchemy's default."""
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url


def has_wal_reset_bug(version: tuple[int, int, int]) -> bool:
    """Whether a SQLite version can corrupt a database in WAL mode (3.7.0 to 3.51.2, three branches mended).

    Source: sqlite.org/wal.html, "The WAL-reset bug".
    """
    if version >= (3, 51, 3) or version < (3, 7, 0):
        return False
    return version[2] < _FIXED_BRANCHES.get(version[:2], 10_000)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Set and then ask for every setting that durability and erasure rest on."""
    connection.isolation_level = None
    journal = "truncate" if has_wal_reset_bug(sqlite.sqlite_version_info) else "wal"
    wanted = {
        "busy_timeout": _BUSY_TIMEOUT_MS,
        "journal_mode": journal,
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "trusted_schema": 0,
    }
    cursor = connection.cursor()
    for name, value in wanted.items():
        effective = cursor.execute(f"PRAGMA {name}={value}").fetchone() or (value,)
        if name == "journal_mode" and journal == "truncate" and effective == ("wal",):
            raise sqlite.OperationalError(_WAL_RESET_BUG)
        effective = cursor.execute(f"PRAGMA {name}").fetchone()
        if effective != (value,) and not (name == "journal_mode" and effective == ("memory",)):
            raise sqlite.OperationalError(f"SQLite keeps {name} at {effective[0]}, {value} is needed")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    takes_lock = connection.get_execution_options().get("takes_write_lock", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if takes_lock else "BEGIN")


def _end_sqlite(connection: Any, _record: object) -> None:
    # SQLite keeps the transaction of a COMMIT that failed open, and with it the write lock; SQLAlchemy takes
    # it for ended.
    if connection is not None and connection.in_transaction:
        connection.rollback()


def _refuse_while_noted(note: DamageNote, connection: Connection) -> None:
    """Once more, with the write lock: a restore notes first and then waits for those who have the lock."""
    if connection.get_execution_options().get("takes_write_lock", False):
        _require_no_note(note)


def _require_no_note(note: DamageNote) -> None:
    if (damage := note.read()) is not None:
        raise DatabaseDamaged(damage)


def _note_damage(note: DamageNote, context: ExceptionContext) -> None:
    if is_damage(context.original_exception):
        # The kind alone: a message may hold a value.
        note.write(DamageKind.PAGES, type(context.original_exception).__name__)


def _connect_postgresql(
    _dialect: Dialect, _record: object, _arguments: object, options: dict[str, Any]
) -> None:
    """What the address does not say itself: of several hosts the one that takes writes, and no long wait."""
    for name, value in _POSTGRESQL_CONNECTS_BY.items():
        options.setdefault(name, value)


def _prepare_postgresql(connection: Any, _record: object) -> None:
    """Set what durability rests on, whatever the server's own default, and bound every wait."""
    connection.autocommit = True
    for name, value in _POSTGRESQL_SETTINGS.items():
        connection.execute(f"SET {name} = '{value}'")
    connection.autocommit = False


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("takes_write_lock", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")


def _require_code_points(connection: Connection) -> None:
    found = connection.execute(text(_THIS_DATABASE)).one()
    if not sorts_by_code_point(found[0], found[1]):
        raise DatabaseSortsOtherwise(
            f"The database of BTB_DATABASE_URL is in {found[0]} and sorts by {found[1]['datcollate']}; "
            "both engines must keep and sort text alike: make an empty one with CREATE DATABASE btb "
            "ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0."
        )


def sorts_by_code_point(encoding: str, row: Mapping[str, object]) -> bool:
    """Whether a row of pg_database tells of UTF-8 sorted by code point, as SQLite sorts.

    Its indexes then also outlive an upgrade of the system's C library, which may reorder every other
    collation under them.
    """
    provider = row.get("datlocprovider", "c")
    is_plain = row["datcollate"] in ("C", "POSIX", "C.UTF-8", "C.utf8", "C.UTF8")
    return encoding == "UTF8" and (provider == "b" or (provider == "c" and is_plain))


def private_files() -> None:
    """Let files that this process makes be readable by their owner alone."""
    os.umask(0o077)
