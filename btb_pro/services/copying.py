"""Copying a whole database into another, whatever engine each is on: ids, numbers, times and hashes stay."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, Integer, Table, func, insert, select, text

from btb_pro.damage import DamageKind, DamageNote
from btb_pro.db import Database
from btb_pro.migrate import rebuild
from btb_pro.models.every import every_table
from btb_pro.refusals import PlainRefusal

_ROWS_AT_ONCE = 1000


class CopyRefused(PlainRefusal):
    """The databases cannot be copied as asked. The message says why and what to do."""


def copy_database(source: Database, target: Database) -> Mapping[str, int]:
    """Make the target's tables anew and fill them from one moment of the source; rows by table.

    It happens in one transaction of the target: at the end all is there, or nothing has changed.
    """
    with source.engine.connect() as reading, target.engine.connect() as writing:
        if reading.dialect.name == "postgresql":
            reading = reading.execution_options(isolation_level="REPEATABLE READ")
        writing = writing.execution_options(takes_write_lock=True)
        with reading.begin(), writing.begin():
            rebuild(writing)
            copied = {}
            for table in every_table():
                copied[table.name] = _copy_table(reading, writing, table)
            if writing.dialect.name == "postgresql":
                _continue_numbers(writing)
    return copied


@contextmanager
def nobody_writing(note: DamageNote, why: DamageKind, database: Database | None) -> Iterator[None]:
    """Let no process of the instance write while a database is copied or replaced.

    After an error they go on, unless something else had stopped them before; at the end the note is the
    caller's to lift. No database is given where the present one cannot be read.
    """
    must_lift = note.write(why, "somebody copies or replaces the database")
    try:
        if database is not None:
            # Whoever had the lock before the note was there has committed by now.
            with database.writing() as session:
                session.execute(select(1))
        yield
        must_lift = False
    finally:
        if must_lift:
            note.lift()


def count_rows(database: Database) -> Mapping[str, int]:
    """Rows by table."""
    with database.engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in every_table()
        }


def _copy_table(reading: Connection, writing: Connection, table: Table) -> int:
    count = 0
    result = reading.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
    for partition in result.partitions(_ROWS_AT_ONCE):
        writing.execute(insert(table), [dict(row._mapping) for row in partition])
        count += len(partition)
    return count


def _continue_numbers(writing: Connection) -> None:
    """Let PostgreSQL's own numbers go on after the largest that was copied."""
    for table in every_table():
        for column in table.primary_key.columns:
            if not isinstance(column.type, Integer):
                continue
            name = writing.execute(
                text("SELECT pg_get_serial_sequence(:table, :column)"),
                {"table": table.name, "column": column.name},
            ).scalar_one()
            largest = writing.execute(select(func.max(column))).scalar_one()
            if name is not None and largest is not None:
                writing.execute(text("SELECT setval(:name, :largest)"), {"name": name, "largest": largest})
