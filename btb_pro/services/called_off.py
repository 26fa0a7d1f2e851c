"""Calling off messages that wait to be sent."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Visit
from btb_pro.services.audit import Step


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
