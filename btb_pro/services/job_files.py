"""Where the files of jobs lie, and taking them away: a folder for each job and try, in the instance's own."""

import re
import shutil
from pathlib import Path

from btb_pro import clock
from btb_pro.models.job import Job
from btb_pro.services.jobs import JobState, kept_until
from btb_pro.services.runtime import Runtime

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
