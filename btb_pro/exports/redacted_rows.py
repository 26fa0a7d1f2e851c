"""Rows whose free text was taken out between two cut-offs: whoever got them earlier still holds the words.

They keep the number of the event that wrote them, so they do not look new. The audit trail says which they
are.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from btb_pro.exports.records import CutOff
from btb_pro.models.base import AuditEvent, Tag
from btb_pro.models.correction import Correction, CorrectionRequest
from btb_pro.models.response import Answer, LateSave, Response


@dataclass(frozen=True, slots=True)
class RedactedRows:
    """By id."""

    answers: tuple[int, ...] = ()
    """Every row of a field of a visit that lost a text, those without any too: their order is what counts."""
    visits: frozenset[int] = frozenset()
    """That these rows belong to."""
    late_saves: tuple[int, ...] = ()
    requests: tuple[int, ...] = ()
    """Corrections that lost what was asked for, what was answered before, or a reason."""


def redacted_between(session: Session, since: CutOff, cutoff: CutOff) -> RedactedRows:
    """What the events after the one cut-off and up to the other took out.

    A correction takes the answer's rows along: a file may tell its reasons beside the answer.
    """
    changed = _changed_rows(session, since, cutoff)
    if not any(changed.values()):
        return RedactedRows()
    of_decisions = select(Correction.request_id).where(Correction.id.in_(changed["correction"]))
    of_answers = select(CorrectionRequest.id).where(CorrectionRequest.old_answer_id.in_(changed["answer"]))
    requests = {
        *changed["correction_request"],
        *session.execute(of_decisions).scalars(),
        *session.execute(of_answers).scalars(),
    }
    answered = select(Answer.response_id, Answer.item).where(Answer.id.in_(changed["answer"]))
    corrected = (
        select(Response.id, CorrectionRequest.item)
        .join(CorrectionRequest, CorrectionRequest.visit_id == Response.visit_id)
        .where(CorrectionRequest.id.in_(requests), CorrectionRequest.instrument == Response.instrument)
    )
    fields = {tuple(row) for query in (answered, corrected) for row in session.execute(query)}
    rows = session.execute(
        select(Answer.id, Response.visit_id)
        .join(Response, Response.id == Answer.response_id)
        .where(tuple_(Answer.response_id, Answer.item).in_(fields))
    ).all()
    return RedactedRows(
        answers=tuple(answer for answer, _ in rows),
        visits=frozenset(visit for _, visit in rows),
        late_saves=tuple(changed["late_save"]),
        requests=tuple(requests),
    )


def _changed_rows(session: Session, since: CutOff, cutoff: CutOff) -> dict[str, Sequence[int]]:
    tables = (Answer, LateSave, CorrectionRequest, Correction)
    found: dict[str, list[int]] = {table.__tablename__: [] for table in tables}
    events = session.execute(
        select(AuditEvent.row_changes)
        .where(AuditEvent.seq > since.seq, AuditEvent.seq <= cutoff.seq)
        .where(AuditEvent.tag.in_((Tag.ANSWER_REDACT.value, Tag.CORRECTION_REDACT.value)))
    ).scalars()
    for text in events:
        for change in json.loads(text or "[]"):
            if change["t"] in found:
                found[change["t"]].append(change["k"][0])
    return {**found}
