"""What a link opens. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.participant import Invitation, Participant, Visit

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
