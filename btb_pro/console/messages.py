"""One message: what became of it, and the button that settles it."""

from datetime import datetime

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import FlaskForm

from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.message_words import press_again, refusal_sentence
from btb_pro.roles import Permission
from btb_pro.services.invitations import InvitationRefused
from btb_pro.services.inviting import Preview
from btb_pro.services.inviting import preview as preview_of
from btb_pro.services.messages import SettlementRefused, ShownMessage, find_message, settle_message
from btb_pro.services.quiet_hours import next_loud
from btb_pro.states import Settlement
from btb_pro.this_request import runtime

_TO_PARTICIPANT = ("invitation", "reminder")


class SettleForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """A form that holds its token; the button that was pressed says what is decided."""


@console.get("/messages/<int(max=2147483647):number>")
@allow(Permission.INVITE)
def message(number: int) -> ResponseReturnValue:
    """What became of a message."""
    with at_desk() as desk:
        shown = _message(desk, number)
        return _page(shown, is_settled="settled" in request.args, preview=_preview(desk, shown))


@console.post("/messages/<int(max=2147483647):number>")
@allow(Permission.INVITE)
def settle(number: int) -> ResponseReturnValue:
    """Record what a person decided about it."""
    with at_desk(writes=True) as desk:
        shown = _message(desk, number)
        pressed = request.form.get("settle", "")
        if not SettleForm().validate_on_submit() or pressed not in list(Settlement):
            return _page(shown, press_again()), 409
        try:
            with desk.db.begin_nested():
                settle_message(desk.db, desk.context, desk.runtime, number, Settlement(pressed))
        except SettlementRefused:
            return _page(
                _message(desk, number), gettext("Somebody else has seen to it, or it was sent meanwhile.")
            ), 409
        except InvitationRefused as error:
            return _page(shown, refusal_sentence(error.why)), 409
        if request.form.get("back") == "today":
            flash(gettext("It is not sent."))
            return redirect(url_for("console.today"), 303)
    return redirect(url_for("console.message", number=number, settled=1), 303)


def _message(desk: Desk, number: int) -> ShownMessage:
    """A message to a participant of this person's hospitals; any other is 404."""
    found = find_message(desk.db, number)
    if found is None:
        abort(404)
    desk.require_hospital(found.site, found.study_number)
    return found


def _preview(desk: Desk, shown: ShownMessage) -> Preview | None:
    """What a message to a participant will say; None for one that waits no more."""
    if shown.state != "queued" or shown.kind not in _TO_PARTICIPANT:
        return None
    try:
        return preview_of(desk.db, desk.runtime, shown.study_number, shown.visit, shown.channel, shown.kind)
    except InvitationRefused:
        return None


def _goes_out_at(shown: ShownMessage) -> datetime:
    """When it is tried: a participant is written to in the morning, whatever the queue says."""
    is_held_back = shown.state == "queued" and shown.kind in _TO_PARTICIPANT
    return next_loud(runtime().study.quiet_hours, shown.due_at) if is_held_back else shown.due_at


def _page(
    shown: ShownMessage, wrong: str = "", *, is_settled: bool = False, preview: Preview | None = None
) -> str:
    return render_template(
        "console/message.html",
        shown=shown,
        wrong=wrong,
        preview=preview,
        goes_out_at=_goes_out_at(shown),
        is_settled=is_settled,
        form=SettleForm(formdata=None),
    )
