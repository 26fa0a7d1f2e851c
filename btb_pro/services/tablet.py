"""Answering on a tablet at the clinic: a ticket that opens one session, once.

The console makes the ticket and knows no participant's page; the participant's pages take it and know no
member of staff. The address is all that they share.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.links import UnknownLink
from btb_pro.models.participant import Invitation, Participant
from btb_pro.models.response import ParticipantSession
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.runtime import Runtime
from btb_pro.services.sessions import CLINIC_TABLET, HANDLE_BYTES, OpenedLink, look_up, start_session

LIFETIME = timedelta(minutes=30)
"""Long enough to hand the tablet over and read the first page."""


class TicketSpent(Exception):
    """The ticket was used, or its time is over."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that still opens a session."""

    link: OpenedLink
    handle: str
    """Of the one session that it opens."""
    expires_at: datetime


def open_tablet(
    session: Session, context: Context, runtime: Runtime, participant: Participant, invitation: Invitation
) -> str:
    """The path that opens a link once, on the browser sent there; who made it for whom is on record."""
    expires_at = clock.now() + LIFETIME
    number = participant.study_number
    with step(session, context, Tag.TABLET_OPEN, study_number=number) as event:
        event.change("tablet", f"{invitation.id}/{event.seq}", "expires_at", None, clock.utc_text(expires_at))
    nonce = secrets.token_urlsafe(9)
    return f"/tablet/{runtime.links.ticket(invitation.public_id, nonce, int(expires_at.timestamp()))}"


def read_ticket(session: Session, runtime: Runtime, text: str) -> Ticket:
    """What a ticket opens. Reads only.

    Raises:
        UnknownLink: it is none of ours.
        TicketSpent: it has opened its session, or is too old.
    """
    public_id, nonce, expires = runtime.links.read_ticket(text)
    link = look_up(session, public_id)
    if link is None:
        raise UnknownLink
    handle = hashlib.sha256(nonce.encode()).hexdigest()[: 2 * HANDLE_BYTES]
    used = session.execute(select(ParticipantSession.id).where(ParticipantSession.handle == handle)).first()
    expires_at = datetime.fromtimestamp(expires, UTC)
    if used is not None or expires_at <= clock.now():
        raise TicketSpent
    return Ticket(link, handle, expires_at)


def begin_on_tablet(
    session: Session, context: Context, ticket: Ticket, language: str
) -> tuple[ParticipantSession, str]:
    """Trade a ticket for its session, and the secret for the cookie. Within the transaction that read it."""
    return start_session(session, context, ticket.link, language, CLINIC_TABLET, ticket.handle)
