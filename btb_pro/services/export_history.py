"""The exports that were taken: who, when, what, up to where; and their files, while they are kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from btb_pro.exports.format_names import ExportFormat
from btb_pro.i18n import LANGUAGES
from btb_pro.models.base import AuditEvent
from btb_pro.models.job import ExportRun, Job
from btb_pro.services.asked_exports import BUNDLE, AskedExport
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.jobs import JobKind, JobState

_MOST_MAPPINGS = 20


@dataclass(frozen=True, slots=True)
class TakenExport:
    """One export of the record."""

    number: int
    format: str
    taken_at: datetime
    taken_by: str
    cutoff_seq: int
    cutoff_at: datetime
    options: Mapping[str, Any]
    manifest_sha256: str
    manifest: Mapping[str, Any] | None
    """None for one that was taken before manifests were kept, and for what was pushed."""

    @property
    def sites(self) -> Sequence[str]:
        """The hospitals whose answers are in it; empty for all."""
        return list(self.options.get("sites", ()))


@dataclass(frozen=True, slots=True)
class KnownMapping:
    """A mapping file that somebody has brought before."""

    sha256: str
    name: str
    content: str


def list_exports(session: Session, before: int | None, most: int) -> list[TakenExport]:
    """The newest first; `before` is the number that the page before ended with."""
    query = _query().order_by(ExportRun.id.desc()).limit(most)
    if before is not None:
        query = query.where(ExportRun.id < before)
    return [_taken(run, at) for run, at in session.execute(query)]


def find_export(session: Session, number: int) -> TakenExport | None:
    """One export of the record, or None."""
    row = session.execute(_query().where(ExportRun.id == number)).first()
    return None if row is None else _taken(*row)


def job_of_export(session: Session, number: int) -> Job | None:
    """The job that an export came from; None for one of the command line."""
    return session.execute(select(Job).where(Job.run_id == number)).scalar_one_or_none()


def asked_again(session: Session, taken: TakenExport) -> AskedExport | None:
    """The order that gives the same bytes; None where the record does not say all of it."""
    job = job_of_export(session, taken.number)
    if job is not None:
        kept = AskedExport.of_json(json.loads(job.asked))
        return replace(kept, until=f"{taken.cutoff_seq}", again=taken.number)
    options, mapping = taken.options, None
    if options.get("since") is not None or "codebook" not in options:
        return None
    if options.get("mapping_sha256"):
        mapping = next(
            (one for one in known_mappings(session) if one.sha256 == options["mapping_sha256"]), None
        )
        if mapping is None:
            return None
    if taken.format not in (BUNDLE, *ExportFormat) or (taken.format == BUNDLE and "formats" not in options):
        return None
    return AskedExport(
        format=taken.format,
        formats=tuple(options.get("formats", ())),
        visits=tuple(options["visits"]),
        sites=tuple(options["sites"]),
        until=f"{taken.cutoff_seq}",
        submitted_only=options["submitted_only"],
        language=None if tuple(options["codebook"]) == tuple(LANGUAGES) else options["labels"],
        mapping=mapping.content if mapping else None,
        mapping_name=mapping.name if mapping else "",
        again=taken.number,
    )


def known_mappings(session: Session) -> list[KnownMapping]:
    """The mapping files of earlier exports that were asked for in the console, the newest first."""
    query = (
        select(Job.asked)
        .where(Job.kind == JobKind.EXPORT.value, Job.state == JobState.DONE.value)
        .where(Job.asked.contains('"mapping":"', autoescape=True))
        .order_by(Job.id.desc())
        .limit(_MOST_MAPPINGS)
    )
    found: dict[str, KnownMapping] = {}
    for text in session.execute(query).scalars():
        asked = AskedExport.of_json(json.loads(text))
        if asked.mapping is not None:
            digest = sha256(asked.mapping.encode()).hexdigest()
            found.setdefault(digest, KnownMapping(digest, asked.mapping_name, asked.mapping))
    return list(found.values())


def note_fetch(session: Session, context: Context, job: Job) -> None:
    """Write into the audit trail that the file of an export was fetched."""
    with step(session, context, Tag.EXPORT_FETCH) as event:
        event.change("export", f"{job.run_id}", "file_sha256", None, job.file_sha256)


def _query() -> Select[ExportRun, datetime]:
    return select(ExportRun, AuditEvent.at).join(AuditEvent, AuditEvent.seq == ExportRun.cutoff_seq)


def _taken(run: ExportRun, cutoff_at: datetime) -> TakenExport:
    return TakenExport(
        number=run.id,
        format=run.format,
        taken_at=run.taken_at,
        taken_by=run.taken_by,
        cutoff_seq=run.cutoff_seq,
        cutoff_at=cutoff_at,
        options=json.loads(run.options),
        manifest_sha256=run.manifest_sha256,
        manifest=None if run.manifest is None else json.loads(run.manifest),
    )
