"""How good the answers are: counted once in a while by a job, and read from what it counted.

Counted from the same data set as the exports, so that "left blank" here is "left blank" there. Kept by
hospital and visit, so that a reader sees the sum over the own hospitals; times as numbers in bins, since
medians do not add up. Only visits that are sent in count.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from btb_pro import clock
from btb_pro.exports.formats import ExportFormat
from btb_pro.exports.records import VisitRecord
from btb_pro.exports.watched import Watch
from btb_pro.instruments.model import FieldKind, Instrument
from btb_pro.instruments.paging import Page, pages_of
from btb_pro.models.correction import PaperEntry
from btb_pro.models.participant import Participant, Visit
from btb_pro.services.exporting import ExportOrder, dataset_of, plan_export
from btb_pro.services.manner import manner_of
from btb_pro.services.page_times import page_times
from btb_pro.services.quality_report import LONGER, SECONDS, Counts
from btb_pro.services.runtime import Runtime
from btb_pro.services.worth_a_look import Look
from btb_pro.study import Study, is_after_visit, is_late, sections_asked

_SAME_SCALE = 5
"""Least number of questions with the same choices that are looked at for the same answer all along."""
_LEFT_OUT = "hscl_total"
"""The score of which is told how many questions were left out."""


class _Cell(Counts):
    """What is counted of one visit of the study file at one hospital."""

    def as_json(self) -> Mapping[str, Any]:
        """In types that JSON has."""
        return {
            "submitted": self.submitted,
            "late": self.late,
            "after": self.after,
            "states": {code: dict(one) for code, one in self.states.items()},
            "straight": {code: dict(one) for code, one in self.straight.items()},
            "seconds": {page: dict(one) for page, one in self.seconds.items()},
            "left_out": dict(self.left_out),
            "not_scored": self.not_scored,
        }


def count_quality(runtime: Runtime, watch: Watch) -> Mapping[str, Any]:
    """Count all hospitals and visits. Raises whatever `watch` raises, and ExportRefused in an empty study."""
    plan = plan_export(runtime, ExportFormat.CSV, ExportOrder(submitted_only=True))
    cells: dict[tuple[str, str], _Cell] = {}
    looks: list[Mapping[str, object]] = []
    with dataset_of(runtime, plan, watch) as dataset:
        counter = _Counter(runtime.study, runtime.instruments)
        for visit in dataset.visits():
            counter.add(cells.setdefault((visit.site, visit.visit), _Cell()), visit)
            look = counter.look_at(visit)
            if look is not None:
                looks.append(look.as_json)
        cutoff = dataset.cutoff
    _count_times(runtime, cutoff.seq, cells)
    return {
        "cutoff": cutoff.seq,
        "at": clock.utc_text(cutoff.at),
        "counted_at": clock.utc_text(clock.now()),
        "cells": [
            {"site": site, "visit": visit, **cell.as_json()} for (site, visit), cell in sorted(cells.items())
        ],
        "looks": looks,
    }


class _Counter:
    """Adds visits to cells."""

    def __init__(self, study: Study, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments
        self._pages = {visit.code: pages_by_field(study, instruments, visit.code) for visit in study.visits}
        self._questions = {
            visit.code: questions_by_field(study, instruments, visit.code) for visit in study.visits
        }
        self._scales = {code: _scale(instrument) for code, instrument in instruments.items()}

    def add(self, cell: _Cell, visit: VisitRecord) -> None:
        """Count one visit that was sent in."""
        cell.submitted += 1
        for code, record in visit.fields.items():
            cell.states.setdefault(code, Counter())[record.state.value] += 1
        for instrument, fields in self._scales.items():
            if fields:
                self._add_scale(cell, visit, instrument, fields)
        for page, time in page_times(visit, self._pages.get(visit.visit, {})).items():
            cell.seconds.setdefault(page, Counter())[bin_of(time.seconds)] += 1
        score = visit.scores.get(_LEFT_OUT)
        if score is not None:
            cell.left_out[str(score.n_items - score.n_answered)] += 1
            cell.not_scored += score.value is None

    def look_at(self, visit: VisitRecord) -> Look | None:
        """The visit, if how it was answered is worth a look."""
        code = visit.visit
        manner = manner_of(visit, self._pages.get(code, {}), self._questions.get(code, {}))
        return Look(visit.participant, visit.site, code, manner) if manner.reasons else None

    def _add_scale(self, cell: _Cell, visit: VisitRecord, instrument: str, fields: Sequence[str]) -> None:
        values = [visit.fields[code].value for code in fields if code in visit.fields]
        if len(values) < len(fields) or None in values:
            return
        counted = cell.straight.setdefault(instrument, Counter())
        counted["looked"] += 1
        if len(set(values)) == 1:
            field = next(one for one in self._instruments[instrument].fields if one.code == fields[0])
            counted["lowest" if values[0] == field.choices[0].code else "other"] += 1


def pages_by_field(study: Study, instruments: Mapping[str, Instrument], visit: str) -> Mapping[str, str]:
    """Form field to the page that asks for it at a visit: ``<instrument>/<first question's code>``."""
    return {
        field.code: page_key(page)
        for page in pages_of_visit(study, instruments, visit)
        for item in page.items
        for field in item.fields
    }


def questions_by_field(study: Study, instruments: Mapping[str, Instrument], visit: str) -> Mapping[str, str]:
    """Form field to its question at a visit: ``<instrument>/<question's code>``."""
    return {
        field.code: f"{page.instrument.code}/{item.code}"
        for page in pages_of_visit(study, instruments, visit)
        for item in page.items
        for field in item.fields
    }


def pages_of_visit(study: Study, instruments: Mapping[str, Instrument], visit: str) -> Sequence[Page]:
    """The pages of a visit, in order."""
    asked = sections_asked(study.visit(visit).parts)
    return pages_of([(instruments[code], sections) for code, sections in asked.items()])


def page_key(page: Page) -> str:
    """What a page is counted under, whichever number it has at a visit."""
    return f"{page.instrument.code}/{page.items[0].code}"


def bin_of(seconds: float) -> str:
    """The bin that a time falls into: its upper end, or ``more``."""
    return next((str(end) for end in SECONDS if seconds <= end), LONGER)


def _scale(instrument: Instrument) -> Sequence[str]:
    """The form fields of the most questions that share their choices; none where they are few."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for one in instrument.fields:
        if one.kind is FieldKind.CODE and one.when is None:
            groups.setdefault(tuple(choice.code for choice in one.choices), []).append(one.code)
    longest = max(groups.values(), key=len, default=[])
    return longest if len(longest) >= _SAME_SCALE else []


def _count_times(runtime: Runtime, cutoff: int, cells: Mapping[tuple[str, str], _Cell]) -> None:
    """How many came late, and how many after the visit began, by the visits' days as they are now."""
    query = (
        select(
            Participant.site_code,
            Visit.code,
            Visit.submitted_at,
            Visit.closes_at,
            Visit.begins_at,
            Visit.planned_on,
            PaperEntry.paper_on,
        )
        .join(Participant, Participant.id == Visit.participant_id)
        .outerjoin(PaperEntry, (PaperEntry.visit_id == Visit.id) & (PaperEntry.end_reason == "done"))
        .where(Visit.submitted_seq <= cutoff)
        .execution_options(yield_per=2000)
    )
    with runtime.database.reading() as session:
        for site, visit, submitted_at, closes_at, begins_at, planned_on, paper_on in session.execute(query):
            cell = cells.get((site, visit))
            if cell is not None:
                cell.late += is_late(submitted_at, closes_at, paper_on)
                cell.after += is_after_visit(submitted_at, begins_at, planned_on, paper_on)
