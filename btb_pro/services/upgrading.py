"""Bringing a database to a new schema without losing anything: a copy first, counted and compared after."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, MetaData, Table, func, insert, select, text
from sqlalchemy.exc import DatabaseError

from btb_pro import clock
from btb_pro.config import Settings
from btb_pro.db import Database
from btb_pro.migrate import newest_revision, revision_of, upgrade
from btb_pro.models.base import FIRST_HASH
from btb_pro.refusals import PlainRefusal
from btb_pro.services.audit import APP_VERSION
from btb_pro.services.backup_files import (
    BackupManifest,
    BackupRefused,
    can_be_opened,
    plain_copies,
    read_backup,
    sha256_of,
    write_backup,
)

_ROWS_AT_ONCE = 1000


class UpgradeRefused(PlainRefusal):
    """The schema was not changed, or was put back. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A schema that was brought up to date."""

    from_revision: str
    kept: Path
    """The database as it was before: a backup, or an SQLite file where there is no key for backups."""
    kept_sha256: str


@dataclass(frozen=True, slots=True)
class Holding:
    """What a database holds, whatever its schema."""

    columns: Mapping[str, tuple[str, ...]]
    rows: Mapping[str, int]
    answers_sha256: str
    """Over every column of every answer, in order."""


def upgrade_safely(settings: Settings, database: Database, study: str) -> Upgrade | None:
    """Bring the schema up to date; None when it was or another process did, or there were no tables before.

    What is there is copied first. The new schema is committed only if every table holds as many rows as
    before and every answer is the same, column by column.

    Raises:
        UpgradeRefused: no copy can be made, or something would be lost: then nothing is changed.
        SchemaNewer: the database is of a later version.
    """
    before = revision_of(database)
    if before in (None, newest_revision()):
        upgrade(database)
        return None
    assert before is not None
    try:
        kept = _keep(settings, database, study, before)
    except (BackupRefused, DatabaseError, OSError) as error:
        why = str(error) if isinstance(error, BackupRefused) else f"{type(error).__name__}."
        raise UpgradeRefused(
            f"The database must be brought from schema {before} to {newest_revision()}, and a backup comes "
            f"first, but none can be taken: {why} Nothing was changed."
        ) from error
    if upgrade(database, losing_nothing) == newest_revision():
        # Another process brought it up to date meanwhile, and keeps a copy of its own.
        kept.unlink()
        return None
    return Upgrade(before, kept, sha256_of(kept))


def holding(connection: Connection, of: Mapping[str, tuple[str, ...]] | None = None) -> Holding:
    """What is in a database now; with `of`, in those tables and columns alone."""
    tables = _tables(connection)
    columns = of or {table.name: tuple(column.name for column in table.columns) for table in tables}
    rows = {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in tables
        if table.name in columns
    }
    digest = hashlib.sha256()
    for table in tables:
        if table.name == "answer":
            wanted = [table.c[name] for name in columns["answer"]]
            for row in connection.execute(select(*wanted).order_by(table.c.id)):
                digest.update(repr(tuple(row)).encode())
    return Holding(columns, rows, digest.hexdigest())


def copy_as_it_is(database: Database, path: Path) -> None:
    """Copy a database of any schema of ours into a new SQLite file, from one moment of it.

    Raises:
        DatabaseError: it cannot be read, or the file cannot be written.
    """
    if database.engine.dialect.name == "sqlite":
        with database.engine.connect() as connection:
            # A VACUUM stands outside of transactions.
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("VACUUM INTO ?", (str(path),))
            connection.exec_driver_sql("BEGIN")
        return
    target = Database(f"sqlite:///{path}")
    try:
        upgrade(target, to=revision_of(database) or "head")
        with database.engine.connect() as reading, target.engine.connect() as writing:
            snapshot = reading.execution_options(isolation_level="REPEATABLE READ")
            with snapshot.begin(), writing.begin():
                there = {table.name: table for table in _tables(writing)}
                for table in _tables(snapshot):
                    _copy_rows(snapshot, writing, table, there[table.name])
        with target.engine.connect() as written:
            written.exec_driver_sql("COMMIT")
            written.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            written.exec_driver_sql("BEGIN")
    finally:
        target.close()


@contextmanager
def losing_nothing(connection: Connection) -> Iterator[None]:
    """Around a change of the schema, inside its transaction.

    Raises:
        UpgradeRefused: a table holds fewer rows than before, or an answer is not what it was.
    """
    before = holding(connection)
    yield
    after = holding(connection, before.columns)
    # The upgrade may count and note, so tables may grow.
    lost = [name for name, count in before.rows.items() if after.rows.get(name, 0) < count]
    if before.answers_sha256 != after.answers_sha256:
        lost.append("answer (not the same)")
    if lost:
        raise UpgradeRefused(
            f"The new schema would lose rows of {', '.join(lost)}: the old one was put back. "
            "Go back to the version of btb_pro that you had, and tell the developers."
        )


def _keep(settings: Settings, database: Database, study: str, revision: str) -> Path:
    """Copy what is there, prove the copy's pages and rows, and write it as a backup."""
    stamp = clock.utc_text(clock.now()).replace(":", "").replace(".", "-")
    name = f"before-upgrade-{revision}-{stamp}"
    with plain_copies(settings.instance) as folder:
        copy = folder / "copy.db"
        copy_as_it_is(database, copy)
        manifest = _manifest(copy, database, study, revision)
        if not settings.backup_keys:
            kept = settings.instance / f"{name}.db"
            copy.chmod(0o600)
            return copy.rename(kept)
        kept = settings.instance / f"{name}.btb-backup"
        write_backup(copy, manifest, settings.backup_keys, kept)
        copy.unlink()
        if can_be_opened(settings.backup_keys):
            # The bytes are compared with the manifest's; the copy itself was proven before it was written.
            try:
                read_backup(kept, settings.backup_keys, folder)
            except BackupRefused:
                kept.unlink(missing_ok=True)
                raise
        return kept


def _manifest(copy: Path, database: Database, study: str, revision: str) -> BackupManifest:
    taken = Database(f"sqlite:///{copy}")
    try:
        with taken.engine.connect() as connection:
            faults = connection.execute(text("PRAGMA integrity_check")).scalars().all()
            orphans = connection.execute(text("PRAGMA foreign_key_check")).all()
            if faults != ["ok"] or orphans:
                raise BackupRefused("The copy is damaged: run btb-pro doctor.")
            rows = holding(connection).rows
            head = connection.execute(text("SELECT seq, hash FROM audit_head")).one_or_none()
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
    finally:
        taken.close()
    return BackupManifest(
        study=study,
        made_at=clock.utc_text(clock.now()),
        app_version=APP_VERSION,
        schema=revision,
        engine=database.engine.dialect.name,
        seq=head.seq if head else 0,
        head_hash=head.hash if head else FIRST_HASH,
        rows=rows,
        database_sha256=sha256_of(copy),
    )


def _tables(connection: Connection) -> list[Table]:
    """As they are in the database, those that are referred to first."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def _copy_rows(reading: Connection, writing: Connection, table: Table, target: Table) -> None:
    result = reading.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
    for partition in result.partitions(_ROWS_AT_ONCE):
        writing.execute(insert(target), [dict(row._mapping) for row in partition])
