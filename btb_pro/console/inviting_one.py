"""One participant's link to one visit: sent, sent again, replaced, ended. What will be sent is shown."""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from btb_pro import clock
from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.message_words import not_approved, press_again, refusal_sentence
from btb_pro.console.participant_words import visit_phrase
from btb_pro.console.phrases import message_phrase
from btb_pro.models.participant import Visit
from btb_pro.roles import Permission
from btb_pro.services.invitations import InvitationRefused, find_visit, live_invitation, revoke_invitation
from btb_pro.services.inviting import Preview, invite_participant, open_channels, preview, why_not
from btb_pro.services.link_states import link_states
from btb_pro.services.messages import messages_of_visit, newest_number
from btb_pro.services.wordings import WordingNotApproved
from btb_pro.states import WhyRefused


class PressForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """A form that holds its token, and buttons."""


@console.get("/participants/<number>/link/<code>")
@allow(Permission.INVITE)
def link(number: str, code: str) -> ResponseReturnValue:
    """How far the link has come, and every message that carried it."""
    with at_desk() as desk:
        visit = _visit(desk, number, code)
        states = link_states(desk.db, desk.runtime.study, [visit.id], desk.runtime.instruments)
        live = live_invitation(desk.db, visit)
        return render_template(
            "console/link.html",
            number=number,
            code=code,
            status=states[visit.id],
            stage=visit_phrase(states[visit.id]),
            message_phrase=message_phrase,
            live=live,
            last_day=clock.last_day(live.expires_at) if live else None,
            messages=messages_of_visit(desk.db, visit),
            done=request.args.get("done", ""),
        )


@console.get("/participants/<number>/invite/<code>")
@allow(Permission.INVITE)
def invite(number: str, code: str) -> ResponseReturnValue:
    """Choose how, and see what will be sent. Writes nothing."""
    with at_desk() as desk:
        channel = request.args.get("channel", "") or _first_that_reaches(desk, number)
        return _invite_page(desk, number, _visit(desk, number, code), channel)


@console.post("/participants/<number>/invite/<code>")
@allow(Permission.INVITE)
def send_invitation(number: str, code: str) -> ResponseReturnValue:
    """Put the message into the queue."""
    channel = request.form.get("channel", "")
    with at_desk(writes=True) as desk:
        visit = _visit(desk, number, code)
        if not PressForm().validate_on_submit():
            return _invite_page(desk, number, visit, channel, press_again()), 409
        try:
            if channel not in open_channels(desk.runtime):
                raise InvitationRefused(WhyRefused.CHANNEL_OFF, "")
            invite_participant(
                desk.db,
                desk.context,
                desk.runtime,
                number,
                code,
                channel,
                replace="new" in request.form,
                after=request.form.get("after", 0, int),
            )
        except InvitationRefused as error:
            return _invite_page(desk, number, visit, channel, refusal_sentence(error.why)), 409
        except WordingNotApproved:
            return _invite_page(desk, number, visit, channel, not_approved()), 409
    return redirect(url_for("console.link", number=number, code=code, done="queued"), 303)


@console.get("/participants/<number>/revoke/<code>")
@allow(Permission.INVITE)
def revoke(number: str, code: str) -> ResponseReturnValue:
    """Ask once more before a link is ended."""
    with at_desk() as desk:
        _visit(desk, number, code)
        return render_template("console/revoke.html", number=number, code=code, form=PressForm(), wrong="")


@console.post("/participants/<number>/revoke/<code>")
@allow(Permission.INVITE)
def end_link(number: str, code: str) -> ResponseReturnValue:
    """End the link at once; the answers stay."""
    with at_desk(writes=True) as desk:
        _visit(desk, number, code)
        wrong = "" if PressForm().validate_on_submit() else press_again()
        if not wrong:
            try:
                revoke_invitation(desk.db, desk.context, desk.runtime, number, code)
            except InvitationRefused as error:
                wrong = refusal_sentence(error.why)
        if wrong:
            page = render_template(
                "console/revoke.html", number=number, code=code, form=PressForm(formdata=None), wrong=wrong
            )
            return page, 409
    return redirect(url_for("console.link", number=number, code=code, done="ended"), 303)


def _visit(desk: Desk, number: str, code: str) -> Visit:
    participant = desk.participant(number)
    try:
        return find_visit(desk.db, desk.runtime, participant, code)
    except InvitationRefused:
        abort(404)


def _first_that_reaches(desk: Desk, number: str) -> str:
    """The channel that is shown first; empty where the participant can be reached by none."""
    participant = desk.participant(number)
    channels = open_channels(desk.runtime)
    return next((one for one in channels if why_not(desk.db, desk.runtime, participant, one) is None), "")


def _invite_page(desk: Desk, number: str, visit: Visit, channel: str, wrong: str = "") -> str:
    participant = desk.participant(number)
    channels = open_channels(desk.runtime)
    refused = why_not(desk.db, desk.runtime, participant, channel) if channel in channels else None
    shown: Preview | None = None
    if channel in channels:
        try:
            shown = preview(desk.db, desk.runtime, number, visit.code, channel)
        except InvitationRefused as error:
            refused = error.why
    if refused is not None and not wrong:
        wrong = refusal_sentence(refused)
    return render_template(
        "console/invite.html",
        number=number,
        code=visit.code,
        channels=channels,
        channel=channel,
        preview=None if refused is not None else shown,
        after=newest_number(messages_of_visit(desk.db, visit)),
        is_new="new" in request.values,
        has_link=live_invitation(desk.db, visit) is not None,
        form=PressForm(formdata=None),
        wrong=wrong,
    )
