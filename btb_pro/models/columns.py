"""Columns that several models share."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

TRAIL = "trail"
"""Key of a column's `info`: how the audit trail tells its values, one of these three; else as they are."""
SALTED = {TRAIL: "salted"}
"""By the hash with the row's own salt, where it has one; for texts that may have to be erased."""
HASHED = {TRAIL: "hashed"}
"""By the SHA-256; for what is secret."""
LEFT_OUT = {TRAIL: "left out"}
"""Not at all; for salts, which must go with what they salted, and for what changes with every request."""


def event_seq(*, nullable: bool = False) -> Mapped[int]:
    """Number of the audit event that a row was written in.

    The event is written last, when its changes are known, so the reference is checked at commit. Until then
    SQLite looks, at each event, for rows that wait for it: without an index it would read the whole table.
    """
    return mapped_column(
        ForeignKey("audit_event.seq", deferrable=True, initially="DEFERRED"),
        nullable=nullable,
        index=True,
    )
