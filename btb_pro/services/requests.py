"""What the holder of a link asks the hospital for, and settling it.

Nothing of it changes an answer. Each wish is recorded once however often it is sent, since a double tap, a
reload and a second tab are the same wish.
"""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.base import new_salt, salted_sha256
from btb_pro.models.participant import Invitation, Participant, ParticipantRequest, Visit
from btb_pro.refusals import PlainRefusal
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.made_requests import RequestKind, has_asked, has_stopped_messages, may_ask
from btb_pro.services.sessions import OpenedLink

LONGEST_TEXT = 1000
"""Characters of each text of a wish to correct."""


class RequestRefused(PlainRefusal):
    """A request cannot be made or settled as asked. The message says why and what to do."""


def ask_for_new_link(session: Session, context: Context, link: OpenedLink) -> None:
    """Record that the holder of a dead link would like another; asked once until it is settled.

    Raises:
        RequestRefused: the link is neither expired nor replaced.
    """
    _require(link, RequestKind.NEW_LINK)
    with step(session, context, Tag.REQUEST_NEW_LINK, study_number=link.participant.study_number) as event:
        if not has_asked(session, link.invitation, RequestKind.NEW_LINK):
            _add(session, event, link, RequestKind.NEW_LINK)


def report_not_me(session: Session, context: Context, link: OpenedLink) -> None:
    """Record that the link came to the wrong person, and end it: nobody else's answers may come in by it.

    Raises:
        RequestRefused: the link is ended already, sent in, or its participant withdrawn.
    """
    _require(link, RequestKind.NOT_ME)
    number = link.participant.study_number
    with step(session, context, Tag.REQUEST_NOT_ME, study_number=number) as event:
        _add(session, event, link, RequestKind.NOT_ME)
        link.invitation.ended_at, link.invitation.end_reason = event.at, "revoked"
        event.change("invitation", f"{number}/{link.visit.code}", "end_reason", None, "revoked")


def stop_messages(session: Session, context: Context, link: OpenedLink) -> None:
    """Record that the participant wants no more messages; the link goes on working. Again adds nothing.

    Raises:
        RequestRefused: the link was ended, or its participant withdrawn.
    """
    _require(link, RequestKind.STOP)
    with step(session, context, Tag.REQUEST_STOP, study_number=link.participant.study_number) as event:
        if not has_stopped_messages(session, link.participant):
            _add(session, event, link, RequestKind.STOP)


def ask_for_correction(
    session: Session, context: Context, link: OpenedLink, what: str, why: str | None
) -> None:
    """Record what a participant wants corrected in what was sent in, and why, each 1 to 1000 characters.

    The same texts again are the same wish while it is open; other texts are another.

    Raises:
        RequestRefused: the link was not sent in.
    """
    _require(link, RequestKind.MISTAKE)
    with step(session, context, Tag.REQUEST_CORRECTION, study_number=link.participant.study_number) as event:
        same = select(ParticipantRequest.id).where(
            ParticipantRequest.invitation_id == link.invitation.id,
            ParticipantRequest.what == what,
            ParticipantRequest.why.is_(None) if why is None else ParticipantRequest.why == why,
            ParticipantRequest.settled_at.is_(None),
        )
        if session.execute(same).first() is None:
            _add(session, event, link, RequestKind.MISTAKE, {"what": what, "why": why})


def settle_request(
    session: Session, context: Context, number: int, note: str, *, resumes_messages: bool = False
) -> ParticipantRequest:
    """Record that a request was dealt with, by whom and how; the note goes into the audit trail.

    With `resumes_messages` messages may be sent again after a not_me or a stop.

    Raises:
        RequestRefused: there is no such request, it is settled already, or the note is blank; or messages
            were never stopped by it.
    """
    found = session.get(ParticipantRequest, number)
    if found is None:
        raise RequestRefused(f"There is no request {number}: see btb-pro request list.")
    if found.settled_at is not None:
        raise RequestRefused(f"Request {number} was settled by {found.settled_by} already.")
    if not note.strip():
        raise RequestRefused("A settled request needs a note of what was done: --note TEXT.")
    if resumes_messages and found.kind not in (RequestKind.NOT_ME, RequestKind.STOP):
        raise RequestRefused(
            f"Request {number} is a {found.kind}, which stopped no messages: leave --resume out."
        )
    study_number = _study_number(session, found)
    with step(session, context, Tag.REQUEST_SETTLE, study_number=study_number, reason=note.strip()) as event:
        mark_settled(event, context, found)
        if resumes_messages:
            found.is_lifted = True
            event.change("request", f"{number}", "is_lifted", "false", "true")
    return found


def mark_settled(event: Step, context: Context, request: ParticipantRequest) -> None:
    """Take a request off the list, within an event that says how it was dealt with."""
    request.settled_at, request.settled_by = event.at, context.actor.name
    event.change("request", f"{request.id}", "settled_by", None, context.actor.name)


def _require(link: OpenedLink, kind: RequestKind) -> None:
    if not may_ask(link.state, kind):
        raise RequestRefused(f"A link that is {link.state.value} cannot ask for {kind.value}.")


def _add(
    session: Session,
    event: Step,
    link: OpenedLink,
    kind: RequestKind,
    texts: Mapping[str, str | None] | None = None,
) -> None:
    texts = texts or {}
    salt = new_salt() if texts else None
    row = ParticipantRequest(
        invitation_id=link.invitation.id,
        kind=kind.value,
        salt=salt,
        received_at=event.at,
        is_lifted=False,
        event_seq=event.seq,
        **texts,
    )
    session.add(row)
    session.flush()
    event.change("request", f"{row.id}", "kind", None, kind.value)
    event.change("request", f"{row.id}", "visit", None, link.visit.code)
    for name, value in texts.items():
        if value is not None and salt is not None:
            event.change("request", f"{row.id}", name, None, salted_sha256(salt, value))


def _study_number(session: Session, request: ParticipantRequest) -> str:
    return session.execute(
        select(Participant.study_number)
        .join(Visit, Visit.participant_id == Participant.id)
        .join(Invitation, Invitation.visit_id == Visit.id)
        .where(Invitation.id == request.invitation_id)
    ).scalar_one()
