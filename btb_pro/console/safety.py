"""A safety alert: who needs a call under the safety procedure, and that somebody sees to it."""

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_wtf import FlaskForm

from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.roles import Permission
from btb_pro.services.safety import RaisedAlert, acknowledge_alert, find_alert


class AcknowledgeForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """The one button."""


@console.get("/safety/<int(max=2147483647):number>")
@allow(Permission.ACKNOWLEDGE_SAFETY)
def safety(number: int) -> ResponseReturnValue:
    """Whom to ring, and who has seen to it; never what was answered."""
    with at_desk() as desk:
        return _page(desk, _alert(desk, number), AcknowledgeForm())


@console.post("/safety/<int(max=2147483647):number>")
@allow(Permission.ACKNOWLEDGE_SAFETY)
def acknowledge(number: int) -> ResponseReturnValue:
    """Take it in hand."""
    with at_desk(writes=True) as desk:
        raised, form = _alert(desk, number), AcknowledgeForm()
        if not form.validate_on_submit():
            return _page(desk, raised, form)
        acknowledge_alert(desk.db, desk.context, raised)
        return redirect(url_for("console.safety", number=number), 303)


def _alert(desk: Desk, number: int) -> RaisedAlert:
    raised = find_alert(desk.db, number)
    if raised is None:
        abort(404)
    desk.require_hospital(raised.participant.site_code, raised.participant.study_number)
    return raised


def _page(desk: Desk, raised: RaisedAlert, form: AcknowledgeForm) -> str:
    return render_template(
        "console/safety.html",
        raised=raised,
        site=desk.runtime.study.site(raised.participant.site_code).name,
        visit_title=desk.runtime.study.visit(raised.visit.code).title[str(get_locale())],
        form=form,
    )
