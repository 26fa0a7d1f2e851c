"""What the holder of a link asked for, and the button that settles it."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, TextAreaField
from wtforms.validators import Length

from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.message_words import channel_name
from btb_pro.console.phrases import request_phrase, short_time
from btb_pro.roles import Permission
from btb_pro.services.asked_corrections import requests_of_wish
from btb_pro.services.invitations import InvitationRefused
from btb_pro.services.made_requests import AskedBy, RequestKind, find_request
from btb_pro.services.new_links import Hindrance, NewLinkHindered, hindrance, send_new_link, usable_channels
from btb_pro.services.requests import LONGEST_TEXT, RequestRefused, settle_request
from btb_pro.services.wordings import WordingNotApproved

_STOPPING = (RequestKind.NOT_ME, RequestKind.STOP)


class SettleForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """How a wish was dealt with."""

    note = TextAreaField(validators=[Length(max=LONGEST_TEXT)])
    resumes = BooleanField()


@console.get("/requests/<int(max=2147483647):number>")
@allow(Permission.SEE_PARTICIPANTS)
def wish(number: int) -> ResponseReturnValue:
    """The wish; its text, which may hold answers, only for who may read it."""
    with at_desk() as desk:
        return _page(desk, _asked(desk, number), SettleForm())


@console.post("/requests/<int(max=2147483647):number>/new-link")
@allow(Permission.INVITE)
def grant_new_link(number: int) -> ResponseReturnValue:
    """Send the new link, and settle."""
    with at_desk(writes=True) as desk:
        asked, form = _asked(desk, number), SettleForm()
        if not form.validate_on_submit():
            return _page(desk, asked, form), 422
        try:
            send_new_link(desk.db, desk.context, desk.runtime, asked, _channel(desk, asked))
        except NewLinkHindered as error:
            return _page(desk, asked, form, hindered_sentence(error.why)), 409
        except (InvitationRefused, WordingNotApproved):
            desk.db.rollback()
            refused = gettext("No link can be given out for this visit.")
            return _page(desk, _asked(desk, number), form, refused), 409
        study_number = asked.participant.study_number
    flash(gettext("A new link goes to %(number)s. The old one says so.", number=study_number), "success")
    return redirect(url_for("console.today"), 303)


@console.post("/requests/<int(max=2147483647):number>")
@allow(Permission.INVITE)
def settle_wish(number: int) -> ResponseReturnValue:
    """Take a wish for a link or for silence off the list."""
    with at_desk(writes=True) as desk:
        asked = _asked(desk, number)
        if asked.request.kind == RequestKind.MISTAKE:
            abort(404)
        return _settle(desk, asked)


@console.post("/requests/<int(max=2147483647):number>/correction")
@allow(Permission.READ_WISHES)
def settle_correction(number: int) -> ResponseReturnValue:
    """Take a wish to correct off the list."""
    with at_desk(writes=True) as desk:
        asked = _asked(desk, number)
        if asked.request.kind != RequestKind.MISTAKE:
            abort(404)
        return _settle(desk, asked)


def hindered_sentence(why: Hindrance) -> str:
    """Why no new link goes out, and what to do."""
    known: dict[Hindrance, str] = {
        Hindrance.SETTLED: gettext("Somebody has settled this already."),
        Hindrance.OTHER_WISH: gettext("No new link was asked for here."),
        Hindrance.WITHDRAWN: gettext("The participant has withdrawn: no link is sent."),
        Hindrance.SUBMITTED: gettext("The answers are sent in already: no link is needed."),
        Hindrance.OVER: gettext(
            "The time for answering this visit is over. If its day is wrong, change that first; "
            "otherwise tell the participant."
        ),
        Hindrance.STOPPED: gettext(
            "No messages go to this participant, who wants none, or whose messages went to somebody else. "
            "Ring instead."
        ),
        Hindrance.NO_CONTACT: gettext(
            "There is no address on file that works. Ring, and correct the address first."
        ),
        Hindrance.CHANNEL_OFF: gettext(
            "Nothing is set up to send to the address on file by. Print the link instead, and settle this."
        ),
    }
    return known[why]


def _channel(desk: Desk, asked: AskedBy) -> str:
    """The one that was chosen; from Today, where none is, the first that reaches the participant."""
    chosen = request.form.get("channel", "")
    return chosen or next(iter(usable_channels(desk.db, desk.runtime, asked.participant)), "")


def _asked(desk: Desk, number: int) -> AskedBy:
    asked = find_request(desk.db, number)
    if asked is None:
        abort(404)
    desk.require_hospital(asked.participant.site_code, asked.participant.study_number)
    return asked


def _settle(desk: Desk, asked: AskedBy) -> ResponseReturnValue:
    form = SettleForm()
    if not form.validate_on_submit():
        return _page(desk, asked, form), 422
    resumes = bool(form.resumes.data) and asked.request.kind in _STOPPING
    note = (form.note.data or "").strip() or "settled in the console"
    try:
        settle_request(desk.db, desk.context, asked.request.id, note, resumes_messages=resumes)
    except RequestRefused:
        flash(gettext("Somebody has settled this already."), "info")
    else:
        flash(gettext("Settled: %(number)s", number=asked.participant.study_number), "success")
    return redirect(url_for("console.today"), 303)


def _page(desk: Desk, asked: AskedBy, form: SettleForm, refused: str = "") -> str:
    row = asked.request
    form.note.label.text = gettext("What was done? You may leave it empty. Name nobody.")
    form.resumes.label.text = gettext("Messages may go out again")
    is_mistake = row.kind == RequestKind.MISTAKE
    settles = Permission.READ_WISHES if is_mistake else Permission.INVITE
    may_settle = row.settled_at is None and desk.signed_in.may(settles)
    why = hindrance(desk.db, desk.runtime, asked)
    can_send = why is None and may_settle
    channels = usable_channels(desk.db, desk.runtime, asked.participant) if can_send else ()
    return render_template(
        "console/wish.html",
        form=form,
        refused=refused,
        study_number=asked.participant.study_number,
        visit=desk.runtime.study.visit(asked.visit.code).title[str(get_locale())],
        state=request_phrase(row.kind),
        kind=row.kind,
        number=row.id,
        requests=requests_of_wish(desk.db, row.id),
        received=short_time(row.received_at),
        settled=short_time(row.settled_at) if row.settled_at else "",
        settled_by=row.settled_by,
        what=row.what if desk.signed_in.may(Permission.READ_WISHES) else "",
        why=row.why if desk.signed_in.may(Permission.READ_WISHES) else "",
        may_settle=may_settle,
        channels=[(one, channel_name(one)) for one in channels],
        hindered=hindered_sentence(why) if row.kind == RequestKind.NEW_LINK and why and may_settle else "",
        settle_href=url_for(
            "console.settle_correction" if is_mistake else "console.settle_wish", number=row.id
        ),
        new_link_href=url_for("console.grant_new_link", number=row.id),
    )
