"""Putting messages in the queue, and calling off those that wait. The worker sends them; nobody else does."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Visit
from btb_pro.services.audit import Step


def queue_message(
    session: Session,
    event: Step,
    *,
    kind: str,
    channel: str,
    language: str,
    once_key: str,
    due_at: datetime,
    invitation_id: int | None = None,
    staff_id: int | None = None,
    subject_key: str = "",
) -> Message:
    """The message of a key: the one there is, or a new one that is sent from `due_at` on.

    It belongs to the event of the change that asks for it, and is committed with it or not at all. `once_key`
    names the wish (``reminder/17/-2``): the same wish twice is one message.
    """
    known = session.execute(select(Message).where(Message.once_key == once_key)).scalar_one_or_none()
    if known is not None:
        return known
    message = Message(
        kind=kind,
        channel=channel,
        language=language,
        invitation_id=invitation_id,
        staff_id=staff_id,
        subject_key=subject_key,
        once_key=once_key,
        due_at=due_at,
        state="queued",
        attempts=0,
        event_seq=event.seq,
    )
    session.add(message)
    session.flush()
    event.change("message", once_key, "state", None, "queued")
    return message


def invitation_key(invitation: Invitation, channel: str) -> str:
    """The `once_key` of the message that brings a link: one for each way that it goes, whoever queues it."""
    return f"invitation/{invitation.id}/{channel}"


def call_off_messages(
    session: Session,
    event: Step,
    participant_id: int,
    reason: str,
    *,
    invitation_ids: Collection[int] | None = None,
    channel: str = "",
) -> list[Message]:
    """Call off what waits for a participant, of some links or one channel if they are named.

    A message that a worker is sending at this moment cannot be called back.
    """
    query = (
        select(Message)
        .join(Invitation, Invitation.id == Message.invitation_id)
        .join(Visit, Visit.id == Invitation.visit_id)
        .where(Visit.participant_id == participant_id, Message.state == "queued")
        .order_by(Message.id)
        .with_for_update(of=Message)
    )
    if invitation_ids is not None:
        query = query.where(Message.invitation_id.in_(invitation_ids))
    if channel:
        query = query.where(Message.channel == channel)
    waiting = list(session.execute(query).scalars())
    for message in waiting:
        message.state, message.ended_at, message.reason = "cancelled", event.at, reason
        event.change("message", message.once_key, "state", "queued", "cancelled")
    return waiting
