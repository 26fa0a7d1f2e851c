"""A database that fails just before a certain statement that writes, or before the commit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from tests.support.world import World

_WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass
class Breaking:
    """What a block has written, and whether it was broken."""

    statements: list[str] = field(default_factory=list)
    """Statements that write, in order, and the word COMMIT; the last one was not carried out if it broke."""
    has_broken: bool = False


@contextmanager
def breaking_before(world: World, place: int) -> Iterator[Breaking]:
    """The database fails before the statement of that place, from 1: one that writes, or the commit."""
    engine = world.runtime.database.engine
    told = Breaking()

    def meet(statement: str) -> None:
        told.statements.append(statement)
        if len(told.statements) == place:
            told.has_broken = True
            raise OperationalError(statement, {}, sqlite.OperationalError("disk I/O error"))

    def before(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(_WRITES):
            meet(statement)

    def at_commit(connection: Connection) -> None:
        if not told.statements:
            return
        try:
            meet("COMMIT")
        except OperationalError:
            if connection.dialect.name == "postgresql":
                # Its server ends a transaction that it cannot commit; SQLite keeps it open.
                connection.connection.rollback()
            raise

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "commit", at_commit)
    try:
        yield told
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "commit", at_commit)
