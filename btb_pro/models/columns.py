"""Columns that several models share."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column


def event_seq(*, nullable: bool = False, index: bool = False) -> Mapped[int]:
    """Number of the audit event that a row was written in.

    The event is written last, when its changes are known, so the reference is checked at commit.
    """
    return mapped_column(
        ForeignKey("audit_event.seq", deferrable=True, initially="DEFERRED"),
        nullable=nullable,
        index=index,
    )
