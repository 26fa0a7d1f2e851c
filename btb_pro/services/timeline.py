"""What happened to a participant, newest first, from the tables and the audit trail; never an answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro.models.base import AuditEvent, Tag
from btb_pro.models.correction import Correction, CorrectionRequest
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Participant, ParticipantRequest, Visit
from btb_pro.models.response import LateSave, Response, VisitReview
from btb_pro.services.change_history import TOLD_FIELDS, SeenChange, changes_since


class HappeningKind(StrEnum):
    """What happened. `Happening.old` and `new` hold what the comment here names."""

    ADDED = "added"
    LANGUAGE = "language"
    """Old and new language."""
    DAY0 = "day0"
    """Old and new day, ISO."""
    CONTACT_ADDED = "contact_added"
    """New: email or phone; so for the next two."""
    CONTACT_CHANGED = "contact_changed"
    CONTACT_REMOVED = "contact_removed"
    WITHDRAWN = "withdrawn"
    """New: the reason."""
    VISIT_MOVED = "visit_moved"
    """Old and new day, ISO."""
    APPOINTMENT = "appointment"
    """New: the instant, ISO, or empty when it was taken out."""
    LINK_MADE = "link_made"
    LINK_ENDED = "link_ended"
    """New: revoked, replaced or withdrawn."""
    STARTED = "started"
    SUBMITTED = "submitted"
    MESSAGE_QUEUED = "message_queued"
    """Old: the message's kind, new: its channel; so for the next two."""
    MESSAGE_SENT = "message_sent"
    MESSAGE_ENDED = "message_ended"
    """`state` holds what it came to, `reason` the code of why."""
    REQUEST_MADE = "request_made"
    """New: the request's kind; so for the next one."""
    REQUEST_SETTLED = "request_settled"
    CORRECTION_ASKED = "correction_asked"
    """New: the field's code; so for the next two. `correction` says which."""
    CORRECTION_ACCEPTED = "correction_accepted"
    CORRECTION_REFUSED = "correction_refused"
    TEXT_TAKEN_OUT = "text_taken_out"
    """New: the field's code; `reason` holds why, as somebody wrote it."""
    REVIEWED = "reviewed"
    CAME_LATE = "came_late"
    """New: how many answers came together after the visit was sent in."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to a participant."""

    at: datetime
    kind: HappeningKind
    visit: str = ""
    who: str = ""
    """A member of staff's address, a command's or a job's name; empty for the participant."""
    old: str = ""
    new: str = ""
    state: str = ""
    reason: str = ""
    correction: str = ""
    """Its number."""


def timeline(
    session: Session, participant: Participant, *, tells_corrections: bool, tells_late: bool
) -> list[Happening]:
    """Everything that happened to a participant, newest first.

    Corrections, reviews and texts that were taken out, and answers that came too late, only for those who may
    see answers or decide.
    """
    number = participant.study_number
    told = [
        *_changes(changes_since(session, number, fields=TOLD_FIELDS)),
        *_answering(session, participant),
        *_messages(session, participant),
        *_requests(session, participant),
        *(_corrections(session, participant) if tells_corrections else ()),
        *(_reviews(session, participant) if tells_corrections else ()),
        *(_redactions(session, participant) if tells_corrections else ()),
        *(_late_saves(session, participant) if tells_late else ()),
    ]
    # Sorted by time alone, which keeps the order of one event's changes.
    return sorted(told, key=lambda one: one.at)[::-1]


def _changes(changes: list[SeenChange]) -> Iterator[Happening]:
    for change in changes:
        kind = _kind_of(change)
        if kind is None:
            continue
        old, new = change.old or "", change.new or ""
        if change.kind == "contact":
            old, new = "", change.key
        if kind is HappeningKind.WITHDRAWN:
            old, new = "", change.reason
        visit = change.key if change.kind in ("visit", "invitation") else ""
        yield Happening(change.at, kind, visit, _who(change.actor_kind, change.actor), old, new)


_PLAIN_KINDS = {
    ("participant", "language"): HappeningKind.LANGUAGE,
    ("participant", "day0"): HappeningKind.DAY0,
    ("participant", "is_withdrawn"): HappeningKind.WITHDRAWN,
    ("visit", "planned_on"): HappeningKind.VISIT_MOVED,
    ("visit", "begins_at"): HappeningKind.APPOINTMENT,
    ("invitation", "public_id"): HappeningKind.LINK_MADE,
    ("invitation", "end_reason"): HappeningKind.LINK_ENDED,
}


def _kind_of(change: SeenChange) -> HappeningKind | None:
    if (change.kind, change.field) == ("participant", "site"):
        return HappeningKind.ADDED
    if change.tag == Tag.PARTICIPANT_ADD.value:
        # Being added says it all: the first language, address and days are no changes.
        return None
    if change.kind == "contact":
        if change.new is None:
            return HappeningKind.CONTACT_REMOVED
        return HappeningKind.CONTACT_ADDED if change.old is None else HappeningKind.CONTACT_CHANGED
    return _PLAIN_KINDS.get((change.kind, change.field))


def _answering(session: Session, participant: Participant) -> Iterator[Happening]:
    started = (
        select(Response.visit_id, func.min(Response.started_at).label("at"))
        .join(Visit, Visit.id == Response.visit_id)
        .where(Visit.participant_id == participant.id)
        .group_by(Response.visit_id)
        .subquery()
    )
    rows = session.execute(
        select(Visit.code, Visit.submitted_at, started.c.at)
        .outerjoin(started, started.c.visit_id == Visit.id)
        .where(Visit.participant_id == participant.id)
    )
    for code, submitted_at, started_at in rows:
        if started_at is not None:
            yield Happening(started_at, HappeningKind.STARTED, code)
        if submitted_at is not None:
            yield Happening(submitted_at, HappeningKind.SUBMITTED, code)


def _messages(session: Session, participant: Participant) -> Iterator[Happening]:
    rows = session.execute(
        select(Message, Visit.code, AuditEvent.at, AuditEvent.actor_kind, AuditEvent.actor)
        .join(Invitation, Invitation.id == Message.invitation_id)
        .join(Visit, Visit.id == Invitation.visit_id)
        .join(AuditEvent, AuditEvent.seq == Message.event_seq)
        .where(Visit.participant_id == participant.id)
        .order_by(Message.id)
    )
    for message, code, at, actor_kind, actor in rows:
        what = {"old": message.kind, "new": message.channel}
        who = _who(actor_kind, actor)
        yield Happening(at, HappeningKind.MESSAGE_QUEUED, code, who, **what)
        if message.sent_at is not None:
            yield Happening(message.sent_at, HappeningKind.MESSAGE_SENT, code, **what)
        if message.ended_at is not None:
            ended = {"state": message.state, "reason": message.reason}
            yield Happening(message.ended_at, HappeningKind.MESSAGE_ENDED, code, **what, **ended)


def _requests(session: Session, participant: Participant) -> Iterator[Happening]:
    rows = session.execute(
        select(ParticipantRequest, Visit.code)
        .join(Invitation, Invitation.id == ParticipantRequest.invitation_id)
        .join(Visit, Visit.id == Invitation.visit_id)
        .where(Visit.participant_id == participant.id)
        .order_by(ParticipantRequest.id)
    )
    for request, code in rows:
        what: Mapping[str, str] = {"new": request.kind}
        yield Happening(request.received_at, HappeningKind.REQUEST_MADE, code, **what)
        if request.settled_at is not None:
            who = request.settled_by or ""
            yield Happening(request.settled_at, HappeningKind.REQUEST_SETTLED, code, who, **what)


def _corrections(session: Session, participant: Participant) -> Iterator[Happening]:
    rows = session.execute(
        select(CorrectionRequest, Correction, Visit.code)
        .join(Visit, Visit.id == CorrectionRequest.visit_id)
        .outerjoin(Correction, Correction.request_id == CorrectionRequest.id)
        .where(Visit.participant_id == participant.id)
        .order_by(CorrectionRequest.id)
    )
    for request, decision, code in rows:
        about = {"new": request.item, "correction": f"{request.id}"}
        asked = HappeningKind.CORRECTION_ASKED
        yield Happening(request.asked_at, asked, code, request.written_by, **about)
        if decision is not None:
            accepted = decision.is_accepted
            kind = HappeningKind.CORRECTION_ACCEPTED if accepted else HappeningKind.CORRECTION_REFUSED
            yield Happening(decision.decided_at, kind, code, decision.decided_by, **about)


def _reviews(session: Session, participant: Participant) -> Iterator[Happening]:
    rows = session.execute(
        select(VisitReview, Visit.code)
        .join(Visit, Visit.id == VisitReview.visit_id)
        .where(Visit.participant_id == participant.id)
        .order_by(VisitReview.id)
    )
    for review, code in rows:
        yield Happening(review.reviewed_at, HappeningKind.REVIEWED, code, review.reviewed_by)


def _redactions(session: Session, participant: Participant) -> Iterator[Happening]:
    fields = {"redaction": frozenset({"text"})}
    for change in changes_since(session, participant.study_number, fields=fields):
        visit, _, field = change.key.partition("/")
        who = _who(change.actor_kind, change.actor)
        yield Happening(change.at, HappeningKind.TEXT_TAKEN_OUT, visit, who, new=field, reason=change.reason)


def _late_saves(session: Session, participant: Participant) -> Iterator[Happening]:
    rows = session.execute(
        select(Visit.code, func.min(LateSave.received_at), func.count(LateSave.id))
        .join(Visit, Visit.id == LateSave.visit_id)
        .where(Visit.participant_id == participant.id)
        .group_by(Visit.code, LateSave.event_seq)
        .order_by(LateSave.event_seq)
    )
    for code, at, count in rows:
        yield Happening(at, HappeningKind.CAME_LATE, code, new=f"{count}")


def _who(kind: str, actor: str) -> str:
    return "" if kind == "participant" else actor
