"""What was planned and arranged for visits, answered or not, as it stood at a cut-off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.exports.as_of import AsOf
from btb_pro.exports.records import CutOff, VisitPlan
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Participant, Visit

_FIELDS = (
    "language", "day0", "is_withdrawn", "planned_on", "begins_at", "opens_at", "closes_at", "expires_at",
    "end_reason", "state",
)  # fmt: skip
_TAKEN = frozenset({"sent", "delivered", "bounced"})
"""States of a message that a server or gateway had taken; on paper, that was printed."""


@dataclass(slots=True)
class _Links:
    """The links of one visit up to the cut-off."""

    invited_at: datetime
    count: int = 0
    last_expires_at: datetime | None = None
    is_ended: bool = False


@dataclass(slots=True)
class _Sent:
    by_channel: dict[str, int] = field(default_factory=dict)
    reminders: int = 0


class PlannedVisits:
    """Reads them for a few participants at a time."""

    def __init__(self, session: Session, cutoff: CutOff) -> None:
        self._session = session
        self._cutoff = cutoff
        self._as_of = AsOf(session, cutoff.seq, _FIELDS)

    def of_participants(self, participant_ids: Sequence[int]) -> Mapping[int, VisitPlan]:
        """Visit id to its plan, for every visit that was there."""
        rows = self._session.execute(
            select(Participant, Visit)
            .join(Visit, Visit.participant_id == Participant.id)
            .where(Visit.participant_id.in_(participant_ids), Visit.event_seq <= self._cutoff.seq)
        ).all()
        plans = {visit.id: self._plan(person, visit) for person, visit in rows}
        keys = {visit.id: f"{person.study_number}/{visit.code}" for person, visit in rows}
        links, sent = self._links(keys), self._sent(keys)
        return {visit_id: self._arranged(plan, visit_id, links, sent) for visit_id, plan in plans.items()}

    def _plan(self, person: Participant, visit: Visit) -> VisitPlan:
        number = person.study_number
        key = f"{number}/{visit.code}"
        was_in = self._as_of.text("participant", number, "is_withdrawn", "true") == "false"
        withdrawn_at = None if was_in else person.withdrawn_at
        return VisitPlan(
            language=self._as_of.text("participant", number, "language", person.language) or "",
            day0=self._as_of.day("participant", number, "day0", person.day0),
            withdrawn_on=withdrawn_at.astimezone(clock.OSLO).date() if withdrawn_at else None,
            planned_on=self._as_of.day("visit", key, "planned_on", visit.planned_on),
            begins_at=self._as_of.instant_or_none("visit", key, "begins_at", visit.begins_at),
            opens_at=self._as_of.instant_or_none("visit", key, "opens_at", visit.opens_at),
            closes_at=self._as_of.instant_or_none("visit", key, "closes_at", visit.closes_at),
        )

    def _arranged(
        self, plan: VisitPlan, visit_id: int, links: Mapping[int, _Links], sent: Mapping[int, _Sent]
    ) -> VisitPlan:
        of_visit, messages = links.get(visit_id), sent.get(visit_id, _Sent())
        plan = replace(
            plan, n_reminders=messages.reminders, n_sent=tuple(sorted(messages.by_channel.items()))
        )
        if of_visit is None:
            return plan
        expires_at = of_visit.last_expires_at
        return replace(
            plan,
            invited_at=of_visit.invited_at,
            n_invitations=of_visit.count,
            is_link_ended=of_visit.is_ended,
            is_link_expired=expires_at is not None and expires_at <= self._cutoff.at,
        )

    def _links(self, keys: Mapping[int, str]) -> Mapping[int, _Links]:
        found: dict[int, _Links] = {}
        newer: dict[int, int] = {}
        query = select(Invitation).where(Invitation.visit_id.in_(keys))
        rows = self._session.execute(query.order_by(Invitation.event_seq, Invitation.id)).scalars().all()
        for link in rows:
            if link.event_seq > self._cutoff.seq:
                newer.setdefault(link.visit_id, link.event_seq)
        for link in (one for one in rows if one.event_seq <= self._cutoff.seq):
            key = keys[link.visit_id]
            links = found.setdefault(link.visit_id, _Links(link.issued_at))
            links.count += 1
            links.last_expires_at = self._as_of.instant("invitation", key, "expires_at", link.expires_at)
            # A link ends before the next one is made, so the first end after the cut-off is this one's unless
            # the next one was made before it.
            lived = self._as_of.is_changed_by("invitation", key, "end_reason", newer.get(link.visit_id))
            links.is_ended = link.end_reason is not None and not lived
        return found

    def _sent(self, keys: Mapping[int, str]) -> Mapping[int, _Sent]:
        found: dict[int, _Sent] = {}
        rows = self._session.execute(
            select(Invitation.visit_id, Message.once_key, Message.kind, Message.channel, Message.state)
            .join(Invitation, Invitation.id == Message.invitation_id)
            .where(
                Invitation.visit_id.in_(keys),
                Message.event_seq <= self._cutoff.seq,
                Message.kind.in_(("invitation", "reminder")),
            )
        )
        for visit_id, once_key, kind, channel, state in rows:
            if self._as_of.text("message", once_key, "state", state) in _TAKEN:
                sent = found.setdefault(visit_id, _Sent())
                sent.by_channel[channel] = sent.by_channel.get(channel, 0) + 1
                sent.reminders += kind == "reminder"
        return found
