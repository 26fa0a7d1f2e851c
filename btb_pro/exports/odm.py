"""A data set as CDISC ODM 1.3.2, metadata and data in one file.

A Snapshot holds how things stand at the cut-off. A Transactional file holds every stored answer in the
order in which they came, each with its AuditRecord, then what follows from them at the cut-off: states,
scores and what each form says of itself. Applied in its order it gives the Snapshot. A missing answer is
IsNull, and its state is the value of the item `<field>_st`. An Annotation of each stored item group says how
its answers came in: language and wording, mode, when shown, the phone's own clock.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, TypeVar

from lxml import etree

from btb_pro import clock
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.files import WrittenFile, new_file
from btb_pro.exports.forms import form_facts, form_records
from btb_pro.exports.names import FORM_GROUP, form_code, section_code, state_code
from btb_pro.exports.odm_metadata import (
    NAMESPACE,
    NAMESPACES,
    Element,
    admin_element,
    make,
    study_element,
    study_oid,
    version_oid,
)
from btb_pro.exports.records import FieldRecord, HistoryRecord, VisitRecord
from btb_pro.exports.variables import FieldVariable
from btb_pro.exports.writing import WriteOptions
from btb_pro.instruments.answers import STATE_OF_ROW, AnswerState, ItemState
from btb_pro.instruments.model import Instrument

ODM_FILE = "odm.xml"
_SNAPSHOT, _TRANSACTIONAL = "Snapshot", "Transactional"
_ORIGINATOR = "btb_pro"


Record = TypeVar("Record", FieldRecord, HistoryRecord)


class _Item(NamedTuple):
    code: str
    value: str | None
    """None: no value."""


class _Audit(NamedTuple):
    user: str
    at: datetime
    source: str
    reason: str = ""
    comment: str = ""
    """How the answers came in."""


Groups = Mapping[str, list[_Item]]
"""Section to its items."""


def write_odm(
    dataset: Dataset, folder: Path, options: WriteOptions, file_type: str = _SNAPSHOT
) -> tuple[WrittenFile, ...]:
    """Write one ODM file. Its rows are its ItemData.

    Raises:
        OSError: the folder cannot be written, or is full.
    """
    with new_file(folder / ODM_FILE) as file, etree.xmlfile(file, encoding="UTF-8") as xml:
        xml.write_declaration()
        writer = _Writer(dataset, options, is_audited=file_type == _TRANSACTIONAL)
        attributes = _root_attributes(dataset, file_type)
        with xml.element(f"{{{NAMESPACE}}}ODM", attributes, nsmap=NAMESPACES):
            xml.write(study_element(dataset, options))
            xml.write(admin_element(dataset, options.names))
            data = {"StudyOID": study_oid(dataset.study), "MetaDataVersionOID": version_oid(dataset.study)}
            with xml.element(f"{{{NAMESPACE}}}ClinicalData", data):
                for subject in writer.subjects():
                    xml.write(subject)
        xml.flush()
        return (file.finish(writer.count),)


write_transactional_odm = partial(write_odm, file_type=_TRANSACTIONAL)


def _root_attributes(dataset: Dataset, file_type: str) -> dict[str, str]:
    at = clock.utc_text(dataset.cutoff.at)
    attributes = {
        "ODMVersion": "1.3.2",
        "FileType": file_type,
        "FileOID": _file_oid(dataset, dataset.cutoff.seq, file_type),
        "CreationDateTime": at,
        "AsOfDateTime": at,
        "Originator": _ORIGINATOR,
        "SourceSystem": _ORIGINATOR,
    }
    if dataset.since is not None:
        attributes["PriorFileOID"] = _file_oid(dataset, dataset.since.seq, file_type)
    return attributes


def _file_oid(dataset: Dataset, seq: int, file_type: str) -> str:
    return f"{dataset.study.code}.{file_type}.{seq}"


class _Writer:
    """Makes SubjectData of a data set."""

    def __init__(self, dataset: Dataset, options: WriteOptions, *, is_audited: bool) -> None:
        self.count = 0
        self._dataset = dataset
        self._names = options.names
        self._is_audited = is_audited
        self._by_field = dataset.variables.by_field()
        self._instruments = {one.code: one for one in dataset.variables.instruments}
        self._sections = {
            variable.field.code: section_code(variable.instrument, variable.section.code)
            for variable in dataset.variables.fields
        }

    def subjects(self) -> Iterator[Element]:
        if self._is_audited:
            yield from self._transactions()
        derived = _Audit("U.system", self._dataset.cutoff.at, f"cut-off {self._dataset.cutoff.seq}")
        audit = derived if self._is_audited else None
        for _, visits in groupby(self._dataset.visits(), key=lambda visit: visit.participant):
            whole = list(visits)
            subject = self._subject(whole[0].participant, whole[0].site)
            for visit in whole:
                self._event(subject, visit, audit)
            yield subject

    def _transactions(self) -> Iterator[Element]:
        """One SubjectData for each step of the audit trail and instrument."""
        for _, records in groupby(self._dataset.history(), key=_step_of):
            rows = [record for record in records if record.answer.field in self._by_field]
            if rows:
                first = rows[0]
                subject = self._subject(first.participant, first.site)
                event = self._below(
                    subject, "StudyEventData", "StudyEventOID", self._names.visit(first.visit)
                )
                form = self._form(event, first.instrument)
                audit = _Audit(
                    _user(first),
                    first.answer.received_at,
                    f"event {first.answer.seq}",
                    _reason(first),
                    _how_it_came(first),
                )
                self._groups(form, _grouped(rows, self._sections, self._stored_items), first.site, audit)
                yield subject

    def _subject(self, participant: str, site: str) -> Element:
        attributes = {"TransactionType": "Context"} if self._is_audited else {}
        subject = make(None, "SubjectData", SubjectKey=participant, **attributes)
        make(subject, "SiteRef", LocationOID=self._names.site(site))
        return subject

    def _event(self, subject: Element, visit: VisitRecord, audit: _Audit | None) -> None:
        event = self._below(subject, "StudyEventData", "StudyEventOID", self._names.visit(visit.visit))
        for instrument in self._dataset.variables.instruments:
            records = form_records(visit, instrument)
            if records:
                form = self._form(event, instrument.code)
                groups = dict(_grouped(records, self._sections, self._items_of))
                groups[section_code(instrument, FORM_GROUP)] = list(_form_items(visit, instrument, records))
                self._groups(form, groups, visit.site, audit)

    def _form(self, event: Element, instrument: str) -> Element:
        return self._below(event, "FormData", "FormOID", self._names.instruments[instrument])

    def _below(self, parent: Element, tag: str, attribute: str, oid: str) -> Element:
        context = {"TransactionType": "Context"} if self._is_audited else {}
        return make(parent, tag, **{attribute: oid}, **context)

    def _groups(self, form: Element, groups: Groups, site: str, audit: _Audit | None) -> None:
        for section, items in groups.items():
            kept = [(self._names.variable(item.code), item.value) for item in items]
            kept = [(oid, value) for oid, value in kept if oid]
            if not kept:
                continue
            group = self._below(form, "ItemGroupData", "ItemGroupOID", self._names.sections[section])
            if audit is not None and audit.comment:
                make(make(group, "Annotation", SeqNum="1"), "Comment", audit.comment)
            for oid, value in kept:
                self._item(group, oid, value, site, audit)

    def _item(self, group: Element, oid: str, value: str | None, site: str, audit: _Audit | None) -> None:
        self.count += 1
        content = {"IsNull": "Yes"} if value is None else {"Value": value}
        if audit is None:
            make(group, "ItemData", ItemOID=oid, **content)
            return
        item = make(group, "ItemData", ItemOID=oid, TransactionType="Upsert", **content)
        record = make(item, "AuditRecord")
        make(record, "UserRef", UserOID=audit.user)
        make(record, "LocationRef", LocationOID=self._names.site(site))
        make(record, "DateTimeStamp", clock.utc_text(audit.at))
        if audit.reason:
            make(record, "ReasonForChange", audit.reason)
        make(record, "SourceID", audit.source)

    def _items_of(self, record: FieldRecord) -> Iterator[_Item]:
        """How a field stands at the cut-off; in a Transactional file what the stored rows did not tell."""
        is_told = self._is_audited and bool(record.rows) and _holds(record)
        if not is_told:
            for variable in self._by_field[record.field.code]:
                yield _Item(variable.code, variable.value(record))
        yield _Item(state_code(record.field.code), record.state.value)

    def _stored_items(self, record: HistoryRecord) -> Iterator[_Item]:
        stored, code = record.answer.stored, record.answer.field
        for variable in self._by_field[code]:
            yield _Item(variable.code, _stored_value(variable, stored.value))
        yield _Item(state_code(code), STATE_OF_ROW[stored.state].value)


def _user(record: HistoryRecord) -> str:
    if record.correction is not None:
        return "U.investigator"
    return "U.participant" if record.entered_by == "participant" else "U.staff"


def _reason(record: HistoryRecord) -> str:
    """Of a correction: why it was asked for, and why it was accepted."""
    correction = record.correction
    if correction is None:
        return ""
    words = (correction.reason, correction.why, correction.source, correction.decided_why)
    return "; ".join(filter(None, words))


def _how_it_came(record: HistoryRecord) -> str:
    """What the rows of one step share, by the names of history.csv's columns; no account of anybody's."""
    answer = record.answer
    facts = {
        "instrument_version": record.instrument_version,
        "language": answer.language,
        "wording_sha256": answer.wording_sha256,
        "mode": answer.origin.mode,
        "paper_on": answer.origin.paper_on.isoformat() if answer.origin.paper_on else "",
        "shown_at": clock.utc_text(answer.shown_at) if answer.shown_at else "",
        "device_at": answer.device_at or "",
        "session": f"{answer.session}",
    }
    return "; ".join(f"{name}={fact}" for name, fact in facts.items() if fact)


def _holds(record: FieldRecord) -> bool:
    """Whether the newest stored row says what the field comes to: a condition may have stopped holding."""
    is_stored = record.rows[-1].stored.state is AnswerState.ANSWERED
    return is_stored == (record.state is ItemState.ANSWERED)


def _stored_value(variable: FieldVariable, value: str | None) -> str | None:
    if value is None or variable.choice is None:
        return value
    return "1" if variable.choice.code in value.split(" ") else "0"


def _form_items(visit: VisitRecord, instrument: Instrument, records: list[FieldRecord]) -> Iterator[_Item]:
    for one, value in form_facts(visit, records, clock.utc_text).items():
        yield _Item(form_code(instrument, one), value or None)
    for score in visit.scores.values():
        if score.instrument == instrument.code:
            yield _Item(score.code, score.value)
            yield _Item(f"{score.code}_n", f"{score.n_answered}")


def _step_of(record: HistoryRecord) -> tuple[int, str, str, str]:
    return record.answer.seq, record.participant, record.visit, record.instrument


def _grouped(
    records: Iterable[Record], sections: Mapping[str, str], items_of: Callable[[Record], Iterable[_Item]]
) -> Groups:
    groups: dict[str, list[_Item]] = {}
    for record in records:
        code = record.field.code if isinstance(record, FieldRecord) else record.answer.field
        groups.setdefault(sections[code], []).extend(items_of(record))
    return groups
