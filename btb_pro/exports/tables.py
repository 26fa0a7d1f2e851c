"""The four tables of a data set as rows of text, whatever file they go into.

Times are ISO 8601, UTC with milliseconds; a missing time is empty. `docs/exports.md` explains every column.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from btb_pro import clock
from btb_pro.exports.records import AnswerRow, FieldRecord, HistoryRecord, VisitRecord
from btb_pro.exports.variables import FieldVariable, Variables
from btb_pro.instruments.states import MISSING_CODES, STATE_OF_ROW, ItemState

TextRow = list[str]

WIDE_KEYS = ("participant", "site", "visit", "status", "started_at", "submitted_at")
LONG_HEADER = (
    "participant", "site", "visit", "instrument", "instrument_version", "wording_sha256", "item", "value",
    "state", "language", "mode", "first_answered_at", "answered_at", "answered_at_local", "received_at",
    "changes", "shown_at", "device_at", "device_offset", "entered_by", "paper_on",
)  # fmt: skip
HISTORY_HEADER = (
    "participant", "site", "visit", "instrument", "instrument_version", "item", "value", "state", "language",
    "wording_sha256", "mode", "shown_at", "device_at", "received_at", "session", "seq",
)  # fmt: skip
SCORES_HEADER = (
    "participant", "site", "visit", "instrument", "score", "value", "n_answered", "n_items", "rule",
    "rule_version", "reason", "computed_at",
)  # fmt: skip

_OFFSET = re.compile(r"[^T]+T[^Z+-]+(Z|[+-][0-9]{2}:[0-9]{2})")


def wide_header(variables: Variables) -> TextRow:
    """The columns of the wide table: keys, fields, scores each with its number of items answered."""
    fields = [variable.code for variable in variables.fields]
    scores = [name for variable in variables.scores for name in (variable.code, f"{variable.code}_n")]
    return [*WIDE_KEYS, *fields, *scores]


def wide_row(visit: VisitRecord, variables: Variables) -> TextRow:
    """One visit. A missing state stands as its code; what is no part of the visit is empty, as is a score
    that was not computed.
    """
    keys = [visit.participant, visit.site, visit.visit, visit.status.value]
    keys += [_time(visit.started_at), _time(visit.submitted_at)]
    fields = [_wide_cell(variable, visit.fields.get(variable.field.code)) for variable in variables.fields]
    scores = []
    for variable in variables.scores:
        score = visit.scores.get(variable.code)
        scores += ["", ""] if score is None else [score.value or "", str(score.n_answered)]
    return [*keys, *fields, *scores]


def long_rows(visit: VisitRecord, variables: Mapping[str, Sequence[FieldVariable]]) -> Iterator[TextRow]:
    """One row for each form field that is part of the visit; one for each choice of a field of several.

    `variables` are `Variables.by_field`. The rows of a field's choices share its times and changes.
    """
    keys = [visit.participant, visit.site, visit.visit]
    for code, field in visit.fields.items():
        instrument = [field.instrument.code, field.instrument_version]
        newest = field.newest
        sha256, language, mode = (
            (newest.wording_sha256, newest.language, newest.origin.mode) if newest else ("", "", "")
        )
        times = _long_times(field, newest)
        for variable in variables[code]:
            value = variable.value(field) or ""
            yield [
                *(*keys, *instrument, sha256, variable.code, value, field.state.value, language, mode),
                *times,
            ]


def history_row(record: HistoryRecord) -> TextRow:
    """One stored answer row. Skipped and cleared are both left blank: a cleared row follows another one."""
    answer = record.answer
    return [
        record.participant,
        record.site,
        record.visit,
        record.instrument,
        record.instrument_version,
        answer.field,
        answer.stored.value or "",
        STATE_OF_ROW[answer.stored.state].value,
        answer.language,
        answer.wording_sha256,
        answer.origin.mode,
        _time(answer.shown_at),
        answer.device_at or "",
        _time(answer.received_at),
        str(answer.session),
        str(answer.seq),
    ]


def score_rows(visit: VisitRecord) -> Iterator[TextRow]:
    """One row for each score of the visit, computed or not."""
    for score in visit.scores.values():
        yield [
            visit.participant,
            visit.site,
            visit.visit,
            score.instrument,
            score.code,
            score.value or "",
            str(score.n_answered),
            str(score.n_items),
            score.rule,
            score.rule_version,
            score.reason,
            _time(score.computed_at),
        ]


def device_offset(device_at: str | None) -> str:
    """The offset from UTC in what a phone said: ``+01:00``; empty when it said none."""
    found = _OFFSET.fullmatch(device_at or "")
    if found is None:
        return ""
    return "+00:00" if found[1] == "Z" else found[1]


def _wide_cell(variable: FieldVariable, field: FieldRecord | None) -> str:
    if field is None:
        return ""
    if field.state is ItemState.ANSWERED:
        return variable.value(field) or ""
    return str(MISSING_CODES[field.state])


def _long_times(field: FieldRecord, newest: AnswerRow | None) -> TextRow:
    """From `first_answered_at` to the last column."""
    if newest is None:
        return ["", "", "", "", "0", "", "", "", "", ""]
    origin = newest.origin
    received_at = clock.utc_text(newest.received_at)
    return [
        _time(field.first_answered_at),
        received_at,
        clock.local_text(newest.received_at),
        received_at,
        str(field.changes),
        _time(newest.shown_at),
        newest.device_at or "",
        device_offset(newest.device_at),
        " ".join(origin.entered_by),
        origin.paper_on.isoformat() if origin.paper_on else "",
    ]


def _time(instant: datetime | None) -> str:
    return "" if instant is None else clock.utc_text(instant)
