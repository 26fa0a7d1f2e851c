"""What somebody can do who has the database itself in hand, past the application."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, text

from tests.support.world import World

_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname FROM pg_constraint
WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace
"""
_TRIGGERS = {
    "sqlite": "SELECT '', name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT DISTINCT event_object_table, trigger_name FROM information_schema.triggers"
        " UNION SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
    ),
}


def is_sqlite(world: World) -> bool:
    """Whether the world is kept in SQLite."""
    return world.runtime.database.engine.dialect.name == "sqlite"


def guards_off(world: World) -> None:
    """Take off the triggers that refuse changes; on PostgreSQL also the checks and references.

    SQLite can be told for one connection not to mind those; see `change`.
    """
    with world.writing() as session:
        engine = session.connection().dialect.name
        triggers = session.execute(text(_TRIGGERS[engine])).all()
        assert triggers
        for table, name in triggers:
            of_table = f" ON {table}" if table else ""
            session.execute(text(f'DROP TRIGGER "{name}"{of_table}'))
        if engine == "postgresql":
            for table, name in session.execute(text(_CONSTRAINTS)).all():
                session.execute(text(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'))


def change(world: World, statement: str, *values: object) -> None:
    """Run a statement that minds no rule. Values stand as question marks."""
    with world.runtime.database.engine.connect() as connection:
        if is_sqlite(world):
            connection.rollback()
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA ignore_check_constraints = ON")
            raw.execute("PRAGMA foreign_keys = OFF")
        else:
            statement = statement.replace("?", "%s")
        connection.exec_driver_sql(statement, values)
        connection.commit()
        # The connection minds no rules any more: nobody else may be handed it.
        connection.invalidate()


@contextmanager
def kept_locked(world: World) -> Iterator[None]:
    """Something else keeps every writer out, and the world waits for it a moment only."""
    engine = world.runtime.database.engine

    def wait_a_moment(raw: Any, _record: object, _proxy: object) -> None:
        if is_sqlite(world):
            raw.execute("PRAGMA busy_timeout = 20")
        else:
            raw.autocommit = True
            raw.execute("SET lock_timeout = '20ms'")
            raw.autocommit = False

    with engine.execution_options(takes_write_lock=True).connect() as other, other.begin():
        event.listen(engine, "checkout", wait_a_moment)
        try:
            yield
        finally:
            event.remove(engine, "checkout", wait_a_moment)
    engine.dispose()
