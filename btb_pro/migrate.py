"""Bringing a database's schema to the one that this version needs, and telling whether it is there."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import String, column, inspect, select, table
from sqlalchemy.engine import Connection

from btb_pro.db import Database
from btb_pro.refusals import PlainRefusal

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = select(column("version_num", String)).select_from(table("alembic_version"))
"""What Alembic notes. Alembic itself is loaded to change a schema, and every command and page only looks."""


class SchemaNewer(PlainRefusal):
    """The database was made by a later version of btb_pro; nothing was changed."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The database of BTB_DATABASE_URL has schema {revision}, which this version does not know: "
            "install the version of btb_pro that made it, or a later one."
        )


class SchemaOutdated(PlainRefusal):
    """The database lacks tables or columns that this version needs; nothing was changed."""

    def __init__(self, revision: str | None) -> None:
        has = f"schema {revision}" if revision else "no tables of btb_pro"
        super().__init__(
            f"The database of BTB_DATABASE_URL has {has}, this version needs {newest_revision()}: "
            "run btb-pro init, which brings it up to date."
        )


def newest_revision() -> str:
    """The revision of the schema that this version needs."""
    return _revisions()[-1]


def _unwatched(_connection: Connection) -> AbstractContextManager[None]:
    return nullcontext()


def upgrade(
    database: Database,
    watched: Callable[[Connection], AbstractContextManager[None]] = _unwatched,
    *,
    to: str = "head",
) -> str | None:
    """Bring the schema up to date, in one transaction; a schema that is up to date stays as it is.

    Gives the revision that it found, which may be the newest: another process was faster.

    `watched` stands around the change, inside the transaction: what it raises puts everything back.

    Raises:
        SchemaNewer: see the class.
    """
    with _writing_connection(database) as connection, connection.begin():
        found = _known_revision(connection)
        with watched(connection):
            _up(connection, to)
        return found


def downgrade(database: Database, revision: str = "base") -> None:
    """Take the schema back to a revision, in one transaction; `base` drops every table and all data.

    Raises:
        SchemaNewer: see the class.
    """
    with _writing_connection(database) as connection, connection.begin():
        _known_revision(connection)
        _down(connection, revision)


def rebuild(connection: Connection) -> None:
    """Drop every table of ours with all data and make them anew, empty, in the connection's transaction."""
    if _known_revision(connection) is not None:
        _down(connection, "base")
    _up(connection, "head")


def revision_of(database: Database) -> str | None:
    """The revision of a database's schema; None where there are no tables of ours.

    Raises:
        SchemaNewer: see the class.
    """
    with database.engine.connect() as connection:
        return _known_revision(connection)


def is_current(database: Database) -> bool:
    """Whether the schema is the one that this version needs.

    Raises:
        SchemaNewer: see the class.
    """
    with database.engine.connect() as connection:
        return _known_revision(connection) == newest_revision()


def require_current(database: Database) -> None:
    """Refuse a database whose schema is not the one that this version needs.

    Raises:
        SchemaNewer, SchemaOutdated: see the classes.
    """
    with database.engine.connect() as connection:
        revision = _known_revision(connection)
    if revision != newest_revision():
        raise SchemaOutdated(revision)


def _writing_connection(database: Database) -> Connection:
    # The write lock at once, so that of two that start together the second finds the work done.
    return database.engine.connect().execution_options(takes_write_lock=True)


def _known_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.execute(_VERSION).scalar_one_or_none()
    if revision is not None and revision not in _revisions():
        raise SchemaNewer(revision)
    return revision


@cache
def _revisions() -> tuple[str, ...]:
    """Every revision, the oldest first: each is the number that its file's name begins with."""
    return tuple(sorted(path.name.partition("_")[0] for path in _MIGRATIONS.glob("versions/[0-9]*.py")))


def _up(connection: Connection, to: str) -> None:
    from alembic import command

    command.upgrade(_config(connection), to)


def _down(connection: Connection, to: str) -> None:
    from alembic import command

    command.downgrade(_config(connection), to)


def _config(connection: Connection | None) -> "Config":
    from alembic.config import Config

    config = Config()
    # The value is interpolated: a percent sign in a folder's name would be read as a variable.
    config.set_main_option("script_location", f"{_MIGRATIONS}".replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
