"""Where an export reads rows: here, and of single visits in `stored_rows.py`.

Everything is read as it stood at the cut-off: a row counts when the audit event that it was written in is not
later, so what is written afterwards changes no export up to the same cut-off; a field that may be changed in
place is taken back to what the audit trail says it was (`as_of`). Order is fixed: study number (by code
point, whatever the database's collation), the study file's visits, the visit's instruments, fields.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from btb_pro.exports.planned_visits import PlannedVisits
from btb_pro.exports.records import (
    AnswerRow,
    CorrectionRecord,
    CutOff,
    FieldRecord,
    Filters,
    HistoryRecord,
    LateSaveRecord,
    PlannedVisit,
    ScoreHistoryRecord,
    ScoreRecord,
    VisitRecord,
    VisitStatus,
)
from btb_pro.exports.redacted_rows import RedactedRows, redacted_between
from btb_pro.exports.stored_corrections import StoredCorrections
from btb_pro.exports.stored_rows import ANSWER_COLUMNS, SCORE_COLUMNS, RowsOfVisits, StoredRows
from btb_pro.exports.variables import study_variables
from btb_pro.instruments.answers import field_state, field_value
from btb_pro.instruments.model import Field, Instrument
from btb_pro.models.base import AuditEvent
from btb_pro.models.participant import Participant, Visit
from btb_pro.models.response import Answer, Response, ScoreRow
from btb_pro.study import Study, sections_asked

_PARTICIPANTS_AT_ONCE = 20
"""So many are in memory together: a few thousand answer rows."""
_ROWS_AT_ONCE = 2000


class _Person(NamedTuple):
    id: int
    study_number: str
    site: str


class _StoredVisit(NamedTuple):
    id: int
    participant_id: int
    code: str
    submitted_at: datetime | None
    submitted_seq: int | None


class Dataset:
    """A study's visits up to a cut-off, read in a stream from a session that stays open meanwhile."""

    def __init__(
        self,
        session: Session,
        study: Study,
        instruments: Mapping[str, Instrument],
        cutoff: CutOff,
        filters: Filters | None = None,
        since: CutOff | None = None,
    ) -> None:
        """With `since`, only what came or changed after that cut-off, which an earlier export read up to."""
        self.study = study
        self.cutoff = cutoff
        self.since = since
        self.filters = filters or Filters()
        self.variables = study_variables(study, instruments)
        self._session = session
        self._instruments = {instrument.code: instrument for instrument in self.variables.instruments}
        self._place = {visit.code: place for place, visit in enumerate(study.visits)}
        self._asked = {visit.code: sections_asked(visit.parts) for visit in study.visits}
        self._stored = StoredRows(session, cutoff)
        self._redacted = RedactedRows() if since is None else redacted_between(session, since, cutoff)

    def visits(self) -> Iterator[VisitRecord]:
        """Every visit with a saved answer, or sent in, in order; whole, also where little of it is new."""
        for people in self._people():
            for person, visit, rows in self._stored_visits(people):
                if self._is_begun(visit, rows) and self._has_changed(visit, rows):
                    yield self._record(person, visit, rows)

    def planned_visits(self) -> Iterator[PlannedVisit]:
        """Every visit that was planned, answered or not, in the same order; with an earlier export those of
        which anything is new, its plan included.
        """
        planned = PlannedVisits(self._session, self.cutoff)
        earlier = None if self.since is None else PlannedVisits(self._session, self.since)
        for people in self._people():
            ids = [person.id for person in people]
            plans = planned.of_participants(ids)
            before = {} if earlier is None else earlier.of_participants(ids)
            for person, visit, rows in self._stored_visits(people):
                if visit.id not in plans:
                    continue
                is_begun = self._is_begun(visit, rows)
                is_new = is_begun and self._has_changed(visit, rows)
                if is_new or earlier is None or plans[visit.id] != before.get(visit.id):
                    record = self._record(person, visit, rows)
                    asks = bool(self._asked.get(visit.code))
                    yield PlannedVisit(plans[visit.id], record, is_begun, is_new, asks)

    def _people(self) -> Iterator[Sequence[_Person]]:
        query = select(Participant.id, Participant.study_number, Participant.site_code)
        query = query.where(Participant.event_seq <= self.cutoff.seq)
        if self.filters.sites:
            query = query.where(Participant.site_code.in_(self.filters.sites))
        people = [_Person(*row) for row in self._session.execute(query)]
        people.sort(key=lambda person: person.study_number)
        for start in range(0, len(people), _PARTICIPANTS_AT_ONCE):
            yield people[start : start + _PARTICIPANTS_AT_ONCE]

    def history(self) -> Iterator[HistoryRecord]:
        """Every stored answer row of these visits, in the order in which they were written."""
        rows = self._session.execute(
            select(
                Participant.study_number,
                Participant.site_code,
                Visit.code,
                Response.instrument,
                Response.instrument_version,
                AuditEvent.actor_kind,
                *ANSWER_COLUMNS,
            )
            .select_from(Answer)
            .join(AuditEvent, AuditEvent.seq == Answer.event_seq)
            .join(Response, Response.id == Answer.response_id)
            .join(Visit, Visit.id == Response.visit_id)
            .join(Participant, Participant.id == Visit.participant_id)
            .where(Answer.event_seq <= self.cutoff.seq, *self._are_taken())
            .where(*self._are_new(Answer.event_seq, Answer.id.in_(self._redacted.answers)))
            .order_by(Answer.event_seq, Answer.id)
            .execution_options(yield_per=_ROWS_AT_ONCE)
        )
        with rows:
            for number, site, visit, instrument, version, actor, *answer in rows:
                written = self._stored.answer(answer)
                correction = self._stored.corrections.get(written.seq)
                yield HistoryRecord(number, site, visit, instrument, version, actor, written, correction)

    def score_history(self) -> Iterator[ScoreHistoryRecord]:
        """Every version of every score of these visits, in the order in which they were computed."""
        place = (Participant.study_number, Participant.site_code, Visit.code)
        rows = self._session.execute(
            select(*place, *SCORE_COLUMNS)
            .select_from(ScoreRow)
            .join(Response, Response.id == ScoreRow.response_id)
            .join(Visit, Visit.id == Response.visit_id)
            .join(Participant, Participant.id == Visit.participant_id)
            .where(
                ScoreRow.event_seq <= self.cutoff.seq, *self._are_taken(), *self._are_new(ScoreRow.event_seq)
            )
            .order_by(ScoreRow.event_seq, ScoreRow.id)
            .execution_options(yield_per=_ROWS_AT_ONCE)
        )
        with rows:
            for number, site, visit, *score in rows:
                yield ScoreHistoryRecord(number, site, visit, ScoreRecord(*score))

    def corrections(self) -> Iterator[CorrectionRecord]:
        """Every correction that was asked for, in that order, with what was decided."""
        return self._corrections().corrections()

    def late_saves(self) -> Iterator[LateSaveRecord]:
        """Every answer that came after its visit was sent in, in the order in which they came."""
        return self._corrections().late_saves()

    def _corrections(self) -> StoredCorrections:
        of = (self._session, self.cutoff, self.since, tuple(self._are_taken()))
        return StoredCorrections(*of, self._redacted)

    def _are_new(
        self, event_seq: InstrumentedAttribute[int], *or_are: ColumnElement[bool]
    ) -> Iterator[ColumnElement[bool]]:
        if self.since is None:
            return
        is_new = or_(event_seq > self.since.seq, *or_are)
        if self.filters.submitted_only:
            # The earlier export left these rows out, whenever they were written.
            is_new = or_(is_new, Visit.submitted_seq > self.since.seq)
        yield is_new

    def _are_taken(self) -> Iterator[ColumnElement[bool]]:
        if self.filters.sites:
            yield Participant.site_code.in_(self.filters.sites)
        if self.filters.visits:
            yield Visit.code.in_(self.filters.visits)
        if self.filters.submitted_only:
            yield Visit.submitted_seq <= self.cutoff.seq

    def _stored_visits(
        self, people: Sequence[_Person]
    ) -> Iterator[tuple[_Person, _StoredVisit, RowsOfVisits]]:
        visits: dict[int, list[_StoredVisit]] = {person.id: [] for person in people}
        for row in self._session.execute(
            select(Visit.id, Visit.participant_id, Visit.code, Visit.submitted_at, Visit.submitted_seq)
            .join(Participant, Participant.id == Visit.participant_id)
            .where(Visit.participant_id.in_(visits), *self._are_taken())
        ):
            visit = _StoredVisit(*row)
            visits[visit.participant_id].append(visit)
        rows = self._stored.of_visits([visit.id for of_person in visits.values() for visit in of_person])
        for person in people:
            for visit in sorted(visits[person.id], key=self._visit_order):
                yield person, visit, rows

    def _is_begun(self, visit: _StoredVisit, rows: RowsOfVisits) -> bool:
        return visit.id in rows.answers or self._is_submitted(visit)

    def _has_changed(self, visit: _StoredVisit, rows: RowsOfVisits) -> bool:
        if self.since is None:
            return True
        seqs = [answer.seq for answer in rows.answers.get(visit.id, ())]
        seqs += [score.seq for score in rows.scores.get(visit.id, ())]
        if self._is_submitted(visit) and visit.submitted_seq is not None:
            seqs.append(visit.submitted_seq)
        is_written = visit.id in self._redacted.visits or any(seq > self.since.seq for seq in seqs)
        # A link may have died, or a new one been made, without a row of the visit's own.
        return is_written or self._status_at(visit, rows, self.since) != self._status_at(
            visit, rows, self.cutoff
        )

    def _visit_order(self, visit: _StoredVisit) -> tuple[int, str]:
        # A visit that an amendment took out of the study file still has its answers: it comes last.
        return self._place.get(visit.code, len(self._place)), visit.code

    def _is_submitted(self, visit: _StoredVisit) -> bool:
        return visit.submitted_seq is not None and visit.submitted_seq <= self.cutoff.seq

    def _record(self, person: _Person, visit: _StoredVisit, rows: RowsOfVisits) -> VisitRecord:
        is_submitted = self._is_submitted(visit)
        answers = rows.answers.get(visit.id, ())
        return VisitRecord(
            participant=person.study_number,
            site=person.site,
            visit=visit.code,
            status=self._status_at(visit, rows, self.cutoff),
            started_at=next((one.received_at for one in answers if not one.is_correction), None),
            submitted_at=visit.submitted_at if is_submitted else None,
            fields=self._fields(visit.code, answers, rows.versions.get(visit.id, {})),
            scores=self._scores(rows.scores.get(visit.id, ())),
        )

    def _status_at(self, visit: _StoredVisit, rows: RowsOfVisits, cutoff: CutOff) -> VisitStatus:
        if visit.submitted_seq is not None and visit.submitted_seq <= cutoff.seq:
            return VisitStatus.SUBMITTED
        expiries = [expires_at for seq, expires_at in rows.expiry.get(visit.id, ()) if seq <= cutoff.seq]
        is_expired = bool(expiries) and expiries[-1] <= cutoff.at
        return VisitStatus.EXPIRED if is_expired else VisitStatus.STARTED

    def _fields(
        self, visit_code: str, answers: Sequence[AnswerRow], versions: Mapping[str, str]
    ) -> Mapping[str, FieldRecord]:
        rows: dict[str, list[AnswerRow]] = {}
        for answer in answers:
            rows.setdefault(answer.field, []).append(answer)
        current = {code: of_field[-1].stored for code, of_field in rows.items()}
        return {
            field.code: FieldRecord(
                instrument=instrument,
                instrument_version=versions.get(instrument.code, instrument.version),
                field=field,
                state=field_state(instrument, field, current),
                value=field_value(instrument, field, current),
                rows=tuple(rows.get(field.code, ())),
            )
            for instrument, field in self._fields_of(visit_code, current)
        }

    def _fields_of(self, visit_code: str, answered: Collection[str]) -> Iterator[tuple[Instrument, Field]]:
        """What a visit asks, and what was answered at it before the study file stopped asking."""
        asked = self._asked.get(visit_code, {})
        for code in (*asked, *(code for code in self._instruments if code not in asked)):
            sections = asked.get(code, frozenset())
            instrument = self._instruments[code]
            for section in instrument.sections:
                is_asked = sections is None or section.code in sections
                for item in section.items:
                    for field in item.fields:
                        if is_asked or field.code in answered:
                            yield instrument, field

    def _scores(self, scores: Sequence[ScoreRecord]) -> Mapping[str, ScoreRecord]:
        newest = {score.code: score for score in scores}
        return {
            variable.code: newest[variable.code]
            for variable in self.variables.scores
            if variable.code in newest
        }
