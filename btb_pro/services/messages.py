"""Messages as a coordinator sees them, and settling those that a person has to see to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.services.addressees import addressee_of
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.inviting import require_reachable
from btb_pro.services.outbox import queue_message
from btb_pro.services.runtime import Runtime
from btb_pro.services.safety import find_alert
from btb_pro.services.sending import call_off
from btb_pro.states import Settlement

NEEDS_A_PERSON = ("bounced", "failed", "unknown")
"""States that a message stays in until somebody settles it."""
_MOST = 2**31
"""Numbers from here on are no row's: PostgreSQL refuses to look for them."""


class SettlementRefused(Exception):
    """A message cannot be settled that way now: somebody was quicker, or it was sent meanwhile."""


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message without its text and its address."""

    number: int
    kind: str
    channel: str
    state: str
    reason: str
    language: str
    study_number: str
    site: str
    visit: str
    asked_at: datetime
    """When its link was issued, or its alert raised."""
    due_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    settled_at: datetime | None
    settled_by: str | None
    attempts: int
    is_newest_link: bool
    """The link that it carries is not ended."""
    alert: int = 0
    """Number of the safety alert that it tells of, to the safety contact; it carries no link."""

    @property
    def settlements(self) -> tuple[Settlement, ...]:
        """What a person may decide about it now."""
        if self.settled_at is not None:
            return ()
        if self.state == "queued":
            # Nobody calls off what the protocol wants told.
            return () if self.alert else (Settlement.CALLED_OFF,)
        if self.state == "unknown":
            return (Settlement.SEND_AGAIN, Settlement.ARRIVED, Settlement.CALLED_OFF)
        if self.state in NEEDS_A_PERSON:
            return (Settlement.SEND_AGAIN, Settlement.CALLED_OFF)
        return ()


def find_message(session: Session, number: int) -> ShownMessage | None:
    """A message about a participant by its number; None for a colleague's link and for none."""
    row = session.execute(_shown().where(Message.id == number)).first()
    return _of_alert(session, number) if row is None else _as_shown(row)


def messages_of_visit(session: Session, visit: Visit) -> list[ShownMessage]:
    """Every message that carried a link of a visit, newest first."""
    rows = session.execute(_shown().where(Visit.id == visit.id).order_by(Message.id.desc()))
    return [_as_shown(row) for row in rows]


def messages_to_settle(session: Session, sites: Collection[str] | None = None) -> list[ShownMessage]:
    """Messages that failed or whose fate is unknown, of visits that still wait for answers; oldest first.

    Of some sites if they are named. A message about a link that was ended since needs nobody.
    """
    wanted = _shown().where(
        Message.state.in_(NEEDS_A_PERSON),
        Message.settled_at.is_(None),
        Invitation.ended_at.is_(None),
        Invitation.expires_at > clock.now(),
        Visit.submitted_at.is_(None),
        Participant.withdrawn_at.is_(None),
    )
    if sites is not None:
        wanted = wanted.where(Participant.site_code.in_(sites))
    return [_as_shown(row) for row in session.execute(wanted.order_by(Message.id))]


def settle_message(
    session: Session, context: Context, runtime: Runtime, number: int, settlement: Settlement
) -> None:
    """Record what a person decided about a message, and send it again if that was it.

    Raises:
        SettlementRefused: that cannot be decided about it (any more).
        InvitationRefused: it cannot be sent again: the address failed, or no messages are wanted.
    """
    message = session.execute(
        select(Message).where(Message.id == number).with_for_update()
    ).scalar_one_or_none()
    shown = find_message(session, number)
    if message is None or shown is None or settlement not in shown.settlements:
        raise SettlementRefused
    if message.state == "queued":
        call_off(session, context, message, "called_off")
        return
    with step(session, context, Tag.MESSAGE_SETTLE, study_number=shown.study_number) as event:
        message.settled_at, message.settled_by = event.at, context.actor.name
        event.change("message", message.once_key, "settled_by", None, context.actor.name)
        event.change("message", message.once_key, "settlement", None, settlement.value)
        if settlement is Settlement.ARRIVED:
            event.change("message", message.once_key, "state", message.state, "delivered")
            message.state, message.ended_at = "delivered", event.at
            message.sent_at = message.sent_at or message.claimed_at
        if settlement is Settlement.SEND_AGAIN:
            addressee = addressee_of(session, message)
            if addressee is not None:
                require_reachable(session, runtime, addressee.participant, message.channel)
            queue_message(
                session,
                event,
                kind=message.kind,
                channel=message.channel,
                language=message.language,
                once_key=f"again/{message.id}",
                due_at=event.at,
                invitation_id=message.invitation_id,
                subject_key=message.subject_key,
            )


def _shown() -> Select[Message, Invitation, str, str, str]:
    return (
        select(Message, Invitation, Visit.code, Participant.study_number, Participant.site_code)
        .join(Invitation, Invitation.id == Message.invitation_id)
        .join(Visit, Visit.id == Invitation.visit_id)
        .join(Participant, Participant.id == Visit.participant_id)
    )


def _as_shown(row: Row[Message, Invitation, str, str, str]) -> ShownMessage:
    message, invitation, visit, study_number, site = row
    whose = (study_number, site, visit)
    return _made(message, whose, invitation.issued_at, is_newest_link=invitation.ended_at is None)


def _of_alert(session: Session, number: int) -> ShownMessage | None:
    message = session.get(Message, number) if number < _MOST else None
    if message is None or message.kind != "safety":
        return None
    raised = find_alert(session, int(message.subject_key))
    if raised is None:
        return None
    whose = (raised.participant.study_number, raised.participant.site_code, raised.visit.code)
    return _made(message, whose, raised.alert.raised_at, is_newest_link=True, alert=raised.alert.id)


def _made(
    message: Message,
    whose: tuple[str, str, str],
    asked_at: datetime,
    *,
    is_newest_link: bool,
    alert: int = 0,
) -> ShownMessage:
    study_number, site, visit = whose
    return ShownMessage(
        number=message.id,
        kind=message.kind,
        channel=message.channel,
        state=message.state,
        reason=message.reason,
        language=message.language,
        study_number=study_number,
        site=site,
        visit=visit,
        asked_at=asked_at,
        due_at=message.due_at,
        sent_at=message.sent_at,
        ended_at=message.ended_at,
        settled_at=message.settled_at,
        settled_by=message.settled_by,
        attempts=message.attempts,
        is_newest_link=is_newest_link,
        alert=alert,
    )


def newest_number(messages: Sequence[ShownMessage]) -> int:
    """What `invite_participant` wants to know as `after`: the newest message that was seen; 0 for none."""
    return max((message.number for message in messages), default=0)
