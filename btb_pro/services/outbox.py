"""Putting messages in the queue. The worker sends them; nobody else does."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation
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
