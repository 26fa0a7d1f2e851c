"""Long work: how far it is, what became of it, and its file. May be left and come back to."""

import json

from flask import abort, redirect, render_template, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from btb_pro.console.desk import Desk, allow, at_desk, console, refuse
from btb_pro.console.export_words import fault_sentence, format_name, job_state_phrase, moment, size_words
from btb_pro.console.forms import ConsoleForm, stale_notice
from btb_pro.console.letters import left_out_sentence
from btb_pro.exports.files import sha256_of
from btb_pro.exports.proof import receipt_path
from btb_pro.models.job import Job
from btb_pro.roles import Permission
from btb_pro.services.asked_exports import AskedExport, fits_sites
from btb_pro.services.export_history import find_export, note_fetch
from btb_pro.services.jobs import (
    PERMISSION_OF,
    JobKind,
    JobState,
    file_of_job,
    find_job,
    give_up,
    kept_until,
    place_in_queue,
)
from btb_pro.services.letter_jobs import AskedLetters, MadeLetters, are_of_sites


@console.get("/jobs/<int(max=2147483647):number>")
@allow(Permission.OWN_ACCOUNT)
def job(number: int) -> ResponseReturnValue:
    """How far it is; once it is done, its file or the way to what was counted."""
    with at_desk() as desk:
        return show_job(desk, find_own_job(desk, number))


@console.post("/jobs/<int(max=2147483647):number>/stop")
@allow(Permission.OWN_ACCOUNT)
def stop_job(number: int) -> ResponseReturnValue:
    """Want it no more."""
    with at_desk(writes=True) as desk:
        found = find_own_job(desk, number)
        if not ConsoleForm().is_sound():
            return show_job(desk, found, stale_notice())
        give_up(desk.db, found.id)
    return redirect(url_for("console.job", number=number), 303)


@console.post("/jobs/<int(max=2147483647):number>/file")
@allow(Permission.TAKE_OUT)
def job_file(number: int) -> ResponseReturnValue:
    """The file, which is still the one that was made; that it was fetched is noted before it leaves."""
    with at_desk(writes=True) as desk:
        found = find_own_job(desk, number)
        path = file_of_job(desk.runtime, found)
        if path is None or sha256_of(path) != found.file_sha256:
            abort(404)
        if not ConsoleForm().is_sound():
            return show_job(desk, found, stale_notice())
        note_fetch(desk.db, desk.context, found)
    return send_file(path, mimetype="application/zip", as_attachment=True, download_name=path.name)


@console.post("/jobs/<int(max=2147483647):number>/receipt")
@allow(Permission.TAKE_OUT)
def job_receipt(number: int) -> ResponseReturnValue:
    """The receipt that lies beside the file: who took it and when. It holds no answer."""
    with at_desk() as desk:
        found = find_own_job(desk, number)
        path = file_of_job(desk.runtime, found)
        if path is None or not receipt_path(path).is_file():
            abort(404)
        if not ConsoleForm().is_sound():
            return show_job(desk, found, stale_notice())
        receipt = receipt_path(path)
    return send_file(receipt, mimetype="application/json", as_attachment=True, download_name=receipt.name)


def find_own_job(desk: Desk, number: int) -> Job:
    """A job that this person may see; any other is 404, as if there were no such number."""
    found = find_job(desk.db, number)
    if found is None:
        abort(404)
    if not desk.signed_in.may(PERMISSION_OF[JobKind(found.kind)]):
        refuse("role")
    if found.kind == JobKind.LETTERS and not _are_own_letters(desk, found):
        refuse("owner")
    if found.kind == JobKind.EXPORT and not fits_sites(_asked(found).sites, desk.signed_in.sites):
        refuse("hospital")
    return found


def _are_own_letters(desk: Desk, found: Job) -> bool:
    """Letters hold links that work: they are for who asked, as long as the participants are theirs."""
    wanted = AskedLetters.of_json(json.loads(found.asked)).wanted
    return found.staff_id == desk.signed_in.staff_id and are_of_sites(desk.db, wanted, desk.signed_in.sites)


def _asked(found: Job) -> AskedExport:
    return AskedExport.of_json(json.loads(found.asked))


def _ways(found: Job, asked: AskedExport | None) -> dict[str, str]:
    """What the work is called, where it was asked for, and where to ask again."""
    if found.kind == JobKind.LETTERS:
        again = url_for("console.letters")
        return {
            "title": gettext("Letters"),
            "back": again,
            "back_text": gettext("Letters to print"),
            "again": again,
        }
    if asked is None:
        again = url_for("console.quality")
        title = gettext("Count of data quality")
        return {"title": title, "back": again, "back_text": gettext("Data quality"), "again": again}
    title = gettext("Export: %(what)s", what=format_name(asked.format))
    again, back = url_for("console.new_export"), url_for("console.exports")
    return {"title": title, "back": back, "back_text": gettext("Exports"), "again": again}


def show_job(desk: Desk, found: Job, notice: str = "") -> str:
    """The page of a job."""
    is_open = found.state in (JobState.WAITING, JobState.RUNNING)
    words, colour = job_state_phrase(found.state)
    asked = _asked(found) if found.kind == JobKind.EXPORT else None
    has_file = file_of_job(desk.runtime, found) is not None
    until = kept_until(found)
    taken = find_export(desk.db, found.run_id) if found.run_id else None
    earlier = find_export(desk.db, asked.again) if asked and asked.again else None
    letters = MadeLetters.of_job(found) if found.kind == JobKind.LETTERS else None
    return render_template(
        "console/job.html",
        form=ConsoleForm(formdata=None),
        number=found.id,
        kind=found.kind,
        ways=_ways(found, asked),
        letters=letters,
        left_out=[left_out_sentence(one) for one in letters.left_out] if letters else [],
        cutoff_seq=asked.until if asked else "",
        state=words,
        colour=colour,
        is_open=is_open,
        given_up=found.state == JobState.GIVEN_UP,
        is_waiting=found.state == JobState.WAITING,
        before=place_in_queue(desk.db, found.id) if is_open else 0,
        percent=100 * found.done // found.total if found.total else 0,
        asked_at=moment(found.asked_at),
        beat_at=moment(found.beat_at) if found.beat_at else "",
        tries=found.tries,
        ended_at=moment(found.ended_at) if found.ended_at else "",
        fault=fault_sentence(found.fault) if found.fault else "",
        detail=found.fault_detail or "",
        has_file=has_file,
        file_name=found.file_name,
        size=size_words(found.file_bytes) if found.file_bytes is not None else "",
        sha256=found.file_sha256 or "",
        kept_until=moment(until) if until else "",
        taken=taken,
        earlier=earlier,
        is_same=taken is not None
        and earlier is not None
        and taken.manifest_sha256 == earlier.manifest_sha256,
        notice=notice,
    )
