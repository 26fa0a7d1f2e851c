"""What holders of links have asked the hospital for. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro.models.participant import Invitation, Participant, ParticipantRequest, Visit
from btb_pro.services.sessions import LinkState


class RequestKind(StrEnum):
    """What is asked for."""

    NEW_LINK = "new_link"
    NOT_ME = "not_me"
    """The link came to somebody else than the participant."""
    STOP = "stop"
    """No more messages."""
    MISTAKE = "mistake"
    """Something that was sent in should be corrected."""


_STILL_THEIRS = frozenset({LinkState.OPEN, LinkState.NOT_OPEN_YET, LinkState.EXPIRED})
_ASKED_FROM: Mapping[RequestKind, frozenset[LinkState]] = {
    RequestKind.NEW_LINK: frozenset({LinkState.EXPIRED, LinkState.REPLACED}),
    # A page that was open when the link expired is heeded: what it says is true all the same.
    RequestKind.NOT_ME: _STILL_THEIRS,
    RequestKind.STOP: _STILL_THEIRS | {LinkState.SUBMITTED},
    RequestKind.MISTAKE: frozenset({LinkState.SUBMITTED}),
}


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request that waits for the hospital, without its text, which may hold answers."""

    number: int
    study_number: str
    site: str
    visit: str
    kind: RequestKind
    received_at: datetime


def may_ask(state: LinkState, kind: RequestKind) -> bool:
    """Whether a link in that state may ask for that."""
    return state in _ASKED_FROM[kind]


def has_asked(session: Session, invitation: Invitation, kind: RequestKind) -> bool:
    """Whether a request of that kind was made with that link and is not settled yet."""
    found = select(ParticipantRequest.id).where(
        ParticipantRequest.invitation_id == invitation.id,
        ParticipantRequest.kind == kind.value,
        ParticipantRequest.settled_at.is_(None),
    )
    return session.execute(found).first() is not None


def correction_asked_at(session: Session, invitation: Invitation) -> datetime | None:
    """When the newest wish to correct came in by that link, of those that are not settled yet."""
    return session.execute(
        select(func.max(ParticipantRequest.received_at)).where(
            ParticipantRequest.invitation_id == invitation.id,
            ParticipantRequest.kind == RequestKind.MISTAKE.value,
            ParticipantRequest.settled_at.is_(None),
        )
    ).scalar_one()


def is_stopped(session: Session, participant: Participant) -> bool:
    """Whether no message may be sent to a participant: somebody asked for none, or was the wrong person.

    Settling such a request does not lift it; that is said apart, when it is settled.
    """
    return _stands(session, participant, RequestKind.NOT_ME, RequestKind.STOP)


def stopped_participants(session: Session, participant_ids: Sequence[int]) -> frozenset[int]:
    """Those of some participants, by their rows' ids, to whom no message may be sent."""
    rows = session.execute(
        select(Visit.participant_id)
        .join(Invitation, Invitation.visit_id == Visit.id)
        .join(ParticipantRequest, ParticipantRequest.invitation_id == Invitation.id)
        .where(
            Visit.participant_id.in_(participant_ids),
            ParticipantRequest.kind.in_((RequestKind.NOT_ME.value, RequestKind.STOP.value)),
            ParticipantRequest.is_lifted.is_(False),
        )
    )
    return frozenset(rows.scalars())


def has_stopped_messages(session: Session, participant: Participant) -> bool:
    """Whether a participant asked for no more messages, by whichever link, and that was not lifted."""
    return _stands(session, participant, RequestKind.STOP)


def list_open_requests(session: Session, site: str = "") -> list[OpenRequest]:
    """Every request that is not settled, oldest first; of one site if its code is named."""
    wanted = (
        select(ParticipantRequest, Participant.study_number, Participant.site_code, Visit.code)
        .join(Invitation, Invitation.id == ParticipantRequest.invitation_id)
        .join(Visit, Visit.id == Invitation.visit_id)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(ParticipantRequest.settled_at.is_(None))
        .order_by(ParticipantRequest.id)
    )
    if site:
        wanted = wanted.where(Participant.site_code == site)
    return [
        OpenRequest(row.id, number, site_code, visit, RequestKind(row.kind), row.received_at)
        for row, number, site_code, visit in session.execute(wanted)
    ]


def _stands(session: Session, participant: Participant, *kinds: RequestKind) -> bool:
    found = (
        select(ParticipantRequest.id)
        .join(Invitation, Invitation.id == ParticipantRequest.invitation_id)
        .join(Visit, Visit.id == Invitation.visit_id)
        .where(
            Visit.participant_id == participant.id,
            ParticipantRequest.kind.in_([kind.value for kind in kinds]),
            ParticipantRequest.is_lifted.is_(False),
        )
    )
    return session.execute(found).first() is not None


@dataclass(frozen=True, slots=True)
class AskedBy:
    """A request with whose link it was made by."""

    request: ParticipantRequest
    visit: Visit
    participant: Participant


def find_request(session: Session, number: int) -> AskedBy | None:
    """The request of a number, open or settled, or nothing."""
    row = session.execute(
        select(ParticipantRequest, Visit, Participant)
        .join(Invitation, Invitation.id == ParticipantRequest.invitation_id)
        .join(Visit, Visit.id == Invitation.visit_id)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(ParticipantRequest.id == number)
    ).first()
    return None if row is None else AskedBy(*row)
