"""Adding one participant."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.participant_forms import NewForm, mark_faults, set_choices, set_sites
from btb_pro.roles import Permission
from btb_pro.services.participant_checks import NewParticipant
from btb_pro.services.participants import ParticipantRefused, add_participant


@console.get("/participants/new")
@allow(Permission.CHANGE_PARTICIPANTS)
def new_participant() -> ResponseReturnValue:
    """The form, with nothing in it."""
    with at_desk() as desk:
        return _show(desk, NewForm())


@console.post("/participants/new")
@allow(Permission.CHANGE_PARTICIPANTS)
def add_one() -> ResponseReturnValue:
    """Add the participant, or show what is wrong beside what was typed."""
    form = NewForm()
    with at_desk(writes=True) as desk:
        if not form.validate_on_submit():
            return _show(desk, form, is_stale=True)
        new = NewParticipant(
            study_number=(form.id.data or "").strip(),
            site=form.site.data or "",
            language=form.language.data or "",
            email=(form.email.data or "").strip(),
            phone=(form.phone.data or "").strip(),
            day0=(form.day0.data or "").strip(),
        )
        try:
            add_participant(desk.db, desk.context, desk.runtime, new, desk.signed_in.sites)
        except ParticipantRefused as error:
            mark_faults(form, error.faults)
            return _show(desk, form, status=422)
    flash(gettext("%(number)s was added.", number=new.study_number), "success")
    return redirect(url_for("console.participant", number=new.study_number), 303)


def _show(desk: Desk, form: NewForm, *, is_stale: bool = False, status: int = 200) -> ResponseReturnValue:
    set_choices(form, desk.runtime.study)
    set_sites(form, desk.runtime.study, desk.signed_in.sites)
    page = render_template("console/participant/new.html", form=form, is_stale=is_stale)
    return page, status
