"""What is true of the links that were given out, visit by visit.

That somebody fetched a link is no state: mail scanners fetch. "Started" means that an answer was saved.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.instruments.answers import AnswerState, ItemState, StoredAnswer, item_summary
from btb_pro.instruments.model import Instrument
from btb_pro.instruments.paging import pages_of
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.models.response import Answer, Response
from btb_pro.states import LinkStage
from btb_pro.study import Study, VisitPart, sections_asked


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """The state of one visit's newest link, with what a coordinator may know of it."""

    state: LinkStage
    answered: int = 0
    """Questions that hold an answer; counted until the visit is sent in."""
    fields: int = 0
    """Questions that apply to this participant, as the participant's own page counts them; 0: not counted."""
    last_activity_at: datetime | None = None
    """When an answer was last saved, or the visit was sent in."""
    channel: str = ""
    """email, sms or paper: what the message that decides the state went by; empty without one."""
    reason: str = ""
    """Why it bounced, failed or was called off: a code such as ``mailbox_full``."""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """What a state is judged by of a message that carried the link."""

    kind: str
    channel: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What the state of one visit is judged by."""

    is_withdrawn: bool = False
    submitted_at: datetime | None = None
    expires_at: datetime | None = None
    """Of the newest link; None when there never was one."""
    end_reason: str | None = None
    messages: tuple[SentMessage, ...] = ()
    """Of the newest link, oldest first."""
    saved: int = 0
    """Form fields of the visit that something was saved for."""
    answered: int = 0
    fields: int = 0
    last_saved_at: datetime | None = None


def link_status(facts: LinkFacts, now: datetime) -> LinkStatus:
    """What is true of a visit's link now."""
    message = _deciding(facts.messages)
    return LinkStatus(
        state=_stage(facts, message, now),
        answered=facts.answered,
        fields=facts.fields,
        last_activity_at=facts.submitted_at or facts.last_saved_at,
        channel=message.channel if message else "",
        reason=message.reason if message else "",
    )


def link_states(
    session: Session,
    study: Study,
    visit_ids: Sequence[int],
    instruments: Mapping[str, Instrument] | None = None,
) -> Mapping[int, LinkStatus]:
    """The status of each visit by its row's id; unknown ids are left out. Takes at most four queries.

    With the instruments, questions answered and asked are counted for visits that are under way.
    """
    wanted = list(visit_ids)
    rows = session.execute(
        select(Visit.id, Visit.code, Visit.submitted_at, Participant.withdrawn_at)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(Visit.id.in_(wanted))
    ).all()
    links = _newest_links(session, wanted)
    messages = _messages(session, [link_id for link_id, _, _ in links.values()])
    under_way = [row.id for row in rows if row.submitted_at is None and row.id in links]
    saved = _saved(session, under_way)
    now = clock.now()
    found = {}
    for visit_id, code, submitted_at, withdrawn_at in rows:
        link_id, expires_at, end_reason = links.get(visit_id, (0, None, None))
        answers = saved.get(visit_id, _NOTHING_SAVED)
        asked = study.visit(code).parts if answers.current and code in _codes(study) else ()
        answered, fields = _count(asked, answers.current, instruments or {})
        facts = LinkFacts(
            is_withdrawn=withdrawn_at is not None,
            submitted_at=submitted_at,
            expires_at=expires_at,
            end_reason=end_reason,
            messages=tuple(messages.get(link_id, ())),
            saved=len(answers.current),
            answered=answered,
            fields=fields,
            last_saved_at=answers.last_saved_at,
        )
        found[visit_id] = link_status(facts, now)
    return found


_OPEN = ("queued", "sending")
_OF_MESSAGE = {
    "sent": LinkStage.SENT,
    "delivered": LinkStage.DELIVERED,
    "bounced": LinkStage.BOUNCED,
    "failed": LinkStage.FAILED,
    "unknown": LinkStage.UNKNOWN,
    "queued": LinkStage.QUEUED,
    "sending": LinkStage.QUEUED,
    "cancelled": LinkStage.NOT_SENT,
}


def _stage(facts: LinkFacts, message: SentMessage | None, now: datetime) -> LinkStage:
    if facts.submitted_at is not None:
        return LinkStage.SUBMITTED
    if facts.is_withdrawn:
        return LinkStage.WITHDRAWN
    if facts.expires_at is None:
        return LinkStage.NOT_SENT
    if facts.end_reason is not None:
        return LinkStage(facts.end_reason)
    if now >= facts.expires_at:
        return LinkStage.EXPIRED
    if facts.saved:
        return LinkStage.STARTED if facts.saved == 1 else LinkStage.IN_PROGRESS
    return _OF_MESSAGE[message.state] if message else LinkStage.NOT_SENT


def _deciding(messages: Sequence[SentMessage]) -> SentMessage | None:
    """The newest that went out or failed, or is a link on its way; a reminder that waits says nothing yet."""
    for message in reversed(messages):
        if message.state == "cancelled" or (message.state in _OPEN and message.kind != "invitation"):
            continue
        return message
    return messages[-1] if messages else None


@dataclass(frozen=True, slots=True)
class _Saved:
    current: Mapping[str, StoredAnswer]
    last_saved_at: datetime | None


_NOTHING_SAVED = _Saved({}, None)


def _newest_links(
    session: Session, visit_ids: Sequence[int]
) -> Mapping[int, tuple[int, datetime, str | None]]:
    newest = (
        select(func.max(Invitation.id))
        .where(Invitation.visit_id.in_(visit_ids))
        .group_by(Invitation.visit_id)
    )
    rows = session.execute(
        select(Invitation.visit_id, Invitation.id, Invitation.expires_at, Invitation.end_reason).where(
            Invitation.id.in_(newest)
        )
    )
    return {visit_id: (link_id, expires_at, reason) for visit_id, link_id, expires_at, reason in rows}


def _messages(session: Session, link_ids: Sequence[int]) -> Mapping[int, list[SentMessage]]:
    rows = session.execute(
        select(Message.invitation_id, Message.kind, Message.channel, Message.state, Message.reason)
        .where(Message.invitation_id.in_(link_ids), Message.kind.in_(("invitation", "reminder")))
        .order_by(Message.id)
    )
    found: dict[int, list[SentMessage]] = {}
    for link_id, kind, channel, state, reason in rows:
        found.setdefault(link_id or 0, []).append(SentMessage(kind, channel, state, reason))
    return found


def _saved(session: Session, visit_ids: Sequence[int]) -> Mapping[int, _Saved]:
    """The present answers of visits; they never leave this module but as a number."""
    rows = session.execute(
        select(Response.visit_id, Answer.item, Answer.state, Answer.value, Answer.received_at)
        .join(Response, Response.id == Answer.response_id)
        .where(Response.visit_id.in_(visit_ids))
        .order_by(Answer.id)
    )
    current: dict[int, dict[str, StoredAnswer]] = {}
    last: dict[int, datetime] = {}
    for visit_id, item, state, value, received_at in rows:
        current.setdefault(visit_id, {})[item] = StoredAnswer(AnswerState(state), value)
        last[visit_id] = max(received_at, last.get(visit_id, received_at))
    return {visit_id: _Saved(answers, last[visit_id]) for visit_id, answers in current.items()}


def _codes(study: Study) -> frozenset[str]:
    return frozenset(visit.code for visit in study.visits)


def _count(
    parts: Iterable[VisitPart], current: Mapping[str, StoredAnswer], instruments: Mapping[str, Instrument]
) -> tuple[int, int]:
    asked = sections_asked(tuple(parts)).items()
    pages = pages_of([(instruments[code], sections) for code, sections in asked if code in instruments])
    states = [item_summary(item, page.instrument, current) for page in pages for item in page.items]
    applicable = len(states) - states.count(ItemState.NOT_APPLICABLE)
    return states.count(ItemState.ANSWERED), applicable
