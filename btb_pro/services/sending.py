"""Sending what is queued: claimed before it is sent, noted after, never twice.

A message is claimed in a transaction of its own and handed over only when that is committed. Whoever dies in
between leaves a claim that nobody takes up again: once it is old it is unknown, and a person settles it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.messaging.outcome import PERMANENT_REASONS, Fate, Outcome
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Visit
from btb_pro.services.addressees import Addressee, addressee_of, contact_of
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.composing import CalledOff, Outgoing, compose
from btb_pro.services.quiet_hours import day_begins, is_quiet
from btb_pro.services.runtime import Runtime

STALE = timedelta(minutes=15)
"""After which a claim's worker is taken for dead: longer than any conversation with a server lasts."""
PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=20),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
)
"""How long to wait after each time that a server would not take it for now; after the last it has failed."""
MOST_A_DAY = 3
"""Messages to one participant on one Norwegian day; further ones wait for the next."""
QUIET_KINDS = ("invitation", "reminder")
"""What waits for quiet hours, and counts against the day's most; a code that somebody waits for does not."""
_ADDRESS_REASONS = PERMANENT_REASONS | {"mailbox_full", "blocked"}
_CHANNELS = ("email", "sms")


class Taken(StrEnum):
    """What became of looking for a message to send."""

    NOTHING = "nothing is due"
    SKIPPED = "one was called off or put off; there may be more"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that this worker, and no other, hands over."""

    taken: Taken
    message_id: int = 0
    kind: str = ""
    channel: str = ""
    language: str = ""
    once_key: str = ""
    study_number: str = ""
    """Empty when it goes to staff."""
    visit: str = ""
    outgoing: Outgoing | None = None
    reason: str = ""
    """Why it was called off."""


def claim_next(
    session: Session, context: Context, runtime: Runtime, worker: str, *, skip: frozenset[int] = frozenset()
) -> Claim:
    """Take the message that has been due the longest, or call it off; the caller commits before it sends.

    On PostgreSQL several workers take different rows at once; on SQLite one looks at a time.
    """
    message = _next_due(session, runtime, skip)
    if message is None:
        return Claim(Taken.NOTHING)
    addressee = addressee_of(session, message)
    claim = Claim(
        Taken.SKIPPED,
        message.id,
        message.kind,
        message.channel,
        message.language,
        message.once_key,
        addressee.participant.study_number if addressee else "",
        addressee.visit.code if addressee else "",
    )
    try:
        outgoing = compose(session, runtime, message)
    except CalledOff as off:
        call_off(session, context, message, off.reason)
        return replace(claim, reason=off.reason)
    later = _not_before(session, runtime, message, addressee)
    if later is not None:
        with step(session, context, Tag.MESSAGE_POSTPONE, study_number=claim.study_number) as event:
            before, after = clock.utc_text(message.due_at), clock.utc_text(later)
            event.change("message", message.once_key, "due_at", before, after)
            message.due_at = later
        return claim
    with step(session, context, Tag.MESSAGE_CLAIM, study_number=claim.study_number) as event:
        message.state = "sending"
        message.claimed_at, message.claimed_by = event.at, worker
        event.change("message", message.once_key, "state", "queued", "sending")
    channel = outgoing.channel or claim.channel
    return replace(claim, taken=Taken.CLAIMED, outgoing=outgoing, channel=channel)


def note_outcome(session: Session, context: Context, claim: Claim, worker: str, outcome: Outcome) -> None:
    """Record what became of a claimed message; nothing, if a person has settled it meanwhile."""
    message = session.execute(
        select(Message).where(Message.id == claim.message_id).with_for_update()
    ).scalar_one()
    is_ours = message.claimed_by == worker and message.settled_at is None
    if not is_ours or message.state not in ("sending", "unknown"):
        return
    if outcome.fate is Fate.LATER and message.attempts < len(PAUSES):
        with step(session, context, Tag.MESSAGE_POSTPONE, study_number=claim.study_number) as event:
            event.change("message", message.once_key, "state", message.state, "queued")
            message.state = "queued"
            message.due_at = event.at + PAUSES[message.attempts]
            message.attempts += 1
            message.reason = outcome.reason
        return
    tag = Tag.MESSAGE_SEND if outcome.fate is Fate.ACCEPTED else Tag.MESSAGE_FAIL
    with step(session, context, tag, study_number=claim.study_number) as event:
        before, message.state = message.state, _state_after(outcome)
        message.reason = outcome.reason
        if outcome.fate is Fate.ACCEPTED:
            message.sent_at = event.at
            message.provider_id = _free_provider_id(session, outcome.provider_id)
        elif outcome.fate is not Fate.UNKNOWN:
            message.ended_at = event.at
        event.change("message", message.once_key, "state", before, message.state)
        if outcome.reason:
            event.change("message", message.once_key, "reason", None, outcome.reason)
        if outcome.fate is Fate.REFUSED and outcome.reason in PERMANENT_REASONS:
            addressee = addressee_of(session, message)
            contact = contact_of(session, addressee.participant, message.channel) if addressee else None
            if contact is not None and contact.failed_at is None:
                contact.failed_at = event.at
                key = f"{claim.study_number}/{contact.kind}"
                event.change("contact", key, "failed_at", None, clock.utc_text(event.at))


def _not_before(
    session: Session, runtime: Runtime, message: Message, addressee: Addressee | None
) -> datetime | None:
    """Until when a message that is due waits: its link is not open yet, or the day has had its most."""
    if addressee is None or message.kind not in QUIET_KINDS:
        return None
    if addressee.invitation.opens_at > clock.now():
        return addressee.invitation.opens_at
    if _sent_today(session, addressee.participant.id) >= MOST_A_DAY:
        return day_begins(runtime.study.quiet_hours, clock.today() + timedelta(days=1))
    return None


def mark_stale(session: Session, context: Context) -> int:
    """Mark what was claimed too long ago as unknown; how many that were."""
    stale = session.execute(
        select(Message)
        .where(Message.state == "sending", Message.claimed_at < clock.now() - STALE)
        .order_by(Message.id)
        .with_for_update(skip_locked=True)
    ).scalars()
    marked = 0
    for message in stale:
        addressee = addressee_of(session, message)
        number = addressee.participant.study_number if addressee else ""
        with step(session, context, Tag.MESSAGE_FAIL, study_number=number) as event:
            message.state, message.reason = "unknown", "worker_died"
            event.change("message", message.once_key, "state", "sending", "unknown")
            event.change("message", message.once_key, "reason", None, "worker_died")
        marked += 1
    return marked


def call_off(session: Session, context: Context, message: Message, reason: str) -> None:
    """Record that a queued message is not sent any more, and why."""
    addressee = addressee_of(session, message)
    number = addressee.participant.study_number if addressee else ""
    with step(session, context, Tag.MESSAGE_CALL_OFF, study_number=number) as event:
        event.change("message", message.once_key, "state", "queued", "cancelled")
        event.change("message", message.once_key, "reason", None, reason)
        message.state, message.reason, message.ended_at = "cancelled", reason, event.at


def _next_due(session: Session, runtime: Runtime, skip: frozenset[int]) -> Message | None:
    now = clock.now()
    wanted = (
        select(Message)
        .where(Message.state == "queued", Message.due_at <= now, Message.channel.in_(_CHANNELS))
        .order_by(Message.due_at, Message.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if is_quiet(runtime.study.quiet_hours, now):
        wanted = wanted.where(Message.kind.not_in(QUIET_KINDS))
    if skip:
        wanted = wanted.where(Message.id.not_in(skip))
    return session.execute(wanted).scalar_one_or_none()


def _sent_today(session: Session, participant_id: int) -> int:
    began = datetime.combine(clock.today(), time(), clock.OSLO)
    return session.execute(
        select(func.count())
        .select_from(Message)
        .join(Invitation, Invitation.id == Message.invitation_id)
        .join(Visit, Visit.id == Invitation.visit_id)
        .where(
            Visit.participant_id == participant_id,
            Message.kind.in_(QUIET_KINDS),
            Message.claimed_at >= began,
            Message.state.in_(("sending", "sent", "delivered", "bounced", "unknown")),
        )
    ).scalar_one()


def _state_after(outcome: Outcome) -> str:
    if outcome.fate is Fate.ACCEPTED:
        return "sent"
    if outcome.fate is Fate.UNKNOWN:
        return "unknown"
    is_about_address = outcome.fate is Fate.REFUSED and outcome.reason in _ADDRESS_REASONS
    return "bounced" if is_about_address else "failed"


def _free_provider_id(session: Session, name: str) -> str | None:
    """A name that another message bears already would tell us of the wrong one."""
    if not name:
        return None
    taken = session.execute(select(Message.id).where(Message.provider_id == name)).first()
    return None if taken else name
