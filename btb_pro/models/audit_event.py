"""The audit trail: one chained event per request or job step that changed anything."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant


class AuditEvent(Base):
    """Who changed what, when and why; append-only, each event hashed over itself and the one before."""

    __tablename__ = "audit_event"
    __table_args__ = (
        CheckConstraint("seq > 0", name="seq_positive"),
        CheckConstraint("actor_kind IN ('participant', 'staff', 'command', 'job')", name="actor_kind_known"),
        CheckConstraint("length(actor) > 0", name="actor_named"),
        CheckConstraint("length(hash) = 64 AND length(previous_hash) = 64", name="hashes_whole"),
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Position in the chain, from 1, without a gap; the export's cut-off."""
    at: Mapped[datetime] = mapped_column(Instant)
    """Server time."""
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str] = mapped_column(String(120))
    """Study number, staff address, the operating system's user, or the job's name."""
    actor_role: Mapped[str] = mapped_column(String(40), default="")
    """The role as it was then."""
    actor_site: Mapped[str] = mapped_column(String(26), default="")
    tag: Mapped[str] = mapped_column(String(60))
    """``noun:verb``."""
    study_number: Mapped[str] = mapped_column(String(26), default="", index=True)
    """The participant it concerns, if one."""
    changes: Mapped[str] = mapped_column(Text)
    """Canonical JSON: a list of {object, key, field, old, new}, one for each changed field."""
    row_changes: Mapped[str | None] = mapped_column(Text)
    """Canonical JSON: every row that was added, changed or removed, with the columns that got a value (see
    services/audit_rows.py); none in events that are older than this column."""
    reason: Mapped[str] = mapped_column(Text, default="")
    request_id: Mapped[str] = mapped_column(String(40), default="")
    app_version: Mapped[str] = mapped_column(String(40))
    study_version: Mapped[str] = mapped_column(String(40), default="")
    previous_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """Unique, so that the chain cannot fork."""
    hash: Mapped[str] = mapped_column(String(64), unique=True)
