"""Corrections that were asked for, and answers that came too late, for the lists of staff. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from btb_pro.models.correction import Correction, CorrectionRequest
from btb_pro.models.participant import Participant, Visit
from btb_pro.models.response import Answer, LateSave

ON_A_PAGE = 50


class CorrectionState(StrEnum):
    """What became of a request."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ListedCorrection:
    """One request in a list; its value and texts stand on its own page."""

    number: int
    study_number: str
    site: str
    visit: str
    item: str
    asked_role: str
    asked_at: datetime
    is_accepted: bool | None
    """None: nobody has decided."""
    decided_at: datetime | None

    @property
    def state(self) -> CorrectionState:
        """In one word."""
        if self.is_accepted is None:
            return CorrectionState.OPEN
        return CorrectionState.ACCEPTED if self.is_accepted else CorrectionState.REFUSED


@dataclass(frozen=True, slots=True)
class ListedLateSave:
    """One answer that came after its visit was sent in."""

    row: LateSave
    study_number: str
    site: str
    visit: str
    request: int | None
    """The newest correction that was asked for with it."""


def list_corrections(
    session: Session, sites: Sequence[str], *, state: CorrectionState | None = None, page: int = 1
) -> tuple[list[ListedCorrection], bool]:
    """A page of the requests of some hospitals, the open ones first, then the newest; whether more follow."""
    wanted = _requests(
        sites,
        CorrectionRequest.id,
        Participant.study_number,
        Participant.site_code,
        Visit.code,
        CorrectionRequest.item,
        CorrectionRequest.asked_role,
        CorrectionRequest.asked_at,
        Correction.is_accepted,
        Correction.decided_at,
    ).order_by(Correction.id.is_not(None), CorrectionRequest.id.desc())
    if state is CorrectionState.OPEN:
        wanted = wanted.where(Correction.id.is_(None))
    elif state is not None:
        wanted = wanted.where(Correction.is_accepted.is_(state is CorrectionState.ACCEPTED))
    rows = session.execute(wanted.limit(ON_A_PAGE + 1).offset((page - 1) * ON_A_PAGE)).all()
    return [ListedCorrection(*row) for row in rows[:ON_A_PAGE]], len(rows) > ON_A_PAGE


def count_open(session: Session, sites: Sequence[str]) -> int:
    """How many requests of some hospitals nobody has decided."""
    wanted = _requests(sites, func.count(CorrectionRequest.id)).where(Correction.id.is_(None))
    return int(session.execute(wanted).scalar_one())


def open_requests_of(session: Session, visit: Visit) -> dict[str, int]:
    """Field code to the number of the request that waits for it."""
    rows = session.execute(
        select(CorrectionRequest)
        .outerjoin(Correction, Correction.request_id == CorrectionRequest.id)
        .where(CorrectionRequest.visit_id == visit.id, Correction.id.is_(None))
    )
    return {row.item: row.id for row in rows.scalars()}


def corrected_fields(session: Session, visit: Visit) -> dict[str, int]:
    """Field code to the number of the newest request that was accepted for it."""
    rows = session.execute(
        select(CorrectionRequest)
        .join(Correction, Correction.request_id == CorrectionRequest.id)
        .where(CorrectionRequest.visit_id == visit.id, Correction.is_accepted.is_(True))
        .order_by(CorrectionRequest.id)
    )
    return {row.item: row.id for row in rows.scalars()}


def requests_of_wish(session: Session, wish_id: int) -> list[int]:
    """The numbers of the requests that were made of a participant's wish."""
    wanted = select(CorrectionRequest.id).where(CorrectionRequest.wish_id == wish_id)
    return list(session.execute(wanted.order_by(CorrectionRequest.id)).scalars())


def old_answer(session: Session, request: CorrectionRequest) -> Answer | None:
    """The answer that a request would have corrected, as it was when it was made."""
    return None if request.old_answer_id is None else session.get(Answer, request.old_answer_id)


def list_late_saves(
    session: Session, sites: Sequence[str], *, page: int = 1
) -> tuple[list[ListedLateSave], bool]:
    """A page of what came too late at some hospitals, newest first; whether more follow."""
    wanted = _late(sites).order_by(LateSave.id.desc())
    rows = session.execute(wanted.limit(ON_A_PAGE + 1).offset((page - 1) * ON_A_PAGE)).all()
    return [ListedLateSave(*row) for row in rows[:ON_A_PAGE]], len(rows) > ON_A_PAGE


def find_late_save(session: Session, sites: Sequence[str], number: int) -> ListedLateSave | None:
    """One of them, by its number."""
    row = session.execute(_late(sites).where(LateSave.id == number)).one_or_none()
    return None if row is None else ListedLateSave(*row)


def count_late_saves(session: Session, visit: Visit) -> int:
    """How many answers came too late for a visit."""
    wanted = select(func.count(LateSave.id)).where(LateSave.visit_id == visit.id)
    return session.execute(wanted).scalar_one()


def _requests(sites: Sequence[str], *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(CorrectionRequest)
        .join(Visit, Visit.id == CorrectionRequest.visit_id)
        .join(Participant, Participant.id == Visit.participant_id)
        .outerjoin(Correction, Correction.request_id == CorrectionRequest.id)
        .where(Participant.site_code.in_(sites))
    )


def _late(sites: Sequence[str]) -> Select[Any]:
    request = (
        select(func.max(CorrectionRequest.id))
        .where(CorrectionRequest.late_save_id == LateSave.id)
        .correlate(LateSave)
        .scalar_subquery()
    )
    return (
        select(LateSave, Participant.study_number, Participant.site_code, Visit.code, request)
        .join(Visit, Visit.id == LateSave.visit_id)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(Participant.site_code.in_(sites))
    )
