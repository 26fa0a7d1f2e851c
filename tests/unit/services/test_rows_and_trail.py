"""The trail tells every row of every table: whatever is changed behind its back, it names."""

import json
import shutil
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import Table, select, text, update
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.db import Database
from btb_pro.models.base import AuditEvent, AuditHead, event_hash, salted_sha256
from btb_pro.models.participant import Participant
from btb_pro.services.audit import ChainBroken, told_columns, told_key, told_row
from btb_pro.services.past_states import ERASED, NothingThen, state_at
from btb_pro.services.replay import rows_at
from btb_pro.services.told_tables import take_in_older_rows, told_tables
from btb_pro.services.verification import Anchor, missing_guards, verify
from tests.integration.participant.steps import go_to, session_address
from tests.support.engines import EngineName
from tests.support.world import COMMAND, World

pytestmark = pytest.mark.parametrize("engine", [EngineName.SQLITE], indirect=True)
"""What is done behind the trail's back is done to SQLite's file; test_verification.py does it on both."""


@pytest.fixture
def open_book(told: World) -> World:
    """A study whose database somebody has taken the guards off."""
    _behind(told, *(f'DROP TRIGGER "{name}"' for name in _triggers(told)))
    return told


def _triggers(world: World) -> list[str]:
    with world.reading() as session:
        names = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        return list(names.scalars())


def _behind(world: World, *statements: str) -> None:
    connection = sqlite.connect(str(world.folder / "btb.db"))
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def _tables(session: Session) -> dict[tuple[str, tuple[object, ...]], dict[str, object]]:
    found: dict[tuple[str, tuple[object, ...]], dict[str, object]] = {}
    for table in told_tables():
        for row in session.execute(select(table)):
            values = dict(row._mapping)
            found[table.name, told_key(table, values)] = dict(told_row(table, values))
    return found


def _filled(world: World) -> list[Table]:
    with world.reading() as session:
        return [table for table in told_tables() if session.execute(select(table)).first() is not None]


def test_telling_the_trail_again_gives_exactly_the_present_tables(told: World) -> None:
    with told.reading() as session:
        head = session.execute(select(AuditHead.seq)).scalar_one()
        assert rows_at(session, head) == _tables(session)


def test_at_every_event_the_trail_tells_the_tables_as_they_were_then(world: World) -> None:
    """Told afterwards and read at the moment itself are the same, at each step of a study."""
    then: dict[int, dict[tuple[str, tuple[object, ...]], dict[str, object]]] = {}

    def look() -> None:
        with world.reading() as session:
            then[session.execute(select(AuditHead.seq)).scalar_one()] = _tables(session)

    look()
    for number in ("BTB-001", "BTB-002"):
        world.add(number, language="nb", email=f"{number}@example.org")
        look()
        page = go_to(world.started(world.invite(number)), world, "pain_worse")
        look()
        for years in ("5", "6", "5"):
            page = go_to(page, world, "pain_worse").fill("pain_duration_years", years)
            page.press("later")
            look()
        page.open(f"{session_address(page)}/review").press()
        assert page.page == "receipt"
        look()
    world.withdraw("BTB-002")
    look()
    assert len(then) > 12
    with world.reading() as session:
        for seq, tables in then.items():
            assert rows_at(session, seq) == tables, seq


def test_any_column_of_any_row_changed_behind_the_trails_back_is_found(
    open_book: World, tmp_path: Path
) -> None:
    tables = _filled(open_book)
    assert {"answer", "participant", "contact", "invitation", "score", "site", "study"} <= {
        table.name for table in tables
    }
    whole, forged = tmp_path / "whole.db", tmp_path / "forged.db"
    _behind(open_book, f"VACUUM INTO '{whole}'")
    assert _is_proven(whole)
    missed = []
    for table in tables:
        for column in told_columns(table):
            shutil.copy(whole, forged)
            _forge(forged, table.name, column.name)
            if _is_proven(forged):
                missed.append(f"{table.name}.{column.name}")
    assert missed == []


def _forge(path: Path, table: str, column: str) -> None:
    """Another value of the same kind in the first row."""
    connection = sqlite.connect(str(path))
    connection.execute("PRAGMA ignore_check_constraints = ON")
    rowid, value = connection.execute(f'SELECT rowid, "{column}" FROM {table}').fetchone()
    other: object = "2031-01-01 00:00:00.000000"
    if isinstance(value, int):
        other = 1 - value if value in (0, 1) else value + 1000
    elif isinstance(value, bytes):
        other = value + b"x"
    connection.execute(f'UPDATE {table} SET "{column}" = ? WHERE rowid = ?', (other, rowid))
    connection.commit()
    connection.close()


def _is_proven(path: Path) -> bool:
    database = Database(f"sqlite:///{path}")
    try:
        with database.reading() as session:
            verify(session)
    except ChainBroken:
        return False
    finally:
        database.close()
    return True


def test_a_row_put_in_or_taken_out_of_any_table_is_found(open_book: World) -> None:
    _behind(open_book, "INSERT INTO site (code, event_seq) VALUES ('narvik', 1)")
    with open_book.reading() as session, pytest.raises(ChainBroken, match="site narvik: it was put in"):
        verify(session)
    _behind(open_book, "DELETE FROM site WHERE code = 'narvik'", "DELETE FROM contact")
    with open_book.reading() as session, pytest.raises(ChainBroken, match="contact 1, which is not there"):
        verify(session)


@pytest.mark.spoilt
def test_a_change_that_no_step_tells_of_is_found_even_when_the_app_made_it(told: World) -> None:
    with told.writing() as session:
        session.execute(
            update(Participant).where(Participant.study_number == "BTB-001").values(language="en")
        )
    with told.reading() as session, pytest.raises(ChainBroken, match="participant 1: language"):
        verify(session)


@pytest.mark.spoilt
def test_a_guard_that_was_taken_off_is_missed(told: World) -> None:
    with told.reading() as session:
        assert missing_guards(session) == []
    _behind(told, "DROP TRIGGER answer_no_replace")
    with told.reading() as session:
        assert missing_guards(session) == ["answer_no_replace"]


def test_a_tail_cut_off_and_a_head_made_to_fit_are_found_by_what_was_noted_elsewhere(
    open_book: World,
) -> None:
    with open_book.reading() as session:
        proof = verify(session)
    anchor = Anchor(proof.events, proof.head_hash)
    revoked = proof.events
    _behind(open_book, f"DELETE FROM audit_event WHERE seq = {revoked}")
    with open_book.writing() as session:
        last = session.get_one(AuditEvent, revoked - 1)
        head = session.execute(select(AuditHead)).scalar_one()
        head.seq, head.hash = last.seq, last.hash
    _behind(
        open_book, "UPDATE invitation SET ended_at = NULL, end_reason = NULL WHERE end_reason = 'revoked'"
    )
    with open_book.reading() as session:
        verify(session)
        with pytest.raises(ChainBroken, match="taken off its end"):
            verify(session, [anchor])


def test_a_rewritten_chain_is_found_by_what_was_noted_elsewhere(open_book: World) -> None:
    with open_book.reading() as session:
        first = session.get_one(AuditEvent, 1)
        noted = Anchor(1, first.hash)
    with open_book.writing() as session:
        previous = "0" * 64
        for event in session.execute(select(AuditEvent).order_by(AuditEvent.seq)).scalars():
            event.actor = "somebody else"
            event.previous_hash = previous
            event.hash = previous = event_hash(event)
            session.flush()
        session.execute(select(AuditHead)).scalar_one().hash = previous
    with open_book.reading() as session:
        verify(session)
        with pytest.raises(ChainBroken, match="Event 1 is another one"):
            verify(session, [noted])


def test_the_trail_holds_neither_addresses_nor_free_text_in_its_rows(told: World) -> None:
    with told.reading() as session:
        whole = "".join(event.row_changes or "" for event in session.execute(select(AuditEvent)).scalars())
    assert "kari" not in whole
    assert "blåbær" not in whole
    assert "pain_worse_other" in whole


def test_a_participant_can_be_shown_as_stored_at_any_time(told: World) -> None:
    with told.reading() as session:
        events = session.execute(select(AuditEvent).order_by(AuditEvent.seq)).scalars().all()
        now = state_at(session, "BTB-001", clock.now())
        added = next(event for event in events if event.study_number == "BTB-001")
        then = state_at(session, "BTB-001", added.at) if added.at < events[-1].at else now
        text_answer = [row for row in now.tables["answer"] if row["item"] == "pain_worse_other"]
    assert text_answer[0]["value"] == "blåbær"
    assert {row["code"] for row in now.tables["visit"]} >= {"baseline", "day14"}
    assert now.tables["invitation"][0]["end_reason"] == "revoked"
    assert "sealed" in now.tables["contact"][0]
    assert "kari" not in json.dumps(now.tables)
    assert len(then.tables["participant"]) == 1


def test_a_time_before_the_study_and_an_unknown_number_are_refused_in_a_sentence(told: World) -> None:
    with told.reading() as session:
        with pytest.raises(NothingThen, match="Nothing had happened"):
            state_at(session, "BTB-001", clock.read_utc("2001-01-01T00:00:00+00:00"))
        with pytest.raises(NothingThen, match="no participant BTB-404"):
            state_at(session, "BTB-404", clock.now())


def test_free_text_that_was_erased_is_told_as_erased(open_book: World) -> None:
    _behind(open_book, "UPDATE answer SET value = 'x', salt = '00' WHERE item = 'pain_worse_other'")
    with open_book.reading() as session:
        state = state_at(session, "BTB-001", clock.now())
    assert [row["value"] for row in state.tables["answer"] if row["item"] == "pain_worse_other"] == [ERASED]
    assert salted_sha256("00", "x") != ERASED


def test_a_database_from_before_the_telling_of_rows_takes_its_rows_in_once(open_book: World) -> None:
    with open_book.writing() as session:
        previous = "0" * 64
        for event in session.execute(select(AuditEvent).order_by(AuditEvent.seq)).scalars():
            event.row_changes = None
            event.previous_hash = previous
            event.hash = previous = event_hash(event)
            session.flush()
        session.execute(select(AuditHead)).scalar_one().hash = previous
    with open_book.reading() as session, pytest.raises(ChainBroken, match="No event tells of"):
        verify(session)
    with open_book.writing() as session:
        assert take_in_older_rows(session, COMMAND) > 0
    with open_book.writing() as session:
        assert take_in_older_rows(session, COMMAND) == 0
    with open_book.reading() as session:
        assert verify(session).answers == 5


def test_the_proof_after_each_test_is_left_out_only_where_a_test_wrote_rows_itself(world: World) -> None:
    world.add()
    world.invite()
    assert not world.is_spoilt
    with world.writing() as session:
        session.execute(text("UPDATE participant SET language = 'en'"))
    assert world.is_spoilt
