"""One press on Today: a reminder of the link, or the invitation, by the way that reached them last."""

from flask import abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from btb_pro.console.desk import allow, at_desk, console
from btb_pro.console.message_words import not_approved, press_again, refusal_sentence
from btb_pro.roles import Permission
from btb_pro.services.invitations import InvitationRefused
from btb_pro.services.reminding import send_with_one_press
from btb_pro.services.wordings import WordingNotApproved
from btb_pro.states import WhyRefused


@console.post("/participants/<number>/remind/<code>")
@allow(Permission.INVITE)
def remind(number: str, code: str) -> ResponseReturnValue:
    """Queue the message; Today says what goes out, and takes it back for as long as it waits."""
    if not FlaskForm().validate_on_submit():
        flash(press_again(), "warning")
        return redirect(url_for("console.today"), 303)
    with at_desk(writes=True) as desk:
        desk.participant(number)
        try:
            message = send_with_one_press(desk.db, desk.context, desk.runtime, number, code)
        except InvitationRefused as error:
            if error.why is WhyRefused.NO_SUCH_VISIT:
                abort(404)
            wrong = refusal_sentence(error.why)
        except WordingNotApproved:
            wrong = not_approved()
        else:
            return redirect(url_for("console.today", sent=message.id), 303)
        desk.db.rollback()
    flash(wrong, "warning")
    return redirect(url_for("console.invite", number=number, code=code), 303)
