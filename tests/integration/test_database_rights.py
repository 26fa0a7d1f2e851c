"""On PostgreSQL the app works as a role that adds, and cannot change, empty or unguard what only grows."""

import json
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from btb_pro import create_app
from btb_pro.config import add_settings, read_settings
from btb_pro.services.verification import APPEND_ONLY
from tests.integration.cli.shell import done, run_in
from tests.integration.participant.steps import count, go_to, values
from tests.support.engines import EngineName
from tests.support.world import World

pytestmark = pytest.mark.parametrize("engine", [EngineName.POSTGRESQL], indirect=True)
ROLE = "btb_app_of_a_test"


@pytest.fixture
def as_app(world: World) -> Iterator[World]:
    """The world as its server opens it: the role has a visit's worth of rights and no more."""
    url = world.runtime.database.engine.url
    owner = create_engine(url)
    with owner.begin() as connection:
        connection.execute(text(f"DROP ROLE IF EXISTS {ROLE}"))
        connection.execute(text(f"CREATE ROLE {ROLE} LOGIN"))
    said = done(run_in(world.folder, "database", "rights", ROLE))
    assert "can neither change nor empty" in said
    world.runtime.database.close()
    settings = read_settings(world.folder, {})
    as_role = url.set(username=ROLE, drivername="postgresql").render_as_string(hide_password=False)
    add_settings(world.folder, {"BTB_DATABASE_URL": as_role})
    world.app = create_app(read_settings(world.folder, {"BTB_DATABASE_URL": as_role}))
    world.app.testing = True
    yield world
    world.runtime.database.close()
    world.app = create_app(settings)
    with owner.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {ROLE}"))
        connection.execute(text(f"DROP ROLE {ROLE}"))
    owner.dispose()


def test_a_whole_visit_can_be_answered_as_that_role(as_app: World) -> None:
    as_app.add(language="nb", email="kari@example.org")
    page = go_to(as_app.started(as_app.invite()), as_app, "pain_worse")
    page.fill("pain_duration_years", "5").press("later")
    page.open(page.address.partition("?")[0] + "review").press()
    assert page.page == "receipt"
    assert values(as_app)["pain_duration_years"] == "5"
    said = done(run_in(as_app.folder, "audit", "verify"))
    assert "The audit trail is whole" in said
    told = json.loads(run_in(as_app.folder, "doctor", "--json").stdout)
    assert {one["check"]: one["code"] for one in told}["owner"] == "ok"


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_what_only_grows_can_be_neither_changed_nor_emptied_nor_unguarded(as_app: World, table: str) -> None:
    as_app.add()
    key = "seq" if table == "audit_event" else "id"
    before = count(as_app, table)
    for statement in (
        f"UPDATE {table} SET {key} = {key}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"DROP TRIGGER {table}_no_change ON {table}",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"ALTER TABLE {table} ADD COLUMN more text",
        f"DROP TABLE {table} CASCADE",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger"
        " AS 'BEGIN RETURN NEW; END' LANGUAGE plpgsql",
        "SET session_replication_role = replica",
        "UPDATE alembic_version SET version_num = '0001'",
    ):
        with as_app.runtime.database.engine.connect() as connection:
            with pytest.raises(ProgrammingError) as refused:
                connection.exec_driver_sql(statement)
            assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege), statement
    assert count(as_app, table) == before


@pytest.mark.parametrize("role", ["postgres", "nobody_of_that_name", 'x"; DROP TABLE answer; --'])
def test_a_role_that_no_right_can_be_kept_from_is_refused(world: World, role: str) -> None:
    result = run_in(world.folder, "database", "rights", role)
    assert (result.exit_code, result.stdout) == (1, "")
    assert role in result.stderr


@pytest.mark.spoilt
def test_a_column_that_no_trigger_guards_may_be_erased_and_no_other(world: World, as_app: World) -> None:
    url = as_app.runtime.database.engine.url
    owner = create_engine(url.set(username="postgres"))
    with owner.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER late_save_no_change ON late_save")
        connection.exec_driver_sql(
            "CREATE TRIGGER late_save_no_change BEFORE UPDATE OF id, item, state OR DELETE ON late_save "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    as_owner = owner.url.set(drivername="postgresql").render_as_string(hide_password=False)
    owner.dispose()
    done(run_in(as_app.folder, "database", "rights", ROLE, BTB_DATABASE_URL=as_owner))
    with as_app.runtime.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE late_save SET value = NULL, salt = NULL")
    with as_app.runtime.database.engine.connect() as connection, pytest.raises(ProgrammingError):
        connection.exec_driver_sql("UPDATE late_save SET item = item")


def test_sqlite_has_no_roles(world: World) -> None:
    url = f"sqlite:///{world.folder / 'btb.db'}"
    assert run_in(world.folder, "init", BTB_DATABASE_URL=url).exit_code == 0
    result = run_in(world.folder, "database", "rights", ROLE, BTB_DATABASE_URL=url)
    assert (result.exit_code, "SQLite has no roles" in result.stderr) == (1, True)
