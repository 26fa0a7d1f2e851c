"""Long work as rows: asked for, claimed by one process, and ended once; and where its files lie.

A process that works on one shows that it lives. One that has not for a while has lost it: it goes back to
the queue, and what the lost one still writes finds no job of its own. After a few tries it has failed, and
says so. Each job and try has a folder of its own, in the instance's.
"""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.base import canonical_json
from btb_pro.models.job import Job
from btb_pro.roles import Permission
from btb_pro.services.runtime import Runtime

LEASE = timedelta(seconds=60)
"""So long a process may be silent before its work is somebody else's."""
MOST_TRIES = 3
KEPT_FOR = timedelta(days=7)
"""So long the file of a job is kept; after that the same is taken again."""
LETTERS_KEPT_FOR = timedelta(days=1)
"""Letters hold links that work."""
_OPEN = ("waiting", "running")


class JobKind(StrEnum):
    """What is made."""

    EXPORT = "export"
    LETTERS = "letters"
    QUALITY = "quality"


PERMISSION_OF = {
    JobKind.EXPORT: Permission.TAKE_OUT,
    JobKind.LETTERS: Permission.INVITE,
    JobKind.QUALITY: Permission.SEE_QUALITY,
}
"""What somebody needs to ask for a kind of work, and to see what became of it."""


class JobState(StrEnum):
    """How far it is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    GIVEN_UP = "given_up"


class JobFault(StrEnum):
    """Why it failed."""

    NOT_ALLOWED = "not_allowed"
    """Who asked may not any more."""
    REFUSED = "refused"
    NO_ROOM = "no_room"
    """The disk is full, or the folder cannot be written."""
    DIED = "died"
    """The process that worked on it was ended, each time."""


class JobLost(Exception):
    """Somebody gave it up, or another process has taken it over: whoever works on it must stop."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that a process has taken up."""

    number: int
    kind: JobKind
    asked: Mapping[str, Any]
    staff_id: int
    worker: str
    tries: int


def ask_for(session: Session, staff_id: int, kind: JobKind, asked: Mapping[str, Any]) -> int:
    """Put work into the queue; its number. What is under way for the same person already is not doubled."""
    text = canonical_json(dict(asked))
    same = select(Job.id).where(
        Job.kind == kind.value, Job.staff_id == staff_id, Job.asked == text, Job.state.in_(_OPEN)
    )
    if (found := session.execute(same.limit(1)).scalar()) is not None:
        return int(found)
    job = Job(
        kind=kind.value,
        asked=text,
        staff_id=staff_id,
        asked_at=clock.now(),
        state=JobState.WAITING.value,
        tries=0,
        done=0,
        total=0,
    )
    session.add(job)
    session.flush()
    return job.id


def find_job(session: Session, number: int) -> Job | None:
    """One piece of work, or None."""
    return session.get(Job, number)


def is_work_waiting(session: Session) -> bool:
    """Whether there is anything to claim, or to take back from a process that fell silent."""
    oldest_beat = clock.now() - LEASE
    query = select(Job.id).where(
        Job.state.in_(_OPEN), (Job.state == JobState.WAITING.value) | (Job.beat_at < oldest_beat)
    )
    return session.execute(query.limit(1)).first() is not None


def claim_job(session: Session, worker: str) -> Claimed | None:
    """Take up the oldest that waits. Within a writing session, so that no two take the same."""
    for lost in session.execute(
        select(Job).where(Job.state == JobState.RUNNING.value, Job.beat_at < clock.now() - LEASE)
    ).scalars():
        _take_back(lost)
    session.flush()
    waiting = select(Job).where(Job.state == JobState.WAITING.value).order_by(Job.id).limit(1)
    job = session.execute(waiting).scalar_one_or_none()
    if job is None:
        return None
    job.state, job.worker, job.beat_at = JobState.RUNNING.value, worker, clock.now()
    job.tries += 1
    job.done = job.total = 0
    session.flush()
    return Claimed(job.id, JobKind(job.kind), json.loads(job.asked), job.staff_id, worker, job.tries)


def beat(session: Session, worker: str) -> None:
    """Show that the process lives that works on a worker's job."""
    for job in _jobs_of(session, worker):
        job.beat_at = clock.now()


def note_progress(session: Session, job: Claimed, done: int, total: int) -> None:
    """Note how far it is. Raises JobLost."""
    row = _own(session, job)
    row.done, row.total, row.beat_at = min(done, total), total, clock.now()


def end_well(
    session: Session,
    job: Claimed,
    *,
    file: tuple[str, str, int] | None = None,
    run_id: int | None = None,
    result: str | None = None,
) -> None:
    """It is done: with a file (name, SHA-256, bytes), an export or a count. Raises JobLost."""
    row = _own(session, job)
    if file is not None:
        row.file_name, row.file_sha256, row.file_bytes = file
    row.run_id, row.result = run_id, result
    row.done = row.total = max(row.total, 1)
    _end(row, JobState.DONE)


def end_badly(session: Session, job: Claimed, fault: JobFault, detail: str = "") -> None:
    """It failed for good. Raises JobLost."""
    row = _own(session, job)
    row.fault, row.fault_detail = fault.value, detail or None
    _end(row, JobState.FAILED)


def put_back(session: Session, worker: str) -> None:
    """A worker that is told to stop leaves its work to the next; the try does not count."""
    for job in _jobs_of(session, worker):
        job.tries -= 1
        _wait_again(job)


def take_back(session: Session, worker: str) -> None:
    """The process of a worker has died: another tries again, a few times."""
    for job in _jobs_of(session, worker):
        _take_back(job)


def give_up(session: Session, number: int) -> bool:
    """Somebody wants it no more; whether there was anything to give up."""
    job = session.get(Job, number)
    if job is None or job.state not in _OPEN:
        return False
    _end(job, JobState.GIVEN_UP)
    return True


def newest_done(session: Session, kind: JobKind) -> Job | None:
    """What was last made of a kind."""
    query = select(Job).where(Job.kind == kind.value, Job.state == JobState.DONE.value)
    return session.execute(query.order_by(Job.id.desc()).limit(1)).scalar_one_or_none()


def open_jobs(session: Session, kind: JobKind) -> list[Job]:
    """What of a kind waits or is worked on, oldest first."""
    query = select(Job).where(Job.kind == kind.value, Job.state.in_(_OPEN)).order_by(Job.id)
    return list(session.execute(query).scalars())


def place_in_queue(session: Session, number: int) -> int:
    """How many are before it."""
    query = select(func.count()).select_from(Job).where(Job.state.in_(_OPEN), Job.id < number)
    return int(session.execute(query).scalar_one())


def kept_until(job: Job) -> datetime | None:
    """When the file of a job is taken away; None where it has none."""
    if job.file_name is None or job.ended_at is None:
        return None
    return job.ended_at + (LETTERS_KEPT_FOR if job.kind == JobKind.LETTERS else KEPT_FOR)


def _jobs_of(session: Session, worker: str) -> list[Job]:
    query = select(Job).where(Job.state == JobState.RUNNING.value, Job.worker == worker)
    return list(session.execute(query).scalars())


def _own(session: Session, job: Claimed) -> Job:
    row = session.get(Job, job.number, populate_existing=True)
    if row is None or row.state != JobState.RUNNING.value or row.worker != job.worker:
        raise JobLost
    return row


def _take_back(job: Job) -> None:
    if job.tries >= MOST_TRIES:
        job.fault = JobFault.DIED.value
        _end(job, JobState.FAILED)
    else:
        _wait_again(job)


def _wait_again(job: Job) -> None:
    job.state, job.worker, job.beat_at = JobState.WAITING.value, None, None
    job.done = job.total = 0


def _end(job: Job, state: JobState) -> None:
    job.state, job.worker, job.beat_at, job.ended_at = state.value, None, None, clock.now()


FOLDER = "files"
_NAME = re.compile(r"([0-9]+)-([0-9]+)")


def folder_of_try(runtime: Runtime, number: int, tries: int) -> Path:
    """Where the file of a job's try lies."""
    return runtime.settings.instance / FOLDER / f"{number}-{tries}"


def make_folder(runtime: Runtime, number: int, tries: int) -> Path:
    """An empty folder for a try; what an ended process left in it is gone. Raises OSError."""
    folder = folder_of_try(runtime, number, tries)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def file_of_job(runtime: Runtime, job: Job) -> Path | None:
    """The file of a job that is done; None where it has none, was taken away, or lies on another machine."""
    until = kept_until(job)
    if job.file_name is None or until is None or until <= clock.now():
        return None
    path = folder_of_try(runtime, job.id, job.tries) / job.file_name
    return path if path.is_file() else None


def clear_away(runtime: Runtime) -> int:
    """Take away files whose time is over, and what killed processes left; how many folders went."""
    folder = runtime.settings.instance / FOLDER
    if not folder.is_dir():
        return 0
    gone = 0
    for path in folder.iterdir():
        if (found := _NAME.fullmatch(path.name)) and not _is_needed(runtime, int(found[1]), int(found[2])):
            shutil.rmtree(path, ignore_errors=True)
            gone += 1
    return gone


def _is_needed(runtime: Runtime, number: int, tries: int) -> bool:
    with runtime.database.reading() as session:
        job = session.get(Job, number)
        if job is None or job.tries != tries:
            return False
        until = kept_until(job)
        return job.state == JobState.RUNNING or (until is not None and until > clock.now())
