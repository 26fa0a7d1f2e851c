"""The migrated schema is the one that the models describe, and answers and audit events only ever grow."""

import importlib
import pkgutil
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError

import btb_pro.models
from btb_pro.db import Database
from btb_pro.migrate import (
    SchemaNewer,
    SchemaOutdated,
    downgrade,
    is_current,
    newest_revision,
    require_current,
    upgrade,
)
from btb_pro.models import every
from btb_pro.models.base import Base
from tests.integration.export_world import make_export_world, tell_story
from tests.support.engines import EngineName, drop_database, empty_database

for module in pkgutil.iter_modules(btb_pro.models.__path__):
    importlib.import_module(f"btb_pro.models.{module.name}")


@pytest.fixture
def empty(tmp_path: Path, engine: EngineName) -> Iterator[Database]:
    """A database without tables."""
    url = empty_database(tmp_path, engine)
    database = Database(url)
    yield database
    database.close()
    drop_database(url)


@pytest.fixture
def migrated(empty: Database) -> Database:
    """A database that the migrations have made."""
    upgrade(empty)
    return empty


@pytest.fixture
def filled(tmp_path: Path, engine: EngineName) -> Iterator[Database]:
    """A migrated database with answers in it."""
    world = make_export_world(tmp_path / "instance", engine=engine)
    tell_story(world)
    yield world.runtime.database
    world.close()


_POSTGRESQL_SCHEMA = """
SELECT conrelid::regclass::text, 'CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT table_name, concat_ws(' ', column_name, data_type, character_maximum_length, is_nullable,
  column_default, is_identity) FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


def _schema(database: Database) -> dict[str, list[str]]:
    """What made each object: lines in any order, since that of constraints is free."""
    made: dict[str, list[str]] = {}
    with database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            for name, line in connection.execute(text(_POSTGRESQL_SCHEMA)):
                made.setdefault(name, []).append(line)
        else:
            statement = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
            for name, sql in connection.execute(text(statement)):
                if not name.startswith("sqlite_"):
                    made[name] = _parts_of(sql)
    return {name: sorted(lines) for name, lines in made.items()}


def _parts_of(statement: str) -> list[str]:
    """Columns and constraints, whether they stood on lines of their own or a later statement added them.

    Without quotation marks, which SQLite puts around the name of a table that was renamed.
    """
    flat = " ".join(statement.replace('"', "").split())
    before, _, inside = flat.partition("(")
    return [before, *(part.strip() for part in re.split(r",(?![^()]*\))", inside.removesuffix(")")))]


def _made_from_models(folder: Path, engine: EngineName) -> Database:
    folder.mkdir()
    database = Database(empty_database(folder, engine))
    Base.metadata.create_all(database.engine)
    return database


def test_the_models_ask_for_nothing_that_the_migrations_do_not_make(migrated: Database) -> None:
    with migrated.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_every_table_and_index_is_made_with_the_same_columns_and_constraints(
    migrated: Database, tmp_path: Path, engine: EngineName
) -> None:
    models = _made_from_models(tmp_path / "models", engine)
    wanted = _schema(models)
    models.close()
    made = _schema(migrated)
    for name, lines in wanted.items():
        assert made[name] == lines, name
    more = set(made) - set(wanted) - {"alembic_version"}
    guards = (
        "answer_no_", "audit_event_no_", "correction_", "late_save_no_", "refuse_change", "visit_review_no_",
    )  # fmt: skip
    assert all(name.startswith(guards) for name in more)


def test_every_constraint_has_a_name_by_the_convention(migrated: Database) -> None:
    lines = [line for lines in _schema(migrated).values() for line in lines]
    words = ("CHECK ", "UNIQUE ", "FOREIGN KEY", "PRIMARY KEY")
    unnamed = [line for line in lines if line.startswith(words) and "alembic" not in line]
    assert unnamed == []


def test_down_leaves_nothing_and_up_again_makes_the_same(migrated: Database) -> None:
    before = _schema(migrated)
    downgrade(migrated)
    assert set(_schema(migrated)) <= {"alembic_version"}
    assert not is_current(migrated)
    upgrade(migrated)
    assert _schema(migrated) == before


def test_a_second_upgrade_changes_nothing(filled: Database) -> None:
    with filled.engine.connect() as connection:
        before = connection.execute(text("SELECT count(*), max(id) FROM answer")).one()
    upgrade(filled)
    with filled.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*), max(id) FROM answer")).one() == before


def test_an_upgrade_that_fails_half_way_leaves_nothing(empty: Database) -> None:
    with empty.engine.begin() as connection:
        connection.execute(text("CREATE TABLE answer (x INTEGER)"))
    with pytest.raises(DatabaseError):
        upgrade(empty)
    assert set(_schema(empty)) == {"answer"}


def test_an_empty_database_is_told_to_be_set_up(empty: Database) -> None:
    assert not is_current(empty)
    with pytest.raises(SchemaOutdated, match="btb-pro init"):
        require_current(empty)
    upgrade(empty)
    assert is_current(empty)
    require_current(empty)


def test_a_database_of_a_later_version_is_left_alone(migrated: Database) -> None:
    with migrated.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = _schema(migrated)
    for refused in (is_current, require_current, upgrade, downgrade):
        with pytest.raises(SchemaNewer, match="9999"):
            refused(migrated)
    assert _schema(migrated) == before


def test_the_files_names_tell_the_revisions_that_alembic_reads_in_them() -> None:
    scripts = ScriptDirectory(str(Path(btb_pro.models.__path__[0]).parent / "migrations"))
    numbers = {Path(script.path).name[:4]: script.revision for script in scripts.walk_revisions()}
    assert [number for number, revision in numbers.items() if number != revision] == []
    assert scripts.get_heads() == [newest_revision()] == [max(numbers)]


ANYWHERE = [
    "UPDATE answer SET value = '2' WHERE id = 1",
    "DELETE FROM answer WHERE id = 1",
    "DELETE FROM answer",
    "INSERT INTO answer SELECT * FROM answer WHERE id = 1 ON CONFLICT (id) DO UPDATE SET value = '2'",
    "UPDATE audit_event SET actor = 'somebody else' WHERE seq = 1",
    "DELETE FROM audit_event WHERE seq = (SELECT max(seq) FROM audit_event)",
]
ON_SQLITE = [
    "UPDATE OR REPLACE answer SET id = 2 WHERE id = 1",
    "INSERT OR REPLACE INTO answer SELECT * FROM answer WHERE id = 1",
    # A fresh id, but the key of a row that is there.
    "INSERT OR REPLACE INTO answer SELECT 900, response_id, item, '2', state, language, wording_sha256,"
    " shown_at, device_at, received_at, mode, session_id, client_key, salt, event_seq"
    " FROM answer WHERE id = 1",
    "INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event WHERE seq = 1",
    "INSERT OR REPLACE INTO audit_event SELECT 900, at, actor_kind, 'somebody else', actor_role,"
    " actor_site, tag, study_number, changes, reason, request_id, app_version, study_version,"
    " previous_hash, hash, row_changes FROM audit_event WHERE seq = 1",
]
ON_POSTGRESQL = [
    "TRUNCATE answer CASCADE",
    "TRUNCATE audit_event CASCADE",
    "MERGE INTO answer USING (SELECT 1) one ON answer.id = 1 WHEN MATCHED THEN UPDATE SET value = '2'",
]


@pytest.mark.parametrize(
    ("engine", "statement"),
    [(EngineName.SQLITE, statement) for statement in ANYWHERE + ON_SQLITE]
    + [(EngineName.POSTGRESQL, statement) for statement in ANYWHERE + ON_POSTGRESQL],
)
def test_what_is_recorded_can_be_neither_changed_nor_taken_away(filled: Database, statement: str) -> None:
    table = "audit_event" if "audit_event" in statement else "answer"
    with filled.engine.connect() as connection:
        before = connection.execute(text(f"SELECT * FROM {table}")).all()
    with (
        filled.engine.connect() as connection,
        pytest.raises(IntegrityError, match="is append-only"),
    ):
        connection.execute(text(statement))
    with filled.engine.connect() as connection:
        assert connection.execute(text(f"SELECT * FROM {table}")).all() == before


def test_the_list_of_every_table_is_whole() -> None:
    modules = {module.name for module in pkgutil.iter_modules(btb_pro.models.__path__)}
    listed = {module.__name__.rpartition(".")[2] for module in every.MODELS}
    assert listed == modules - {"base", "every"}


def test_of_two_starters_one_migrates_and_the_other_finds_it_done(empty: Database) -> None:
    done: list[str] = []

    def start() -> None:
        upgrade(empty)
        done.append("up to date")

    starters = [threading.Thread(target=start) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert done == ["up to date"] * 4
    assert is_current(empty)
