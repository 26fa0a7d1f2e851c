"""The audit trail's writer: one event a step, hashed over all that came before, with who, when and why."""

import hashlib
import json
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.base import FIRST_HASH, AuditEvent, AuditHead, canonical_json
from btb_pro.models.participant import Site
from btb_pro.services.audit import Actor, Context, Tag, step
from btb_pro.services.verification import verify
from tests.support.world import COMMAND, World


def last_seq(world: World) -> int:
    """Number of the last event."""
    with world.reading() as session:
        return session.execute(select(AuditHead.seq)).scalar_one()


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
    with world.reading() as session:
        verify(session)


def test_there_is_no_event_without_an_actor(world: World) -> None:
    before = last_seq(world)
    writing = step(None, Context(Actor("command", "")), Tag.STUDY_RECORD)  # type: ignore[arg-type]  # never used
    with pytest.raises(ValueError, match="actor"):
        writing.__enter__()
    assert last_seq(world) == before


def add_a_site_and_fail(world: World) -> None:
    """A step that breaks off half-way."""
    with world.writing() as session, step(session, COMMAND, Tag.STUDY_RECORD) as event:
        write_a_site(session, event.seq)
        event.change("site", "narvik", "code", None, "narvik")
        session.flush()
        raise ZeroDivisionError


def test_a_step_that_fails_leaves_neither_event_nor_rows(world: World) -> None:
    before = last_seq(world)
    with pytest.raises(ZeroDivisionError):
        add_a_site_and_fail(world)
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
