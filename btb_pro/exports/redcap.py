"""A data set as REDCap imports it: records, the data dictionary that they fit, events and their forms.

Source of the rules: REDCap's own help on the Data Import Tool, the Data Dictionary and the API's `record`,
`metadata`, `event` and `formEventMapping` contents. A record is a participant, an event a visit, a form an
instrument. A missing answer is blank, and its state stands in the field's companion `<field>_st`.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from btb_pro import clock
from btb_pro.exports.csv_files import csv_line
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.files import WrittenFile, new_file
from btb_pro.exports.forms import form_facts, form_records
from btb_pro.exports.names import FORM_FIELDS, Names, form_code, state_code
from btb_pro.exports.records import FieldRecord, VisitRecord, VisitStatus
from btb_pro.exports.redcap_dictionary import DICTIONARY_HEADER, dictionary_rows
from btb_pro.exports.tables import CORRECTIONS_HEADER, TableStyle, correction_row
from btb_pro.exports.writing import WriteOptions
from btb_pro.instruments.answers import ItemState, chosen_codes
from btb_pro.instruments.model import Instrument
from btb_pro.study import Study

EVENT = "redcap_event_name"
ACCESS_GROUP = "redcap_data_access_group"
EVENTS_HEADER = ("event_name", "arm_num", "unique_event_name")
FORMS_HEADER = ("arm_num", "unique_event_name", "form")
_INCOMPLETE, _COMPLETE = "0", "2"


def write_redcap_files(dataset: Dataset, folder: Path, options: WriteOptions) -> tuple[WrittenFile, ...]:
    """Write records.csv, data_dictionary.csv, events.csv and event_instruments.csv; and for people, since
    REDCap keeps its own history of what is imported, corrections.csv.

    Raises:
        OSError: the folder cannot be written, or is full.
    """
    names = options.names
    return (
        _write(folder / "records.csv", record_header(dataset, names), record_rows(dataset, names)),
        _write(folder / "data_dictionary.csv", DICTIONARY_HEADER, dictionary_rows(dataset, options)),
        _write(folder / "events.csv", EVENTS_HEADER, event_rows(dataset.study, names)),
        _write(folder / "event_instruments.csv", FORMS_HEADER, form_rows(dataset.study, names)),
        _write(folder / "corrections.csv", CORRECTIONS_HEADER, _correction_rows(dataset, names)),
    )


def record_header(dataset: Dataset, names: Names) -> list[str]:
    """The columns of records.csv."""
    groups = [ACCESS_GROUP] if any(names.sites.values()) else []
    return [names.keys["participant"], EVENT, *groups, *_columns(dataset, names)]


def record_rows(dataset: Dataset, names: Names) -> Iterator[list[str]]:
    """One row for each participant and visit, in the order of these columns."""
    header = record_header(dataset, names)
    for visit in dataset.visits():
        cells = {names.keys["participant"]: visit.participant, EVENT: names.visit(visit.visit)}
        cells |= {ACCESS_GROUP: names.sites.get(visit.site, "")}
        for instrument in dataset.variables.instruments:
            cells |= _form_cells(visit, instrument, names)
        yield [cells.get(column, "") for column in header]


def event_rows(study: Study, names: Names) -> Iterator[list[str]]:
    """The events: REDCap makes the unique name of the name, so that is what it is made of here."""
    for visit in study.visits:
        if visit.parts:
            unique = names.visit(visit.code)
            stem, _, arm = unique.rpartition("_arm_")
            yield [stem, arm, unique]


def form_rows(study: Study, names: Names) -> Iterator[list[str]]:
    """Which forms each event has."""
    for visit in study.visits:
        unique = names.visit(visit.code)
        for code in dict.fromkeys(part.instrument for part in visit.parts):
            yield [unique.rpartition("_arm_")[2], unique, names.instruments[code]]


def _correction_rows(dataset: Dataset, names: Names) -> Iterator[list[str]]:
    style = TableStyle(names)
    return (correction_row(record, style) for record in dataset.corrections())


def checkbox_column(name: str, choice: str) -> str:
    """The column of one choice of a checkbox field; a minus becomes an underscore."""
    return f"{name}___{choice.lower().replace('-', '_')}"


def _columns(dataset: Dataset, names: Names) -> Iterator[str]:
    for instrument in dataset.variables.instruments:
        for field in instrument.fields:
            name = names.variable(field.code)
            if name and field.kind.value == "codes":
                yield from (checkbox_column(name, choice.code) for choice in field.choices)
            elif name:
                yield name
            yield from _kept(names, [state_code(field.code)])
        for score in instrument.scores:
            yield from _kept(names, [score.code, f"{score.code}_n"])
        yield from _kept(names, [form_code(instrument, one) for one in FORM_FIELDS])
        yield f"{names.instruments[instrument.code]}_complete"


def _kept(names: Names, codes: Sequence[str]) -> Iterator[str]:
    yield from (names.variable(code) for code in codes if names.variable(code))


def _form_cells(visit: VisitRecord, instrument: Instrument, names: Names) -> dict[str, str]:
    """Every cell of one form; none for a form that is no part of the visit."""
    records = form_records(visit, instrument)
    if not records:
        return {}
    is_submitted = visit.status is VisitStatus.SUBMITTED
    cells = {f"{names.instruments[instrument.code]}_complete": _COMPLETE if is_submitted else _INCOMPLETE}
    for record in records:
        cells |= _field_cells(record, names)
    for score in visit.scores.values():
        if score.instrument == instrument.code:
            cells[names.variable(score.code)] = score.value or ""
            cells[names.variable(f"{score.code}_n")] = f"{score.n_answered}"
    for one, value in form_facts(visit, records, _moment).items():
        cells[names.variable(form_code(instrument, one))] = value
    return cells


def _field_cells(record: FieldRecord, names: Names) -> dict[str, str]:
    field, name = record.field, names.variable(record.field.code)
    cells = {names.variable(state_code(field.code)): record.state.value}
    is_answered = record.state is ItemState.ANSWERED
    if field.kind.value != "codes":
        cells[name] = (record.value or "") if is_answered else names.missing[record.state.value]
        return cells
    # A box that nobody saw is neither ticked nor left open.
    chosen = chosen_codes(record.value)
    for choice in field.choices:
        ticked = "1" if choice.code in chosen else "0"
        cells[checkbox_column(name, choice.code)] = ticked if is_answered else ""
    return cells


def _moment(instant: datetime) -> str:
    """A `datetime_seconds_ymd`, which has no zone: UTC, as the field's note says."""
    return re.sub(r"\.[0-9]+Z$", "", clock.utc_text(instant)).replace("T", " ")


def _write(path: Path, header: Sequence[str], rows: Iterator[list[str]]) -> WrittenFile:
    with new_file(path) as file:
        file.write(csv_line(header))
        count = 0
        for row in rows:
            file.write(csv_line(row))
            count += 1
        return file.finish(count)
