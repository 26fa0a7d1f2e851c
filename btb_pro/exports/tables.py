"""The tables of a data set as rows of text, whatever file they go into.

Times are ISO 8601, UTC with milliseconds; a missing time is empty. `docs/exports.md` explains every column.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from btb_pro import clock
from btb_pro.exports.names import Names
from btb_pro.exports.records import (
    AnswerRow,
    CorrectionRecord,
    FieldRecord,
    HistoryRecord,
    LateSaveRecord,
    ScoreHistoryRecord,
    ScoreRecord,
    VisitRecord,
)
from btb_pro.exports.variables import WIDE_KEYS, FieldVariable, Variables
from btb_pro.instruments.answers import MISSING_CODES, STATE_OF_ROW, ItemState

TextRow = list[str]

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
SCORE_HISTORY_HEADER = (*SCORES_HEADER, "seq")
CORRECTIONS_HEADER = (
    "participant", "site", "visit", "instrument", "item", "old_value", "old_state", "new_value", "new_state",
    "status", "reason", "why", "source", "noticed_on", "asked_by", "asked_role", "asked_at", "decided_by",
    "decided_role", "decided_at", "decided_why", "answer_age_s", "asked_seq", "decided_seq",
)  # fmt: skip
LATE_SAVES_HEADER = (
    "participant", "site", "visit", "instrument", "item", "value", "state", "shown_at", "device_at",
    "received_at", "seq",
)  # fmt: skip

_OFFSET = re.compile(r"[^T]+T[^Z+-]+(Z|[+-][0-9]{2}:[0-9]{2})")


@dataclass(frozen=True, slots=True)
class TableStyle:
    """How cells are written: under whose names, and with which decimal sign."""

    names: Names | None = None
    decimal: str = "."

    def site(self, code: str) -> str:
        """A site's name."""
        return self.names.site(code) if self.names else code

    def visit(self, code: str) -> str:
        """A visit's name."""
        return self.names.visit(code) if self.names else code

    def instrument(self, code: str) -> str:
        """An instrument's name."""
        return self.names.instrument(code) if self.names else code

    def column(self, code: str) -> str:
        """A column's name; empty when it is left out."""
        return self.names.column(code) if self.names else code

    def item(self, code: str) -> str:
        """What a row calls a field, also one whose column is left out."""
        return self.column(code) or code

    def missing(self, state: ItemState) -> str:
        """The code that stands where a value would."""
        return self.names.missing[state.value] if self.names else str(MISSING_CODES[state])

    def number(self, value: str | None) -> str:
        """A number with this decimal sign; nothing for none."""
        return (value or "").replace(".", self.decimal)


PLAIN = TableStyle()
"""Our own codes, and a point."""


def wide_header(variables: Variables, style: TableStyle = PLAIN) -> TextRow:
    """The columns of the wide table: keys, fields, scores each with its number of items answered."""
    return [style.column(code) for code in wide_codes(variables, style)]


def wide_codes(variables: Variables, style: TableStyle = PLAIN) -> TextRow:
    """Our codes of these columns, without those that are left out."""
    fields = [variable.code for variable in variables.fields]
    scores = [name for variable in variables.scores for name in (variable.code, f"{variable.code}_n")]
    return [code for code in (*WIDE_KEYS, *fields, *scores) if style.column(code)]


def _keys(
    record: VisitRecord | HistoryRecord | ScoreHistoryRecord | CorrectionRecord | LateSaveRecord,
    style: TableStyle,
) -> list[str]:
    """Whose visit a row is about."""
    return [record.participant, style.site(record.site), style.visit(record.visit)]


def wide_row(visit: VisitRecord, variables: Variables, style: TableStyle = PLAIN) -> TextRow:
    """One visit. A missing state stands as its code; what is no part of the visit is empty, as is a score
    that was not computed.
    """
    keys = [*_keys(visit, style), visit.status.value]
    keys += [_time(visit.started_at), _time(visit.submitted_at)]
    fields = [
        _wide_cell(variable, visit.fields.get(variable.field.code), style)
        for variable in variables.fields
        if style.column(variable.code)
    ]
    scores = []
    for variable in variables.scores:
        score = visit.scores.get(variable.code)
        cells = ("", "") if score is None else (style.number(score.value), str(score.n_answered))
        pairs = zip((variable.code, f"{variable.code}_n"), cells, strict=True)
        scores += [cell for code, cell in pairs if style.column(code)]
    return [*(cell for key, cell in zip(WIDE_KEYS, keys, strict=True) if style.column(key)), *fields, *scores]


def long_rows(
    visit: VisitRecord, variables: Mapping[str, Sequence[FieldVariable]], style: TableStyle = PLAIN
) -> Iterator[TextRow]:
    """One row for each form field that is part of the visit; one for each choice of a field of several.

    `variables` are `Variables.by_field`. The rows of a field's choices share its times and changes.
    """
    keys = _keys(visit, style)
    for code, field in visit.fields.items():
        instrument = [style.instrument(field.instrument.code), field.instrument_version]
        newest = field.newest
        sha256, language, mode = (
            (newest.wording_sha256, newest.language, newest.origin.mode) if newest else ("", "", "")
        )
        times = _long_times(field, newest)
        for variable in variables[code]:
            value = variable.value(field) or ""
            item = style.item(variable.code)
            yield [*keys, *instrument, sha256, item, value, field.state.value, language, mode, *times]


def history_row(record: HistoryRecord, style: TableStyle = PLAIN) -> TextRow:
    """One stored answer row. Skipped and cleared are both left blank: a cleared row follows another one."""
    answer = record.answer
    return [
        *_keys(record, style),
        style.instrument(record.instrument),
        record.instrument_version,
        style.item(answer.field),
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


def score_rows(visit: VisitRecord, style: TableStyle = PLAIN) -> Iterator[TextRow]:
    """One row for each score of the visit, computed or not."""
    for score in visit.scores.values():
        yield [*_keys(visit, style), *_score_cells(score, style)]


def score_history_row(record: ScoreHistoryRecord, style: TableStyle = PLAIN) -> TextRow:
    """One version of a score: of those with the same score and visit the last one holds."""
    return [*_keys(record, style), *_score_cells(record.score, style), str(record.score.seq)]


def correction_row(record: CorrectionRecord, style: TableStyle = PLAIN) -> TextRow:
    """One correction that was asked for, whatever became of it."""
    return [
        *_keys(record, style),
        style.instrument(record.instrument),
        style.item(record.field),
        (record.old.value or "") if record.old else "",
        (STATE_OF_ROW[record.old.state] if record.old else ItemState.NOT_REACHED).value,
        record.new.value or "",
        STATE_OF_ROW[record.new.state].value,
        record.status,
        record.reason,
        record.why,
        record.source,
        record.noticed_on.isoformat(),
        record.asked_by,
        record.asked_role,
        _time(record.asked_at),
        record.decided_by,
        record.decided_role,
        _time(record.decided_at),
        record.decided_why,
        "" if record.answer_age_s is None else str(record.answer_age_s),
        str(record.asked_seq),
        "" if record.decided_seq is None else str(record.decided_seq),
    ]


def late_save_row(record: LateSaveRecord, style: TableStyle = PLAIN) -> TextRow:
    """One answer that came too late."""
    return [
        *_keys(record, style),
        style.instrument(record.instrument),
        style.item(record.field),
        record.stored.value or "",
        STATE_OF_ROW[record.stored.state].value,
        _time(record.shown_at),
        record.device_at or "",
        _time(record.received_at),
        str(record.seq),
    ]


def device_offset(device_at: str | None) -> str:
    """The offset from UTC in what a phone said: ``+01:00``; empty when it said none."""
    found = _OFFSET.fullmatch(device_at or "")
    if found is None:
        return ""
    return "+00:00" if found[1] == "Z" else found[1]


def _score_cells(score: ScoreRecord, style: TableStyle) -> TextRow:
    return [
        style.instrument(score.instrument),
        style.item(score.code),
        style.number(score.value),
        str(score.n_answered),
        str(score.n_items),
        score.rule,
        score.rule_version,
        score.reason,
        _time(score.computed_at),
    ]


def _wide_cell(variable: FieldVariable, field: FieldRecord | None, style: TableStyle) -> str:
    if field is None:
        return ""
    if field.state is ItemState.ANSWERED:
        return variable.value(field) or ""
    return style.missing(field.state)


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
