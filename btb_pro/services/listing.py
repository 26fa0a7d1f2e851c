"""Who takes part, and how far each visit has come."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.models.response import Response
from btb_pro.study import Study


class VisitState(StrEnum):
    """How far a participant's visit has come, in the words that a coordinator reads."""

    NOT_INVITED = "not invited"
    INVITED = "invited"
    """A live link, whether or not somebody opened it."""
    STARTED = "started"
    """A first answer was saved, and the link still lives."""
    SUBMITTED = "submitted"
    """Stays so, whatever happens to link and participant later."""
    EXPIRED = "expired"
    """The link died by its date, answers begun or not."""
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"
    """The participant left the study before sending the visit in."""


@dataclass(frozen=True, slots=True)
class ListedParticipant:
    """A participant without anything that tells who it is."""

    study_number: str
    site: str
    language: str | None
    day0: date | None
    visits: Mapping[str, VisitState]
    """By visit code, in the study's order; only visits that ask something."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the state of one visit is judged by."""

    is_withdrawn: bool
    is_submitted: bool
    is_started: bool
    end_reason: str | None
    expires_at: datetime | None
    """Of the newest link; None when there never was one."""


def list_participants(session: Session, study: Study) -> list[ListedParticipant]:
    """Every participant by study number, with the state of each visit now. Takes four queries."""
    asked = [visit.code for visit in study.visits if visit.parts]
    rows = session.execute(select(Visit).where(Visit.code.in_(asked))).scalars().all()
    participants = session.execute(select(Participant).order_by(Participant.study_number)).scalars().all()
    states = visit_states(session, participants, rows)
    visits: dict[int, dict[str, VisitState]] = {}
    for visit in rows:
        visits.setdefault(visit.participant_id, {})[visit.code] = states[visit.id]
    return [_listed(participant, visits.get(participant.id, {}), asked) for participant in participants]


def visit_states(
    session: Session,
    participants: Iterable[Participant],
    visits: Iterable[Visit],
    among: Sequence[int] | None = None,
) -> Mapping[int, VisitState]:
    """How far each visit has come now, by its row's id; the participants are those whose visits they are.

    With `among`, the ids of these visits, only their own links and answers are looked at: for a few of many.
    """
    newest = _newest_invitations(session, among)
    has_answers = select(Response.visit_id).where(Response.started_at.is_not(None))
    if among is not None:
        has_answers = has_answers.where(Response.visit_id.in_(among))
    started = set(session.execute(has_answers).scalars())
    withdrawn = {one.id for one in participants if one.withdrawn_at is not None}
    now = clock.now()
    states = {}
    for visit in visits:
        end_reason, expires_at = newest.get(visit.id, (None, None))
        facts = _Facts(
            is_withdrawn=visit.participant_id in withdrawn,
            is_submitted=visit.submitted_at is not None,
            is_started=visit.id in started,
            end_reason=end_reason,
            expires_at=expires_at,
        )
        states[visit.id] = _state(facts, now)
    return states


def _newest_invitations(
    session: Session, among: Sequence[int] | None
) -> dict[int, tuple[str | None, datetime]]:
    query = select(Invitation.visit_id, Invitation.end_reason, Invitation.expires_at).order_by(Invitation.id)
    if among is not None:
        query = query.where(Invitation.visit_id.in_(among))
    return {visit_id: (end_reason, expires_at) for visit_id, end_reason, expires_at in session.execute(query)}


def _listed(
    participant: Participant, states: Mapping[str, VisitState], asked: Sequence[str]
) -> ListedParticipant:
    return ListedParticipant(
        study_number=participant.study_number,
        site=participant.site_code,
        language=participant.language,
        day0=participant.day0,
        visits={code: states[code] for code in asked if code in states},
    )


def _state(facts: _Facts, now: datetime) -> VisitState:
    if facts.is_submitted:
        return VisitState.SUBMITTED
    if facts.is_withdrawn:
        return VisitState.WITHDRAWN
    if facts.expires_at is None:
        return VisitState.NOT_INVITED
    if facts.end_reason is not None:
        return VisitState(facts.end_reason)
    if now >= facts.expires_at:
        return VisitState.EXPIRED
    return VisitState.STARTED if facts.is_started else VisitState.INVITED
