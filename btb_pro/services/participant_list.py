"""Who takes part, a page at a time: searched, filtered and sorted by the database. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.models.response import Response
from btb_pro.services.waiting import Scope, Waiting, waiting

PAGE = 50
"""Rows of a page."""


class ListedState(StrEnum):
    """How far a visit has come; the codes are those of the states of links."""

    NOT_SENT = "not_sent"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    FAILED = "failed"
    UNKNOWN = "unknown"
    STARTED = "started"
    SUBMITTED = "submitted"
    EXPIRED = "expired"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"


class Sort(StrEnum):
    """What the rows are in order of; a minus before it in the address turns it round."""

    NUMBER = "number"
    SITE = "site"
    VISIT = "visit"
    STATE = "state"
    DAY = "day"
    EXPIRES = "expires"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for; empty texts and None mean all."""

    search: str = ""
    """Part of a study number, in letters of either size."""
    site: str = ""
    visit: str = ""
    """Else each participant's present visit: the first that can still be answered, or else the last."""
    state: ListedState | None = None
    language: str = ""
    """nb, en, or ``none`` for participants without one."""
    waiting: Waiting | None = None
    """Only visits that wait for a person for that reason."""
    sort: Sort = Sort.NUMBER
    is_downwards: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class ListedVisit:
    """A participant with one visit, and nothing that tells who it is or how anything was answered."""

    study_number: str
    site: str
    language: str | None
    visit: str
    state: ListedState
    planned_on: date | None
    expires_at: datetime | None
    """Of the newest link."""
    begun: int
    """Questionnaires of the visit that hold an answer."""
    reminders: int
    """Reminders that went out."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page, and where it lies."""

    rows: tuple[ListedVisit, ...]
    number: int
    """The page's; the last one there is when a later one was asked for."""
    pages: int
    total: int
    """Rows of all pages."""

    @property
    def first(self) -> int:
        """Which of all rows the page's first one is; 0 when there is none."""
        return (self.number - 1) * PAGE + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """Which of all rows its last one is."""
        return self.first + len(self.rows) - 1 if self.rows else 0


def list_page(session: Session, scope: Scope, wish: Wish) -> ListPage:
    """The page that is wished for, of participants of the hospitals in scope.

    First which ones, looking only at what search, filters and order ask about; then what is shown of those.
    """
    found = _filtered(scope, wish)
    total = session.execute(select(func.count()).select_from(found.subquery())).scalar_one()
    pages = max(1, -(-total // PAGE))
    number = min(max(wish.page, 1), pages)
    order = _order(scope, wish)
    chosen = session.execute(found.order_by(*order).offset((number - 1) * PAGE).limit(PAGE)).all()
    rows = session.execute(_details(scope, wish, chosen).order_by(*order)).all()
    ids = [row.visit_id for row in rows]
    begun, reminders = _begun(session, ids), _reminders(session, ids)
    listed = tuple(
        ListedVisit(
            study_number=row.study_number,
            site=row.site_code,
            language=row.language,
            visit=row.code,
            state=ListedState(row.state),
            planned_on=row.planned_on,
            expires_at=row.link_expires_at,
            begun=begun.get(row.visit_id, 0),
            reminders=reminders.get(row.visit_id, 0),
        )
        for row in rows
    )
    return ListPage(listed, number, pages, total)


def _filtered(scope: Scope, wish: Wish) -> Select[Any]:
    """Participants that fit, with the visit's row where anything is asked about it."""
    asks_link = bool(wish.state) or wish.sort in (Sort.STATE, Sort.EXPIRES)
    asks_visit = asks_link or bool(wish.visit or wish.waiting) or wish.sort in (Sort.VISIT, Sort.DAY)
    rows: tuple[Any, ...] = (Participant.id, Visit.id.label("visit_id"))
    query = select(*rows[: 1 + asks_visit]).select_from(Participant)
    if asks_visit:
        query = query.join(Visit, _shown_visit(scope, wish))
    if asks_link:
        query = query.outerjoin(Invitation, Invitation.id == _newest_link())
    # Through coalesce no index on the hospital is taken: the study numbers' own gives the order.
    site = func.coalesce(Participant.site_code, "")
    query = query.where(site.in_([wish.site] if wish.site else scope.sites))
    if wish.search:
        number = func.lower(Participant.study_number)
        query = query.where(number.contains(wish.search.lower(), autoescape=True))
    if wish.language:
        spoken = None if wish.language == "none" else wish.language
        query = query.where(Participant.language.is_not_distinct_from(spoken))
    if wish.state:
        query = query.where(_state(scope.now) == wish.state.value)
    return query


def _details(scope: Scope, wish: Wish, chosen: Sequence[Any]) -> Select[Any]:
    """What is shown of the rows of one page."""
    has_visit = bool(chosen) and len(chosen[0]) > 1
    shown = Visit.id.in_([row.visit_id for row in chosen]) if has_visit else _shown_visit(scope, wish)
    columns: tuple[Any, ...] = (
        Participant.study_number,
        Participant.site_code,
        Participant.language,
        Visit.id.label("visit_id"),
        Visit.code,
        Visit.planned_on,
        Invitation.expires_at.label("link_expires_at"),
        _state(scope.now).label("state"),
    )
    return (
        select(*columns)
        .select_from(Participant)
        .join(Visit, and_(Visit.participant_id == Participant.id, shown))
        .outerjoin(Invitation, Invitation.id == _newest_link())
        .where(Participant.id.in_([row.id for row in chosen]))
    )


def _shown_visit(scope: Scope, wish: Wish) -> ColumnElement[bool]:
    of_participant = Visit.participant_id == Participant.id
    if wish.waiting:
        # Apart from the query around it, which has a Visit of its own.
        ids = waiting(wish.waiting, scope, Visit.id).order_by(None).correlate(None)
        found = and_(of_participant, Visit.id.in_(ids))
        return and_(found, Visit.code == wish.visit) if wish.visit else found
    if wish.visit:
        return and_(of_participant, Visit.code == wish.visit)
    return and_(of_participant, Visit.id == _present_visit(scope))


def _present_visit(scope: Scope) -> ColumnElement[Any]:
    """The first visit that can still be answered, in the study's order; else the last one."""
    candidate = Visit.__table__.alias("candidate")
    place = _place(scope, candidate.c.code)
    asked = (
        select(candidate.c.id)
        .where(candidate.c.participant_id == Participant.id, candidate.c.code.in_(scope.visits))
        .correlate(Participant)
        .limit(1)
    )
    still_open = and_(
        candidate.c.submitted_at.is_(None),
        or_(candidate.c.expires_at.is_(None), candidate.c.expires_at > scope.now),
    )
    first_open = asked.where(still_open).order_by(place).scalar_subquery()
    return func.coalesce(first_open, asked.order_by(place.desc()).scalar_subquery())


def _place(scope: Scope, code: Any) -> ColumnElement[int]:
    places = {visit: number for number, visit in enumerate(scope.visits)}
    return case(places, value=code, else_=len(places))


def _newest_link() -> ColumnElement[Any]:
    newest = Invitation.__table__.alias("newest")
    return (
        select(func.max(newest.c.id)).where(newest.c.visit_id == Visit.id).correlate(Visit).scalar_subquery()
    )


def _state(now: datetime) -> ColumnElement[str]:
    return case(
        (Visit.submitted_at.is_not(None), ListedState.SUBMITTED.value),
        (Participant.withdrawn_at.is_not(None), ListedState.WITHDRAWN.value),
        (Invitation.id.is_(None), ListedState.NOT_SENT.value),
        (Invitation.end_reason.is_not(None), Invitation.end_reason),
        (Invitation.expires_at <= now, ListedState.EXPIRED.value),
        (Visit.started_at.is_not(None), ListedState.STARTED.value),
        else_=func.coalesce(_message_state(), ListedState.NOT_SENT.value),
    )


def _message_state() -> ColumnElement[Any]:
    """Of the newest message that went out or failed, or carries the link for the first time.

    One that was called off and a reminder that still waits say nothing, unless there is no other.
    """
    is_open = Message.state.in_(("queued", "sending"))
    says_nothing = or_(Message.state == "cancelled", and_(is_open, Message.kind == "reminder"))
    words = {"sending": "queued", "cancelled": "not_sent"}
    return (
        select(case(words, value=Message.state, else_=Message.state))
        .where(Message.invitation_id == Invitation.id, Message.kind.in_(("invitation", "reminder")))
        .order_by(case((says_nothing, 1), else_=0), Message.id.desc())
        .limit(1)
        .correlate(Invitation)
        .scalar_subquery()
    )


def _order(scope: Scope, wish: Wish) -> Sequence[Any]:
    number: ColumnElement[Any] = Participant.study_number.expression
    states = {state.value: place for place, state in enumerate(ListedState)}
    keys: Mapping[Sort, ColumnElement[Any]] = {
        Sort.NUMBER: number,
        Sort.SITE: Participant.site_code.expression,
        Sort.VISIT: _place(scope, Visit.code),
        Sort.STATE: case(states, value=_state(scope.now), else_=len(states)),
        Sort.DAY: Visit.planned_on.expression,
        Sort.EXPIRES: Invitation.expires_at.expression,
    }
    key = keys[wish.sort]
    chosen = (key.desc() if wish.is_downwards else key.asc()).nulls_last()
    if wish.sort is Sort.NUMBER:
        # Without the rule for what is missing, which it never is: so the index gives the order.
        chosen = number.desc() if wish.is_downwards else number.asc()
    places = [Visit.id] if wish.waiting else []
    return (chosen, number.asc(), *places)


def _begun(session: Session, visits: Sequence[int]) -> Mapping[int, int]:
    rows = session.execute(
        select(Response.visit_id, func.count())
        .where(Response.visit_id.in_(visits), Response.started_at.is_not(None))
        .group_by(Response.visit_id)
    )
    return {visit: int(number) for visit, number in rows}


def _reminders(session: Session, visits: Sequence[int]) -> Mapping[int, int]:
    rows = session.execute(
        select(Invitation.visit_id, func.count())
        .join(Message, Message.invitation_id == Invitation.id)
        .where(Invitation.visit_id.in_(visits), Message.kind == "reminder", Message.sent_at.is_not(None))
        .group_by(Invitation.visit_id)
    )
    return {visit: int(number) for visit, number in rows}
