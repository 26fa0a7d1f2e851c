"""What a participant's page tells: facts, visits and flags; never an answer. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.correction import PaperEntry
from btb_pro.models.participant import Participant, Visit
from btb_pro.services.contact_changes import KINDS, find_contact, open_contact
from btb_pro.services.link_states import LinkStatus, link_states
from btb_pro.services.runtime import Runtime
from btb_pro.services.visit_plan import visits_of
from btb_pro.study import is_after_visit, is_late

_HIDDEN = "••••"


@dataclass(frozen=True, slots=True)
class RecordedVisit:
    """One visit of a participant as a coordinator sees it. Days are Norwegian ones."""

    code: str
    asks: bool
    """Whether the study file asks something at it now."""
    planned_on: date | None
    is_moved: bool
    begins_at: datetime | None
    opens_on: date | None
    closes_on: date | None
    """The window's last day."""
    link: LinkStatus
    submitted_at: datetime | None
    is_late: bool
    """Answered after the window had closed: sent in, or what the paper says."""
    is_after_visit: bool
    """Answered after the visit had begun; where no hour is noted, after its day."""


@dataclass(frozen=True, slots=True)
class KeptContact:
    """An address on file. `text` is the address or, masked, no more than tells one from another."""

    kind: str
    text: str
    """Empty if no key opens it any more."""
    has_failed: bool
    """A message to it came back for good."""


def recorded_visits(session: Session, runtime: Runtime, participant: Participant) -> list[RecordedVisit]:
    """Every visit of a participant in the study's order."""
    rows = visits_of(session, runtime.study, participant)
    links = link_states(session, runtime.study, [row.id for row in rows], runtime.instruments)
    asking = {visit.code for visit in runtime.study.visits if visit.parts}
    paper = _paper_days(session, [row.id for row in rows])
    return [_recorded(row, links, paper.get(row.id), asks=row.code in asking) for row in rows]


def kept_contacts(
    session: Session, runtime: Runtime, participant: Participant, *, shown: bool = False
) -> list[KeptContact]:
    """The addresses on file, masked unless they are to be shown, which is for the caller to note."""
    found = []
    for kind in KINDS:
        row = find_contact(session, participant, kind)
        if row is not None:
            address = open_contact(runtime, row) or ""
            text = address if shown else masked(kind, address)
            found.append(KeptContact(kind, text, row.failed_at is not None))
    return found


def masked(kind: str, address: str) -> str:
    """As much of an address as tells one from another: ``•••• 12``, ``k••••@••••``."""
    if not address:
        return ""
    return f"{_HIDDEN} {address[-2:]}" if kind == "phone" else f"{address[0]}{_HIDDEN}@{_HIDDEN}"


def _paper_days(session: Session, visit_ids: Sequence[int]) -> Mapping[int, date]:
    """When the paper was filled in that a visit's answers were typed in from, and both rounds agreed on."""
    rows = session.execute(
        select(PaperEntry.visit_id, PaperEntry.paper_on)
        .where(PaperEntry.visit_id.in_(visit_ids), PaperEntry.end_reason == "done")
        .order_by(PaperEntry.id)
    )
    return {row.visit_id: row.paper_on for row in rows}


def _recorded(
    row: Visit, links: Mapping[int, LinkStatus], paper_on: date | None, *, asks: bool
) -> RecordedVisit:
    return RecordedVisit(
        code=row.code,
        asks=asks,
        planned_on=row.planned_on,
        is_moved=row.is_moved,
        begins_at=row.begins_at,
        opens_on=row.opens_at.astimezone(clock.OSLO).date() if row.opens_at else None,
        closes_on=clock.last_day(row.closes_at) if row.closes_at else None,
        link=links[row.id],
        submitted_at=row.submitted_at,
        is_late=is_late(row.submitted_at, row.closes_at, paper_on),
        is_after_visit=is_after_visit(row.submitted_at, row.begins_at, row.planned_on, paper_on),
    )
