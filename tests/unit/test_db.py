"""The database: durable settings on every connection, instants that keep their zone, sound after a fault."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import column, insert, select, table, text
from sqlalchemy.exc import IntegrityError, OperationalError

from btb_pro.db import Database, DatabaseUnreachable, has_wal_reset_bug, sorts_by_code_point
from btb_pro.models.base import Instant


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database in a file."""
    made = Database(f"sqlite:///{tmp_path / 'btb.db'}")
    with made.engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (at DATETIME, words TEXT)"))
    yield made
    made.close()


def count(database: Database) -> int:
    """Rows of the table."""
    with database.reading() as session:
        return int(session.execute(text("SELECT count(*) FROM note")).scalar_one())


def test_a_commit_that_fails_leaves_no_transaction_and_no_lock_behind(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'btb.db'}")
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        reference = "REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED"
        connection.execute(text(f"CREATE TABLE child (parent_id INTEGER {reference})"))
    with database.writing() as session:
        session.execute(text("INSERT INTO child VALUES (1)"))
        with pytest.raises(IntegrityError):
            session.commit()
    with database.writing() as session:
        session.execute(text("INSERT INTO parent VALUES (1)"))
        session.commit()
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM child")).scalar_one() == 0
    database.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("busy_timeout", 10_000),
        ("secure_delete", 1),
        ("trusted_schema", 0),
    ],
)
def test_every_connection_has_the_settings_that_durability_rests_on(
    database: Database, name: str, value: object
) -> None:
    with database.engine.connect() as first, database.engine.connect() as second:
        for connection in (first, second):
            assert connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() == value


def test_the_sqlite_in_use_does_not_have_the_bug_that_corrupts() -> None:
    assert not has_wal_reset_bug(sqlite.sqlite_version_info)


@pytest.mark.parametrize(
    ("version", "has_bug"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 9), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
        ((4, 0, 0), False),
    ],
)
def test_the_versions_with_the_wal_reset_bug_are_known(version: tuple[int, int, int], has_bug: bool) -> None:
    assert has_wal_reset_bug(version) == has_bug


def test_an_affected_sqlite_is_used_without_a_write_ahead_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("btb_pro.db.has_wal_reset_bug", lambda _version: True)
    database = Database(f"sqlite:///{tmp_path / 'btb.db'}")
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "truncate"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
    database.close()


def test_what_is_not_committed_is_not_kept(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("INSERT INTO note (words) VALUES ('lost')"))
    assert count(database) == 0


def test_a_writer_takes_the_lock_at_once_so_that_a_second_one_waits_its_turn(database: Database) -> None:
    order: list[str] = []

    def second() -> None:
        with database.writing() as session:
            order.append(f"second sees {session.execute(text('SELECT count(*) FROM note')).scalar_one()}")
            session.commit()

    with database.writing() as session:
        session.execute(text("SELECT count(*) FROM note"))
        other = threading.Thread(target=second)
        other.start()
        other.join(0.2)
        session.execute(text("INSERT INTO note (words) VALUES ('first')"))
        order.append("first")
        session.commit()
    other.join()
    assert order == ["first", "second sees 1"]


def test_a_reader_is_not_kept_waiting_by_a_writer(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("INSERT INTO note (words) VALUES ('not yet')"))
        assert count(database) == 0
        session.commit()
    assert count(database) == 1


def test_instants_come_back_in_utc_whatever_zone_they_were_given_in(database: Database) -> None:
    notes = table("note", column("at", Instant()))
    instant = datetime(2026, 6, 30, 12, 30, 0, 123_000, tzinfo=timezone(timedelta(hours=2)))
    with database.writing() as session:
        session.execute(insert(notes).values(at=instant))
        session.execute(insert(notes).values(at=None))
        session.commit()
    with database.reading() as session:
        found = list(session.execute(select(notes.c.at)).scalars())
        stored = session.execute(text("SELECT at FROM note")).scalars().first()
    assert found == [instant, None]
    assert found[0].tzinfo is UTC
    assert str(stored).startswith("2026-06-30 10:30:00.123")


def test_an_instant_without_a_zone_is_not_stored(database: Database) -> None:
    notes = table("note", column("at", Instant()))
    with database.writing() as session, pytest.raises(Exception, match="time zone"):
        session.execute(insert(notes).values(at=datetime(2026, 6, 30)))
    assert count(database) == 0


def test_no_error_message_holds_a_value_that_was_to_be_stored(database: Database) -> None:
    with database.writing() as session, pytest.raises(OperationalError) as failed:
        session.execute(text("INSERT INTO nowhere VALUES (:words)"), {"words": "canary"})
    assert "canary" not in str(failed.value)


@pytest.mark.parametrize(
    "url", ["nonsense", "nosuch://x", "sqlite:////no/such/folder/btb.db", "mysql+nosuchdriver://x/y"]
)
def test_a_database_that_cannot_be_used_is_a_sentence_that_names_the_setting(url: str) -> None:
    with pytest.raises(DatabaseUnreachable, match="BTB_DATABASE_URL") as refused:
        Database(url).check()
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_database_is_a_sentence_too(tmp_path: Path) -> None:
    (tmp_path / "btb.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(DatabaseUnreachable, match="BTB_DATABASE_URL"):
        Database(f"sqlite:///{tmp_path / 'btb.db'}").check()


def test_a_bugged_sqlite_is_refused_while_another_process_keeps_the_write_ahead_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite.connect(str(tmp_path / "btb.db"))
    other.execute("PRAGMA journal_mode = wal")
    other.execute("CREATE TABLE note (words TEXT)")
    monkeypatch.setattr("btb_pro.db.has_wal_reset_bug", lambda _version: True)
    monkeypatch.setattr("btb_pro.db._BUSY_TIMEOUT_MS", 20)
    database = Database(f"sqlite:///{tmp_path / 'btb.db'}")
    with pytest.raises(DatabaseUnreachable, match=r"locked|install pysqlite3"):
        database.check()
    other.close()
    database.check()
    database.close()


@pytest.mark.parametrize(
    ("encoding", "provider", "collation", "is_good"),
    [
        ("UTF8", "c", "C", True),
        ("UTF8", "c", "C.UTF-8", True),
        ("UTF8", "b", "C.UTF-8", True),
        ("UTF8", "c", "nb_NO.UTF-8", False),
        ("UTF8", "c", "en_US.UTF-8", False),
        ("UTF8", "i", "C", False),
        ("LATIN1", "c", "C", False),
        ("SQL_ASCII", "c", "C", False),
    ],
)
def test_a_postgresql_database_that_sorts_as_sqlite_does_is_known(
    encoding: str, provider: str, collation: str, is_good: bool
) -> None:
    assert sorts_by_code_point(encoding, {"datlocprovider": provider, "datcollate": collation}) == is_good
