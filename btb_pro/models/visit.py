"""Planned contacts with a participant."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import event_seq

_IS_MISSING = text("submitted_at IS NULL")


class Visit(Base):
    """One visit of the study file for one participant, with its window once day 0 is known."""

    __tablename__ = "visit"
    __table_args__ = (
        UniqueConstraint("participant_id", "code"),
        CheckConstraint("opens_at < closes_at AND closes_at <= expires_at", name="window_ordered"),
        CheckConstraint(
            "(submitted_at IS NULL) = (receipt_code IS NULL)"
            " AND (submitted_at IS NULL) = (submitted_seq IS NULL)",
            name="submitted_has_receipt",
        ),
        Index("ix_visit_missing", "planned_on", sqlite_where=_IS_MISSING, postgresql_where=_IS_MISSING),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"))
    code: Mapped[str] = mapped_column(String(26))
    planned_on: Mapped[date | None] = mapped_column(Date)
    is_moved: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Somebody set the day by hand; a new day 0 leaves it alone."""
    begins_at: Mapped[datetime | None] = mapped_column(Instant)
    """The appointment, where somebody noted its hour."""
    opens_at: Mapped[datetime | None] = mapped_column(Instant)
    closes_at: Mapped[datetime | None] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    """When its first answer was saved."""
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    receipt_code: Mapped[str | None] = mapped_column(String(9), unique=True)
    """What the participant may read to us over the phone: ``K7PM-2XQ4``."""
    submitted_seq: Mapped[int | None] = event_seq(nullable=True)
    event_seq: Mapped[int] = event_seq()
