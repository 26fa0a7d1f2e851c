"""What a link opens, trading it for a session, finding that again, and what its visit was answered."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.instruments.answers import AnswerState, StoredAnswer
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.models.response import Answer, ParticipantSession, Response
from btb_pro.services.audit import Actor, Context, Tag, step

GRACE = timedelta(hours=2)
"""How long a page that was open when the window closed may still be saved and sent."""


class LinkState(StrEnum):
    """What a link with a good signature opens."""

    OPEN = "open"
    NOT_OPEN_YET = "not_open_yet"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"
    SUBMITTED = "submitted"


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """An invitation with its visit and participant, and what it opens now."""

    invitation: Invitation
    visit: Visit
    participant: Participant
    state: LinkState


def look_up(session: Session, public_id: str) -> OpenedLink | None:
    """What a public id leads to now, or nothing. Reads only."""
    row = session.execute(
        select(Invitation, Visit, Participant)
        .join(Visit, Visit.id == Invitation.visit_id)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(Invitation.public_id == public_id)
    ).first()
    if row is None:
        return None
    invitation, visit, participant = row
    return OpenedLink(invitation, visit, participant, link_state(invitation, visit, participant, clock.now()))


def link_state(
    invitation: Invitation,
    visit: Visit,
    participant: Participant,
    at: datetime,
    grace: timedelta = timedelta(),
) -> LinkState:
    """What a link opens at an instant; `grace` lengthens its life for a page that is open already."""
    if participant.withdrawn_at is not None:
        return LinkState.WITHDRAWN
    if invitation.end_reason is not None:
        return LinkState(invitation.end_reason)
    if visit.submitted_at is not None:
        return LinkState.SUBMITTED
    if at < invitation.opens_at:
        return LinkState.NOT_OPEN_YET
    if at >= invitation.expires_at + grace:
        return LinkState.EXPIRED
    return LinkState.OPEN


LIFETIME = timedelta(hours=24)
"""How long a session lasts after its last save."""
HANDLE_BYTES = 5
CLINIC_TABLET = "clinic_tablet"
"""Mode of a session on a device that goes from hand to hand: it must leave nothing behind."""


@dataclass(frozen=True, slots=True)
class Answering:
    """A session with everything that it opens."""

    session: ParticipantSession
    invitation: Invitation
    visit: Visit
    participant: Participant
    state: LinkState
    is_over: bool
    """More than 24 hours since the last save: it may still write, it shows nothing."""


def start_session(
    session: Session,
    context: Context,
    link: OpenedLink,
    language: str,
    mode: str = "own_phone",
    handle: str = "",
) -> tuple[ParticipantSession, str]:
    """A new session for an open link, and the secret for its cookie; a fresh handle if none is given."""
    secret = secrets.token_urlsafe(24)
    number = link.participant.study_number
    with step(session, context, Tag.SESSION_START, study_number=number) as event:
        started = ParticipantSession(
            handle=handle or secrets.token_hex(HANDLE_BYTES),
            secret_sha256=_digest(secret),
            invitation_id=link.invitation.id,
            language=language,
            mode=mode,
            started_at=event.at,
            last_saved_at=event.at,
            event_seq=event.seq,
        )
        session.add(started)
        event.change("session", started.handle, "visit", None, link.visit.code)
        event.change("session", started.handle, "language", None, language)
        event.change("session", started.handle, "mode", None, mode)
    return started, secret


def end_session(session: Session, context: Context, answering: Answering) -> None:
    """Let no browser open a session any more; what was saved in it stays."""
    number = answering.participant.study_number
    with step(session, context, Tag.SESSION_END, study_number=number) as event:
        answering.session.secret_sha256 = _digest(secrets.token_urlsafe(24))
        event.change("session", answering.session.handle, "is_open", "true", "false")


def find_session(session: Session, handle: str, secret: str) -> Answering | None:
    """The session that a handle and its cookie's secret lead to, or nothing."""
    row = session.execute(
        select(ParticipantSession, Invitation, Visit, Participant)
        .join(Invitation, Invitation.id == ParticipantSession.invitation_id)
        .join(Visit, Visit.id == Invitation.visit_id)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(ParticipantSession.handle == handle)
    ).first()
    if row is None or not hmac.compare_digest(row[0].secret_sha256, _digest(secret)):
        return None
    found, invitation, visit, participant = row
    now = clock.now()
    return Answering(
        session=found,
        invitation=invitation,
        visit=visit,
        participant=participant,
        state=link_state(invitation, visit, participant, now, grace=GRACE),
        is_over=now >= found.last_saved_at + LIFETIME,
    )


def change_language(session: Session, context: Context, answering: Answering, language: str) -> None:
    """Show the rest of a session in another language."""
    old = answering.session.language
    if language == old:
        return
    number = answering.participant.study_number
    with step(session, context, Tag.SESSION_LANGUAGE, study_number=number) as event:
        answering.session.language = language
        event.change("session", answering.session.handle, "language", old, language)


def participant_actor(participant: Participant) -> Actor:
    """A participant as an actor of the audit trail."""
    return Actor("participant", participant.study_number, "participant", participant.site_code)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class SeenAnswer:
    """The present answer of a field, and whether this very session entered it."""

    stored: StoredAnswer
    is_own: bool


def present_answers(
    session: Session, visit: Visit, own_session_id: int | None = None
) -> dict[str, SeenAnswer]:
    """The newest row of every form field of a visit, by field code."""
    rows = session.execute(
        select(Answer.item, Answer.state, Answer.value, Answer.session_id)
        .join(Response, Response.id == Answer.response_id)
        .where(Response.visit_id == visit.id)
        .order_by(Answer.id)
    )
    return {
        item: SeenAnswer(StoredAnswer(AnswerState(state), value), session_id == own_session_id)
        for item, state, value, session_id in rows
    }


def stored_only(seen: Mapping[str, SeenAnswer]) -> dict[str, StoredAnswer]:
    """Present answers without who entered them."""
    return {code: answer.stored for code, answer in seen.items()}
