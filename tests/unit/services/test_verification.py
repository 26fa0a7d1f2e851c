"""The proof of the audit trail: whatever was changed, taken off, put in or moved, it names the place."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from btb_pro.db import Database
from btb_pro.migrate import upgrade
from btb_pro.models.base import FIRST_HASH, AuditEvent, AuditHead, event_hash
from btb_pro.services.audit import ChainBroken
from btb_pro.services.verification import Anchor, verify
from tests.support.behind import change, guards_off
from tests.support.engines import EngineName, empty_database
from tests.support.world import World


@pytest.fixture
def open_book(told: World) -> World:
    """The same, after somebody with the database in hand took its guards off."""
    guards_off(told)
    return told


def proof(world: World) -> None:
    """Prove the chain."""
    with world.reading() as session:
        verify(session)


def last_seq(world: World) -> int:
    """Number of the last event."""
    with world.reading() as session:
        return session.execute(select(AuditHead.seq)).scalar_one()


def test_a_chain_that_nobody_touched_is_proven(told: World) -> None:
    with told.reading() as session:
        result = verify(session)
        head = session.execute(select(AuditHead)).scalar_one()
    assert (result.events, result.head_hash) == (head.seq, head.hash)
    assert result.answers == 5


def test_a_database_without_events_is_proven_too(tmp_path: Path, engine: EngineName) -> None:
    database = Database(empty_database(tmp_path, engine))
    upgrade(database)
    with database.reading() as session:
        result = verify(session)
    database.close()
    assert (result.events, result.answers, result.head_hash) == (0, 0, FIRST_HASH)


COLUMNS = {
    "at": "2020-01-01 00:00:00.000000",
    "actor_kind": "staff",
    "actor": "somebody else",
    "actor_role": "admin",
    "actor_site": "bergen",
    "tag": "answer:forge",
    "study_number": "BTB-999",
    "changes": "[]",
    "reason": "because",
    "request_id": "000000000000",
    "app_version": "9.9",
    "study_version": "9",
    "previous_hash": "f" * 64,
    "hash": "f" * 64,
    "row_changes": "[]",
}


def test_every_column_of_an_event_is_under_its_hash() -> None:
    assert set(COLUMNS) | {"seq"} == {column.name for column in AuditEvent.__table__.columns}


def test_a_changed_column_is_found_in_whatever_event_and_the_event_is_named(open_book: World) -> None:
    last = last_seq(open_book)
    for seq in (1, last // 2, last):
        for column, forged in COLUMNS.items():
            with open_book.reading() as session:
                true = session.execute(
                    text(f"SELECT {column} FROM audit_event WHERE seq = {seq}")
                ).scalar_one()
            assert true != forged
            update = f"UPDATE audit_event SET {column} = ? WHERE seq = ?"
            change(open_book, update, forged, seq)
            with pytest.raises(ChainBroken, match=rf"Event {seq}\b"):
                proof(open_book)
            change(open_book, update, true, seq)
    proof(open_book)


def test_a_changed_event_with_its_hash_made_anew_is_found_at_the_next_one(open_book: World) -> None:
    with open_book.writing() as session:
        event = session.execute(select(AuditEvent).where(AuditEvent.seq == 3)).scalar_one()
        event.actor = "somebody else"
        event.hash = event_hash(event)
    with pytest.raises(ChainBroken, match="Event 4 does not follow"):
        proof(open_book)


def test_the_last_event_changed_with_its_hash_made_anew_is_found_at_the_head(open_book: World) -> None:
    with open_book.writing() as session:
        event = session.execute(select(AuditEvent).where(AuditEvent.seq == last_seq(open_book))).scalar_one()
        event.actor = "somebody else"
        event.hash = event_hash(event)
    with pytest.raises(ChainBroken, match="head says otherwise"):
        proof(open_book)


@pytest.mark.parametrize("how_many", [1, 3])
def test_events_taken_off_the_end_are_found(open_book: World, how_many: int) -> None:
    change(open_book, "DELETE FROM audit_event WHERE seq > ?", last_seq(open_book) - how_many)
    with pytest.raises(ChainBroken, match="taken off"):
        proof(open_book)


def test_every_event_taken_away_is_found(open_book: World) -> None:
    change(open_book, "DELETE FROM audit_event")
    with pytest.raises(ChainBroken, match="taken off"):
        proof(open_book)


def test_a_head_that_was_taken_away_is_found(open_book: World) -> None:
    change(open_book, "DELETE FROM audit_head")
    with pytest.raises(ChainBroken):
        proof(open_book)


def test_an_event_taken_out_of_the_middle_is_found(open_book: World) -> None:
    change(open_book, "DELETE FROM audit_event WHERE seq = 4")
    with pytest.raises(ChainBroken, match="Event 4 is missing"):
        proof(open_book)


def test_the_first_event_taken_out_is_found(open_book: World) -> None:
    change(open_book, "DELETE FROM audit_event WHERE seq = 1")
    with pytest.raises(ChainBroken, match="Event 1 is missing"):
        proof(open_book)


def test_two_events_that_changed_places_are_found(open_book: World) -> None:
    for old, new in ((4, 9004), (5, 4), (9004, 5)):
        change(open_book, "UPDATE audit_event SET seq = ? WHERE seq = ?", new, old)
    with pytest.raises(ChainBroken, match="Event 4"):
        proof(open_book)


def test_an_event_put_in_between_is_found(open_book: World) -> None:
    change(open_book, "UPDATE audit_event SET seq = seq + 1000 WHERE seq >= 4")
    change(open_book, "UPDATE audit_event SET seq = seq - 999 WHERE seq >= 1000")
    columns = "at, actor_kind, actor, actor_role, actor_site, tag, study_number, reason, app_version"
    change(
        open_book,
        f"INSERT INTO audit_event (seq, {columns}, changes, request_id, study_version, previous_hash, hash)"
        f" SELECT 4, {columns}, '[]', '', '', '{'a' * 64}', '{'b' * 64}' FROM audit_event WHERE seq = 3",
    )
    with pytest.raises(ChainBroken, match="Event 4"):
        proof(open_book)


def test_the_database_itself_refuses_a_fork(open_book: World) -> None:
    """Two events that follow the same one: as two processes would leave that did not wait for each other."""
    with open_book.reading() as session:
        fourth, fifth = (session.get_one(AuditEvent, seq) for seq in (4, 5))
        before = fourth.previous_hash
    with pytest.raises(IntegrityError, match=r"previous_hash"):
        change(open_book, "UPDATE audit_event SET previous_hash = ? WHERE seq = ?", before, fifth.seq)
    proof(open_book)


def test_a_branch_that_is_whole_in_itself_is_found_by_a_head_noted_on_the_other(
    told: World, tmp_path: Path
) -> None:
    """A copy went on by itself: each branch proves, and only one of them holds what was noted."""
    with told.reading() as session:
        before = verify(session)
    told.add("BTB-101")
    with told.reading() as session:
        one = verify(session)
    other = replace(one, head_hash=before.head_hash)
    with told.reading() as session:
        assert verify(session, [Anchor(before.seq, before.head_hash), Anchor(one.seq, one.head_hash)])
        with pytest.raises(ChainBroken, match=f"Event {one.seq} is another one"):
            verify(session, [Anchor(other.seq, other.head_hash)])


def test_an_event_added_at_the_end_without_the_head_is_found(open_book: World) -> None:
    with open_book.writing() as session:
        last = session.execute(select(AuditEvent).where(AuditEvent.seq == last_seq(open_book))).scalar_one()
        forged = AuditEvent(
            **{c.name: getattr(last, c.name) for c in AuditEvent.__table__.columns if c.name != "hash"}
        )
        forged.seq, forged.previous_hash = last.seq + 1, last.hash
        forged.hash = event_hash(forged)
        session.add(forged)
    with pytest.raises(ChainBroken, match="head says otherwise"):
        proof(open_book)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE answer SET value = '3' WHERE item = 'pain_now'",
        "UPDATE answer SET value = 'jordbær' WHERE item = 'pain_worse_other'",
        "UPDATE answer SET salt = '00' WHERE item = 'pain_worse_other'",
        "UPDATE answer SET state = 'declined', value = NULL WHERE item = 'pain_now'",
        "UPDATE answer SET item = 'pain_usual' WHERE item = 'pain_now'",
        "UPDATE answer SET response_id = response_id + 1 WHERE item = 'pain_now'",
        "UPDATE answer SET event_seq = event_seq - 1 WHERE item = 'pain_now'",
        "DELETE FROM answer WHERE item = 'pain_now'",
        "DELETE FROM answer",
        "INSERT INTO answer SELECT 9000, response_id, 'pain_more', value, state, language, wording_sha256,"
        " shown_at, device_at, received_at, mode, session_id, client_key, salt, event_seq"
        " FROM answer WHERE item = 'pain_now'",
        "UPDATE score SET value = '1'",
        "DELETE FROM score",
    ],
)
def test_an_answer_or_score_that_is_not_what_its_event_tells_is_found(
    open_book: World, statement: str
) -> None:
    change(open_book, statement)
    with pytest.raises(ChainBroken, match=r"event|Event"):
        proof(open_book)


def test_the_guards_of_the_database_refuse_a_change_before_it_needs_to_be_found(told: World) -> None:
    for statement in (
        "UPDATE audit_event SET actor = 'x'",
        "DELETE FROM audit_event",
        "UPDATE answer SET value = '3'",
        "DELETE FROM answer",
    ):
        with told.writing() as session, pytest.raises(IntegrityError):
            session.execute(text(statement))
    proof(told)
