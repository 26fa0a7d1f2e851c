"""Proof that the audit chain is whole and that the answers are the ones it tells of."""

import json
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.answer import Answer
from btb_pro.models.audit_event import AuditEvent
from btb_pro.models.audit_head import AuditHead
from btb_pro.models.response import Response
from btb_pro.models.score import ScoreRow
from btb_pro.security import salted_sha256
from btb_pro.services.audit import FIRST_HASH, ChainBroken, event_hash


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven: number of events, and the head that later proofs can be compared with."""

    events: int
    answers: int
    head_hash: str


def verify(session: Session) -> Proof:
    """Prove the chain from its first event to its head, and each answer and score against its event.

    Raises:
        ChainBroken: names the first event, answer or score that does not fit.
    """
    told: dict[tuple[int, str, str, str], str | None] = {}
    seq, last_hash = _verify_events(session, told)
    head = session.execute(select(AuditHead)).scalar_one_or_none()
    if (head.seq, head.hash) != (seq, last_hash) if head else seq != 0:
        raise ChainBroken(f"The chain ends at event {seq}, its head says otherwise: events were taken off.")
    answers = _verify_answers(session, told)
    _verify_scores(session, told)
    if told:
        first = min(told)
        raise ChainBroken(f"Event {first[0]} tells of {first[1]} {first[2]}, which is not there.")
    return Proof(events=seq, answers=answers, head_hash=last_hash)


def _verify_events(session: Session, told: dict[tuple[int, str, str, str], str | None]) -> tuple[int, str]:
    """Number and hash of the last event; what the events tell of answers and scores goes into `told`."""
    seq, last_hash = 0, FIRST_HASH
    # PostgreSQL keeps the rows: they are let go of whatever is found.
    with session.execute(
        select(AuditEvent).order_by(AuditEvent.seq).execution_options(yield_per=500)
    ) as rows:
        for event in rows.scalars():
            seq += 1
            if event.seq != seq:
                raise ChainBroken(f"Event {seq} is missing: the next one is {event.seq}.")
            if event.previous_hash != last_hash:
                raise ChainBroken(f"Event {seq} does not follow the event before it.")
            if event_hash(event) != event.hash:
                raise ChainBroken(f"Event {seq} was changed after it was written.")
            last_hash = event.hash
            for change in json.loads(event.changes):
                if change["object"] in ("answer", "score"):
                    told[seq, change["object"], change["key"], change["field"]] = change["new"]
    return seq, last_hash


def _verify_answers(session: Session, told: dict[tuple[int, str, str, str], str | None]) -> int:
    count = 0
    rows = session.execute(
        select(Answer, Response.instrument)
        .join(Response, Response.id == Answer.response_id)
        .order_by(Answer.id)
        .execution_options(yield_per=500)
    )
    with rows:
        for answer, instrument in rows:
            count += 1
            expected = answer.value
            if answer.salt is not None and answer.value is not None:
                expected = salted_sha256(answer.salt, answer.value)
            key = f"{answer.response_id}/{answer.item}"
            for name, value in (("value", expected), ("state", answer.state)):
                if told.pop((answer.event_seq, "answer", key, name), "?") != value:
                    raise ChainBroken(
                        f"Answer {answer.id} ({instrument}, {answer.item}) is not what event "
                        f"{answer.event_seq} tells."
                    )
    return count


def _verify_scores(session: Session, told: dict[tuple[int, str, str, str], str | None]) -> None:
    for score in session.execute(select(ScoreRow).order_by(ScoreRow.id)).scalars():
        key = f"{score.response_id}/{score.code}"
        if told.pop((score.event_seq, "score", key, "value"), "?") != score.value:
            raise ChainBroken(f"Score {score.code} is not what event {score.event_seq} tells.")
