"""One instrument filled in at one visit."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import event_seq


class Response(Base):
    """Pinned to the version of the instrument, and to its wording in the language it was begun in."""

    __tablename__ = "response"
    __table_args__ = (
        UniqueConstraint("visit_id", "instrument"),
        CheckConstraint("is_locked = (submitted_at IS NOT NULL)", name="locked_when_submitted"),
        CheckConstraint("length(wording_sha256) = 64", name="wording_pinned"),
        CheckConstraint("language IN ('nb', 'en')", name="language_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    instrument: Mapped[str] = mapped_column(String(26))
    instrument_version: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(2))
    wording_sha256: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the first answer was saved; none: submitted without being reached."""
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    is_locked: Mapped[bool]
    event_seq: Mapped[int] = event_seq()
