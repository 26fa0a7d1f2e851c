"""Sending answers into a REDCap project, and reading back what arrived."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from btb_pro.exports.csv_files import csv_line
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.formats import ExportFormat
from btb_pro.exports.names import Names
from btb_pro.exports.redcap import ACCESS_GROUP, EVENT, form_rows, record_header, record_rows
from btb_pro.exports.redcap_api import RedcapProject, RedcapRefused
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.exporting import ExportOrder, ExportPlan, dataset_of, plan_export, record_run
from btb_pro.services.runtime import Runtime

PUSH = "redcap-push"
"""What the record of exports calls it."""
ROWS_AT_ONCE = 50
_MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class PushSummary:
    """What was sent, as it is told to the one who sent it."""

    cutoff_seq: int
    rows: int
    batches: int
    number: int | None
    """Of the export; None for a dry run."""

    def __str__(self) -> str:
        where = f"up to event {self.cutoff_seq}"
        if self.number is None:
            return f"Would send rows: {self.rows}, {where}, in batches: {self.batches}. Nothing was sent."
        return (
            f"Export {self.number}: sent rows: {self.rows}, {where}, in batches: {self.batches}, "
            f"and read the same back. For what comes later: --since {self.number}"
        )


def push_to_redcap(
    runtime: Runtime, context: Context, order: ExportOrder, *, dry_run: bool = False
) -> PushSummary:
    """Send records in batches, read each batch back and compare every cell, then record the export.

    What REDCap holds already of these fields is overwritten, blanks included; sending again changes nothing.
    A dry run reads the project and compares its fields and events, and writes nothing anywhere.

    Raises:
        RedcapRefused: REDCap cannot be reached, lacks fields or events, refuses, or holds something else than
            what was sent.
        ExportRefused, MappingRefused, CannotBeWritten: as for `take_export`.
    """
    plan = plan_export(runtime, ExportFormat.REDCAP, order)
    names = plan.options.names
    project = RedcapProject(runtime.settings.redcap_url, runtime.settings.redcap_token)
    with dataset_of(runtime, plan) as dataset:
        header = record_header(dataset, names)
        _check_project(project, dataset, names, header)
        if not dry_run:
            _record_begin(runtime, context, dataset)
        digest = hashlib.sha256(csv_line(header))
        rows = batches = 0
        for batch in _batches(record_rows(dataset, names)):
            for row in batch:
                digest.update(csv_line(row))
            if not dry_run:
                _send(project, header, batch)
            rows, batches = rows + len(batch), batches + 1
        number = None if dry_run else _record_end(runtime, context, plan, dataset, digest.hexdigest())
        return PushSummary(dataset.cutoff.seq, rows, batches, number)


def _check_project(project: RedcapProject, dataset: Dataset, names: Names, header: Sequence[str]) -> None:
    """REDCap refuses a whole import for one unknown column: say all of them before anything is sent."""
    record_field = project.record_field()
    if record_field != header[0]:
        raise RedcapRefused(
            f"The project's record id is {record_field}, and ours {header[0]}: name it in the mapping file."
        )
    known = project.columns() | {header[0], EVENT, ACCESS_GROUP}
    lacking = [column for column in header if column not in known]
    if lacking:
        raise RedcapRefused(
            f"The project lacks {_listed(lacking)}: import data_dictionary.csv of `btb-pro export redcap`, "
            "or name its own fields in a mapping file."
        )
    forms = project.forms_of_events()
    asked = {names.visit(code) for code in dataset.filters.visits}
    absent = [
        f"{form} at {event}"
        for _, event, form in form_rows(dataset.study, names)
        if form not in forms.get(event, ()) and (not asked or event in asked)
    ]
    if absent:
        raise RedcapRefused(
            f"The project's events lack {_listed(absent)}: "
            "see events.csv and event_instruments.csv of `btb-pro export redcap`."
        )


def _send(project: RedcapProject, header: Sequence[str], batch: Sequence[Sequence[str]]) -> None:
    project.write(header, batch)
    records = list(dict.fromkeys(row[0] for row in batch))
    fields = [header[0], *dict.fromkeys(column.partition("___")[0] for column in header[2:])]
    held = {(row[header[0]], row[EVENT]): row for row in project.read(records, fields)}
    differing = list(_differing(header, batch, held))
    if differing:
        raise RedcapRefused(
            f"REDCap holds something else than what was sent in {_listed(differing)}: look at these fields' "
            "settings, then send again."
        )


def _differing(
    header: Sequence[str], batch: Sequence[Sequence[str]], held: Mapping[tuple[str, str], Mapping[str, str]]
) -> Iterator[str]:
    for row in batch:
        theirs = held.get((row[0], row[1]))
        for column, cell in zip(header[2:], row[2:], strict=True):
            if column != ACCESS_GROUP and (theirs is None or not _is_same(column, cell, theirs.get(column))):
                yield f"{row[0]} at {row[1]}: {column}"


def _is_same(column: str, ours: str, theirs: str | None) -> bool:
    if theirs is None:
        return False
    if not ours and ("___" in column or column.endswith("_complete")):
        # A box that nobody saw reads as not ticked, a form that is no part of the event as incomplete.
        return theirs in ("", "0")
    # A text may come back with other line ends, and without space around it.
    return _even(ours) == _even(theirs)


def _even(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _record_begin(runtime: Runtime, context: Context, dataset: Dataset) -> None:
    """Before the first row leaves: what was sent and then broke off is known, too."""
    with runtime.database.writing() as session:
        with step(session, context, Tag.EXPORT_PUSH) as event:
            event.change("export", "redcap", "cutoff_seq", None, f"{dataset.cutoff.seq}")
        session.commit()


def _record_end(runtime: Runtime, context: Context, plan: ExportPlan, dataset: Dataset, sha256: str) -> int:
    with runtime.database.writing() as session:
        number = record_run(session, context, plan, PUSH, dataset.cutoff.seq, sha256)
        session.commit()
    return number


def _batches(rows: Iterable[list[str]]) -> Iterator[list[list[str]]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, ROWS_AT_ONCE)):
        yield batch


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_TOLD
    return ", ".join(names[:_MOST_TOLD]) + (f" and {more} more" if more > 0 else "")
