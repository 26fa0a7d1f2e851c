"""Taking files out, and keeping on record who took which."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.exports.csv_files import WrittenFile, write_csv_files, write_file
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.folder import FolderInTheMaking, FolderTaken, new_folder
from btb_pro.exports.manifest import MANIFEST, manifest_bytes
from btb_pro.exports.records import CutOff, Filters
from btb_pro.models.audit_event import AuditEvent
from btb_pro.models.audit_head import AuditHead
from btb_pro.models.export_run import ExportRun
from btb_pro.refusals import PlainRefusal
from btb_pro.services.audit import APP_VERSION, Context, Tag, canonical_json, step
from btb_pro.services.runtime import Runtime
from btb_pro.study import Study

Writer = Callable[[Dataset, Path], tuple[WrittenFile, ...]]
"""A format: writes a data set's files into a folder."""


class ExportRefused(PlainRefusal):
    """An export cannot be taken as asked; no file was left. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What was taken out, as it is told to the one who took it."""

    folder: Path
    cutoff_seq: int
    cutoff_at: datetime
    rows: Mapping[str, int]
    """Rows of each file, without the header, by the file's name."""
    manifest_sha256: str

    def __str__(self) -> str:
        files = "\n".join(f"  {name}: {count} rows" for name, count in self.rows.items())
        return (
            f"Took everything up to event {self.cutoff_seq} ({clock.utc_text(self.cutoff_at)}) "
            f"into {self.folder}:\n{files}\n  {MANIFEST}: SHA-256 {self.manifest_sha256}\n"
            f"For the same bytes again: --until {self.cutoff_seq}"
        )


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
    """Write wide, long, history, scores, code book and manifest into a new folder, and record that.

    `until` is the number of an audit event or an ISO 8601 instant with its offset; without it the cut-off is
    the last event that is not itself an export, so that a second export in a row gives the same bytes.

    Raises:
        ExportRefused: an unknown visit or site, a cut-off that is none or lies ahead, a folder that holds
            something, cannot be made or is full.
    """
    filters = _filters(runtime.study, visits, sites, submitted_only)
    return _take(runtime, context, out, "csv", write_csv_files, filters, until)


def _take(
    runtime: Runtime,
    context: Context,
    out: Path,
    file_format: str,
    write: Writer,
    filters: Filters,
    until: str | None,
) -> ExportSummary:
    try:
        with new_folder(out) as folder:
            with runtime.database.writing() as session:
                cutoff = _find_cutoff(session, until)
            with runtime.database.reading() as session:
                dataset = Dataset(session, runtime.study, runtime.instruments, cutoff, filters)
                files = write(dataset, folder.path)
            manifest = manifest_bytes(dataset, file_format, files, APP_VERSION)
            write_file(folder.path / MANIFEST, manifest)
            summary = ExportSummary(
                folder=out,
                cutoff_seq=cutoff.seq,
                cutoff_at=cutoff.at,
                rows={file.name: file.rows for file in files},
                manifest_sha256=sha256(manifest).hexdigest(),
            )
            _record_and_publish(runtime, context, folder, file_format, filters, summary)
    except FolderTaken as error:
        raise ExportRefused(f"{out} holds something already: name a folder that is new or empty.") from error
    except OSError as error:
        raise ExportRefused(
            f"The export cannot be written to {out} ({error.strerror or error}): nothing was left there. "
            "Name a folder in a place that can be written and has room."
        ) from error
    return summary


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


def _find_cutoff(session: Session, until: str | None) -> CutOff:
    """The event to read up to. The chain is locked meanwhile: what is under way now comes after it."""
    head = session.execute(select(AuditHead).with_for_update()).scalar_one_or_none()
    if head is None:
        raise ExportRefused("Nothing is recorded in this database yet: there is nothing to take out.")
    newest = select(func.max(AuditEvent.seq))
    if until is None:
        seq = session.execute(newest.where(AuditEvent.tag != Tag.EXPORT_TAKE.value)).scalar_one()
    elif until.isascii() and until.isdigit():
        seq = _event_number(int(until), head.seq)
    else:
        seq = session.execute(newest.where(AuditEvent.at <= _past_instant(until))).scalar_one()
    if seq is None:
        raise ExportRefused(f"Nothing was recorded before {until}: name a later instant.")
    event = session.execute(select(AuditEvent).where(AuditEvent.seq == seq)).scalar_one()
    return CutOff(event.seq, event.at, event.hash)


def _event_number(number: int, last: int) -> int:
    if not 1 <= number <= last:
        raise ExportRefused(f"There is no event {number} yet: name one from 1 to {last}, the last one.")
    return number


def _past_instant(text: str) -> datetime:
    try:
        instant = clock.read_utc(text)
    except (ValueError, OverflowError) as error:
        raise ExportRefused(
            f"{text!r} is neither an event's number nor an instant with its offset: "
            "write it as 2026-01-31T10:00:00+01:00."
        ) from error
    if instant >= clock.now():
        raise ExportRefused(f"{text} lies in the future: an export ends with what is recorded already.")
    return instant


def _record_and_publish(
    runtime: Runtime,
    context: Context,
    folder: FolderInTheMaking,
    file_format: str,
    filters: Filters,
    summary: ExportSummary,
) -> None:
    """Files first, then the record: a record without files would be worse than the other way round."""
    with runtime.database.writing() as session:
        with step(session, context, Tag.EXPORT_TAKE) as event:
            run = ExportRun(
                format=file_format,
                cutoff_seq=summary.cutoff_seq,
                options=canonical_json(_options(filters)),
                manifest_sha256=summary.manifest_sha256,
                taken_by=context.actor.name,
                taken_at=event.at,
                event_seq=event.seq,
            )
            session.add(run)
            session.flush()
            event.change("export", f"{run.id}", "format", None, file_format)
            event.change("export", f"{run.id}", "cutoff_seq", None, f"{summary.cutoff_seq}")
            event.change("export", f"{run.id}", "options", None, run.options)
            event.change("export", f"{run.id}", "manifest_sha256", None, run.manifest_sha256)
        with ExitStack() as undo:
            folder.publish()
            undo.callback(folder.withdraw)
            session.commit()
            undo.pop_all()


def _options(filters: Filters) -> Mapping[str, object]:
    return {
        "visits": list(filters.visits),
        "sites": list(filters.sites),
        "submitted_only": filters.submitted_only,
    }
