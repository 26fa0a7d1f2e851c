"""Every format read back by a program that is not ours, each into the same shape as what the store holds."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import odmlib.loader
import odmlib.odm_loader
import openpyxl
import pandas
import pyreadstat
from fhir.resources.R4B.bundle import Bundle

from btb_pro.exports.dataset import Dataset
from btb_pro.exports.formats import ExportFormat
from btb_pro.exports.records import CutOff
from btb_pro.exports.variables import FieldVariable
from tests.integration.export_world import ExportWorld

TABLES = (
    "visits.csv",
    "responses.csv",
    "wide.csv",
    "long.csv",
    "history.csv",
    "scores.csv",
    "score_history.csv",
    "corrections.csv",
    "late_saves.csv",
    "codebook.csv",
)
"""What an export as CSV holds beside the manifest and what reads it in."""

Key = tuple[str, str, str]
"""Study number, visit, variable."""


@dataclass
class Content:
    """What a file, or the store, says."""

    values: dict[Key, tuple[str, str]] = field(default_factory=dict)
    """The state of each answer and its value, empty unless it is answered."""
    scores: dict[Key, str] = field(default_factory=dict)
    """Each score that was computed, without zeros at its end."""


def stored(world: ExportWorld, cutoff_seq: int) -> Content:
    """What the store holds up to an event."""
    content = Content()
    with world.runtime.database.reading() as session:
        cutoff = CutOff(cutoff_seq, world.now, "")
        dataset = Dataset(session, world.runtime.study, world.runtime.instruments, cutoff)
        by_field = dataset.variables.by_field()
        for visit in dataset.visits():
            where = (visit.participant, visit.visit)
            for code, record in visit.fields.items():
                for variable in by_field[code]:
                    content.values[*where, variable.code] = (record.state.value, variable.value(record) or "")
            for code, score in visit.scores.items():
                if score.value is not None:
                    content.scores[*where, code] = number(score.value)
    return content


def number(text: str) -> str:
    """A decimal number in one way of writing."""
    return f"{float(text):.4f}"


def variables_of(world: ExportWorld) -> Mapping[str, FieldVariable]:
    """Every variable of answers by its code."""
    with world.runtime.database.reading() as session:
        dataset = Dataset(session, world.runtime.study, world.runtime.instruments, CutOff(1, world.now, ""))
        return {variable.code: variable for variable in dataset.variables.fields}


def score_codes(world: ExportWorld) -> list[str]:
    """Every score of the study's instruments."""
    return [score.code for one in world.runtime.instruments.values() for score in one.scores]


def _from_tables(long: Iterator[Mapping[str, str]], scores: Iterator[Mapping[str, str]]) -> Content:
    content = Content()
    for row in long:
        content.values[row["participant"], row["visit"], row["item"]] = (row["state"], row["value"])
    for row in scores:
        if row["value"]:
            key = (row["participant"], row["visit"], row["score"])
            content.scores[key] = number(row["value"])
    return content


def read_csv(folder: Path, world: ExportWorld) -> Content:
    """Python's csv module."""

    def rows(name: str) -> Iterator[Mapping[str, str]]:
        with open(folder / name, encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file, strict=True)

    return _from_tables(rows("long.csv"), rows("scores.csv"))


def read_pandas(folder: Path) -> Content:
    """pandas, told that every cell is a text."""

    def rows(name: str) -> Iterator[Mapping[str, str]]:
        yield from pandas.read_csv(folder / name, dtype=str, keep_default_na=False).to_dict("records")

    return _from_tables(rows("long.csv"), rows("scores.csv"))


def read_excel_csv(folder: Path, world: ExportWorld) -> Content:
    """Python's csv module, told of semicolons; the apostrophe that guards a text is taken away."""

    def rows(name: str) -> Iterator[Mapping[str, str]]:
        with open(folder / name, encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file, strict=True, delimiter=";"):
                yield {key: cell.removeprefix("'") for key, cell in row.items()}

    def points(rows: Iterator[Mapping[str, str]]) -> Iterator[Mapping[str, str]]:
        for row in rows:
            yield {**row, "value": row["value"].replace(",", ".")}

    return _from_tables(rows("long.csv"), points(rows("scores.csv")))


def read_workbook(folder: Path, world: ExportWorld) -> Content:
    """openpyxl; what cannot stand in XML is written as ECMA-376 says of ST_Xstring."""
    book = openpyxl.load_workbook(folder / "export.xlsx", read_only=True)

    def rows(name: str) -> Iterator[Mapping[str, str]]:
        header: list[str] = []
        for line in book[name].iter_rows(values_only=True):
            cells = [_plain(cell) for cell in line]
            if header:
                yield dict(zip(header, cells, strict=False)) | dict.fromkeys(header[len(cells) :], "")
            else:
                header = cells

    content = _from_tables(rows("long"), rows("scores"))
    book.close()
    return content


def read_redcap(folder: Path, world: ExportWorld) -> Content:
    """Python's csv module; blanks are explained by the companion of each field."""
    content = Content()
    variables, scores = variables_of(world), score_codes(world)
    with open(folder / "records.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            where = (row["record_id"], row["redcap_event_name"].removesuffix("_arm_1"))
            for code, variable in variables.items():
                if row[f"{variable.field.code}_st"]:
                    content.values[*where, code] = (row[f"{variable.field.code}_st"], row[code])
            for code in scores:
                if row[code]:
                    content.scores[*where, code] = number(row[code])
    return content


def read_odm(folder: Path, world: ExportWorld) -> Content:
    """odmlib; what comes later in the file takes the place of what came before."""
    items: dict[Key, str | None] = {}
    for subject, event, item in odm_items(folder / "odm.xml"):
        where = (subject, event.removeprefix("SE."), item.ItemOID.removeprefix("I."))
        items[where] = None if item.IsNull == "Yes" else item.Value
    content = Content()
    variables, scores = variables_of(world), set(score_codes(world))
    for (subject, event, code), value in items.items():
        if code in variables:
            state = items[subject, event, f"{variables[code].field.code}_st"]
            assert state is not None
            content.values[subject, event, code] = (state, value or "")
        elif code in scores and value is not None:
            content.scores[subject, event, code] = number(value)
    return content


def odm_groups(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Subject, event and group of every ItemGroupData, as odmlib reads them."""
    loader = odmlib.loader.ODMLoader(odmlib.odm_loader.XMLODMLoader())
    loader.open_odm_document(f"{path}")
    for subject in loader.root().ClinicalData[0].SubjectData:
        for event in subject.StudyEventData:
            for form in event.FormData:
                for group in form.ItemGroupData:
                    yield subject.SubjectKey, event.StudyEventOID, group


def odm_items(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Subject, event and item of every ItemData, as odmlib reads them."""
    for subject, event, group in odm_groups(path):
        for item in group.ItemData:
            yield subject, event, item


def fhir_entries(folder: Path) -> list[Any]:
    """The bundle's resources by the model library, as R4B."""
    text = (folder / "bundle.json").read_text(encoding="utf-8")
    return [entry.resource for entry in Bundle.model_validate_json(text).entry or ()]


def read_fhir(folder: Path, world: ExportWorld) -> Content:
    """fhir.resources."""
    content = Content()
    variables = variables_of(world)
    for resource in fhir_entries(folder):
        if resource.get_resource_type() == "QuestionnaireResponse":
            participant, visit, _ = resource.identifier.value.split("/")
            for code, (state, values) in fhir_answers(resource.item).items():
                for variable in (one for one in variables.values() if one.field.code == code):
                    value = " ".join(values)
                    if variable.choice is not None and state == "answered":
                        value = str(int(variable.choice.code in values))
                    content.values[participant, visit, variable.code] = (state, value)
        if resource.get_resource_type() == "Observation" and resource.valueQuantity is not None:
            participant, visit, score = resource.identifier[0].value.split("/")
            content.scores[participant, visit, score] = number(str(resource.valueQuantity.value))
    return content


ABSENT = {
    "asked-unknown": "left_blank",
    "asked-declined": "declined",
    "not-asked": "not_reached",
    "not-applicable": "not_applicable",
}


def fhir_answers(items: Any) -> dict[str, tuple[str, list[str]]]:
    """The state and the values of each linkId."""
    found: dict[str, tuple[str, list[str]]] = {}
    for item in items or ():
        if item.item:
            found |= fhir_answers(item.item)
        elif item.answer:
            values = [
                one.valueCoding.code
                if one.valueCoding
                else str(one.valueString or one.valueInteger)
                if one.valueInteger is None
                else str(one.valueInteger)
                for one in item.answer
            ]
            found[item.linkId] = ("answered", values)
        else:
            found[item.linkId] = (ABSENT[item.extension[0].valueCode], [])
    return found


def read_spss(folder: Path, world: ExportWorld) -> Content:
    """pyreadstat, which leaves declared missing values as they are when it is told to."""
    frame, _ = pyreadstat.read_sav(folder / "wide.sav", user_missing=True)
    return _from_frame(frame, world, MISSING)


def read_stata(folder: Path, world: ExportWorld) -> Content:
    """pyreadstat, the same."""
    frame, _ = pyreadstat.read_dta(folder / "wide.dta", user_missing=True)
    states = {"a": "left_blank", "b": "declined", "c": "not_reached", "d": "not_applicable"}
    return _from_frame(frame, world, states)


MISSING = {-9.0: "left_blank", -8.0: "declined", -7.0: "not_reached", -6.0: "not_applicable"}


def _from_frame(frame: Any, world: ExportWorld, states: Mapping[Any, str]) -> Content:
    content = Content()
    variables, scores = variables_of(world), score_codes(world)
    for row in frame.to_dict("records"):
        where = (row["participant"], row["visit"])
        for code, variable in variables.items():
            cell = row[code]
            if variable.field.kind == "text":
                state = row[f"{code}_st"]
                if state == state:
                    content.values[*where, code] = ({0.0: "answered", **MISSING}[state], cell)
            elif cell in states:
                content.values[*where, code] = (states[cell], "")
            elif cell == cell and cell is not None:
                content.values[*where, code] = ("answered", f"{cell:.0f}")
        for code in scores:
            if row[code] == row[code]:
                content.scores[*where, code] = number(str(row[code]))
    return content


def _plain(cell: Any) -> str:
    assert cell is None or isinstance(cell, str)
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), cell or "")


READERS: Mapping[ExportFormat, Callable[[Path, ExportWorld], Content]] = {
    ExportFormat.CSV: read_csv,
    ExportFormat.CSV_EXCEL: read_excel_csv,
    ExportFormat.XLSX: read_workbook,
    ExportFormat.REDCAP: read_redcap,
    ExportFormat.ODM: read_odm,
    ExportFormat.ODM_TRANSACTIONAL: read_odm,
    ExportFormat.FHIR: read_fhir,
    ExportFormat.SPSS: read_spss,
    ExportFormat.STATA: read_stata,
}
