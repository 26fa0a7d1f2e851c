"""Working on a job that was asked for: an export, letters, or the count of how good the answers are."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.damage import DATABASE_FAILURES
from btb_pro.exports.files import sha256_of
from btb_pro.exports.watched import Watch
from btb_pro.models.base import canonical_json
from btb_pro.models.staff import Staff
from btb_pro.refusals import PlainRefusal
from btb_pro.roles import PERMISSIONS, Role
from btb_pro.services.asked_exports import AskedExport, fits_sites
from btb_pro.services.audit import Context
from btb_pro.services.export_making import make_file, passes_of
from btb_pro.services.exporting import ExportSummary
from btb_pro.services.jobs import (
    PERMISSION_OF,
    Claimed,
    JobFault,
    JobKind,
    JobLost,
    claim_job,
    end_badly,
    end_well,
    make_folder,
    note_progress,
    put_back,
)
from btb_pro.services.letter_jobs import make_letter_file
from btb_pro.services.quality import count_quality
from btb_pro.services.runtime import Runtime
from btb_pro.services.staff_sessions import sites_of, staff_actor

_NOTED_EVERY = timedelta(seconds=1)
_PARTS = 1000
"""Of one reading through of the data set."""
_log = logging.getLogger("btb_pro.jobs")


class WorkerStopping(Exception):
    """This process was told to stop: the work waits for the next one."""


@dataclass(frozen=True, slots=True)
class _Asker:
    context: Context
    sites: frozenset[str] | None


def work_on_next(
    runtime: Runtime, worker: str, is_stopping: Callable[[], bool] = lambda: False
) -> int | None:
    """Take up the job that waits longest and end it, well or badly; its number, None when nothing waits."""
    with runtime.database.writing() as session:
        job = claim_job(session, worker)
        session.commit()
    if job is None:
        return None
    try:
        _work(runtime, job, is_stopping)
    except JobLost:
        _log.warning("job %s was given up or taken over", job.number)
    except WorkerStopping:
        with runtime.database.writing() as session:
            put_back(session, worker)
            session.commit()
    except PlainRefusal as error:
        _fail(runtime, job, *_fault_of(error))
    except OSError as error:
        _fail(runtime, job, JobFault.NO_ROOM, error.strerror or "")
    return job.number


def _work(runtime: Runtime, job: Claimed, is_stopping: Callable[[], bool]) -> None:
    asker = _find_asker(runtime, job)
    if asker is None:
        _fail(runtime, job, JobFault.NOT_ALLOWED)
    elif job.kind is JobKind.EXPORT:
        _export(runtime, job, asker, is_stopping)
    elif job.kind is JobKind.LETTERS:
        make_letter_file(runtime, asker.context, job, asker.sites, _watch(runtime, job, 1, is_stopping))
    else:
        counted = count_quality(runtime, _watch(runtime, job, 1, is_stopping))
        with runtime.database.writing() as session:
            end_well(session, job, result=canonical_json(counted))
            session.commit()


def _export(runtime: Runtime, job: Claimed, asker: _Asker, is_stopping: Callable[[], bool]) -> None:
    asked = AskedExport.of_json(job.asked)
    if not fits_sites(asked.sites, asker.sites):
        _fail(runtime, job, JobFault.NOT_ALLOWED)
        return
    out = (
        make_folder(runtime, job.number, job.tries) / f"{runtime.study.code}-{asked.format}-{asked.until}.zip"
    )

    def note(session: Session, summary: ExportSummary) -> None:
        file = (out.name, sha256_of(out), out.stat().st_size)
        end_well(session, job, file=file, run_id=summary.number)

    watch = _watch(runtime, job, passes_of(asked), is_stopping)
    make_file(runtime, asker.context, asked, out, watch=watch, noted=note)


def _find_asker(runtime: Runtime, job: Claimed) -> _Asker | None:
    """Who asked, as that person is now; None when the account may not any more."""
    with runtime.database.reading() as session:
        staff = session.get_one(Staff, job.staff_id)
        sites = sites_of(session, staff)
        if staff.disabled_at is not None or PERMISSION_OF[job.kind] not in PERMISSIONS[Role(staff.role)]:
            return None
        actor = staff_actor(staff.email, staff.role, sites)
    return _Asker(Context(actor, f"job-{job.number}", runtime.study.version), sites)


def _watch(runtime: Runtime, job: Claimed, passes: int, is_stopping: Callable[[], bool]) -> Watch:
    noted_at = clock.now() - _NOTED_EVERY

    def watch(done: float) -> None:
        nonlocal noted_at
        if is_stopping():
            raise WorkerStopping
        if clock.now() - noted_at < _NOTED_EVERY:
            return
        noted_at = clock.now()
        # How far it is can be noted a second later: a database that is busy ends no work.
        with suppress(*DATABASE_FAILURES), runtime.database.writing() as session:
            note_progress(session, job, int(_PARTS * done), _PARTS * passes)
            session.commit()

    return watch


def _fault_of(error: PlainRefusal) -> tuple[JobFault, str]:
    """An export that met a full disk names the folder, which is nobody's business in a browser."""
    if isinstance(error.__cause__, OSError):
        return JobFault.NO_ROOM, error.__cause__.strerror or ""
    return JobFault.REFUSED, str(error)


def _fail(runtime: Runtime, job: Claimed, fault: JobFault, detail: str = "") -> None:
    with suppress(JobLost), runtime.database.writing() as session:
        end_badly(session, job, fault, detail)
        session.commit()
