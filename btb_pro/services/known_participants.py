"""Finding a participant by study number; noting which records were looked at, and what was refused.

Of the trail this is AUD-23 and AUD-24. Looks that follow each other closely are noted once.
"""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.base import AuditEvent, canonical_json
from btb_pro.models.participant import Participant
from btb_pro.refusals import PlainRefusal
from btb_pro.services.audit import Context, Tag, step


class ParticipantUnknown(PlainRefusal):
    """No participant has that study number."""

    def __init__(self, study_number: str) -> None:
        super().__init__(f"No participant has the study number {study_number}: see btb-pro participant list.")


def find_participant(session: Session, study_number: str) -> Participant:
    """The participant with a study number.

    Raises:
        ParticipantUnknown: there is none.
    """
    query = select(Participant).where(Participant.study_number == study_number.strip())
    participant = session.execute(query).scalar_one_or_none()
    if participant is None:
        raise ParticipantUnknown(study_number)
    return participant


def note_view(session: Session, context: Context, study_number: str, what: str) -> None:
    """Write into the audit trail that a participant's record was shown to the context's actor.

    `what` is a short name of the page (``participant``, ``contact``, ``paper``), never what stood on it.
    Within a writing session; the caller commits.
    """
    with step(session, context, Tag.PARTICIPANT_VIEW, study_number=study_number) as event:
        event.change("view", study_number, what, None, "seen")


def note_refusal(session: Session, context: Context, page: str, why: str, study_number: str = "") -> None:
    """Write into the audit trail that the context's actor asked for a page that is not for them.

    `page` is the route's name, `why` ``role``, ``hospital`` or ``owner``. Within a writing session; the
    caller commits.
    """
    with step(session, context, Tag.STAFF_ACCESS_REFUSED, study_number=study_number) as event:
        event.change("access", page, why, None, "refused")


NOTED_EVERY = timedelta(hours=1)


def is_view_noted(session: Session, context: Context, study_number: str, what: str) -> bool:
    """Whether this actor was noted to have looked at that within the last hour."""
    name = canonical_json({"field": what})[1:-1]
    query = select(AuditEvent.seq).where(
        AuditEvent.study_number == study_number,
        AuditEvent.tag == Tag.PARTICIPANT_VIEW.value,
        AuditEvent.actor == context.actor.name,
        AuditEvent.at > clock.now() - NOTED_EVERY,
        AuditEvent.changes.contains(name, autoescape=True),
    )
    return session.execute(query.limit(1)).first() is not None
