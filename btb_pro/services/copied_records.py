"""What a certified copy holds of one hospital: each participant as plain data. Reads only."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.records import AnswerRow, CorrectionRecord, CutOff, FieldRecord, Filters, VisitRecord
from btb_pro.instruments.answers import STATE_OF_ROW, StoredAnswer
from btb_pro.instruments.in_words import field_in_words, value_in_words
from btb_pro.models.base import AuditEvent
from btb_pro.models.participant import Participant, Visit
from btb_pro.models.response import Response, ScoreRow, VisitReview
from btb_pro.services.runtime import Runtime

Content = dict[str, Any]


class CopiedRecords:
    """Reads one hospital's rows up to the cut-off."""

    def __init__(self, session: Session, runtime: Runtime, site: str, language: str, cutoff: CutOff) -> None:
        self._session = session
        self._study = runtime.study
        self._seq = cutoff.seq
        self._site = site
        self._language = language
        filters = Filters(sites=(site,))
        self.dataset = Dataset(session, runtime.study, runtime.instruments, cutoff, filters)
        self._corrections: dict[str, list[CorrectionRecord]] = {}
        for one in self.dataset.corrections():
            self._corrections.setdefault(one.participant, []).append(one)
        self._late: dict[tuple[str, str], list[Content]] = {}
        for late in self.dataset.late_saves():
            row = {
                "instrument": late.instrument,
                "item": late.field,
                **_stored(late.stored),
                "shown_at": _time(late.shown_at),
                "device_at": late.device_at,
                "received_at": _time(late.received_at),
                "seq": late.seq,
            }
            self._late.setdefault((late.participant, late.visit), []).append(row)

    def people(self) -> list[Participant]:
        """The hospital's participants by study number, in the data set's order."""
        wanted = select(Participant).where(
            Participant.site_code == self._site, Participant.event_seq <= self._seq
        )
        return sorted(self._session.execute(wanted).scalars(), key=lambda person: person.study_number)

    def participant(self, person: Participant, visits: list[VisitRecord]) -> Content:
        """Everything of one participant but contact details."""
        number = person.study_number
        return {
            "participant": number,
            "site": person.site_code,
            "language": person.language,
            "day0": _day(person.day0),
            "withdrawn_at": _time(person.withdrawn_at),
            "withdrawal_reason": person.withdrawal_reason,
            "visits": [self._visit(person, visit) for visit in visits],
            "corrections": [self._correction(one) for one in self._corrections.get(number, ())],
            "audit_trail": [_event(row) for row in self._trail(number)],
        }

    def _visit(self, person: Participant, visit: VisitRecord) -> Content:
        row = self._session.execute(
            select(Visit).where(Visit.participant_id == person.id, Visit.code == visit.visit)
        ).scalar_one()
        titles = {one.code: one.title[self._language] for one in self._study.visits}
        return {
            "visit": visit.visit,
            "title": titles.get(visit.visit, visit.visit),
            "status": visit.status.value,
            "planned_on": _day(row.planned_on),
            "started_at": _time(visit.started_at),
            "submitted_at": _time(visit.submitted_at),
            "receipt_code": row.receipt_code if visit.submitted_at else None,
            "answers": [self._answer(record) for record in visit.fields.values()],
            "scores": [_score(one) for one in self._scores(row)],
            "reviews": [_review(one) for one in self._reviews(row)],
            "late_saves": self._late.get((visit.participant, visit.visit), []),
        }

    def _answer(self, record: FieldRecord) -> Content:
        instrument, field = record.instrument, record.field
        language = self._language if self._language in instrument.languages else instrument.languages[0]
        item = next(one for one in instrument.items if field in one.fields)
        newest = record.newest
        return {
            "instrument": instrument.code,
            "instrument_version": record.instrument_version,
            "item": field.code,
            "question": field_in_words(field, item.text[language].text, language),
            "value": record.value,
            "in_words": value_in_words(field, record.value, language),
            "state": record.state.value,
            "received_at": _time(newest.received_at) if newest else None,
            "versions": [_version(field.code, row) for row in record.rows],
        }

    def _scores(self, visit: Visit) -> Iterator[ScoreRow]:
        """Every version, oldest first."""
        yield from self._session.execute(
            select(ScoreRow)
            .join(Response, Response.id == ScoreRow.response_id)
            .where(Response.visit_id == visit.id, ScoreRow.event_seq <= self._seq)
            .order_by(ScoreRow.event_seq, ScoreRow.id)
        ).scalars()

    def _reviews(self, visit: Visit) -> Iterator[VisitReview]:
        """Each time that an investigator went through the answers, oldest first."""
        yield from self._session.execute(
            select(VisitReview)
            .where(VisitReview.visit_id == visit.id, VisitReview.event_seq <= self._seq)
            .order_by(VisitReview.id)
        ).scalars()

    def _trail(self, number: str) -> Iterator[AuditEvent]:
        yield from self._session.execute(
            select(AuditEvent)
            .where(AuditEvent.study_number == number, AuditEvent.seq <= self._seq)
            .order_by(AuditEvent.seq)
        ).scalars()

    def _correction(self, one: CorrectionRecord) -> Content:
        return {
            "visit": one.visit,
            "instrument": one.instrument,
            "item": one.field,
            "old": _stored(one.old) if one.old else {"value": None, "state": "not_reached"},
            "new": _stored(one.new),
            "status": one.status,
            "reason": one.reason,
            "why": one.why,
            "source": one.source,
            "noticed_on": _day(one.noticed_on),
            "asked_by": one.asked_by,
            "asked_role": one.asked_role,
            "asked_at": _time(one.asked_at),
            "decided_by": one.decided_by,
            "decided_at": _time(one.decided_at),
            "decided_why": one.decided_why,
            "answer_age_s": one.answer_age_s,
        }


def _version(item: str, row: AnswerRow) -> Content:
    return {
        "item": item,
        **_stored(row.stored),
        "language": row.language,
        "wording_sha256": row.wording_sha256,
        "mode": row.origin.mode,
        "entered_by": list(row.origin.entered_by),
        "paper_on": _day(row.origin.paper_on),
        "shown_at": _time(row.shown_at),
        "device_at": row.device_at,
        "received_at": _time(row.received_at),
        "seq": row.seq,
    }


def _score(row: ScoreRow) -> Content:
    return {
        "score": row.code,
        "value": row.value,
        "n_answered": row.n_answered,
        "n_items": row.n_items,
        "rule": row.rule,
        "rule_version": row.rule_version,
        "reason": row.reason,
        "computed_at": _time(row.computed_at),
        "seq": row.event_seq,
    }


def _review(row: VisitReview) -> Content:
    return {"reviewed_by": row.reviewed_by, "at": _time(row.reviewed_at), "seq": row.event_seq}


def _event(row: AuditEvent) -> Content:
    """Every column of an event, so that its hash can be computed again without us."""
    return {
        "seq": row.seq,
        "at": _time(row.at),
        "actor_kind": row.actor_kind,
        "actor": row.actor,
        "actor_role": row.actor_role,
        "actor_site": row.actor_site,
        "tag": row.tag,
        "study_number": row.study_number,
        "changes": json.loads(row.changes),
        "row_changes": None if row.row_changes is None else json.loads(row.row_changes),
        "reason": row.reason,
        "request_id": row.request_id,
        "app_version": row.app_version,
        "study_version": row.study_version,
        "previous_hash": row.previous_hash,
        "hash": row.hash,
    }


def _stored(stored: StoredAnswer) -> Content:
    return {"value": stored.value, "state": STATE_OF_ROW[stored.state].value}


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else clock.utc_text(instant)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
