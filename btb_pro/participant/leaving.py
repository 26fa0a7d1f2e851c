"""Somebody else uses this phone: the browser forgets the session, its script what the phone kept."""

from flask import make_response, render_template, request, url_for

from btb_pro.participant.blueprint import Access, access, participant
from btb_pro.participant.cookies import forget_session
from btb_pro.participant.form import main_form
from btb_pro.participant.items import ResponseValue
from btb_pro.participant.parts import switch_language
from btb_pro.participant.visitor import Visitor, runtime, visiting


@participant.get("/q/<handle>/leave")
@access(Access.SESSION)
def leave(handle: str) -> ResponseValue:
    """What happens, and the button that does it."""
    with visiting(handle, after_submit=True) as visitor:
        return _render(visitor)


@participant.post("/q/<handle>/leave")
@access(Access.SESSION)
def forget(handle: str) -> ResponseValue:
    """Take the cookies back. Answers stay where they are, and the link goes on working."""
    with visiting(handle, writes=True, after_submit=True) as visitor:
        is_ours = main_form(handle, runtime().settings.secret_keys).validate_on_submit()
        if switch_language(visitor) or not is_ours:
            return _render(visitor)
        wiped = url_for("participant.parts", handle=handle)
        response = make_response(render_template("participant/left.html", wiped=wiped))
    forget_session(response, request, handle, runtime().settings.is_production)
    return response


def _render(visitor: Visitor) -> ResponseValue:
    is_sent = visitor.answering.visit.submitted_at is not None
    return render_template(
        "participant/leave.html",
        handle=visitor.handle,
        action=url_for("participant.leave", handle=visitor.handle),
        back=url_for("participant.receipt" if is_sent else "participant.parts", handle=visitor.handle),
        is_sent=is_sent,
        csrf_token=main_form(visitor.handle, runtime().settings.secret_keys).csrf_token.current_token,
    )
