"""Finding a participant's visit, and why nothing can be asked at it now. Reads only."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.services.runtime import Runtime
from btb_pro.services.sessions import LinkState, link_state
from btb_pro.services.wordings import WordingNotApproved, require_approved


class NoLink(StrEnum):
    """Why a visit cannot be answered by a link now."""

    ASKS_NOTHING = "asks_nothing"
    WITHDRAWN = "withdrawn"
    SUBMITTED = "submitted"
    NOT_APPROVED = "not_approved"
    NOT_OPEN_YET = "not_open_yet"
    OVER = "over"


def find_visit(session: Session, runtime: Runtime, participant: Participant, code: str) -> Visit | None:
    """The visit of that code, if the study file plans it and the participant has it."""
    if code not in [planned.code for planned in runtime.study.visits]:
        return None
    return session.execute(
        select(Visit).where(Visit.participant_id == participant.id, Visit.code == code)
    ).scalar_one_or_none()


def live_invitation(session: Session, visit: Visit) -> Invitation | None:
    """The link of a visit that was not ended; it may have expired."""
    return session.execute(
        select(Invitation).where(Invitation.visit_id == visit.id, Invitation.ended_at.is_(None))
    ).scalar_one_or_none()


def why_not_asked(
    session: Session, runtime: Runtime, participant: Participant, visit: Visit
) -> NoLink | None:
    """Why nothing may be asked at a visit, whenever; None if it may."""
    planned = runtime.study.visit(visit.code)
    if not planned.parts:
        return NoLink.ASKS_NOTHING
    if participant.withdrawn_at is not None:
        return NoLink.WITHDRAWN
    if visit.submitted_at is not None:
        return NoLink.SUBMITTED
    try:
        require_approved(session, runtime.study, planned, runtime.instruments)
    except WordingNotApproved:
        return NoLink.NOT_APPROVED
    return None


def why_no_link(session: Session, runtime: Runtime, participant: Participant, visit: Visit) -> NoLink | None:
    """Why no link can be given out; None if there is one or one can be made, though it may open later."""
    live = live_invitation(session, visit)
    ends_at: datetime | None = visit.expires_at if live is None else live.expires_at
    is_over = ends_at is not None and ends_at <= clock.now()
    return why_not_asked(session, runtime, participant, visit) or (NoLink.OVER if is_over else None)


def why_not_open(session: Session, runtime: Runtime, participant: Participant, visit: Visit) -> NoLink | None:
    """Why a link cannot be answered at this moment; None if it can."""
    refused = why_no_link(session, runtime, participant, visit)
    live = live_invitation(session, visit)
    if refused is not None:
        return refused
    if live is not None:
        is_early = link_state(live, visit, participant, clock.now()) is LinkState.NOT_OPEN_YET
    else:
        is_early = visit.opens_at is not None and visit.opens_at > clock.now()
    return NoLink.NOT_OPEN_YET if is_early else None
