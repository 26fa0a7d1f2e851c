"""When the last backup was taken."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro.models.base import AuditEvent
from btb_pro.services.audit import Tag


def last_backup_at(session: Session) -> datetime | None:
    """When the newest backup was recorded, which happens once it is proven; None if there is none."""
    taken = select(func.max(AuditEvent.at)).where(AuditEvent.tag == Tag.BACKUP_TAKE.value)
    return session.execute(taken).scalar_one()
