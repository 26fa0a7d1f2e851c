"""Noting which records a member of staff has looked at, and what they were refused (AUD-23, AUD-24)."""

from sqlalchemy.orm import Session

from btb_pro.services.audit import Context, Tag, step


def note_view(session: Session, context: Context, study_number: str, what: str) -> None:
    """Write into the audit trail that a participant's record was shown to the context's actor.

    `what` is a short name of the page (``participant``, ``contact``, ``paper``), never what stood on it.
    Within a writing session; the caller commits.
    """
    with step(session, context, Tag.PARTICIPANT_VIEW, study_number=study_number) as event:
        event.change("view", study_number, what, None, "seen")


def note_refusal(session: Session, context: Context, page: str, why: str, study_number: str = "") -> None:
    """Write into the audit trail that the context's actor asked for a page that is not for them.

    `page` is the route's name, `why` ``role`` or ``hospital``. Within a writing session; the caller commits.
    """
    with step(session, context, Tag.STAFF_ACCESS_REFUSED, study_number=study_number) as event:
        event.change("access", page, why, None, "refused")
