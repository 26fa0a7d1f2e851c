"""The exports that were taken, each with its manifest; and taking the same again."""

from dataclasses import dataclass

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from btb_pro.console.desk import Desk, allow, at_desk, console, refuse
from btb_pro.console.export_words import format_name, job_state_phrase, moment
from btb_pro.console.forms import ConsoleForm, stale_notice
from btb_pro.console.scope import visit_titles
from btb_pro.roles import Permission
from btb_pro.services.asked_exports import fits_sites
from btb_pro.services.export_history import TakenExport, asked_again, find_export, job_of_export, list_exports
from btb_pro.services.jobs import JobKind, ask_for, file_of_job, kept_until, open_jobs

_ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    format: str
    taken_at: str
    taken_by: str
    cutoff_seq: int
    cutoff_at: str
    sha256: str


@console.get("/exports")
@allow(Permission.SEE_EXPORTS)
def exports() -> ResponseReturnValue:
    """What was taken out, the newest first, and what is under way."""
    before = request.args.get("before", type=int)
    with at_desk() as desk:
        found = list_exports(desk.db, before, _ON_A_PAGE + 1)
        rows = [_row(one) for one in found[:_ON_A_PAGE]]
        under_way = [
            (job.id, *job_state_phrase(job.state), moment(job.asked_at))
            for job in open_jobs(desk.db, JobKind.EXPORT)
            if job.staff_id == desk.signed_in.staff_id
        ]
    return render_template(
        "console/exports/list.html",
        rows=rows,
        under_way=under_way,
        older=url_for("console.exports", before=rows[-1].number) if len(found) > _ON_A_PAGE else "",
        is_first_page=before is None,
    )


@console.get("/exports/<int(max=2147483647):number>")
@allow(Permission.SEE_EXPORTS)
def export_taken(number: int) -> ResponseReturnValue:
    """One export: who, when, what, up to where, and the files with their hashes."""
    with at_desk() as desk:
        return _show(desk, _find(desk, number))


@console.post("/exports/<int(max=2147483647):number>/again")
@allow(Permission.TAKE_OUT)
def take_again(number: int) -> ResponseReturnValue:
    """Have the same made once more: the same bytes."""
    with at_desk(writes=True) as desk:
        taken = _find(desk, number)
        asked = asked_again(desk.db, taken)
        if asked is None:
            abort(404)
        if not fits_sites(asked.sites, desk.signed_in.sites):
            refuse("hospital")
        if not ConsoleForm().is_sound():
            return _show(desk, taken, stale_notice())
        job = ask_for(desk.db, desk.signed_in.staff_id, JobKind.EXPORT, asked.as_json())
    return redirect(url_for("console.job", number=job), 303)


def _find(desk: Desk, number: int) -> TakenExport:
    taken = find_export(desk.db, number)
    if taken is None:
        abort(404)
    return taken


def _show(desk: Desk, taken: TakenExport, notice: str = "") -> str:
    job = job_of_export(desk.db, taken.number)
    may_take = desk.signed_in.may(Permission.TAKE_OUT) and fits_sites(taken.sites, desk.signed_in.sites)
    has_file = job is not None and may_take and file_of_job(desk.runtime, job) is not None
    until = kept_until(job) if job is not None and has_file else None
    manifest = taken.manifest or {}
    titles, study = visit_titles(desk), desk.runtime.study
    return render_template(
        "console/exports/taken.html",
        form=ConsoleForm(formdata=None),
        row=_row(taken),
        notice=notice,
        visits=", ".join(titles.get(one, one) for one in taken.options.get("visits", ())) or gettext("All"),
        sites=", ".join(study.site(one).name for one in taken.sites) or gettext("All"),
        submitted_only=bool(taken.options.get("submitted_only")),
        since=taken.options.get("since"),
        labels=taken.options.get("labels", ""),
        mapping_sha256=taken.options.get("mapping_sha256"),
        app_version=manifest.get("app_version", ""),
        study_sha256=manifest.get("study", {}).get("sha256", ""),
        files=[(name, one["rows"], one["sha256"]) for name, one in manifest.get("files", {}).items()],
        job=job.id if has_file and job else None,
        kept_until=moment(until) if until else "",
        can_again=may_take and asked_again(desk.db, taken) is not None,
        may_take=may_take,
    )


def _row(taken: TakenExport) -> _Row:
    return _Row(
        number=taken.number,
        format=format_name(taken.format),
        taken_at=moment(taken.taken_at),
        taken_by=taken.taken_by,
        cutoff_seq=taken.cutoff_seq,
        cutoff_at=moment(taken.cutoff_at),
        sha256=taken.manifest_sha256,
    )
