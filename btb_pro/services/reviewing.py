"""That an investigator has gone through what a visit holds; a later change of an answer ends the mark."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro.models.participant import Participant, Visit
from btb_pro.models.response import Answer, Response, VisitReview
from btb_pro.roles import Permission
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.staff_sessions import SignedIn


class ReviewRefused(Exception):
    """The visit is not sent in, the person may not, or the answers are not those that were seen."""


@dataclass(frozen=True, slots=True)
class Review:
    """The newest mark of a visit."""

    by: str
    at: datetime
    is_current: bool
    """No answer was changed since."""


def newest_change(session: Session, visit: Visit) -> int:
    """The event of the newest answer of a visit, or of its being sent in."""
    wanted = (
        select(func.max(Answer.event_seq))
        .join(Response, Response.id == Answer.response_id)
        .where(Response.visit_id == visit.id)
    )
    return max(session.execute(wanted).scalar_one() or 0, visit.submitted_seq or 0)


def find_review(session: Session, visit: Visit) -> Review | None:
    """The newest mark, or nothing."""
    row = session.execute(
        select(VisitReview).where(VisitReview.visit_id == visit.id).order_by(VisitReview.id.desc()).limit(1)
    ).scalar_one_or_none()
    if row is None:
        return None
    return Review(row.reviewed_by, row.reviewed_at, row.event_seq > newest_change(session, visit))


def mark_reviewed(
    session: Session, context: Context, person: SignedIn, visit: Visit, seen: int
) -> VisitReview:
    """Record that somebody has gone through the answers. `seen` is the `newest_change` that was shown.

    Raises:
        ReviewRefused: see the class.
    """
    participant = session.get_one(Participant, visit.participant_id)
    if not (person.may(Permission.MARK_REVIEWED) and person.works_for(participant.site_code)):
        raise ReviewRefused
    number = participant.study_number
    with step(session, context, Tag.VISIT_REVIEW, study_number=number) as event:
        # Within the step writers come one after another: no correction is accepted in between.
        if visit.submitted_seq is None or newest_change(session, visit) != seen:
            raise ReviewRefused
        row = VisitReview(
            visit_id=visit.id, reviewed_by=person.email, reviewed_at=event.at, event_seq=event.seq
        )
        session.add(row)
        session.flush()
        event.change("visit", f"{number}/{visit.code}", "reviewed_up_to", None, f"{seen}")
    return row
