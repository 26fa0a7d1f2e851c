"""What waits for a person, as queries over participants' visits. Reads only.

Each query runs along an index of the work that is left (migration 0003), so that those who are done cost
nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select
from sqlalchemy.orm import aliased

from btb_pro import clock
from btb_pro.models.correction import Correction, CorrectionRequest, PaperEntry
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Participant, ParticipantRequest, Visit
from btb_pro.models.response import ParticipantSession, SafetyAlert

AHEAD = timedelta(days=7)
"""How far ahead visits with answers missing are shown."""
SOON = timedelta(days=3)
"""How long before its end a link that was not used is shown."""
STOPPED_AFTER = timedelta(days=2)
"""How long nothing was saved before somebody who started counts as having stopped."""


class Waiting(StrEnum):
    """Why somebody at the hospital should look, in the order of how much it hurries."""

    SAFETY = "safety"
    """A safety rule came true, and nobody has acknowledged it."""
    FAILED = "failed"
    """A message bounced, failed or may have been sent, and nobody has seen to it."""
    AHEAD = "ahead"
    """The visit is within a week, and its answers are not sent in."""
    EXPIRING = "expiring"
    """The link dies within days, and the answers are not sent in."""
    STOPPED = "stopped"
    """A first answer was saved, then nothing for days, and the link still lives."""
    REPLIES = "replies"
    """The participant asked for something."""
    PAPER = "paper"
    """Paper was typed in once and waits for a second person."""
    CORRECTIONS = "corrections"
    """A correction was asked for, and no investigator has decided it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose work is looked at, and when."""

    sites: tuple[str, ...]
    now: datetime
    visits: tuple[str, ...]
    """Codes of the visits that ask something."""


Columns = tuple[Any, ...]


def waiting(what: Waiting, scope: Scope, *columns: Any) -> Select[Any]:
    """The visits with their participants, and what makes each wait, oldest or most pressing first.

    Columns may be of Visit, Participant and what it is about: SafetyAlert, Message, Invitation,
    ParticipantRequest, PaperEntry, CorrectionRequest.
    """
    # Through coalesce no index on the hospital can be taken: it would lead through all of its participants.
    return _QUERIES[what](scope, columns).where(func.coalesce(Participant.site_code, "").in_(scope.sites))


def last_active_at() -> ColumnElement[Any]:
    """When an answer of the query's visit was last saved, or answering begun anew."""
    newest = (
        select(func.max(ParticipantSession.last_saved_at))
        .join(Invitation, Invitation.id == ParticipantSession.invitation_id)
        .where(Invitation.visit_id == Visit.id)
        .correlate(Visit)
    )
    return newest.scalar_subquery()


def was_written_to(scope: Scope) -> ColumnElement[bool]:
    """Whether a message with a link of the query's visit is on its way, or went out on this Norwegian day."""
    morning = datetime.combine(scope.now.astimezone(clock.OSLO).date(), time(), clock.OSLO)
    about = aliased(Invitation)
    return (
        select(Message.id)
        .join(about, about.id == Message.invitation_id)
        .where(
            about.visit_id == Visit.id,
            or_(
                Message.state.in_(("queued", "sending")),
                and_(Message.state.in_(("sent", "delivered")), Message.sent_at >= morning),
            ),
        )
        .correlate(Visit)
        .exists()
    )


def needs_somebody() -> ColumnElement[bool]:
    """Whether a message did not arrive, or may not have, and nobody has seen to it."""
    # Written out, not as parameters: only so does SQLite see that the index of unsettled messages fits.
    states: list[Any] = [literal_column(f"'{state}'") for state in ("bounced", "failed", "unknown")]
    return and_(Message.state.in_(states), Message.settled_at.is_(None))


def _of_visit(query: Select[Any], visit_id: Any) -> Select[Any]:
    return query.join(Visit, Visit.id == visit_id).join(Participant, Participant.id == Visit.participant_id)


def _safety(_scope: Scope, columns: Columns) -> Select[Any]:
    query = _of_visit(select(*columns).select_from(SafetyAlert), SafetyAlert.visit_id)
    return query.where(SafetyAlert.acknowledged_at.is_(None)).order_by(SafetyAlert.id)


def _failed(_scope: Scope, columns: Columns) -> Select[Any]:
    query = select(*columns).select_from(Message).join(Invitation, Invitation.id == Message.invitation_id)
    return _of_visit(query, Invitation.visit_id).where(needs_somebody()).order_by(Message.id)


def _ahead(scope: Scope, columns: Columns) -> Select[Any]:
    today = scope.now.astimezone(clock.OSLO).date()
    return (
        select(*columns)
        .select_from(Visit)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(
            Visit.submitted_at.is_(None),
            Visit.planned_on.between(today, today + AHEAD),
            Visit.code.in_(scope.visits),
            Participant.withdrawn_at.is_(None),
        )
        .order_by(Visit.planned_on, Visit.id)
    )


def _expiring(scope: Scope, columns: Columns) -> Select[Any]:
    return (
        _of_visit(select(*columns).select_from(Invitation), Invitation.visit_id)
        .where(
            Invitation.ended_at.is_(None),
            Invitation.expires_at > scope.now,
            Invitation.expires_at <= scope.now + SOON,
            Visit.submitted_at.is_(None),
            Participant.withdrawn_at.is_(None),
        )
        .order_by(Invitation.expires_at, Invitation.id)
    )


def _stopped(scope: Scope, columns: Columns) -> Select[Any]:
    return (
        _of_visit(select(*columns).select_from(Invitation), Invitation.visit_id)
        .where(
            Invitation.ended_at.is_(None),
            Invitation.expires_at > scope.now,
            Visit.started_at.is_not(None),
            Visit.submitted_at.is_(None),
            Participant.withdrawn_at.is_(None),
            last_active_at() <= scope.now - STOPPED_AFTER,
        )
        .order_by(Invitation.expires_at, Invitation.id)
    )


def _replies(_scope: Scope, columns: Columns) -> Select[Any]:
    query = select(*columns).select_from(ParticipantRequest)
    query = query.join(Invitation, Invitation.id == ParticipantRequest.invitation_id)
    return (
        _of_visit(query, Invitation.visit_id)
        .where(ParticipantRequest.settled_at.is_(None))
        .order_by(ParticipantRequest.id)
    )


def _paper(_scope: Scope, columns: Columns) -> Select[Any]:
    return (
        _of_visit(select(*columns).select_from(PaperEntry), PaperEntry.visit_id)
        .where(
            PaperEntry.ended_at.is_(None),
            PaperEntry.first_done_at.is_not(None),
            PaperEntry.second_done_at.is_(None),
        )
        .order_by(PaperEntry.id)
    )


def _corrections(_scope: Scope, columns: Columns) -> Select[Any]:
    decided = select(Correction.id).where(Correction.request_id == CorrectionRequest.id)
    return (
        _of_visit(select(*columns).select_from(CorrectionRequest), CorrectionRequest.visit_id)
        .where(~decided.exists())
        .order_by(CorrectionRequest.id)
    )


_QUERIES: Mapping[Waiting, Callable[[Scope, Columns], Select[Any]]] = {
    Waiting.SAFETY: _safety,
    Waiting.FAILED: _failed,
    Waiting.AHEAD: _ahead,
    Waiting.EXPIRING: _expiring,
    Waiting.STOPPED: _stopped,
    Waiting.REPLIES: _replies,
    Waiting.PAPER: _paper,
    Waiting.CORRECTIONS: _corrections,
}
