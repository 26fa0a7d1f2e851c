"""Planned contacts with a participant, and the links to them."""

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


class Invitation(Base):
    """One link: a participant's visit. At most one of a visit is live."""

    __tablename__ = "invitation"
    __table_args__ = (
        CheckConstraint("opens_at < expires_at", name="window_ordered"),
        CheckConstraint("end_reason IN ('revoked', 'replaced', 'withdrawn')", name="end_reason_known"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_has_reason"),
        CheckConstraint("length(public_id) = 22", name="public_id_whole"),
        Index(
            "uq_invitation_live",
            "visit_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_invitation_live_until",
            "expires_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("uq_invitation_typed_code", "typed_code_hmac", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    """128 random bits; opens nothing without the signing key."""
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    language: Mapped[str | None] = mapped_column(String(2))
    issued_at: Mapped[datetime] = mapped_column(Instant)
    opens_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    end_reason: Mapped[str | None] = mapped_column(String(10))
    typed_code_hmac: Mapped[str | None] = mapped_column(String(64))
    """Finds the link by the code of a letter; without the key it gives no code. None: no letter was made."""
    event_seq: Mapped[int] = event_seq()


class VisitReview(Base):
    """That an investigator has gone through the answers of a visit, as they stood at that event.

    Append-only. The newest one of a visit counts, until an answer is newer than it.
    """

    __tablename__ = "visit_review"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    reviewed_by: Mapped[str] = mapped_column(String(120))
    reviewed_at: Mapped[datetime] = mapped_column(Instant)
    event_seq: Mapped[int] = event_seq()
