"""What the load balancer is told, and that it is told nothing else."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import NullPool, create_engine, text

from btb_pro import clock
from btb_pro.db import Database
from btb_pro.migrate import newest_revision
from btb_pro.services import health
from tests.support.engines import EngineName
from tests.support.world import World


def _asked(world: World, path: str) -> tuple[int, str]:
    response = world.app.test_client().get(path)
    assert response.mimetype == "text/plain"
    assert "Set-Cookie" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code, response.get_data(as_text=True)


def _is_ready(world: World) -> bool:
    told = _asked(world, "/readyz")
    assert told in ((200, "ready\n"), (503, "not ready\n"))
    assert _asked(world, "/healthz") == (200, "alive\n")
    return told[0] == 200


def test_a_sound_instance_is_alive_and_ready(world: World) -> None:
    world.add()
    assert _is_ready(world)


def test_asking_changes_nothing(world: World) -> None:
    def rows() -> int:
        with world.reading() as session:
            return int(session.execute(text("SELECT count(*) FROM audit_event")).scalar_one())

    before = rows()
    assert _is_ready(world)
    assert rows() == before


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_nothing_can_be_posted(world: World, path: str) -> None:
    assert world.app.test_client().post(path, data={"a": "b"}).status_code == 405


@pytest.mark.parametrize("revision", ["0004", "9999"])
def test_another_schema_is_not_ready(world: World, revision: str) -> None:
    _tell_schema(world, revision)
    assert not _is_ready(world)
    _tell_schema(world, newest_revision())
    assert _is_ready(world)


def _tell_schema(world: World, revision: str) -> None:
    with world.runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})


def test_a_clock_that_went_back_is_not_ready(world: World) -> None:
    world.add()
    with clock.at(clock.now() - timedelta(hours=3)):
        assert not _is_ready(world)
    assert _is_ready(world)


def test_a_full_disk_is_not_ready(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    room = shutil.disk_usage(world.folder).free
    monkeypatch.setattr(health, "LEAST_ROOM", room * 2)
    assert not _is_ready(world)


def test_a_database_that_takes_no_writes_is_not_ready_until_it_does(world: World, engine: EngineName) -> None:
    with _read_only(world, engine):
        assert not _is_ready(world)
    assert _is_ready(world)


@contextmanager
def _read_only(world: World, engine: EngineName) -> Iterator[None]:
    database = world.runtime.database
    if engine is EngineName.SQLITE:
        # What a writer meets on a mount that became read-only, or behind one who never ends.
        other = sqlite.connect(world.folder / "btb.db")
        other.execute("BEGIN IMMEDIATE")
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=50")
        yield
        other.close()
        database.close()
        return
    # With no need for a server that writes, as the app's own connections have.
    plain = create_engine(database.engine.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    name = database.engine.url.database
    change = f"ALTER DATABASE {name} SET default_transaction_read_only"
    with plain.connect() as connection:
        connection.execute(text(f"{change} = on"))
    database.close()
    yield
    with plain.connect() as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.execute(text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))


def test_a_database_that_is_gone_is_not_ready_and_the_process_alive(
    world: World,
) -> None:
    database = world.runtime.database
    database.close()
    gone = Database("sqlite:////no/such/folder/btb.db")
    object.__setattr__(world.runtime, "database", gone)
    ready = _is_ready(world)
    object.__setattr__(world.runtime, "database", database)
    assert not ready
