"""Long work: asked for once, taken up by one process, ended once, whatever ends the process."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from btb_pro import clock
from btb_pro.exports.formats import FORMATS, ExportFormat
from btb_pro.exports.proof import prove
from btb_pro.models.base import AuditEvent
from btb_pro.models.job import ExportRun, Job
from btb_pro.models.staff import Staff
from btb_pro.roles import Role
from btb_pro.services import job_work
from btb_pro.services.asked_exports import BUNDLE, AskedExport
from btb_pro.services.audit import Tag, step
from btb_pro.services.export_making import passes_of
from btb_pro.services.job_work import work_on_next
from btb_pro.services.jobs import (
    FOLDER,
    KEPT_FOR,
    LEASE,
    MOST_TRIES,
    JobFault,
    JobKind,
    JobLost,
    JobState,
    ask_for,
    claim_job,
    clear_away,
    end_well,
    file_of_job,
    give_up,
)
from tests.support.answered import answered_world
from tests.support.engines import ON_ONE_ENGINE
from tests.support.staff import add_staff
from tests.support.world import COMMAND, World


@pytest.fixture
def asker(world: World) -> int:
    """The number of a data manager's account, in a study with answers."""
    answered_world(world, 3)
    email = add_staff(world, Role.DATA_MANAGER)
    with world.reading() as session:
        return session.execute(select(Staff.id).where(Staff.email == email)).scalar_one()


def ask(world: World, asker: int, **asked: Any) -> int:
    with world.reading() as session:
        seq = session.execute(select(func.max(AuditEvent.seq))).scalar_one()
    order = AskedExport(**{"format": "csv", "until": f"{seq}", **asked})
    with world.writing() as session:
        return ask_for(session, asker, JobKind.EXPORT, order.as_json())


def job_of(world: World, number: int) -> Job:
    with world.reading() as session:
        job = session.get_one(Job, number)
        session.expunge(job)
        return job


def path_of(world: World, number: int) -> Path | None:
    return file_of_job(world.runtime, job_of(world, number))


@ON_ONE_ENGINE
@pytest.mark.parametrize("name", [*(one.value for one in ExportFormat), BUNDLE])
def test_each_format_becomes_one_file_that_can_be_proven(world: World, asker: int, name: str) -> None:
    formats = ("odm", "redcap") if name == BUNDLE else ()
    number = ask(world, asker, format=name, formats=formats)
    assert work_on_next(world.runtime, "one") == number
    job, path = job_of(world, number), path_of(world, number)
    assert (job.state, job.fault, job.done) == (JobState.DONE, None, job.total)
    assert path is not None
    assert job.file_bytes == path.stat().st_size
    assert prove(path).manifest_sha256
    with world.reading() as session:
        run = session.get_one(ExportRun, job.run_id)
        assert run.taken_by == session.get_one(Staff, asker).email
        assert json.loads(run.manifest or "")["format"] == name


@ON_ONE_ENGINE
@pytest.mark.parametrize("name", list(ExportFormat))
def test_the_bar_is_full_when_the_last_row_is_read(world: World, asker: int, name: ExportFormat) -> None:
    seen: list[float] = []
    job = ask(world, asker, format=name.value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job_work, "_watch", lambda *_: seen.append)
        work_on_next(world.runtime, "one")
    assert job_of(world, job).state == JobState.DONE
    assert seen == sorted(seen)
    assert seen[-1] == FORMATS[name].passes == passes_of(AskedExport(name.value))


def test_the_same_again_gives_the_same_bytes(world: World, asker: int) -> None:
    first = ask(world, asker, format=BUNDLE, formats=("xlsx", "spss", "fhir"))
    work_on_next(world.runtime, "one")
    asked: Mapping[str, Any] = json.loads(job_of(world, first).asked)
    world.add("LATER")
    with world.writing() as session:
        second = ask_for(session, asker, JobKind.EXPORT, {**asked, "again": job_of(world, first).run_id})
    work_on_next(world.runtime, "two")
    paths = [path_of(world, number) for number in (first, second)]
    assert paths[0]
    assert paths[1]
    assert paths[0] != paths[1]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_what_is_under_way_is_not_asked_for_twice(world: World, asker: int) -> None:
    assert ask(world, asker) == ask(world, asker)
    work_on_next(world.runtime, "one")
    assert work_on_next(world.runtime, "one") is None


def test_two_workers_take_up_two_jobs(world: World, asker: int) -> None:
    numbers = [ask(world, asker, format=name) for name in ("csv", "fhir")]
    with world.writing() as session:
        assert [one.number for name in "ab" if (one := claim_job(session, name))] == numbers
        assert claim_job(session, "c") is None


def test_a_silent_process_loses_its_job_and_cannot_end_it(world: World, asker: int) -> None:
    number = ask(world, asker)
    with world.writing() as session:
        lost = claim_job(session, "silent")
    assert lost is not None
    with clock.at(clock.now() + LEASE * 2):
        assert work_on_next(world.runtime, "other") == number
        with world.writing() as session, pytest.raises(JobLost):
            end_well(session, lost)
    assert (job_of(world, number).state, job_of(world, number).tries) == (JobState.DONE, 2)


def test_a_job_that_ends_every_process_has_failed_and_says_so(world: World, asker: int) -> None:
    number, later = ask(world, asker), clock.now()
    for _ in range(MOST_TRIES):
        with clock.at(later), world.writing() as session:
            assert claim_job(session, "doomed") is not None
        later += LEASE * 2
    with clock.at(later), world.writing() as session:
        assert claim_job(session, "next") is None
    assert (job_of(world, number).state, job_of(world, number).fault) == (JobState.FAILED, JobFault.DIED)


def test_what_is_given_up_leaves_no_file_and_no_export(
    world: World, asker: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = ask(world, asker, format="xlsx")
    looked = 0

    def stop_soon(*_: object) -> bool:
        nonlocal looked
        looked += 1
        if looked == 2:
            with world.writing() as session:
                assert give_up(session, number)
        return False

    monkeypatch.setattr(job_work, "_NOTED_EVERY", clock.now() - clock.now())
    work_on_next(world.runtime, "one", stop_soon)
    assert job_of(world, number).state == JobState.GIVEN_UP
    clear_away(world.runtime)
    assert not list((world.folder / FOLDER).iterdir())
    with world.reading() as session:
        assert session.query(ExportRun).count() == 0


def test_a_worker_that_stops_leaves_its_work_to_the_next(world: World, asker: int) -> None:
    number = ask(world, asker)
    work_on_next(world.runtime, "one", lambda: True)
    assert (job_of(world, number).state, job_of(world, number).tries) == (JobState.WAITING, 0)
    work_on_next(world.runtime, "two")
    assert job_of(world, number).state == JobState.DONE


@pytest.mark.parametrize("change", [{"role": "coordinator"}, {"disabled_at": clock.now()}])
def test_nobody_gets_a_file_who_may_not_any_more(world: World, asker: int, change: Mapping[str, Any]) -> None:
    number = ask(world, asker)
    with world.writing() as session, step(session, COMMAND, Tag.STAFF_CHANGE) as event:
        for name, value in change.items():
            setattr(session.get_one(Staff, asker), name, value)
            event.change("staff", f"{asker}", name, None, f"{value}")
    work_on_next(world.runtime, "one")
    assert (job_of(world, number).state, job_of(world, number).fault) == ("failed", JobFault.NOT_ALLOWED)


def test_a_disk_that_cannot_be_written_is_told(world: World, asker: int) -> None:
    number = ask(world, asker)
    (world.folder / FOLDER).write_text("in the way")
    work_on_next(world.runtime, "one")
    assert (job_of(world, number).state, job_of(world, number).fault) == ("failed", JobFault.NO_ROOM)


def test_a_file_is_kept_for_a_week(world: World, asker: int) -> None:
    number = ask(world, asker)
    work_on_next(world.runtime, "one")
    with clock.at(clock.now() + KEPT_FOR - LEASE):
        assert clear_away(world.runtime) == 0
        assert path_of(world, number)
    with clock.at(clock.now() + KEPT_FOR):
        assert path_of(world, number) is None
        assert clear_away(world.runtime) == 1
    assert not list((world.folder / FOLDER).iterdir())


_PROGRAM = """
import sys
from pathlib import Path
from btb_pro.config import read_settings
from btb_pro.services import job_work
from btb_pro.services.job_work import work_on_next
from btb_pro.services.opening import open_runtime
stop_at = int(sys.argv[2])
looked = 0
def look():
    global looked
    looked += 1
    if looked == stop_at:
        print("there", flush=True)
        sys.stdin.readline()
    return False
work_on_next(open_runtime(read_settings(Path(sys.argv[1]), {})), "doomed", look)
print("ended", flush=True)
"""


@ON_ONE_ENGINE
@pytest.mark.parametrize("stop_at", [1, 2, 4, 6])
def test_a_process_killed_in_mid_export_leaves_no_half_file_and_the_job_is_taken_up_again(
    world: World, asker: int, stop_at: int
) -> None:
    number = ask(world, asker, format="xlsx")
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(world.folder), f"{stop_at}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        process.send_signal(signal.SIGKILL)
    assert job_of(world, number).state == JobState.RUNNING
    assert not list((world.folder / FOLDER).rglob("*.zip"))
    with world.reading() as session:
        assert session.query(ExportRun).count() == 0
    with clock.at(clock.now() + LEASE * 2):
        assert work_on_next(world.runtime, "next") == number
        clear_away(world.runtime)
    assert (job_of(world, number).state, job_of(world, number).tries) == (JobState.DONE, 2)
    assert [one.name for one in (world.folder / FOLDER).iterdir()] == [f"{number}-2"]


def test_the_command_makes_what_waits_and_ends(world: World, asker: int) -> None:
    number = ask(world, asker)
    world.runtime.database.close()
    subprocess.run(
        [sys.executable, "-m", "btb_pro", "work", "--files-only", "--once"],
        env={"BTB_INSTANCE": str(world.folder), "PATH": ""},
        check=True,
        timeout=60,
    )
    assert job_of(world, number).state == JobState.DONE
    assert path_of(world, number)


def test_the_count_of_quality_is_made_by_a_job(world: World, asker: int) -> None:
    with world.writing() as session:
        number = ask_for(session, asker, JobKind.QUALITY, {})
    work_on_next(world.runtime, "one")
    job = job_of(world, number)
    assert (job.state, job.file_name) == (JobState.DONE, None)
    counted = json.loads(job.result or "")
    assert sum(cell["submitted"] for cell in counted["cells"]) == 3
