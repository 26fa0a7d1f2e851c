"""The audit chain: one event a step, hashed over all that came before, and any change to it is found."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.audit_event import AuditEvent
from btb_pro.models.audit_head import AuditHead
from btb_pro.models.site import Site
from btb_pro.services.audit import (
    FIRST_HASH,
    Actor,
    ChainBroken,
    Context,
    Tag,
    canonical_json,
    event_hash,
    step,
)
from btb_pro.services.verification import verify
from tests.support.world import COMMAND, World


@pytest.fixture
def told(world: World) -> Iterator[World]:
    """A chain with every kind of step of a visit, a text answer and scores among them."""
    world.add(language="nb", email="kari@example.org")
    world.add("BTB-002", day0=(clock.today() - timedelta(days=14)).isoformat())
    first = world.started(world.invite())
    first.open(first.address + "page/6").fill("pain_worse", "other").fill(
        "pain_worse_other", "blåbær"
    ).press()
    second = world.started(world.invite("BTB-002", "day14")).press()
    for item in ("pain_now", "pain_worst_2w", "pain_usual_2w"):
        second.fill(item, "7").press()
    assert second.press().page == "receipt"
    world.revoke("BTB-001")
    yield world


@pytest.fixture
def open_book(told: World) -> World:
    """The same, after somebody with the database in hand took its guards off."""
    with told.writing() as session:
        names = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        assert names
        for name in names:
            session.execute(text(f'DROP TRIGGER "{name}"'))
    return told


def change(world: World, statement: str, **values: object) -> None:
    """Run a statement behind the application's back, constraints and all."""
    with world.runtime.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        with connection.begin():
            connection.execute(text(statement), values)
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")


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


def test_a_database_without_events_is_proven_too(world: World) -> None:
    for table in ("site", "study", "audit_head", "audit_event"):
        with world.writing() as session:
            for name in session.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).scalars():
                session.execute(text(f'DROP TRIGGER "{name}"'))
        change(world, f"DELETE FROM {table}")
    with world.reading() as session:
        result = verify(session)
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
}


def test_every_column_of_an_event_is_under_its_hash() -> None:
    assert set(COLUMNS) | {"seq"} == {column.name for column in AuditEvent.__table__.columns}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_column_is_found_in_whatever_event_and_the_event_is_named(
    open_book: World, column: str
) -> None:
    last = last_seq(open_book)
    for seq in (1, last // 2, last):
        with open_book.reading() as session:
            row = session.execute(
                text(f"SELECT {column} FROM audit_event WHERE seq = :seq"), {"seq": seq}
            ).scalar_one()
        value = COLUMNS[column]
        change(open_book, f"UPDATE audit_event SET {column} = :value WHERE seq = :seq", value=value, seq=seq)
        with pytest.raises(ChainBroken, match=rf"Event {seq}\b"):
            proof(open_book)
        change(open_book, f"UPDATE audit_event SET {column} = :value WHERE seq = :seq", value=row, seq=seq)
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
    change(open_book, "DELETE FROM audit_event WHERE seq > :seq", seq=last_seq(open_book) - how_many)
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
        change(open_book, "UPDATE audit_event SET seq = :new WHERE seq = :old", old=old, new=new)
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


def test_a_hash_is_sha256_over_canonical_json_of_everything_but_itself(told: World) -> None:
    with told.reading() as session:
        event = session.execute(select(AuditEvent).where(AuditEvent.seq == 5)).scalar_one()
        names = [column.name for column in AuditEvent.__table__.columns if column.name != "hash"]
        body = {name: getattr(event, name) for name in names} | {"at": clock.utc_text(event.at)}
        expected = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert event.hash == hashlib.sha256(expected.encode()).hexdigest()


def test_the_chain_begins_with_zeros_and_has_no_gap(told: World) -> None:
    with told.reading() as session:
        events = session.execute(select(AuditEvent).order_by(AuditEvent.seq)).scalars().all()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.previous_hash for event in events] == [FIRST_HASH, *(one.hash for one in events[:-1])]


def test_neither_contact_details_nor_free_text_enter_the_chain(told: World) -> None:
    with told.reading() as session:
        events = session.execute(select(AuditEvent)).scalars().all()
        whole = "".join(event.changes + event.reason + event.actor for event in events)
    assert "kari" not in whole
    assert "blåbær" not in whole
    assert "pain_worse_other" in whole


def test_canonical_json_has_one_form() -> None:
    assert canonical_json({"b": 1, "a": ["å", None]}) == '{"a":["å",null],"b":1}'


def write_nothing(_session: Session, _seq: int) -> None:
    """A step in which nothing changes."""


def write_a_site(session: Session, seq: int) -> None:
    """A step that adds a row."""
    session.add(Site(code="narvik", event_seq=seq))


@pytest.mark.parametrize(("write", "added"), [(write_nothing, 0), (write_a_site, 1)])
def test_a_step_without_a_change_leaves_no_event(
    world: World, write: Callable[[Session, int], None], added: int
) -> None:
    before = last_seq(world)
    with world.writing() as session, step(session, COMMAND, Tag.STUDY_RECORD) as event:
        write(session, event.seq)
        if added:
            event.change("site", "narvik", "code", None, "narvik")
    assert last_seq(world) == before + added
    proof(world)


def test_there_is_no_event_without_an_actor(world: World) -> None:
    nobody = Context(Actor("command", ""))
    before = last_seq(world)
    with world.writing() as session, pytest.raises(ValueError, match="actor"):
        with step(session, nobody, Tag.STUDY_RECORD) as event:
            event.change("site", "x", "code", None, "x")
    assert last_seq(world) == before


def test_a_step_that_fails_leaves_neither_event_nor_rows(world: World) -> None:
    before = last_seq(world)
    with world.runtime.database.writing() as session, pytest.raises(ZeroDivisionError):
        with step(session, COMMAND, Tag.STUDY_RECORD) as event:
            write_a_site(session, event.seq)
            event.change("site", "narvik", "code", None, "narvik")
            raise ZeroDivisionError
    assert last_seq(world) == before
    with world.reading() as session:
        assert session.get(Site, "narvik") is None


def test_an_event_says_who_what_when_why_and_by_which_version(world: World) -> None:
    actor = Actor("staff", "kari@hospital.example", "coordinator", "oslo")
    at = clock.now()
    with clock.at(at), world.writing() as session:
        context = Context(actor, request_id="0123456789ab", study_version="1")
        with step(session, context, Tag.INVITATION_REVOKE, study_number="BTB-001", reason="moved") as event:
            event.change("invitation", "BTB-001/baseline", "end_reason", None, "revoked")
    with world.reading() as session:
        written = session.execute(select(AuditEvent).where(AuditEvent.seq == last_seq(world))).scalar_one()
    assert (written.actor_kind, written.actor, written.actor_role, written.actor_site) == (
        "staff",
        "kari@hospital.example",
        "coordinator",
        "oslo",
    )
    assert (written.tag, written.study_number, written.reason) == ("invitation:revoke", "BTB-001", "moved")
    assert (written.at, written.request_id, written.study_version) == (at, "0123456789ab", "1")
    assert written.app_version
    assert json.loads(written.changes) == [
        {
            "object": "invitation",
            "key": "BTB-001/baseline",
            "field": "end_reason",
            "old": None,
            "new": "revoked",
        }
    ]
