"""Adding many participants from a file: looked at first, row by row; then all of them, or none.

What was looked at comes back with the confirmation, sealed: the file is kept nowhere, and nobody can confirm
other rows than those that were shown.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from werkzeug.exceptions import RequestEntityTooLarge

from btb_pro.console.desk import Desk, allow, at_desk, console, signed_in
from btb_pro.console.fault_words import fault_text
from btb_pro.console.participant_forms import FileForm
from btb_pro.console.participant_words import day_or_dash, language_name
from btb_pro.console.sealed import seal, unseal
from btb_pro.roles import Permission
from btb_pro.security import SealBroken
from btb_pro.services.participant_checks import NewParticipant, read_day
from btb_pro.services.participant_faults import Fault, FaultCode
from btb_pro.services.participant_import import (
    COLUMNS,
    ImportRow,
    check_import,
    import_participants,
    read_participants,
)
from btb_pro.services.participant_record import masked
from btb_pro.services.participant_tables import LARGEST_FILE, FileFault, ImportRefused
from btb_pro.this_request import runtime

_LARGEST_REQUEST = 2 * LARGEST_FILE
_MOST_SHOWN = 200
_PURPOSE = "import"


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A participant whom the file would add. Addresses are masked, for whoever looks over a shoulder."""

    line: int
    number: str
    site: str
    language: str
    email: str
    phone: str
    day0: str


@console.get("/participants/import")
@allow(Permission.CHANGE_PARTICIPANTS)
def import_page() -> ResponseReturnValue:
    """The form that takes a file."""
    return _show(FileForm())


@console.post("/participants/import")
@allow(Permission.CHANGE_PARTICIPANTS)
def import_file() -> ResponseReturnValue:
    """Look at a file and tell what would happen; or, once that was confirmed, do it."""
    request.max_content_length = _LARGEST_REQUEST
    request.max_form_memory_size = _LARGEST_REQUEST
    try:
        form = FileForm()
        is_sound = form.validate_on_submit()
    except RequestEntityTooLarge:
        fault = Fault(FaultCode.FILE_TOO_LARGE, expected=(f"{LARGEST_FILE // 1_000_000}",))
        return _show_empty([FileFault(0, fault)], 413)
    if not is_sound:
        return _show(form, is_stale=True)
    if form.sealed.data:
        return _add_all(form)
    return _look_at(form)


def _look_at(form: FileForm) -> ResponseReturnValue:
    if not form.file.data:
        form.file.errors = [gettext("Choose a file.")]
        return _show(form, status=422)
    content = form.file.data.read(LARGEST_FILE + 1)
    try:
        rows = read_participants(content)
        with at_desk() as desk:
            check_import(desk.db, desk.runtime, rows, desk.signed_in.sites)
            planned = [_planned(desk, row) for row in rows]
    except ImportRefused as error:
        return _show(form, faults=error.faults, status=422)
    form.sealed.data = _seal(rows)
    return _show(form, planned=planned)


def _add_all(form: FileForm) -> ResponseReturnValue:
    try:
        rows = _open(form.sealed.data or "")
    except SealBroken:
        form.sealed.data = ""
        return _show(form, is_stale=True)
    try:
        with at_desk(writes=True) as desk:
            import_participants(desk.db, desk.context, desk.runtime, rows, desk.signed_in.sites)
    except ImportRefused as error:
        form.sealed.data = ""
        return _show(form, faults=error.faults, status=422)
    flash(
        ngettext("%(num)s participant was added.", "%(num)s participants were added.", len(rows)), "success"
    )
    return redirect(url_for("console.participants"), 303)


def _show_empty(faults: Sequence[FileFault], status: int) -> ResponseReturnValue:
    # The form that was too large cannot be read, so the page gets one that is made without it.
    return _show(FileForm(formdata=None), faults=faults, status=status)


def _show(
    form: FileForm,
    *,
    planned: Sequence[PlannedRow] = (),
    faults: Sequence[FileFault] = (),
    is_stale: bool = False,
    status: int = 200,
) -> ResponseReturnValue:
    told = [(one.line, one.fault.column, one.fault.given, fault_text(one.fault)) for one in faults]
    page = render_template(
        "console/participant/import.html",
        form=form,
        columns=COLUMNS,
        sites=[one for one in runtime().study.sites if signed_in().works_for(one.code)],
        planned=planned[:_MOST_SHOWN],
        count=len(planned),
        faults=told[:_MOST_SHOWN],
        fault_count=len(told),
        is_stale=is_stale,
    )
    return page, status


def _planned(desk: Desk, row: ImportRow) -> PlannedRow:
    new = row.new
    return PlannedRow(
        line=row.line,
        number=new.study_number,
        site=desk.runtime.study.site(new.site).name,
        language=language_name(new.language or None),
        email=masked("email", new.email) or "–",
        phone=masked("phone", new.phone) or "–",
        day0=day_or_dash(read_day(new.day0) if new.day0 else None),
    )


def _seal(rows: Sequence[ImportRow]) -> str:
    text = json.dumps([[row.line, asdict(row.new)] for row in rows])
    return seal(text, _PURPOSE)


def _open(sealed: str) -> tuple[ImportRow, ...]:
    rows = json.loads(unseal(sealed, _PURPOSE))
    return tuple(ImportRow(line, NewParticipant(**new)) for line, new in rows)
