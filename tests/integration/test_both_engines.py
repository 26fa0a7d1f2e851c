"""What SQLite and PostgreSQL do differently by themselves, and must do alike here."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import OperationalError

from btb_pro.db import Database, DatabaseSortsOtherwise
from btb_pro.models.participant import Participant
from tests.integration.participant.steps import count, dump, go_to, values
from tests.support.behind import kept_locked
from tests.support.engines import EngineName, drop_database, empty_database
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World


@pytest.fixture
def page(world: World) -> PlainBrowser:
    """A page with a number and a text."""
    return go_to(world.started(), world, "pain_worse").fill("pain_worse", "other")


@pytest.mark.parametrize(
    "words",
    ["æøå ÆØÅ", "a\r\nb", "tab\there", "e\u0301 and \u00e9", "🙂", "'; DROP TABLE answer; --", "100 % \\x00"],
)
def test_words_are_kept_as_they_were_sent(world: World, page: PlainBrowser, words: str) -> None:
    page.fill("pain_worse_other", words).press("later")
    assert page.page == "parts"
    stored = values(world)["pain_worse_other"]
    assert stored == words.replace("\r\n", "\n") or stored == words


@pytest.mark.parametrize("words", ["a\0b", "a\x07b", "a\ufffeb", "a\uffffb"])
def test_words_that_one_engine_cannot_keep_are_refused_by_both(
    world: World, page: PlainBrowser, words: str
) -> None:
    before = dump(world)
    address = page.address
    response = page.client.post(
        address, data=dict([*page.values, ("pain_worse_other", words), ("later", "1")])
    )
    assert response.status_code == 422
    assert dump(world) == before


def test_half_a_character_is_refused_by_both(world: World, page: PlainBrowser) -> None:
    before = dump(world)
    body = "&".join(f"{name}={value}" for name, value in page.values) + "&pain_worse_other=%ED%A0%80&later=1"
    response = page.client.post(page.address, data=body, content_type="application/x-www-form-urlencoded")
    assert 400 <= response.status_code < 500
    assert dump(world) == before


@pytest.mark.parametrize("typed", ["9223372036854775808", "1e400", "NaN", "١٢", "1_000", "9" * 5_000])
def test_a_number_that_does_not_fit_is_refused_by_both(world: World, page: PlainBrowser, typed: str) -> None:
    before = dump(world)
    page.fill("pain_duration_years", typed).press()
    assert page.status == 422
    assert dump(world) == before


def test_empty_text_is_no_answer_on_either(world: World, page: PlainBrowser) -> None:
    page.fill("pain_worse_other", "").press("later")
    assert "pain_worse_other" not in values(world)


def test_study_numbers_stand_in_the_order_of_their_code_points_on_both(world: World) -> None:
    numbers = ["B-1", "a-1", "A-1", "Z-9", "b-10", "b-2", "A-10", "A_1"]
    for number in numbers:
        world.add(number)
    with world.reading() as session:
        found = session.execute(select(Participant.study_number).order_by(Participant.study_number)).scalars()
        assert list(found) == sorted(numbers)


def test_letters_compare_by_code_point_on_both(world: World) -> None:
    letters = ["å", "z", "ø", "a", "Æ", "æ", "Z", "-"]
    rows = " UNION ALL ".join(f"SELECT '{letter}' AS x" for letter in letters)
    with world.reading() as session:
        found = session.execute(text(f"SELECT x FROM ({rows}) AS t ORDER BY x")).scalars()
        assert list(found) == sorted(letters)


def test_a_reader_sees_one_moment_on_both(world: World) -> None:
    with world.reading() as session:
        before = session.execute(select(func.count()).select_from(Participant)).scalar_one()
        world.add()
        assert session.execute(select(func.count()).select_from(Participant)).scalar_one() == before
    assert count(world, "participant") == before + 1


def test_a_writer_waits_until_the_one_before_is_done_on_both(world: World) -> None:
    with kept_locked(world), pytest.raises(OperationalError):  # noqa: SIM117 - the lock comes first
        with world.runtime.database.writing() as second:
            second.execute(select(Participant.id))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("synchronous_commit", "on"),
        ("statement_timeout", "1min"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("timezone", "UTC"),
    ],
)
def test_every_connection_to_postgresql_has_the_settings_that_durability_rests_on(
    postgresql: Database, name: str, value: str
) -> None:
    with postgresql.engine.connect() as first, postgresql.engine.connect() as second:
        for connection in (first, second):
            assert connection.exec_driver_sql(f"SHOW {name}").scalar_one() == value


def test_connections_that_the_server_ended_are_made_anew(postgresql: Database) -> None:
    with postgresql.engine.connect() as one, postgresql.engine.connect() as other:
        number = one.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        assert other.exec_driver_sql(f"SELECT pg_terminate_backend({number})").scalar_one()
        one.invalidate()
    with postgresql.engine.connect() as killer:
        killer.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    postgresql.check()


def test_a_database_of_another_encoding_is_refused_in_a_sentence(postgresql: Database) -> None:
    name = f"{postgresql.engine.url.database}_latin"
    admin = create_engine(postgresql.engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"))
    other = Database(postgresql.engine.url.set(database=name).render_as_string(hide_password=False))
    with pytest.raises(DatabaseSortsOtherwise, match="ENCODING 'UTF8' LOCALE 'C'"):
        other.check()
    other.close()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name}"))
    admin.dispose()


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[Database]:
    """An empty PostgreSQL database."""
    url = empty_database(tmp_path, EngineName.POSTGRESQL)
    database = Database(url)
    yield database
    database.close()
    drop_database(url)
