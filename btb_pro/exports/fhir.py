"""A data set as one FHIR R4 Bundle: Questionnaires, QuestionnaireResponses and scores as Observations.

Questionnaires and responses carry what the SDC profiles require: a version-specific canonical, `authored`, a
subject, one item for each linkId. A linkId is a form field's code. An item without an answer carries its
data-absent-reason. The instruments have no codes of LOINC's or SNOMED's: systems are URNs of the study.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from btb_pro import clock
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.fhir_questionnaire import (
    ABSENT_REASON,
    canonical,
    choice_coding,
    field_groups,
    language_tag,
    questionnaire,
    system,
)
from btb_pro.exports.files import WrittenFile, new_file
from btb_pro.exports.forms import form_facts, form_records
from btb_pro.exports.records import FieldRecord, ScoreRecord, VisitRecord, VisitStatus
from btb_pro.exports.writing import WriteOptions
from btb_pro.instruments.answers import ItemState, chosen_codes
from btb_pro.instruments.model import Field, FieldKind, Instrument

BUNDLE_FILE = "bundle.json"
_NAMESPACE = UUID("6f1c2f1e-6d58-4a8e-9a0f-0d6f0c1d7f53")
"""Ours, made once: the same thing has the same id in every export."""
_MODE, _WORDING = "mode", "wording-sha256"
"""Our own extensions, below the study's URN."""

_ABSENT: Mapping[ItemState, str] = {
    ItemState.LEFT_BLANK: "asked-unknown",
    ItemState.DECLINED: "asked-declined",
    ItemState.NOT_REACHED: "not-asked",
    ItemState.NOT_APPLICABLE: "not-applicable",
}
_STATUS: Mapping[VisitStatus, str] = {
    VisitStatus.STARTED: "in-progress",
    VisitStatus.SUBMITTED: "completed",
    VisitStatus.EXPIRED: "stopped",
}
Resource = dict[str, Any]


def write_fhir_bundle(dataset: Dataset, folder: Path, options: WriteOptions) -> tuple[WrittenFile, ...]:
    """Write the bundle, an entry a line. Its rows are its entries.

    Raises:
        OSError: the folder cannot be written, or is full.
    """
    head = {"resourceType": "Bundle", "type": "collection", "timestamp": clock.utc_text(dataset.cutoff.at)}
    head["id"] = f"{_uuid(dataset, 'bundle', f'{dataset.cutoff.seq}')}"
    count = 0
    with new_file(folder / BUNDLE_FILE) as file:
        file.write(_json(head)[:-1] + b',"entry":[\n')
        for full_url, resource in _entries(dataset, options.labels):
            file.write((b",\n" if count else b"") + _json({"fullUrl": full_url, "resource": resource}))
            count += 1
        file.write(b"\n]}\n" if count else b"]}\n")
        return (file.finish(count),)


def _entries(dataset: Dataset, language: str) -> Iterator[tuple[str, Resource]]:
    study = dataset.study
    for instrument in dataset.variables.instruments:
        yield canonical(study, instrument), questionnaire(study, instrument, language)
    for visit in dataset.visits():
        for instrument in dataset.variables.instruments:
            records = form_records(visit, instrument)
            if records:
                response = _response(dataset, visit, instrument, records)
                yield f"urn:uuid:{response['id']}", response
                for score in visit.scores.values():
                    if score.instrument == instrument.code:
                        observation = _observation(dataset, visit, score, response)
                        yield f"urn:uuid:{observation['id']}", observation


def _response(
    dataset: Dataset, visit: VisitRecord, instrument: Instrument, records: Sequence[FieldRecord]
) -> Resource:
    facts = form_facts(visit, records, clock.utc_text)
    newest = max((row.received_at for record in records for row in record.rows), default=None)
    authored = visit.submitted_at or newest or visit.started_at or dataset.cutoff.at
    answered_in = facts["version"]
    response: Resource = {
        "resourceType": "QuestionnaireResponse",
        "id": f"{_uuid(dataset, 'response', visit.participant, visit.visit, instrument.code)}",
        "extension": list(_extensions(dataset, facts)),
        "identifier": _identifier(dataset, "response", visit, instrument.code),
        "questionnaire": f"{canonical(dataset.study, instrument)}|{answered_in}",
        "status": _status(visit, records),
        "subject": _subject(dataset, visit),
        "encounter": {
            "type": "Encounter",
            "identifier": {"system": system(dataset.study, "visit"), "value": visit.visit},
        },
        "authored": clock.utc_text(authored),
        "item": _items(dataset, instrument, {record.field.code: record for record in records}),
    }
    if facts["lang"]:
        response["language"] = language_tag(facts["lang"])
    return {name: value for name, value in response.items() if value != []}


def _status(visit: VisitRecord, records: Sequence[FieldRecord]) -> str:
    is_amended = any(row.is_correction for record in records for row in record.rows)
    return "amended" if is_amended else _STATUS[visit.status]


def _extensions(dataset: Dataset, facts: Mapping[str, str]) -> Iterator[Resource]:
    for name, value in ((_MODE, facts["mode"]), (_WORDING, facts["wording"])):
        if value:
            yield {"url": system(dataset.study, name), "valueString": value}


def _subject(dataset: Dataset, visit: VisitRecord) -> Resource:
    identifier = {"system": system(dataset.study, "participant"), "value": visit.participant}
    return {"type": "ResearchSubject", "identifier": identifier}


def _identifier(dataset: Dataset, kind: str, visit: VisitRecord, code: str) -> Resource:
    return {"system": system(dataset.study, kind), "value": f"{visit.participant}/{visit.visit}/{code}"}


def _items(dataset: Dataset, instrument: Instrument, records: Mapping[str, FieldRecord]) -> list[Resource]:
    """The answers in the shape of the questionnaire: sections, items of several fields, fields."""
    make = partial(_answered, dataset, instrument)
    sections = []
    for section_id, parts in field_groups(instrument):
        below: list[Resource] = []
        for group_id, fields in parts:
            items = [make(records[field.code]) for field in fields if field.code in records]
            if group_id is None:
                below += items
            elif items:
                below.append({"linkId": group_id, "item": items})
        if below:
            sections.append({"linkId": section_id, "item": below})
    return sections


def _answered(dataset: Dataset, instrument: Instrument, record: FieldRecord) -> Resource:
    item: Resource = {"linkId": record.field.code}
    if record.state is ItemState.ANSWERED and record.value is not None:
        return item | {"answer": list(_answers(dataset, instrument, record.field, record.value))}
    return item | {"extension": [{"url": ABSENT_REASON, "valueCode": _ABSENT[record.state]}]}


def _answers(dataset: Dataset, instrument: Instrument, field: Field, value: str) -> Iterator[Resource]:
    match field.kind:
        case FieldKind.INTEGER:
            yield {"valueInteger": int(value)}
        case FieldKind.TEXT:
            yield {"valueString": value}
        case FieldKind.CODE | FieldKind.CODES:
            for code in chosen_codes(value):
                yield {"valueCoding": choice_coding(dataset.study, field, code)}


def _observation(dataset: Dataset, visit: VisitRecord, score: ScoreRecord, response: Resource) -> Resource:
    coding = {"system": system(dataset.study, "score"), "code": score.code, "version": score.rule_version}
    observation: Resource = {
        "resourceType": "Observation",
        "id": f"{_uuid(dataset, 'score', visit.participant, visit.visit, score.code)}",
        "identifier": [_identifier(dataset, "score", visit, score.code)],
        "status": "final",
        "code": {"coding": [coding]},
        "subject": _subject(dataset, visit),
        "effectiveDateTime": response["authored"],
        "issued": clock.utc_text(score.computed_at),
        "derivedFrom": [{"reference": f"urn:uuid:{response['id']}"}],
    }
    if score.value is None:
        observation["dataAbsentReason"] = {"text": score.reason}
    else:
        observation["valueQuantity"] = {"value": _decimal(score.value)}
    return observation


def _decimal(text: str) -> int | float:
    """A score's value; FHIR knows one kind of number, and a whole one needs no point."""
    return float(text) if "." in text else int(text)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _uuid(dataset: Dataset, *parts: str) -> UUID:
    return uuid5(_NAMESPACE, "\n".join((dataset.study.code, *parts)))
