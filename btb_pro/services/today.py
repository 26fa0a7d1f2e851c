"""What needs a person at the hospital today. Reads only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.correction import CorrectionRequest, PaperEntry
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Participant, ParticipantRequest, Visit
from btb_pro.models.response import SafetyAlert
from btb_pro.services.made_requests import OpenRequest, RequestKind
from btb_pro.services.waiting import Scope, Waiting, last_active_at, needs_somebody, waiting, was_written_to

SHOWN = 10
"""Rows of each section."""
MOST_COUNTED = 50
"""More rows than these are not counted to the last one."""


@dataclass(frozen=True, slots=True)
class RaisedAlert:
    """A safety rule that came true. The answer is not part of it."""

    number: int
    study_number: str
    site: str
    visit: str
    rule: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class FailedMessage:
    """A message that did not arrive, or of which nobody knows whether it went out."""

    number: int
    study_number: str
    site: str
    visit: str
    kind: str
    """invitation, reminder, code or safety."""
    channel: str
    state: str
    """bounced, failed or unknown."""
    reason: str
    """A code such as ``mailbox_full``, or empty."""
    due_at: datetime


@dataclass(frozen=True, slots=True)
class UpcomingVisit:
    """A visit within a week whose answers are not sent in."""

    study_number: str
    site: str
    visit: str
    planned_on: date
    is_started: bool
    has_link: bool
    """A live one."""
    is_written_to: bool
    """A message about it is on its way, or went out today."""


@dataclass(frozen=True, slots=True)
class ExpiringLink:
    """A link that dies within days, and was not used to the end."""

    study_number: str
    site: str
    visit: str
    expires_at: datetime
    is_started: bool
    is_written_to: bool


@dataclass(frozen=True, slots=True)
class StoppedParticipant:
    """Somebody who began to answer, stopped, and could still go on."""

    study_number: str
    site: str
    visit: str
    last_active_at: datetime
    expires_at: datetime
    is_written_to: bool


@dataclass(frozen=True, slots=True)
class WaitingPaper:
    """Paper or an interview that was typed in once."""

    number: int
    study_number: str
    site: str
    visit: str
    mode: str
    """paper or phone_interview."""
    first_by: str
    first_done_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingCorrection:
    """A correction that was asked for. Neither answer is part of it."""

    number: int
    study_number: str
    site: str
    visit: str
    asked_role: str
    asked_at: datetime


Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Section(Generic[Found]):
    """The first rows of what waits for one reason; those who were written to today come last."""

    what: Waiting
    rows: tuple[Found, ...]
    number: int
    """How many there are in all, counted up to `MOST_COUNTED`."""

    @property
    def is_cut(self) -> bool:
        """Whether there are at least so many."""
        return self.number >= MOST_COUNTED


@dataclass(frozen=True, slots=True)
class Day:
    """All that waits, in the order of how much it hurries."""

    alerts: Section[RaisedAlert]
    failed: Section[FailedMessage]
    ahead: Section[UpcomingVisit]
    expiring: Section[ExpiringLink]
    stopped: Section[StoppedParticipant]
    replies: Section[OpenRequest]
    paper: Section[WaitingPaper]
    corrections: Section[WaitingCorrection]


_WHO = (Participant.study_number, Participant.site_code, Visit.code)
_HAS_LINK = (
    select(Invitation.id)
    .where(Invitation.visit_id == Visit.id, Invitation.ended_at.is_(None))
    .correlate(Visit)
    .exists()
)


def day(session: Session, scope: Scope) -> Day:
    """What waits for the people of these hospitals. Each section takes one query, but for messages."""
    written = was_written_to(scope)
    return Day(
        alerts=_section(session, scope, Waiting.SAFETY, RaisedAlert, SafetyAlert.id, *_WHO,
                        SafetyAlert.rule, SafetyAlert.raised_at),
        failed=_failed(session, scope),
        ahead=_section(session, scope, Waiting.AHEAD, UpcomingVisit, *_WHO,
                       Visit.planned_on, Visit.started_at.is_not(None), _HAS_LINK, written),
        expiring=_section(session, scope, Waiting.EXPIRING, ExpiringLink, *_WHO,
                          Invitation.expires_at, Visit.started_at.is_not(None), written),
        stopped=_section(session, scope, Waiting.STOPPED, StoppedParticipant, *_WHO,
                         last_active_at(), Invitation.expires_at, written),
        replies=_section(session, scope, Waiting.REPLIES, _open_request, ParticipantRequest.id, *_WHO,
                         ParticipantRequest.kind, ParticipantRequest.received_at),
        paper=_section(session, scope, Waiting.PAPER, WaitingPaper, PaperEntry.id, *_WHO,
                       PaperEntry.mode, PaperEntry.first_by, PaperEntry.first_done_at),
        corrections=_section(session, scope, Waiting.CORRECTIONS, WaitingCorrection, CorrectionRequest.id,
                             *_WHO, CorrectionRequest.asked_role, CorrectionRequest.asked_at),
    )  # fmt: skip


def _section(
    session: Session, scope: Scope, what: Waiting, make: Callable[..., Found], *columns: Any
) -> Section[Found]:
    rows = session.execute(waiting(what, scope, *columns).limit(MOST_COUNTED)).all()
    found = [make(*row) for row in rows]
    found.sort(key=lambda one: getattr(one, "is_written_to", False))
    return Section(what, tuple(found[:SHOWN]), len(rows))


def _open_request(number: int, *rest: Any) -> OpenRequest:
    study_number, site, visit, kind, received_at = rest
    return OpenRequest(number, study_number, site, visit, RequestKind(kind), received_at)


_OF_MESSAGE = (Message.kind, Message.channel, Message.state, Message.reason, Message.due_at)


def _failed(session: Session, scope: Scope) -> Section[FailedMessage]:
    """Messages that carried a link, after those that told of a safety alert: they hurry more."""
    with_link = _section(session, scope, Waiting.FAILED, FailedMessage, Message.id, *_WHO, *_OF_MESSAGE)
    of_safety = tuple(_failed_safety(session, scope))
    rows = (*of_safety, *with_link.rows)[:SHOWN]
    return Section(Waiting.FAILED, rows, with_link.number + len(of_safety))


def _failed_safety(session: Session, scope: Scope) -> list[FailedMessage]:
    """Those messages name the alert and no link."""
    messages = session.execute(
        select(Message)
        .where(
            needs_somebody(),
            Message.kind == "safety",
            Message.invitation_id.is_(None),
        )
        .order_by(Message.id)
        .limit(MOST_COUNTED)
    ).scalars()
    about = {int(one.subject_key): one for one in messages}
    alerts = session.execute(
        select(SafetyAlert.id, *_WHO)
        .join(Visit, Visit.id == SafetyAlert.visit_id)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(SafetyAlert.id.in_(about), Participant.site_code.in_(scope.sites))
        .order_by(SafetyAlert.id)
    )
    found = []
    for alert, study_number, site, visit in alerts:
        one = about[alert]
        what = (one.kind, one.channel, one.state, one.reason, one.due_at)
        found.append(FailedMessage(one.id, study_number, site, visit, *what))
    return found
