"""The reminders that the study file makes due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.message import Message
from btb_pro.models.participant import Contact, Invitation, Participant, Visit
from btb_pro.services.addressees import CONTACT_KIND, language_of
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.made_requests import stopped_participants
from btb_pro.services.outbox import queue_message
from btb_pro.study import Study

_WENT_OUT = ("sent", "delivered")
_COUNTED = ("queued", "sending", "sent", "delivered", "bounced", "failed", "unknown")


@dataclass(frozen=True, slots=True)
class DueReminder:
    """A reminder that the study file asks for today."""

    invitation_id: int
    study_number: str
    visit: str
    day: int
    """Of `reminder_days`."""
    channel: str
    language: str

    @property
    def once_key(self) -> str:
        """The same wish is one message."""
        return f"reminder/{self.invitation_id}/{self.day}"


def due_reminders(session: Session, study: Study) -> list[DueReminder]:
    """The reminders that are due today and not queued yet, by study number. Takes five queries.

    Of several reminder days that have passed, the last one counts. A link is reminded of by the channel that
    it went out by, and only of links that went out before the reminder's day.
    """
    days = {visit.code: visit.reminder_days for visit in study.visits if visit.reminder_days and visit.parts}
    if not days or not study.reminders_at_most:
        return []
    today = clock.today()
    rows = _waiting(session, days)
    channels = _went_out_by(session, [invitation.id for invitation, _, _ in rows])
    reminded = _reminders_so_far(session, [visit.id for _, visit, _ in rows])
    silent = stopped_participants(session, [participant.id for _, _, participant in rows])
    usable = _usable_contacts(session, [participant.id for _, _, participant in rows])
    due = []
    for invitation, visit, participant in rows:
        passed = [day for day in days[visit.code] if _on(visit, day) <= today]
        if not passed or invitation.id not in channels or participant.id in silent:
            continue
        channel, sent_on = channels[invitation.id]
        reminder = DueReminder(
            invitation.id,
            participant.study_number,
            visit.code,
            passed[-1],
            channel,
            language_of(study, participant),
        )
        keys = reminded.get(visit.id, frozenset())
        is_new = reminder.once_key not in keys and len(keys) < study.reminders_at_most
        can_reach = (participant.id, CONTACT_KIND[channel]) in usable
        if is_new and can_reach and sent_on < _on(visit, passed[-1]):
            due.append(reminder)
    return sorted(due, key=lambda one: (one.study_number, one.visit))


def queue_reminder(session: Session, context: Context, reminder: DueReminder) -> None:
    """Put a due reminder into the queue; once, however often and by however many it is asked for."""
    with step(session, context, Tag.MESSAGE_QUEUE, study_number=reminder.study_number) as event:
        queue_message(
            session,
            event,
            kind="reminder",
            channel=reminder.channel,
            language=reminder.language,
            once_key=reminder.once_key,
            due_at=event.at,
            invitation_id=reminder.invitation_id,
        )


def _on(visit: Visit, day: int) -> date:
    assert visit.planned_on is not None
    return visit.planned_on + timedelta(days=day)


def _waiting(
    session: Session, days: dict[str, tuple[int, ...]]
) -> Sequence[tuple[Invitation, Visit, Participant]]:
    """Live links of visits that are not sent in, whose first reminder day has come."""
    now, today = clock.now(), clock.today()
    earliest = min(min(each) for each in days.values())
    rows = session.execute(
        select(Invitation, Visit, Participant)
        .join(Visit, Visit.id == Invitation.visit_id)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(
            Visit.code.in_(days),
            Visit.submitted_at.is_(None),
            Visit.planned_on <= today - timedelta(days=earliest),
            Participant.withdrawn_at.is_(None),
            Invitation.ended_at.is_(None),
            Invitation.opens_at <= now,
            Invitation.expires_at > now,
        )
    )
    return [(invitation, visit, participant) for invitation, visit, participant in rows]


def _went_out_by(session: Session, invitation_ids: Sequence[int]) -> dict[int, tuple[str, date]]:
    """The channel of the newest invitation message of each link that went out, and the Norwegian day."""
    rows = session.execute(
        select(Message.invitation_id, Message.channel, Message.sent_at)
        .where(
            Message.invitation_id.in_(invitation_ids),
            Message.kind == "invitation",
            Message.channel.in_(CONTACT_KIND),
            Message.state.in_(_WENT_OUT),
            Message.sent_at.is_not(None),
        )
        .order_by(Message.id)
    )
    return {
        invitation_id: (channel, sent_at.astimezone(clock.OSLO).date())
        for invitation_id, channel, sent_at in rows
        if invitation_id is not None and sent_at is not None
    }


def _reminders_so_far(session: Session, visit_ids: Sequence[int]) -> dict[int, frozenset[str]]:
    rows = session.execute(
        select(Invitation.visit_id, Message.once_key)
        .join(Invitation, Invitation.id == Message.invitation_id)
        .where(Invitation.visit_id.in_(visit_ids), Message.kind == "reminder", Message.state.in_(_COUNTED))
    )
    found: dict[int, set[str]] = {}
    for visit_id, once_key in rows:
        found.setdefault(visit_id, set()).add(once_key)
    return {visit_id: frozenset(keys) for visit_id, keys in found.items()}


def _usable_contacts(session: Session, participant_ids: Sequence[int]) -> frozenset[tuple[int, str]]:
    rows = session.execute(
        select(Contact.participant_id, Contact.kind).where(
            Contact.participant_id.in_(participant_ids), Contact.failed_at.is_(None)
        )
    )
    return frozenset((participant_id, kind) for participant_id, kind in rows)
