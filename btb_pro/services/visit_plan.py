"""What becomes of a participant's visits when a day is changed. Reads only; `moving` does it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.participant import Participant, Visit
from btb_pro.study import Study, VisitWindow, visit_window, window_on

_HOUR = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])")


class Stays(StrEnum):
    """Why a visit keeps its day when day 0 changes."""

    SUBMITTED = "submitted"
    SET_BY_HAND = "set_by_hand"
    NOT_IN_STUDY = "not_in_study"
    """The study file has no such visit any more."""
    SAME_DAY = "same_day"


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """One visit before and after."""

    row: Visit
    old: VisitWindow
    new: VisitWindow
    stays: Stays | None = None

    @property
    def code(self) -> str:
        """The visit's code."""
        return self.row.code


class MoveFault(StrEnum):
    """Why a day cannot be set."""

    VISIT_UNKNOWN = "visit_unknown"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    BEFORE_INCLUSION = "before_inclusion"
    """A visit would lie before the study's first one, at which the participant is included."""
    NO_DAY = "no_day"
    """The day is to be counted from day 0, and there is none."""
    HOUR_ILLEGAL = "hour_illegal"
    """No such hour, or one that the clocks skip on that day."""


class MoveRefused(Exception):
    """A day cannot be set as asked: why, of which visit, and which day decides."""

    def __init__(self, fault: MoveFault, visit: str = "", day: date | None = None) -> None:
        self.fault, self.visit, self.day = fault, visit, day
        super().__init__(fault.value)


def plan_of_day0(session: Session, study: Study, participant: Participant, day0: date) -> list[PlannedVisit]:
    """Every visit, in the study's order, as it would be with another day 0.

    Visits that were sent in, and those whose day somebody set by hand, stay where they are.

    Raises:
        MoveRefused: the participant is withdrawn, or a visit would come before the first one.
    """
    plan = [_with_day0(study, row, day0) for row in visits_of(session, study, participant)]
    _require_sound(study, participant, plan)
    return plan


def plan_of_visit(
    session: Session, study: Study, participant: Participant, code: str, planned_on: date | None
) -> PlannedVisit:
    """One visit as it would be on another day; None: on the day that is counted from day 0.

    Raises:
        MoveRefused: there is no such visit, it was sent in, the participant is withdrawn, no day 0 is known,
            or the visit would come before the first one.
    """
    rows = visits_of(session, study, participant)
    row = next((one for one in rows if one.code == code), None)
    if row is None or code not in [visit.code for visit in study.visits]:
        raise MoveRefused(MoveFault.VISIT_UNKNOWN, code)
    if row.submitted_at is not None:
        raise MoveRefused(MoveFault.SUBMITTED, code)
    planned = study.visit(code)
    if planned_on is None and participant.day0 is None:
        raise MoveRefused(MoveFault.NO_DAY, code)
    new = window_on(planned, planned_on) if planned_on else visit_window(planned, participant.day0)
    moved = PlannedVisit(row, window_of(row), new)
    others = [PlannedVisit(one, window_of(one), window_of(one)) for one in rows if one is not row]
    _require_sound(study, participant, [moved, *others])
    return moved


def visits_of(session: Session, study: Study, participant: Participant) -> list[Visit]:
    """A participant's visits in the order of the study file, those that it has no more last."""
    place = {visit.code: at for at, visit in enumerate(study.visits)}
    rows = session.execute(select(Visit).where(Visit.participant_id == participant.id)).scalars()
    return sorted(rows, key=lambda row: (place.get(row.code, len(place)), row.code))


def window_of(row: Visit) -> VisitWindow:
    """A visit's window as it stands."""
    return VisitWindow(row.planned_on, row.opens_at, row.closes_at, row.expires_at)


def appointment(day: date, hour: str) -> datetime:
    """The instant of an hour of a day in Norway, written as 09:30; the earlier one if it comes twice.

    Raises:
        MoveRefused: there is no such hour on that day.
    """
    found = _HOUR.fullmatch(hour.strip())
    if found is None:
        raise MoveRefused(MoveFault.HOUR_ILLEGAL)
    local = datetime.combine(day, time(int(found[1]), int(found[2])), clock.OSLO)
    instant = local.astimezone(UTC)
    if instant.astimezone(clock.OSLO).time() != local.time():
        raise MoveRefused(MoveFault.HOUR_ILLEGAL)
    return instant


def _with_day0(study: Study, row: Visit, day0: date) -> PlannedVisit:
    old = window_of(row)
    if row.code not in [visit.code for visit in study.visits]:
        return PlannedVisit(row, old, old, Stays.NOT_IN_STUDY)
    if row.submitted_at is not None:
        return PlannedVisit(row, old, old, Stays.SUBMITTED)
    if row.is_moved:
        return PlannedVisit(row, old, old, Stays.SET_BY_HAND)
    new = visit_window(study.visit(row.code), day0)
    return PlannedVisit(row, old, new, Stays.SAME_DAY if new == old else None)


def _require_sound(study: Study, participant: Participant, plan: Sequence[PlannedVisit]) -> None:
    if participant.withdrawn_at is not None:
        raise MoveRefused(MoveFault.WITHDRAWN)
    included_on = _inclusion(study, plan)
    # What was sent in stands as it is, and must not keep a wrong day 0 from being mended.
    for one in (one for one in plan if one.row.submitted_at is None):
        day = one.new.planned_on
        if included_on is not None and day is not None and day < included_on:
            raise MoveRefused(MoveFault.BEFORE_INCLUSION, one.code, included_on)


def _inclusion(study: Study, plan: Iterable[PlannedVisit]) -> date | None:
    first = study.visits[0].code
    return next((one.new.planned_on for one in plan if one.code == first), None)
