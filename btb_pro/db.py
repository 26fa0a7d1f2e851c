"""The database: its engine, its base class, and the types and names that all tables share."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import DateTime, Engine, MetaData, TypeDecorator, create_engine, event, text
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from btb_pro.refusals import PlainRefusal

_BUSY_TIMEOUT_MS = 10_000
_FIXED_BRANCHES = {(3, 44): 6, (3, 50): 7, (3, 51): 3}


class DatabaseUnreachable(PlainRefusal):
    """The database cannot be opened. The message is one sentence that names BTB_DATABASE_URL."""


class Base(DeclarativeBase):
    """Base of all models. Constraints are named by convention, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Instant(TypeDecorator[datetime]):
    """A UTC instant. SQLite keeps no time zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """An engine with two kinds of session: one that reads, and one that takes the write lock at once.

    A transaction that reads first and writes later fails at once in SQLite when another wrote in between,
    whatever the busy timeout; ``BEGIN IMMEDIATE`` waits its turn instead.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._reading = sessionmaker(self.engine, autoflush=False)
        self._writing = sessionmaker(self.engine.execution_options(takes_write_lock=True))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading; nothing is committed."""
        with self._reading() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session for writing; the caller commits, anything else is rolled back."""
        with self._writing() as session:
            yield session

    def check(self) -> None:
        """Open a connection once.

        Raises:
            DatabaseUnreachable: it cannot be opened.
        """
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
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
            engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise DatabaseUnreachable(
            f"BTB_DATABASE_URL names no database that can be used here ({error})."
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "checkin", _end_sqlite)
    return engine


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
        cursor.execute(f"PRAGMA {name}={value}")
        effective = cursor.execute(f"PRAGMA {name}").fetchone()[0]
        if effective != value and not (name == "journal_mode" and effective == "memory"):
            raise sqlite.OperationalError(f"SQLite keeps {name} at {effective}, {value} is needed")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    takes_lock = connection.get_execution_options().get("takes_write_lock", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if takes_lock else "BEGIN")


def _end_sqlite(connection: Any, _record: object) -> None:
    # SQLite keeps the transaction of a COMMIT that failed open, and with it the write lock; SQLAlchemy takes
    # it for ended.
    if connection is not None and connection.in_transaction:
        connection.rollback()


def private_files() -> None:
    """Let files that this process makes be readable by their owner alone."""
    os.umask(0o077)
