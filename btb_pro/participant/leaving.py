"""Leaving a browser so that nothing of the participant stays in it.

On the clinic's tablet, and on a phone that somebody else uses too. Another link's answers that wait there to
be sent are left alone.
"""

from collections.abc import Iterable

from flask import g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from btb_pro.participant.cookies import (
    forget_link,
    forget_session,
    remember_session,
    session_secret,
    session_secrets,
)
from btb_pro.participant.start import require_open, start_page
from btb_pro.participant.visitor import (
    Access,
    GoTo,
    ResponseValue,
    access,
    open_link,
    participant,
    request_context,
)
from btb_pro.services.sessions import Answering, end_session, find_session, participant_actor
from btb_pro.services.tablet import TicketSpent, begin_on_tablet, read_ticket
from btb_pro.this_request import runtime, speak


@participant.get("/done")
@access(Access.ANYONE)
def done() -> ResponseValue:
    """The end on a device that goes to somebody else: nothing of anybody, and no way back."""
    return render_template("participant/left.html")


@participant.get("/tablet/<ticket>")
@access(Access.ANYONE)
def tablet(ticket: str) -> ResponseValue:
    """The start page on the clinic's tablet. Writes nothing."""
    with runtime().database.reading() as db:
        found = read_ticket(db, runtime(), ticket)
        open_link(db, runtime().links.token(found.link.invitation.public_id))
        require_open(db, found.link)
        return start_page(
            db,
            found.link,
            action=url_for("participant.begin_tablet", ticket=ticket),
            leave_action=url_for("participant.leave_tablet", ticket=ticket),
        )


@participant.post("/tablet/<ticket>")
@access(Access.ANYONE)
def begin_tablet(ticket: str) -> ResponseValue:
    """Trade the ticket for its one session; the cookie goes when the browser closes, if not before."""
    handle, secret = _begin(ticket)
    response = redirect(url_for("participant.parts", handle=handle), 303)
    remember_session(response, handle, secret, runtime().settings.is_production, is_shared=True)
    forget_link(response, runtime().settings.is_production)
    return response


@participant.post("/tablet/<ticket>/leave")
@access(Access.ANYONE)
def leave_tablet(ticket: str) -> ResponseValue:
    """Hand the tablet back without starting: the ticket is spent, so that nobody else starts with it."""
    handle, secret = _begin(ticket)
    return _leave([(handle, secret)])


@participant.get("/s/<token>/leave")
@access(Access.ANYONE)
def leave_phone(token: str) -> ResponseValue:
    """For whoever hands the phone on: what happens, and the button."""
    with runtime().database.reading() as db:
        link = open_link(db, token)
        handles = [handle for handle, _ in _sessions_of_link(db, link.invitation.id)]
        back = url_for("participant.start", token=token, lang=g.language)
        action = url_for("participant.leave_phone_now", token=token, lang=g.language)
        return render_template("participant/leave.html", back=back, action=action, handles=handles)


@participant.post("/s/<token>/leave")
@access(Access.ANYONE)
def leave_phone_now(token: str) -> ResponseValue:
    """End every session of the link in this browser."""
    with runtime().database.reading() as db:
        sessions = _sessions_of_link(db, open_link(db, token).invitation.id)
    return _leave(sessions)


@participant.get("/q/<handle>/leave")
@access(Access.SESSION)
def leave(handle: str) -> ResponseValue:
    """The same from inside the session, where the link is no longer in the address."""
    with runtime().database.reading() as db:
        answering = _own(db, handle)
        if answering is None:
            raise GoTo(url_for("participant.home"))
        wished = request.args.get("lang", "")
        speak(wished if wished in runtime().study.languages else answering.session.language)
        is_sent = answering.visit.submitted_at is not None
        back = url_for("participant.receipt" if is_sent else "participant.parts", handle=handle)
        action = url_for("participant.leave_now", handle=handle)
        return render_template("participant/leave.html", back=back, action=action, handles=[handle])


@participant.post("/q/<handle>/leave")
@access(Access.SESSION)
def leave_now(handle: str) -> ResponseValue:
    """End the session, whatever its link has come to. It takes the session's cookie, so it needs no token."""
    with runtime().database.reading() as db:
        if _own(db, handle) is None:
            raise GoTo(url_for("participant.home"))
    return _leave([(handle, session_secret(request, handle, runtime().settings.is_production))])


@participant.errorhandler(TicketSpent)
def ticket_spent(_error: TicketSpent) -> Response:
    """A ticket that has done its work shows what the tablet shows at the end."""
    return redirect(url_for("participant.done"), 303)


def _begin(ticket: str) -> tuple[str, str]:
    house = runtime()
    with house.database.writing() as db:
        found = read_ticket(db, house, ticket)
        open_link(db, house.links.token(found.link.invitation.public_id))
        require_open(db, found.link)
        context = request_context(house, participant_actor(found.link.participant))
        session, secret = begin_on_tablet(db, context, found, g.language)
        handle = session.handle
        db.commit()
    return handle, secret


def _leave(sessions: Iterable[tuple[str, str]]) -> Response:
    """End sessions that this browser holds, take their cookies and the link's, and show the neutral page."""
    house = runtime()
    response = redirect(url_for("participant.done", lang=g.get("language")), 303)
    with house.database.writing() as db:
        for handle, secret in sessions:
            answering = find_session(db, handle, secret)
            if answering is not None:
                end_session(db, request_context(house, participant_actor(answering.participant)), answering)
            forget_session(response, handle, house.settings.is_production)
        db.commit()
    forget_link(response, house.settings.is_production)
    return response


def _own(db: Session, handle: str) -> Answering | None:
    return find_session(db, handle, session_secret(request, handle, runtime().settings.is_production))


def _sessions_of_link(db: Session, invitation_id: int) -> list[tuple[str, str]]:
    found = []
    for handle, secret in session_secrets(request, runtime().settings.is_production).items():
        answering = find_session(db, handle, secret)
        if answering is not None and answering.invitation.id == invitation_id:
            found.append((handle, secret))
    return found
