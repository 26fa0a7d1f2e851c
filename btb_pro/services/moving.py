"""Setting day 0, and the day and hour of one visit; the windows and the links that live move along."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Participant
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.change_history import require_unchanged
from btb_pro.services.runtime import Runtime
from btb_pro.services.visit_plan import (
    MoveFault,
    MoveRefused,
    PlannedVisit,
    appointment,
    plan_of_day0,
    plan_of_visit,
)
from btb_pro.study import visit_window


@dataclass(frozen=True, slots=True)
class VisitDay:
    """Where a visit is to lie: a day, or None for the one that is counted from day 0; and perhaps an hour."""

    planned_on: date | None
    hour: str = ""
    """The appointment in Norwegian time, ``09:30``; empty when none is noted."""


def set_day0(
    session: Session,
    context: Context,
    runtime: Runtime,
    participant: Participant,
    day0: date,
    seen: int | None = None,
) -> list[PlannedVisit]:
    """Count a participant's visits from another day; what became of each.

    `seen` is the event that whoever asks knows the participant by.

    Raises:
        MoveRefused: as `plan_of_day0`.
        ChangedMeanwhile: somebody changed the participant after `seen`.
    """
    number = participant.study_number
    with step(session, context, Tag.PARTICIPANT_CHANGE, study_number=number) as event:
        require_unchanged(session, number, seen)
        plan = plan_of_day0(session, runtime.study, participant, day0)
        old = participant.day0.isoformat() if participant.day0 else None
        if old != day0.isoformat():
            participant.day0 = day0
            event.change("participant", number, "day0", old, day0.isoformat())
        for planned in plan:
            if planned.stays is None:
                _move(session, event, number, planned)
    return plan


def move_visit(
    session: Session,
    context: Context,
    runtime: Runtime,
    participant: Participant,
    code: str,
    day: VisitDay,
    seen: int | None = None,
) -> PlannedVisit:
    """Set one visit's day and hour by hand, or let it be counted from day 0 again.

    A day that was set by hand, and one with an appointment, stays when day 0 changes.

    Raises:
        MoveRefused: as `plan_of_visit`, or the hour is none.
        ChangedMeanwhile: somebody changed the participant after `seen`.
    """
    number = participant.study_number
    with step(session, context, Tag.VISIT_MOVE, study_number=number) as event:
        require_unchanged(session, number, seen)
        planned = plan_of_visit(session, runtime.study, participant, code, day.planned_on)
        begins_at = appointment_of(planned, day)
        counted = visit_window(runtime.study.visit(code), participant.day0).planned_on
        is_moved = begins_at is not None or planned.new.planned_on != counted
        row, key = planned.row, f"{number}/{code}"
        _move(session, event, number, planned)
        if row.begins_at != begins_at:
            event.change("visit", key, "begins_at", _utc(row.begins_at), _utc(begins_at))
            row.begins_at = begins_at
        if row.is_moved != is_moved:
            event.change("visit", key, "is_moved", _word(row.is_moved), _word(is_moved))
            row.is_moved = is_moved
    return planned


def appointment_of(planned: PlannedVisit, day: VisitDay) -> datetime | None:
    """The instant of the appointment, if an hour was given.

    Raises:
        MoveRefused: there is no such hour on that day.
    """
    if not day.hour.strip() or planned.new.planned_on is None:
        return None
    try:
        return appointment(planned.new.planned_on, day.hour)
    except MoveRefused as error:
        raise MoveRefused(MoveFault.HOUR_ILLEGAL, planned.code, planned.new.planned_on) from error


def _move(session: Session, event: Step, number: str, planned: PlannedVisit) -> None:
    row, old, new = planned.row, planned.old, planned.new
    key = f"{number}/{row.code}"
    days = [day.isoformat() if day else None for day in (old.planned_on, new.planned_on)]
    if days[0] != days[1]:
        event.change("visit", key, "planned_on", *days)
    for name in ("opens_at", "closes_at", "expires_at"):
        before, after = _utc(getattr(old, name)), _utc(getattr(new, name))
        if before != after:
            event.change("visit", key, name, before, after)
    row.planned_on = new.planned_on
    row.opens_at, row.closes_at, row.expires_at = new.opens_at, new.closes_at, new.expires_at
    _move_link(session, event, key, planned)


def _move_link(session: Session, event: Step, key: str, planned: PlannedVisit) -> None:
    """Let the link that lives, expired or not, open and die with the window."""
    new = planned.new
    live = session.execute(
        select(Invitation).where(Invitation.visit_id == planned.row.id, Invitation.ended_at.is_(None))
    ).scalar_one_or_none()
    if live is None or new.opens_at is None or new.expires_at is None:
        return
    for name, after in (("opens_at", new.opens_at), ("expires_at", new.expires_at)):
        before = getattr(live, name)
        if before != after:
            event.change("invitation", key, name, _utc(before), _utc(after))
            setattr(live, name, after)
    _move_messages(session, event, live)


def _move_messages(session: Session, event: Step, live: Invitation) -> None:
    """Let a queued link go out when it opens; one that a server put off waits for its own time."""
    waiting = select(Message).where(
        Message.invitation_id == live.id,
        Message.kind == "invitation",
        Message.state == "queued",
        Message.attempts == 0,
    )
    for message in session.execute(waiting).scalars():
        before, after = message.due_at, max(event.at, live.opens_at)
        event.change("message", message.once_key, "due_at", _utc(before), _utc(after))
        message.due_at = after


def _utc(instant: datetime | None) -> str | None:
    return clock.utc_text(instant) if instant else None


def _word(statement: bool) -> str:
    return "true" if statement else "false"
