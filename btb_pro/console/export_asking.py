"""Taking out data: asked for on one page, looked at, and only then made, by a job."""

import json
from collections.abc import Sequence
from dataclasses import replace

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.export_forms import ExportForm
from btb_pro.console.export_words import format_name, moment
from btb_pro.console.forms import ConsoleForm, stale_notice
from btb_pro.console.mapping_words import mapping_fault_text, no_use_for_mapping
from btb_pro.console.sealed import seal, unseal
from btb_pro.exports.mapping_faults import MappingRefused
from btb_pro.roles import Permission
from btb_pro.security import SealBroken
from btb_pro.services.asked_exports import AskedExport
from btb_pro.services.cut_offs import CutOffRefused, ExportRefused, MappingForNothing
from btb_pro.services.export_history import KnownMapping, known_mappings
from btb_pro.services.export_preview import Preview, preview_export
from btb_pro.services.jobs import JobKind, ask_for

_PURPOSE = "export"
_MOST_FAULTS = 20
"""Of a mapping file, told at once."""


@console.get("/exports/new")
@allow(Permission.TAKE_OUT)
def new_export() -> ResponseReturnValue:
    """The form that says what to take out."""
    with at_desk() as desk:
        form = _form(desk, known_mappings(desk.db), is_fresh=True)
    return _show(form)


@console.post("/exports/new")
@allow(Permission.TAKE_OUT)
def ask_for_export() -> ResponseReturnValue:
    """Look at what would be taken; or, once that was confirmed, have it made."""
    with at_desk() as desk:
        known = known_mappings(desk.db)
        form = _form(desk, known)
    if form.sealed.data:
        return _ask(form)
    if not form.is_sound():
        return _show(form, notice="" if form.errors else stale_notice(), status=422 if form.errors else 200)
    asked = form.asked(desk.signed_in, known)
    if asked is None:
        return _show(form, status=422)
    return _look(desk, form, asked)


def _form(desk: Desk, known: list[KnownMapping], *, is_fresh: bool = False) -> ExportForm:
    form = ExportForm(formdata=None) if is_fresh else ExportForm()
    form.offer(desk.runtime.study, desk.signed_in, known)
    return form


def _look(desk: Desk, form: ExportForm, asked: AskedExport) -> ResponseReturnValue:
    try:
        seen = preview_export(desk.runtime, desk.context, asked)
    except CutOffRefused as error:
        form.until.errors = [
            gettext("This lies in the future. An export ends with what is recorded already.")
            if error.is_ahead
            else gettext("Nothing was recorded before that. Write a later time.")
        ]
        return _show(form, status=422)
    except MappingRefused as error:
        form.mapping.errors = [gettext("The mapping file does not fit.")]
        return _show(form, mistakes=_told(error), status=422)
    except MappingForNothing as error:
        form.mapping.errors = [no_use_for_mapping(error.target)]
        return _show(form, status=422)
    except ExportRefused as error:
        return _show(form, notice=gettext("It cannot be taken out like this."), detail=str(error), status=422)
    pinned = replace(asked, until=f"{seen.cutoff_seq}")
    form.sealed.data = seal(json.dumps(pinned.as_json()), _PURPOSE)
    return _show_preview(form, pinned, seen)


def _ask(form: ExportForm) -> ResponseReturnValue:
    try:
        asked = AskedExport.of_json(json.loads(unseal(form.sealed.data or "", _PURPOSE)))
    except SealBroken:
        form.sealed.data = ""
        return _show(form, notice=stale_notice())
    if not ConsoleForm().is_sound():
        with at_desk() as desk:
            seen = preview_export(desk.runtime, desk.context, asked)
        return _show_preview(form, asked, seen, notice=stale_notice())
    with at_desk(writes=True) as desk:
        number = ask_for(desk.db, desk.signed_in.staff_id, JobKind.EXPORT, asked.as_json())
    return redirect(url_for("console.job", number=number), 303)


def _told(error: MappingRefused) -> list[str]:
    """The mistakes of a mapping file in words, as many as can be read at once."""
    told = [mapping_fault_text(fault) for fault in error.faults[:_MOST_FAULTS]]
    more = len(error.faults) - len(told)
    if more:
        told.append(ngettext("And %(num)d more mistake.", "And %(num)d more mistakes.", more))
    return told


def _show(
    form: ExportForm, *, notice: str = "", detail: str = "", mistakes: Sequence[str] = (), status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "console/exports/new.html", form=form, notice=notice, detail=detail, mistakes=mistakes
    )
    return page, status


def _show_preview(form: ExportForm, asked: AskedExport, seen: Preview, notice: str = "") -> str:
    return render_template(
        "console/exports/preview.html",
        form=form,
        asked=asked,
        seen=seen,
        notice=notice,
        format_name=format_name(asked.format),
        more_formats=[format_name(one) for one in asked.formats],
        cutoff=moment(seen.cutoff_at),
    )
