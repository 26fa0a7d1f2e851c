"""When the last backup was taken, and how old it may become."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro.models.base import AuditEvent, Tag

BACKUP_EVERY = timedelta(hours=26)
"""A day, and two hours for one that takes long."""


def last_backup_at(session: Session) -> datetime | None:
    """When the newest backup was recorded, which happens once it is proven; None if there is none."""
    taken = select(func.max(AuditEvent.at)).where(AuditEvent.tag == Tag.BACKUP_TAKE.value)
    return session.execute(taken).scalar_one()
