"""Noting which participants' records a member of staff has looked at (AUD-23)."""

from sqlalchemy.orm import Session

from btb_pro.services.audit import Context, Tag, step


def note_view(session: Session, context: Context, study_number: str, what: str) -> None:
    """Write into the audit trail that a participant's record was shown to the context's actor.

    `what` is a short name of the page (``participant``, ``contact``, ``paper``), never what stood on it. Within
    a writing session; the caller commits.
    """
    with step(session, context, Tag.PARTICIPANT_VIEW, study_number=study_number) as event:
        event.change("view", study_number, what, None, "seen")
