"""Whether a look at a participant's record was noted a short while ago, so that the trail is not flooded."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.base import AuditEvent, canonical_json
from btb_pro.services.audit import Context, Tag

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
