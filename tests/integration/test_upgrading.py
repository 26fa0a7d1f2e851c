"""Databases of every released version are brought to this one, and nothing of them is lost on the way."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, select, text

from btb_pro.config import Settings, read_settings
from btb_pro.db import Database
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.migrate import SchemaNewer, newest_revision, revision_of, upgrade
from btb_pro.models.response import Answer
from btb_pro.security import new_key
from btb_pro.services import upgrading
from btb_pro.services.audit import Actor, Context
from btb_pro.services.backup_files import new_backup_key
from btb_pro.services.installing import prepare_database
from btb_pro.services.restoring import restore_backup
from btb_pro.services.upgrading import Holding, UpgradeRefused, holding, losing_nothing, upgrade_safely
from btb_pro.services.verification import verify
from btb_pro.study import Study
from btb_pro.study_file import PACKAGED_STUDY, read_study
from tests.support.engines import EngineName, drop_database, empty_database, kept_copy, put_back
from tests.support.older import EVERY_RELEASED, VALUES, make_older

RELEASED = tuple(revision for revision in EVERY_RELEASED if revision != newest_revision())
ACTOR = Actor("command", "tester")
_made: dict[tuple[EngineName, str], str] = {}
"""A copy of each, by engine and revision."""


@pytest.fixture(params=RELEASED)
def older(request: pytest.FixtureRequest, tmp_path: Path, engine: EngineName) -> Iterator[Database]:
    """A database as a released version left it, made once a process and then copied."""
    url, key = empty_database(tmp_path, engine), (engine, request.param)
    if key not in _made:
        make_older(url, request.param)
        _made[key] = kept_copy(url)
    else:
        put_back(url, _made[key])
    database = Database(url)
    yield database
    database.close()
    drop_database(url)


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(PACKAGED_STUDY, load_instruments())


def _settings(database: Database, folder: Path, backup_key: str) -> Settings:
    keys = {name: new_key() for name in ("BTB_SECRET_KEYS", "BTB_LINK_KEYS", "BTB_CONTACT_KEYS")}
    url = database.engine.url.render_as_string(hide_password=False)
    instance = folder / "instance"
    instance.mkdir(exist_ok=True)
    where = {"BTB_BASE_URL": "http://localhost", "BTB_DATABASE_URL": url, "BTB_BACKUP_KEY": backup_key}
    where["BTB_STUDY"] = str(PACKAGED_STUDY)
    return read_settings(instance, where | keys)


def _holds(database: Database, of: Any = None) -> Holding:
    with database.engine.connect() as connection:
        return holding(connection, of)


def _is_whole(database: Database, before: Holding) -> None:
    assert revision_of(database) == newest_revision()
    after = _holds(database, before.columns)
    assert after.answers_sha256 == before.answers_sha256
    assert all(after.rows[name] >= count for name, count in before.rows.items())
    with database.reading() as session:
        values = session.execute(select(Answer.value).order_by(Answer.id)).scalars().all()
    assert tuple(values) == VALUES


@pytest.mark.parametrize("has_key", [True, False])
def test_an_upgrade_keeps_a_copy_loses_nothing_and_proves_the_trail(
    older: Database, study: Study, tmp_path: Path, has_key: bool
) -> None:
    before, revision = _holds(older), revision_of(older)
    settings = _settings(older, tmp_path, new_backup_key() if has_key else "")
    upgraded = prepare_database(settings, study, ACTOR)
    assert upgraded is not None
    assert upgraded.from_revision == revision
    _is_whole(older, before)
    with older.reading() as session:
        assert verify(session).answers == len(VALUES)
    assert [path.name for path in settings.instance.iterdir()] == [upgraded.kept.name]
    assert upgraded.kept.name.startswith(f"before-upgrade-{revision}-")
    assert upgraded.kept.stat().st_mode & 0o077 == 0
    if not has_key:
        kept = Database(f"sqlite:///{upgraded.kept}")
        assert _holds(kept).rows == before.rows
        assert revision_of(kept) == revision
        kept.close()
    assert prepare_database(settings, study, ACTOR) is None


def test_the_backup_from_before_an_upgrade_can_be_restored(
    older: Database, study: Study, tmp_path: Path
) -> None:
    before = _holds(older)
    settings = _settings(older, tmp_path, new_backup_key())
    upgraded = prepare_database(settings, study, ACTOR)
    assert upgraded is not None
    with older.reading() as session:
        lost = verify(session).events - 6
    restore_backup(settings, Context(ACTOR), upgraded.kept, lose=lost)
    _is_whole(older, before)
    with older.reading() as session:
        verify(session)


def test_without_a_backup_nothing_is_changed(
    older: Database, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, revision = _holds(older), revision_of(older)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(upgrading, "copy_as_it_is", fail)
    with pytest.raises(UpgradeRefused, match=r"a backup comes first.*Nothing was changed\.$"):
        prepare_database(_settings(older, tmp_path, new_backup_key()), study, ACTOR)
    assert (_holds(older), revision_of(older)) == (before, revision)


def test_a_migration_that_loses_an_answer_is_put_back(
    older: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, revision = _holds(older), revision_of(older)

    def spoil(connection: Connection, *_: object) -> None:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER answer_no_delete")
        else:
            connection.exec_driver_sql("DROP TRIGGER answer_no_change ON answer")
        connection.execute(text("DELETE FROM answer WHERE id = 3"))

    monkeypatch.setattr(
        "alembic.command.upgrade", lambda config, _: spoil(config.attributes["connection"])
    )
    with pytest.raises(UpgradeRefused, match="rows of answer"):
        upgrade(older, losing_nothing)
    assert (_holds(older), revision_of(older)) == (before, revision)


def test_who_comes_second_finds_it_done_and_leaves_no_second_copy(
    older: Database, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _settings(older, tmp_path, new_backup_key())
    keep = upgrading._keep

    def keep_slowly(*told: Any) -> Path:
        kept = keep(*told)
        monkeypatch.setattr(upgrading, "_keep", keep)
        # The other one overtakes while this one still writes its copy.
        assert upgrade_safely(settings, older, study.code) is not None
        return kept

    monkeypatch.setattr(upgrading, "_keep", keep_slowly)
    assert upgrade_safely(settings, older, study.code) is None
    assert revision_of(older) == newest_revision()
    assert len(list(settings.instance.glob("before-upgrade-*"))) == 1


def test_a_newer_schema_is_refused_without_a_copy(older: Database, study: Study, tmp_path: Path) -> None:
    with older.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    settings = _settings(older, tmp_path, new_backup_key())
    with pytest.raises(SchemaNewer):
        prepare_database(settings, study, ACTOR)
    assert list(settings.instance.iterdir()) == []


class Killed(Exception):
    """The process is gone."""


def test_an_upgrade_that_dies_at_any_statement_leaves_the_old_or_the_new(older: Database) -> None:
    """What the oldest version has before it holds what the later ones have, which die at every fifth."""
    before, revision = _holds(older), revision_of(older)
    last_word, said = 1, 0
    step = 1 if revision == RELEASED[0] else 5

    def die(*_: object) -> None:
        nonlocal said
        said += 1
        if said == last_word:
            raise Killed

    while revision_of(older) == revision:
        said = 0
        event.listen(older.engine, "before_cursor_execute", die)
        try:
            upgrade(older)
        except Killed:
            pass
        finally:
            event.remove(older.engine, "before_cursor_execute", die)
        if revision_of(older) == revision and last_word % 10 == 1:
            assert _holds(older) == before
        last_word += step
    assert last_word > 10
    _is_whole(older, before)
