"""The second step: a one-time code to the address on file brings earlier answers back to view."""

from flask import redirect, render_template, request, url_for
from flask_babel import gettext

from btb_pro.participant.form import main_form
from btb_pro.participant.visitor import (
    Access,
    GoTo,
    ResponseValue,
    Visitor,
    access,
    participant,
    switch_language,
    visiting,
)
from btb_pro.participant.words import minute_in_words
from btb_pro.services.step_codes import (
    Outcome,
    has_live_code,
    is_offered,
    send_code,
    sends_from,
    try_code,
    ways_to_send,
)
from btb_pro.this_request import runtime


@participant.get("/q/<handle>/code")
@access(Access.SESSION)
def step_code(handle: str) -> ResponseValue:
    """Ask for a code, or type the one that was sent."""
    with visiting(handle) as visitor:
        _require_offered(visitor)
        return _render(visitor)


@participant.post("/q/<handle>/code")
@access(Access.SESSION)
def give_step_code(handle: str) -> ResponseValue:
    """Send a code, judge the one that was typed, or go on without."""
    with visiting(handle, writes=True) as visitor:
        _require_offered(visitor)
        is_ours = main_form(handle, runtime().settings.secret_keys).validate_on_submit()
        if switch_language(visitor):
            return redirect(url_for("participant.step_code", handle=handle), 303)
        if not is_ours:
            return _render(visitor, notice=gettext("Nothing was sent yet. Press the button again."))
        if "without" in request.form:
            return redirect(url_for("participant.parts", handle=handle), 303)
        if "send" in request.form or "code" not in request.form:
            return _send(visitor)
        return _judge(visitor)


def _require_offered(visitor: Visitor) -> None:
    if not is_offered(visitor.db, visitor.runtime, visitor.answering):
        raise GoTo(url_for("participant.parts", handle=visitor.handle))


def _send(visitor: Visitor) -> ResponseValue:
    ways = ways_to_send(visitor.db, visitor.runtime, visitor.answering)
    channel = request.form.get("send", ways[0].channel)
    send_code(visitor.db, visitor.context, visitor.runtime, visitor.answering, channel)
    return redirect(url_for("participant.step_code", handle=visitor.handle), 303)


def _judge(visitor: Visitor) -> ResponseValue:
    typed = request.form["code"]
    if not typed.strip():
        return _render(visitor, fault=gettext("Write the code that we sent you."))
    outcome = try_code(visitor.db, visitor.context, visitor.runtime, visitor.answering, typed)
    if outcome is Outcome.CONFIRMED:
        return redirect(url_for("participant.parts", handle=visitor.handle, confirmed=1), 303)
    if outcome is Outcome.WRONG:
        return _render(visitor, fault=gettext("This is not the code. Look at the newest message once more."))
    return _render(visitor, notice=gettext("This code works no more. Ask for a new one."), status=422)


def _render(visitor: Visitor, *, fault: str = "", notice: str = "", status: int = 200) -> ResponseValue:
    db, answering = visitor.db, visitor.answering
    sends_again_at = sends_from(db, answering)
    page = render_template(
        "participant/step_code.html",
        handle=visitor.handle,
        action=url_for("participant.step_code", handle=visitor.handle),
        csrf_token=main_form(visitor.handle, runtime().settings.secret_keys).csrf_token.current_token,
        waits_for_code=has_live_code(db, answering),
        ways=ways_to_send(db, visitor.runtime, answering),
        may_send_after=minute_in_words(sends_again_at) if sends_again_at else "",
        fault=fault,
        notice=notice,
    )
    return page, 422 if fault else status
