"""Taking files out, and keeping on record who took which."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.files import write_file
from btb_pro.exports.folder import FolderInTheMaking, FolderTaken, new_folder
from btb_pro.exports.formats import FORMATS, ExportFormat
from btb_pro.exports.manifest import manifest_bytes
from btb_pro.exports.mapping import read_mapping
from btb_pro.exports.names import default_names
from btb_pro.exports.proof import MANIFEST
from btb_pro.exports.records import CutOff, Filters
from btb_pro.exports.variables import study_variables
from btb_pro.exports.watched import Watch, WatchedDataset
from btb_pro.exports.writing import WriteOptions
from btb_pro.i18n import LANGUAGES
from btb_pro.models.base import canonical_json
from btb_pro.models.job import ExportRun
from btb_pro.services.audit import APP_VERSION, Context, Tag, step
from btb_pro.services.cut_offs import ExportRefused, cutoff_at, find_cutoff
from btb_pro.services.runtime import Runtime
from btb_pro.study import Study

__all__ = [
    "ExportOrder",
    "ExportPlan",
    "ExportRefused",
    "ExportSummary",
    "dataset_of",
    "plan_export",
    "record_run",
    "take_csv_export",
    "take_export",
]


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What is asked for. Empty means all."""

    visits: Sequence[str] = ()
    sites: Sequence[str] = ()
    until: str | None = None
    """The number of an audit event or an ISO 8601 instant with its offset; without it the cut-off is the last
    event that is not itself an export, so that a second export in a row gives the same bytes.
    """
    since: int | None = None
    """The number of an earlier export: only what came or changed after its cut-off."""
    submitted_only: bool = False
    language: str | None = None
    """Of labels and code book; without it the study's first for labels, and a code book in all."""
    mapping: bytes | None = None
    """A mapping file's content."""


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What was taken out, as it is told to the one who took it."""

    number: int
    folder: Path
    cutoff_seq: int
    cutoff_at: datetime
    rows: Mapping[str, int]
    """Rows of each file, without the header, by the file's name."""
    manifest_sha256: str
    since: int | None = None

    def __str__(self) -> str:
        files = "\n".join(f"  {name}: {count} rows" for name, count in self.rows.items())
        what = "everything" if self.since is None else f"what is new since export {self.since}"
        return (
            f"Export {self.number}: took {what} up to event {self.cutoff_seq} "
            f"({clock.utc_text(self.cutoff_at)}) into {self.folder}:\n{files}\n"
            f"  {MANIFEST}: SHA-256 {self.manifest_sha256}\n"
            f"For the same bytes again: --until {self.cutoff_seq}. For what comes later: "
            f"--since {self.number}"
        )


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """An order, read and found sound."""

    file_format: ExportFormat
    filters: Filters
    options: WriteOptions
    until: str | None
    since: int | None

    @property
    def as_json(self) -> str:
        """What the record of the export keeps of it."""
        mapping = self.options.names.source
        options = _filter_options(self.filters) | {
            "since": self.since,
            "labels": self.options.labels,
            "codebook": list(self.options.codebook),
            "mapping_sha256": None if mapping is None else sha256(mapping).hexdigest(),
        }
        return canonical_json(options)


def take_export(
    runtime: Runtime, context: Context, file_format: ExportFormat, out: Path, order: ExportOrder
) -> ExportSummary:
    """Write an export's files and a manifest into a new folder, and record that.

    Raises:
        ExportRefused: an unknown visit, site, language or earlier export, a cut-off that is none or lies
            ahead, a folder that holds something, cannot be made or is full.
        MappingRefused: the mapping file does not fit.
        CannotBeWritten: the format has no room for what is stored, or its library is not installed.
    """
    plan = plan_export(runtime, file_format, order)
    try:
        with new_folder(out) as folder:
            return _take(runtime, context, folder, out, plan)
    except FolderTaken as error:
        raise ExportRefused(f"{out} holds something already: name a folder that is new or empty.") from error
    except OSError as error:
        raise ExportRefused(
            f"The export cannot be written to {out} ({error.strerror or error}): nothing was left there. "
            "Name a folder in a place that can be written and has room."
        ) from error


def take_csv_export(
    runtime: Runtime,
    context: Context,
    out: Path,
    *,
    visits: Sequence[str] = (),
    sites: Sequence[str] = (),
    until: str | None = None,
    submitted_only: bool = False,
) -> ExportSummary:
    """`take_export` as CSV files under our own names."""
    order = ExportOrder(visits, sites, until, submitted_only=submitted_only)
    return take_export(runtime, context, ExportFormat.CSV, out, order)


def _take(
    runtime: Runtime, context: Context, folder: FolderInTheMaking, out: Path, plan: ExportPlan
) -> ExportSummary:
    with dataset_of(runtime, plan) as dataset:
        files = FORMATS[plan.file_format].write(dataset, folder.path, plan.options)
    manifest = manifest_bytes(dataset, plan.file_format.value, files, plan.options, APP_VERSION)
    write_file(folder.path / MANIFEST, manifest)
    return _record_and_publish(
        runtime,
        context,
        folder,
        plan,
        ExportSummary(
            number=0,
            folder=out,
            cutoff_seq=dataset.cutoff.seq,
            cutoff_at=dataset.cutoff.at,
            rows={file.name: file.rows for file in files},
            manifest_sha256=sha256(manifest).hexdigest(),
            since=plan.since,
        ),
        manifest,
    )


@contextmanager
def dataset_of(runtime: Runtime, plan: ExportPlan, watch: Watch | None = None) -> Iterator[Dataset]:
    """The data set that a plan asks for, open for reading; `watch` is told how far it was read.

    Raises:
        ExportRefused: the cut-off is none or lies ahead, or the earlier export is none or lies after it.
    """
    with runtime.database.writing() as session:
        since = None if plan.since is None else _find_earlier(session, plan.since, plan.filters)
        cutoff = find_cutoff(session, plan.until)
    if since is not None and cutoff.seq < since.seq:
        raise ExportRefused(
            f"Export {plan.since} read up to event {since.seq}, which is after event {cutoff.seq}: "
            "name a later end, or an earlier export."
        )
    with runtime.database.reading() as session:
        of = (session, runtime.study, runtime.instruments, cutoff, plan.filters, since)
        yield Dataset(*of) if watch is None else WatchedDataset(*of, watch=watch)


def plan_export(runtime: Runtime, file_format: ExportFormat, order: ExportOrder) -> ExportPlan:
    """Read an order for one format. Raises ExportRefused and MappingRefused, as `take_export` does."""
    study, rules = runtime.study, FORMATS[file_format]
    if order.language is not None and order.language not in study.languages:
        raise ExportRefused(
            f"{order.language!r} is no language of this study: use one of {', '.join(study.languages)}."
        )
    if order.mapping is not None and not rules.takes_mapping:
        raise ExportRefused(f"An export as {file_format} goes by our own names: leave the mapping out.")
    variables = study_variables(study, runtime.instruments)
    names = default_names(rules.target, study, variables)
    if order.mapping is not None:
        names = read_mapping(order.mapping, names, variables)
    return ExportPlan(
        file_format=file_format,
        filters=_filters(study, order.visits, order.sites, order.submitted_only),
        options=WriteOptions(
            labels=order.language or study.languages[0],
            codebook=LANGUAGES if order.language is None else (order.language,),
            names=names,
        ),
        until=order.until,
        since=order.since,
    )


def _find_earlier(session: Session, number: int, filters: Filters) -> CutOff:
    """The cut-off of an earlier export of the same visits and sites: only so is there no gap, no double."""
    run = session.get(ExportRun, number)
    if run is None:
        raise ExportRefused(f"There is no export {number}: each export tells its number when it is taken.")
    earlier = json.loads(run.options)
    if {name: earlier[name] for name in _filter_options(filters)} != _filter_options(filters):
        raise ExportRefused(
            f"Export {number} was taken with other visits, sites or --submitted-only: ask for the same ones, "
            "or what it left out would be missing."
        )
    return cutoff_at(session, run.cutoff_seq)


def _filters(study: Study, visits: Sequence[str], sites: Sequence[str], submitted_only: bool) -> Filters:
    known = (
        ("visit", visits, [visit.code for visit in study.visits]),
        ("site", sites, [site.code for site in study.sites]),
    )
    for kind, asked, codes in known:
        for code in asked:
            if code not in codes:
                raise ExportRefused(f"{code!r} is no {kind} of this study: use one of {', '.join(codes)}.")
    return Filters(
        visits=tuple(visit.code for visit in study.visits if visit.code in visits),
        sites=tuple(site.code for site in study.sites if site.code in sites),
        submitted_only=submitted_only,
    )


def _record_and_publish(
    runtime: Runtime,
    context: Context,
    folder: FolderInTheMaking,
    plan: ExportPlan,
    summary: ExportSummary,
    manifest: bytes,
) -> ExportSummary:
    """Files first, then the record: a record without files would be worse than the other way round."""
    with runtime.database.writing() as session:
        number = record_run(
            session,
            context,
            plan,
            plan.file_format.value,
            summary.cutoff_seq,
            summary.manifest_sha256,
            manifest,
        )
        with ExitStack() as undo:
            folder.publish()
            undo.callback(folder.withdraw)
            session.commit()
            undo.pop_all()
    return replace(summary, number=number)


def record_run(
    session: Session,
    context: Context,
    plan: ExportPlan,
    file_format: str,
    cutoff_seq: int,
    manifest_sha256: str,
    manifest: bytes | None = None,
    more: Mapping[str, object] | None = None,
) -> int:
    """Keep on record who took what; the export's number. `more` is asked for beside what the plan says."""
    with step(session, context, Tag.EXPORT_TAKE) as event:
        run = ExportRun(
            format=file_format,
            cutoff_seq=cutoff_seq,
            options=plan.as_json if more is None else canonical_json(json.loads(plan.as_json) | dict(more)),
            manifest_sha256=manifest_sha256,
            manifest=None if manifest is None else manifest.decode(),
            taken_by=context.actor.name,
            taken_at=event.at,
            event_seq=event.seq,
        )
        session.add(run)
        session.flush()
        for name, value in (
            ("format", run.format),
            ("cutoff_seq", f"{run.cutoff_seq}"),
            ("options", run.options),
            ("manifest_sha256", run.manifest_sha256),
        ):
            event.change("export", f"{run.id}", name, None, value)
        return run.id


def _filter_options(filters: Filters) -> dict[str, object]:
    return {
        "visits": list(filters.visits),
        "sites": list(filters.sites),
        "submitted_only": filters.submitted_only,
    }
