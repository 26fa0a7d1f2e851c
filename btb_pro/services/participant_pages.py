"""Participants with their visits, a piece of the list at a time, as another program reads them.

Nothing here tells who somebody is, or how anything was answered.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.participant import Participant, Visit
from btb_pro.services.listing import VisitState, visit_states
from btb_pro.study import Study


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """One visit: its day, its window, how far it has come."""

    code: str
    state: VisitState
    planned_on: date | None
    begins_at: datetime | None
    """The appointment, where one is noted."""
    opens_at: datetime | None
    closes_at: datetime | None
    submitted_at: datetime | None


@dataclass(frozen=True, slots=True)
class FollowedParticipant:
    """A participant by study number."""

    study_number: str
    site: str
    language: str | None
    day0: date | None
    is_withdrawn: bool
    visits: tuple[PlannedVisit, ...]
    """In the study's order; only visits that ask something."""


def participants_after(
    session: Session, study: Study, sites: Collection[str] | None, after: str, limit: int
) -> list[FollowedParticipant]:
    """The next participants after a study number, by code point; of some sites if they are named."""
    query = select(Participant).where(Participant.study_number > after)
    if sites is not None:
        query = query.where(Participant.site_code.in_(sites))
    rows = session.execute(query.order_by(Participant.study_number).limit(limit)).scalars().all()
    return _followed(session, study, rows)


def followed(session: Session, study: Study, participant: Participant) -> FollowedParticipant:
    """One participant with the visits."""
    return _followed(session, study, [participant])[0]


def _followed(
    session: Session, study: Study, participants: Sequence[Participant]
) -> list[FollowedParticipant]:
    place = {visit.code: at for at, visit in enumerate(study.visits) if visit.parts}
    of_these = Visit.participant_id.in_([one.id for one in participants])
    rows = session.execute(select(Visit).where(of_these, Visit.code.in_(place))).scalars().all()
    states = visit_states(session, participants, rows, [row.id for row in rows])
    visits: dict[int, list[PlannedVisit]] = {}
    for row in sorted(rows, key=lambda row: place[row.code]):
        visits.setdefault(row.participant_id, []).append(_planned(row, states[row.id]))
    return [
        FollowedParticipant(
            study_number=one.study_number,
            site=one.site_code,
            language=one.language,
            day0=one.day0,
            is_withdrawn=one.withdrawn_at is not None,
            visits=tuple(visits.get(one.id, ())),
        )
        for one in participants
    ]


def _planned(row: Visit, state: VisitState) -> PlannedVisit:
    return PlannedVisit(
        code=row.code,
        state=state,
        planned_on=row.planned_on,
        begins_at=row.begins_at,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        submitted_at=row.submitted_at,
    )
