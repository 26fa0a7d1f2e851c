"""The tables of visits and of responses: what was planned, how far it came, and how much is answered."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from btb_pro import clock
from btb_pro.exports.forms import form_facts, form_records
from btb_pro.exports.records import AnswerRow, FieldRecord, PlannedVisit, VisitRecord
from btb_pro.exports.tables import PLAIN, TableStyle, TextRow
from btb_pro.instruments.answers import ItemState
from btb_pro.study import is_after_visit, is_late

VISITS_HEADER = (
    "participant", "site", "language", "day0", "withdrawn_on", "visit", "planned_on", "begins_at", "opens_at",
    "closes_at", "state", "invited_at", "n_invitations", "n_emails", "n_sms", "n_letters", "n_reminders",
    "started_at", "submitted_at", "is_late", "is_after_visit", "mode", "n_answered", "n_left_blank",
    "n_declined",
)  # fmt: skip
RESPONSES_HEADER = (
    "participant", "site", "visit", "instrument", "instrument_version", "status", "started_at",
    "submitted_at", "language", "wording_sha256", "mode", "n_answered", "n_left_blank", "n_declined",
    "n_not_reached", "n_not_applicable",
)  # fmt: skip

_COUNTED = (ItemState.ANSWERED, ItemState.LEFT_BLANK, ItemState.DECLINED)
_ALL_COUNTED = (*_COUNTED, ItemState.NOT_REACHED, ItemState.NOT_APPLICABLE)


def planned_row(planned: PlannedVisit, style: TableStyle = PLAIN) -> TextRow:
    """One visit that was planned. Of one without an answer, counts are 0 and flags empty."""
    plan, visit = planned.plan, planned.record
    sent = dict(plan.n_sent)
    newest = _newest(visit.fields.values())
    paper_on = newest.origin.paper_on if newest else None
    return [
        visit.participant,
        style.site(visit.site),
        plan.language,
        _day(plan.day0),
        _day(plan.withdrawn_on),
        style.visit(visit.visit),
        _day(plan.planned_on),
        _time(plan.begins_at),
        _time(plan.opens_at),
        _time(plan.closes_at),
        planned.state.value,
        _time(plan.invited_at),
        str(plan.n_invitations),
        *(str(sent.get(channel, 0)) for channel in ("email", "sms", "paper")),
        str(plan.n_reminders),
        _time(visit.started_at),
        _time(visit.submitted_at),
        _flag(visit, is_late(visit.submitted_at, plan.closes_at, paper_on)),
        _flag(visit, is_after_visit(visit.submitted_at, plan.begins_at, plan.planned_on, paper_on)),
        newest.origin.mode if newest else "",
        *_counts(visit.fields.values(), _COUNTED),
    ]


def response_rows(visit: VisitRecord, style: TableStyle = PLAIN) -> Iterator[TextRow]:
    """One row for each instrument that has an answer at the visit, or was sent in with it without any."""
    for instrument in dict.fromkeys(record.instrument.code for record in visit.fields.values()):
        first = next(one.instrument for one in visit.fields.values() if one.instrument.code == instrument)
        records = form_records(visit, first)
        if visit.submitted_at is None and not any(record.rows for record in records):
            continue
        facts = form_facts(visit, records, clock.utc_text)
        yield [
            visit.participant,
            style.site(visit.site),
            style.visit(visit.visit),
            style.instrument(instrument),
            facts["version"],
            facts["status"],
            facts["started_at"],
            facts["submitted_at"],
            facts["lang"],
            facts["wording"],
            facts["mode"],
            *_counts(records, _ALL_COUNTED),
        ]


def _newest(records: Iterable[FieldRecord]) -> AnswerRow | None:
    """The last answer that came in as part of the visit; a correction is none."""
    rows = (row for record in records for row in record.rows if not row.is_correction)
    return max(rows, key=lambda row: row.seq, default=None)


def _counts(records: Iterable[FieldRecord], states: Sequence[ItemState]) -> TextRow:
    counts = Counter(record.state for record in records)
    return [str(counts[state]) for state in states]


def _flag(visit: VisitRecord, is_so: bool) -> str:
    if visit.submitted_at is None:
        return ""
    return "1" if is_so else "0"


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _time(instant: datetime | None) -> str:
    return "" if instant is None else clock.utc_text(instant)
