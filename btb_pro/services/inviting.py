"""Inviting by message: what will be sent, to whom, and putting it into the queue with its link."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.messaging.sms_parts import cut_sms
from btb_pro.messaging.texts import write_message
from btb_pro.models.message import Message
from btb_pro.models.participant import Contact, Invitation, Participant, Visit
from btb_pro.services.addressees import Addressee, contact_of, facts_of, language_of
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.invitations import (
    InvitationRefused,
    find_visit,
    issue_invitation,
    live_invitation,
    new_invitation,
    require_invitable,
)
from btb_pro.services.known_participants import find_participant
from btb_pro.services.made_requests import is_stopped, stopped_participants
from btb_pro.services.outbox import invitation_key, queue_message
from btb_pro.services.quiet_hours import next_loud
from btb_pro.services.runtime import Runtime
from btb_pro.states import WhyRefused
from btb_pro.study import Study

_MASKED = f"{'x' * 22}.{'x' * 22}"
"""As long as a token; a real one is made only when the invitation is."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Exactly what will be sent, but for the link, which is masked."""

    channel: str
    language: str
    subject: str
    text: str
    html: str
    sms: str
    sms_parts: int
    sms_encoding: str
    is_link_whole: bool
    """No part boundary of the SMS runs through the link."""
    goes_out_at: datetime
    """The first instant at which it may: when the link opens, outside the quiet hours."""


@dataclass(frozen=True, slots=True)
class DueInvitation:
    """A participant whose visit's window is open and who has no link to it yet."""

    study_number: str
    site: str
    visit: str
    language: str
    opens_at: datetime
    last_day: date
    """On which the link works, in Norway; what the message says."""
    channels: tuple[str, ...]
    """By which of email and sms they can be reached; empty: by neither."""


def open_channels(runtime: Runtime) -> tuple[str, ...]:
    """The channels that this instance can send by; paper needs no message, it is printed."""
    return runtime.settings.channels


def why_not(session: Session, runtime: Runtime, participant: Participant, channel: str) -> WhyRefused | None:
    """Why a participant cannot be written to by a channel; None when they can."""
    if channel not in open_channels(runtime):
        return WhyRefused.CHANNEL_OFF
    if is_stopped(session, participant):
        return WhyRefused.STOPPED
    contact = contact_of(session, participant, channel)
    if contact is None:
        return WhyRefused.NO_CONTACT
    return WhyRefused.CONTACT_FAILED if contact.failed_at is not None else None


def preview(
    session: Session,
    runtime: Runtime,
    study_number: str,
    visit_code: str,
    channel: str,
    kind: str = "invitation",
) -> Preview:
    """What a participant's invitation to a visit would say, in the participant's language. Writes nothing.

    Raises:
        ParticipantUnknown: there is no such participant.
        InvitationRefused: there is no such visit, it asks nothing, is over or sent in, or nobody is there.
    """
    participant = find_participant(session, study_number)
    visit = find_visit(session, runtime, participant, visit_code)
    require_invitable(runtime, participant, visit)
    language = language_of(runtime.study, participant)
    invitation = live_invitation(session, visit) or new_invitation(clock.now(), runtime, participant, visit)
    link = f"{runtime.settings.base_url}/s/{_MASKED}"
    facts = facts_of(runtime, Addressee(invitation, visit, participant), language, link)
    written = write_message(kind, language, facts)
    cut = cut_sms(written.sms)
    return Preview(
        channel=channel,
        language=language,
        subject=written.subject,
        text=written.text,
        html=written.html,
        sms=written.sms,
        sms_parts=len(cut.parts),
        sms_encoding=cut.encoding,
        is_link_whole=cut.keeps_whole(link),
        goes_out_at=_goes_out_at(runtime.study, invitation),
    )


def invite_participant(
    session: Session,
    context: Context,
    runtime: Runtime,
    study_number: str,
    visit_code: str,
    channel: str,
    *,
    replace: bool = False,
    after: int = 0,
) -> Invitation:
    """Issue the link of a participant's visit and queue the message that carries it; "none" queues nothing.

    The live link is sent again if there is one, or with `replace` dies and a new one goes out. `after` is the
    newest message that whoever asks has seen: the same wish sent twice, by a double press, is one message.

    Raises:
        ParticipantUnknown: there is no such participant.
        InvitationRefused: no link can be given out, or the participant cannot be written to by that channel.
        WordingNotApproved: the visit uses a wording that nobody approved.
    """
    participant = find_participant(session, study_number)
    if channel != "none":
        require_reachable(session, runtime, participant, channel)
    visit = find_visit(session, runtime, participant, visit_code)
    # Whoever presses "replace" twice means one new link, and it is there already.
    is_repeated = replace and after > 0 and _newest_message(session, visit) > after
    invitation = issue_invitation(
        session, context, runtime, study_number, visit_code, replace=replace and not is_repeated
    )
    session.flush()
    if channel == "none":
        return invitation
    again = f"/{after}" if after and not replace else ""
    with step(session, context, Tag.MESSAGE_QUEUE, study_number=participant.study_number) as event:
        queue_message(
            session,
            event,
            kind="invitation",
            channel=channel,
            language=language_of(runtime.study, participant),
            once_key=f"{invitation_key(invitation, channel)}{again}",
            due_at=max(event.at, invitation.opens_at),
            invitation_id=invitation.id,
        )
    return invitation


def due_invitations(
    session: Session, study: Study, sites: Collection[str] | None = None
) -> list[DueInvitation]:
    """Whoever can be invited now and never was, by site and study number; of some sites if they are named.

    Whose link was revoked is not among them: somebody ended it for a reason. Takes three queries.
    """
    asked = [visit.code for visit in study.visits if visit.parts]
    now = clock.now()
    wanted = (
        select(Visit, Participant)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(
            Visit.code.in_(asked),
            Visit.submitted_at.is_(None),
            Visit.opens_at <= now,
            Visit.closes_at > now,
            Participant.withdrawn_at.is_(None),
            ~exists().where(Invitation.visit_id == Visit.id),
        )
        .order_by(Participant.site_code, Participant.study_number, Visit.id)
    )
    if sites is not None:
        wanted = wanted.where(Participant.site_code.in_(sites))
    rows = [(visit, participant) for visit, participant in session.execute(wanted)]
    ids = [participant.id for _, participant in rows]
    silent = stopped_participants(session, ids)
    channels = _channels(session, ids)
    return [
        DueInvitation(
            participant.study_number,
            participant.site_code,
            visit.code,
            language_of(study, participant),
            visit.opens_at,
            clock.last_day(visit.expires_at or visit.closes_at),
            channels.get(participant.id, ()),
        )
        for visit, participant in rows
        if participant.id not in silent and visit.opens_at is not None and visit.closes_at is not None
    ]


def require_reachable(session: Session, runtime: Runtime, participant: Participant, channel: str) -> None:
    """Go on only if a participant can be written to by a channel.

    Raises:
        InvitationRefused: see `why_not`.
    """
    why = why_not(session, runtime, participant, channel)
    if why is None:
        return
    number = participant.study_number
    sentences = {
        WhyRefused.CHANNEL_OFF: f"Nothing can be sent by {channel}: set BTB_SMTP_URL or BTB_SMS_URL first.",
        WhyRefused.STOPPED: f"{number} wants no messages: see btb-pro request list.",
        WhyRefused.NO_CONTACT: f"{number} has no address for {channel}: add one, or use another channel.",
        WhyRefused.CONTACT_FAILED: f"The last message to {number} by {channel} came back: mend the address.",
    }
    raise InvitationRefused(why, sentences[why])


def _channels(session: Session, participant_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    rows = session.execute(
        select(Contact.participant_id, Contact.kind).where(
            Contact.participant_id.in_(participant_ids), Contact.failed_at.is_(None)
        )
    )
    kinds: dict[int, set[str]] = {}
    for participant_id, kind in rows:
        kinds.setdefault(participant_id, set()).add("email" if kind == "email" else "sms")
    return {number: tuple(sorted(found)) for number, found in kinds.items()}


def _newest_message(session: Session, visit: Visit) -> int:
    newest = session.execute(
        select(func.max(Message.id))
        .join(Invitation, Invitation.id == Message.invitation_id)
        .where(Invitation.visit_id == visit.id)
    ).scalar_one()
    return newest or 0


def _goes_out_at(study: Study, invitation: Invitation) -> datetime:
    return next_loud(study.quiet_hours, max(clock.now(), invitation.opens_at))
