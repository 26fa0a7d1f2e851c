"""Reminding one participant by hand: one press, and a minute in which it can be taken back."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.services.addressees import CONTACT_KIND, language_of
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.invitations import find_visit, issue_invitation, live_invitation
from btb_pro.services.inviting import open_channels, require_reachable, why_not
from btb_pro.services.known_participants import find_participant
from btb_pro.services.outbox import queue_message
from btb_pro.services.runtime import Runtime

GRACE = timedelta(minutes=1)
"""How long a message that was sent with one press waits in the queue, to be called off again."""
_GOES_OUT = ("sent", "delivered", "unknown")


def send_with_one_press(
    session: Session, context: Context, runtime: Runtime, study_number: str, visit_code: str
) -> Message:
    """Remind of the live link of a visit, or invite to it where there is none; the queued message.

    It goes by the channel that the link went out by, else by the first by which the participant can be
    reached. While a message with the link waits in the queue, whoever asked for it, that is the message; and
    a second press on the same Norwegian day is the first one's.

    Raises:
        ParticipantUnknown: there is no such participant.
        InvitationRefused: no link can be given out, or the participant cannot be written to.
        WordingNotApproved: the visit uses a wording that nobody approved.
    """
    participant = find_participant(session, study_number)
    visit = find_visit(session, runtime, participant, visit_code)
    is_new = live_invitation(session, visit) is None
    channel = _channel(session, runtime, participant, visit)
    require_reachable(session, runtime, participant, channel)
    invitation = issue_invitation(session, context, runtime, study_number, visit_code)
    session.flush()
    kind = "invitation" if is_new else "reminder"
    wish = f"{kind}/{invitation.id}/by-hand/{clock.today().isoformat()}"
    messages = _messages(session, invitation)
    waiting = [one for one in messages if one.state in ("queued", "sending")]
    earlier = [one for one in messages if one.once_key.startswith(f"{wish}/")]
    if waiting:
        return waiting[-1]
    if earlier and earlier[-1].state in _GOES_OUT:
        return earlier[-1]
    with step(session, context, Tag.MESSAGE_QUEUE, study_number=participant.study_number) as event:
        return queue_message(
            session,
            event,
            kind=kind,
            channel=channel,
            language=language_of(runtime.study, participant),
            once_key=f"{wish}/{len(earlier) + 1}",
            due_at=max(event.at + GRACE, invitation.opens_at),
            invitation_id=invitation.id,
        )


def _channel(session: Session, runtime: Runtime, participant: Participant, visit: Visit) -> str:
    """The one that last carried a link of the visit, if it can be used, else the first that can."""
    last = session.execute(
        select(Message.channel)
        .join(Invitation, Invitation.id == Message.invitation_id)
        .where(Invitation.visit_id == visit.id, Message.channel.in_(CONTACT_KIND))
        .order_by(Message.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    channels = sorted(open_channels(runtime), key=lambda channel: channel != last)
    usable = [one for one in channels if why_not(session, runtime, participant, one) is None]
    # Where none can be used, the first says why; "email" says that nothing is set up.
    return (usable or channels or ["email"])[0]


def _messages(session: Session, invitation: Invitation) -> list[Message]:
    """Those that carried the link to the participant, oldest first; no one-time codes."""
    rows = session.execute(
        select(Message)
        .where(Message.invitation_id == invitation.id, Message.kind.in_(("invitation", "reminder")))
        .order_by(Message.id)
    )
    return list(rows.scalars())
