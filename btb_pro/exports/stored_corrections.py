"""Corrections, and answers that came too late, as they stood at a cut-off."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session, aliased

from btb_pro.exports.records import CorrectionRecord, CutOff, LateSaveRecord
from btb_pro.exports.redacted_rows import RedactedRows
from btb_pro.instruments.answers import AnswerState, StoredAnswer
from btb_pro.models.correction import Correction, CorrectionRequest
from btb_pro.models.participant import Participant, Visit
from btb_pro.models.response import Answer, LateSave

_AT_ONCE = 500


class StoredCorrections:
    """Reads them; `are_taken` are the conditions on participant and visit that choose whose."""

    def __init__(
        self,
        session: Session,
        cutoff: CutOff,
        since: CutOff | None,
        are_taken: tuple[ColumnElement[bool], ...],
        redacted: RedactedRows,
    ) -> None:
        self._session = session
        self._cutoff = cutoff
        self._since = since
        self._are_taken = are_taken
        self._redacted = redacted

    def corrections(self) -> Iterator[CorrectionRecord]:
        """Every request with what was decided by then, in the order in which they were asked for."""
        query = _requests(self._cutoff.seq).where(
            CorrectionRequest.event_seq <= self._cutoff.seq, *self._are_taken
        )
        if self._since is not None:
            is_new = CorrectionRequest.event_seq > self._since.seq
            is_redacted = CorrectionRequest.id.in_(self._redacted.requests)
            query = query.where(or_(is_new, Correction.event_seq > self._since.seq, is_redacted))
        query = query.order_by(CorrectionRequest.event_seq, CorrectionRequest.id)
        for row in self._session.execute(query.execution_options(yield_per=_AT_ONCE)):
            yield _record(row)

    def late_saves(self) -> Iterator[LateSaveRecord]:
        """Every answer that came after its visit was sent in, in the order in which they came."""
        query = (
            select(Participant.study_number, Participant.site_code, Visit.code, LateSave)
            .join(Visit, Visit.id == LateSave.visit_id)
            .join(Participant, Participant.id == Visit.participant_id)
            .where(LateSave.event_seq <= self._cutoff.seq, *self._are_taken)
            .order_by(LateSave.event_seq, LateSave.id)
        )
        if self._since is not None:
            is_redacted = LateSave.id.in_(self._redacted.late_saves)
            query = query.where(or_(LateSave.event_seq > self._since.seq, is_redacted))
        for number, site, visit, row in self._session.execute(query.execution_options(yield_per=_AT_ONCE)):
            yield LateSaveRecord(
                participant=number,
                site=site,
                visit=visit,
                instrument=row.instrument,
                field=row.item,
                stored=StoredAnswer(AnswerState(row.state), row.value),
                shown_at=row.shown_at,
                device_at=row.device_at,
                received_at=row.received_at,
                seq=row.event_seq,
            )


def accepted_by_event(session: Session, cutoff_seq: int) -> Mapping[int, CorrectionRecord]:
    """The corrections that were accepted by then, by the event that wrote the newer answer."""
    query = _requests(cutoff_seq).where(Correction.is_accepted.is_(True))
    records = (_record(row) for row in session.execute(query))
    return {record.decided_seq: record for record in records if record.decided_seq is not None}


def _requests(cutoff_seq: int) -> Select[Any]:
    old = aliased(Answer)
    columns: tuple[Any, ...] = (
        Participant.study_number,
        Participant.site_code,
        Visit.code,
        CorrectionRequest,
        Correction,
        old.state,
        old.value,
        old.received_at,
    )
    return (
        select(*columns)
        .select_from(CorrectionRequest)
        .join(Visit, Visit.id == CorrectionRequest.visit_id)
        .join(Participant, Participant.id == Visit.participant_id)
        .outerjoin(
            Correction,
            and_(Correction.request_id == CorrectionRequest.id, Correction.event_seq <= cutoff_seq),
        )
        .outerjoin(old, old.id == CorrectionRequest.old_answer_id)
    )


def _record(row: Any) -> CorrectionRecord:
    number, site, visit, request, decision, old_state, old_value, old_at = row
    asked = CorrectionRecord(
        participant=number,
        site=site,
        visit=visit,
        instrument=request.instrument,
        field=request.item,
        old=None if old_state is None else StoredAnswer(AnswerState(old_state), old_value),
        new=StoredAnswer(AnswerState(request.state), request.value),
        reason=request.reason,
        why=request.why or "",
        source=request.source or "",
        noticed_on=request.noticed_on,
        asked_by=request.asked_by,
        asked_role=request.asked_role,
        asked_at=request.asked_at,
        asked_seq=request.event_seq,
        answer_age_s=_seconds(old_at, request.asked_at),
    )
    if decision is None:
        return asked
    return replace(
        asked,
        is_accepted=decision.is_accepted,
        decided_by=decision.decided_by,
        decided_role=decision.decided_role,
        decided_at=decision.decided_at,
        decided_seq=decision.event_seq,
        decided_why=decision.why or "",
        answer_age_s=_seconds(old_at, decision.decided_at),
    )


def _seconds(then: datetime | None, now: datetime) -> int | None:
    return None if then is None else int((now - then).total_seconds())
