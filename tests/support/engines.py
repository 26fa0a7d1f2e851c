"""The two engines that tests run on, and a fresh migrated database of either."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, make_url, text

from btb_pro.db import Database
from btb_pro.migrate import upgrade
from tests.support.postgres import FORGETFUL, Postgres, Programs

# A server that runs already, and that the tests may make databases on; read once, since tests of the command
# line take every setting out of the environment.
_RUNNING = os.environ.get("BTB_TEST_DATABASE_URL", "")
# Whatever a test may have added or taken away: the newest object, and how many there are of each sort.
_SCHEMA = """
SELECT (SELECT count(*) FROM pg_class), (SELECT max(oid) FROM pg_class),
       (SELECT count(*) FROM pg_trigger), (SELECT max(oid) FROM pg_trigger),
       (SELECT count(*) FROM pg_constraint), (SELECT count(*) FROM pg_proc)
"""
# As a superuser who minds neither triggers nor references.
_EMPTY = """
DO $$ DECLARE t record; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR t IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
           AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0 LOOP
    EXECUTE format('DELETE FROM %I', t.relname);
  END LOOP;
  FOR t IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
    PERFORM setval(quote_ident(t.sequencename)::regclass, 1, false);
  END LOOP;
END $$
"""


class EngineName(StrEnum):
    """What a study is kept in."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


ON_ONE_ENGINE = pytest.mark.parametrize(
    "engine", list(EngineName) if os.environ.get("LONG") else [EngineName.SQLITE], indirect=True
)
"""For a long test that asks nothing of the database that others do not ask of both; with LONG=1 on both."""


class _Chosen:
    engine: EngineName | None = None
    server: "Server | None" = None


@contextmanager
def using(engine: EngineName) -> Iterator[None]:
    """Every world made in this block is kept in that engine, if nothing else is said."""
    before, _Chosen.engine = _Chosen.engine, engine
    try:
        yield
    finally:
        _Chosen.engine = before


def chosen() -> EngineName:
    """The engine of the block or the test that runs."""
    assert _Chosen.engine, "a test that makes a database asks for the fixture `engine`, and runs on both"
    return _Chosen.engine


def migrated_database(folder: Path, engine: EngineName | None = None) -> str:
    """The address of a new database with all tables and no rows; SQLite's lies in that folder."""
    if (engine or chosen()) is EngineName.POSTGRESQL:
        return server().migrated_database()
    (folder / "btb.db").write_bytes(_migrated_file())
    return f"sqlite:///{folder / 'btb.db'}"


def empty_database(folder: Path, engine: EngineName | None = None) -> str:
    """The address of a new database without tables."""
    if (engine or chosen()) is EngineName.POSTGRESQL:
        return server().empty_database()
    return f"sqlite:///{folder / 'btb.db'}"


def drop_database(url: str) -> None:
    """Let go of a database of ours; a file goes with its folder."""
    if make_url(url).get_backend_name() == "postgresql":
        server().let_go(url)


def kept_copy(url: str) -> str:
    """A copy of a database of ours that nobody is connected to, for `put_back`: a file or a name."""
    if make_url(url).get_backend_name() == "postgresql":
        return server().keep(url)
    return shutil.copy(_file(url), f"{_kept().name}/{uuid.uuid4().hex}.db")


def put_back(url: str, kept: str) -> None:
    """Make a database that nobody is connected to what another of its engine was when it was kept."""
    if make_url(url).get_backend_name() == "postgresql":
        server().put_back(url, kept)
    else:
        shutil.copy(kept, _file(url))


@cache
def _kept() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="btb-kept-")


def _file(url: str) -> str:
    path = make_url(url).database
    assert path
    assert not Path(f"{path}-wal").exists(), "somebody is connected"
    return path


class Server:
    """A PostgreSQL server and the databases that tests made on it."""

    def __init__(self) -> None:
        self._own: Postgres | None = None
        if not _RUNNING:
            self._own = Postgres.made(Programs(), "server", **FORGETFUL)
            self._own.start()
        self._url = make_url(self._own.url() if self._own else _RUNNING).set(drivername="postgresql+psycopg")
        self._engine: Engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        self._made: set[str] = set()
        self._template = ""
        self._schema: object = None
        self._migrated_ones: set[str] = set()
        self._ready: list[str] = []

    def empty_database(self) -> str:
        """The address of a new database without tables."""
        return _address(self._new("template0"))

    def migrated_database(self) -> str:
        """The address of a database with all tables and no rows."""
        if self._ready:
            return _address(self._url.set(database=self._ready.pop()))
        url = self._new(self._migrated())
        self._migrated_ones.add(url.database or "")
        return _address(url)

    def let_go(self, url: str) -> None:
        """Empty a database for the next who needs one; take it away where its schema is not what it was."""
        name = make_url(url).database or ""
        if name in self._ready or name not in self._made:
            return
        if name in self._migrated_ones and self._is_emptied(name):
            self._ready.append(name)
        else:
            self._migrated_ones.discard(name)
            self._drop(name)

    def keep(self, url: str) -> str:
        """The name of a new copy of a database."""
        return self._new(make_url(url).database or "").database or ""

    def put_back(self, url: str, kept: str) -> None:
        """A database of the same name, a copy of another."""
        name = make_url(url).database or ""
        self._drop(name)
        self._new(kept, name)

    def close(self) -> None:
        """Take away what was made."""
        if self._own is None:
            for name in list(self._made):
                self._drop(name)
        self._engine.dispose()
        if self._own is not None:
            self._own.stop()
            self._own.programs.remove()

    def _migrated(self) -> str:
        if not self._template:
            url = self._new("template0")
            database = Database(_address(url))
            upgrade(database)
            database.close()
            self._template = url.database or ""
            with self._connected(self._template) as connection:
                self._schema = connection.execute(text(_SCHEMA)).one()
        return self._template

    def _is_emptied(self, name: str) -> bool:
        """Making a database anew costs ten times as much as emptying one."""
        self._execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        with self._connected(name) as connection:
            if connection.execute(text(_SCHEMA)).one() != self._schema:
                return False
            connection.execute(text(_EMPTY))
            connection.commit()
        return True

    @contextmanager
    def _connected(self, name: str) -> Iterator[Connection]:
        engine = create_engine(self._url.set(database=name), poolclass=NullPool)
        with engine.connect() as connection:
            yield connection

    def _new(self, template: str, name: str = "") -> URL:
        name = name or f"btb_test_{uuid.uuid4().hex}"
        settings = "ENCODING 'UTF8' LOCALE 'C' STRATEGY file_copy"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template} {settings}")
        self._made.add(name)
        return self._url.set(database=name)

    def _drop(self, name: str) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made.discard(name)

    def _execute(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(text(statement))


def server() -> Server:
    """This process's server, started when the first test asks for it."""
    if _Chosen.server is None:
        _Chosen.server = Server()
    return _Chosen.server


def close_server() -> None:
    """Stop the server, if one was started."""
    if _Chosen.server is not None:
        _Chosen.server.close()
        _Chosen.server = None


def _address(url: URL) -> str:
    """As a setting states it: the name of the driver is the app's business."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@cache
def _migrated_file() -> bytes:
    """One migrated, empty SQLite database a process; each world starts from a copy."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        database = Database(f"sqlite:///{path}")
        upgrade(database)
        database.close()
        return path.read_bytes()
