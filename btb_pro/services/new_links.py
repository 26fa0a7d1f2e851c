"""Sending the new link that somebody asked for: to the contact on file, and nowhere else."""

from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.participant import Contact, Participant
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.inviting import invite_participant, open_channels
from btb_pro.services.made_requests import AskedBy, RequestKind, is_stopped
from btb_pro.services.requests import mark_settled
from btb_pro.services.runtime import Runtime

_CHANNELS = {"email": "email", "phone": "sms"}


class Hindrance(StrEnum):
    """Why no new link can be sent."""

    SETTLED = "settled"
    OTHER_WISH = "other_wish"
    """Something else was asked for."""
    WITHDRAWN = "withdrawn"
    SUBMITTED = "submitted"
    OVER = "over"
    """The visit's time for answering has passed."""
    STOPPED = "stopped"
    """The participant wants no messages, or somebody else got them."""
    NO_CONTACT = "no_contact"
    """There is no address to send to, by that channel or at all."""
    CHANNEL_OFF = "channel_off"
    """There is an address, and nothing is set up to send there by."""


class NewLinkHindered(Exception):
    """The new link was not sent; nothing was changed."""

    def __init__(self, why: Hindrance) -> None:
        super().__init__(why.value)
        self.why = why


def channels_on_file(session: Session, participant: Participant) -> tuple[str, ...]:
    """By which of email and sms a participant can be reached: not by one that messages came back from."""
    kinds = session.execute(
        select(Contact.kind)
        .where(Contact.participant_id == participant.id, Contact.failed_at.is_(None))
        .order_by(Contact.kind)
    ).scalars()
    return tuple(_CHANNELS[kind] for kind in kinds)


def usable_channels(session: Session, runtime: Runtime, participant: Participant) -> tuple[str, ...]:
    """By which of email and sms a participant can be written to from this instance."""
    can_send = open_channels(runtime)
    return tuple(one for one in channels_on_file(session, participant) if one in can_send)


def hindrance(session: Session, runtime: Runtime, asked: AskedBy) -> Hindrance | None:
    """Why a new link cannot be sent; None when it can."""
    participant, visit = asked.participant, asked.visit
    if asked.request.settled_at is not None:
        return Hindrance.SETTLED
    if asked.request.kind != RequestKind.NEW_LINK:
        return Hindrance.OTHER_WISH
    if participant.withdrawn_at is not None:
        return Hindrance.WITHDRAWN
    if visit.submitted_at is not None:
        return Hindrance.SUBMITTED
    if visit.expires_at is not None and visit.expires_at <= clock.now():
        return Hindrance.OVER
    if is_stopped(session, participant):
        return Hindrance.STOPPED
    if not channels_on_file(session, participant):
        return Hindrance.NO_CONTACT
    return None if usable_channels(session, runtime, participant) else Hindrance.CHANNEL_OFF


def send_new_link(session: Session, context: Context, runtime: Runtime, asked: AskedBy, channel: str) -> None:
    """Give out a link that replaces the live one, queue it to the contact on file, settle the request.

    Raises:
        NewLinkHindered: it cannot be sent, or not by that channel.
        InvitationRefused, WordingNotApproved: no link can be given out for the visit.
    """
    why = hindrance(session, runtime, asked)
    if why is None and channel not in usable_channels(session, runtime, asked.participant):
        why = Hindrance.NO_CONTACT
    if why is not None:
        raise NewLinkHindered(why)
    number = asked.participant.study_number
    invite_participant(session, context, runtime, number, asked.visit.code, channel, replace=True)
    reason = f"a new link by {channel}"
    with step(session, context, Tag.REQUEST_SETTLE, study_number=number, reason=reason) as event:
        mark_settled(event, context, asked.request)
