"""Answers that came back on paper or over the phone, typed in twice before they count."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import HASHED, event_seq

_IS_OPEN = text("ended_at IS NULL")


class PaperEntry(Base):
    """One visit's paper being typed in. At most one of a visit is open."""

    __tablename__ = "paper_entry"
    __table_args__ = (
        CheckConstraint("mode IN ('paper', 'phone_interview')", name="mode_known"),
        CheckConstraint("language IN ('nb', 'en')", name="language_known"),
        CheckConstraint("end_reason IN ('done', 'discarded')", name="end_reason_known"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_has_reason"),
        CheckConstraint("second_by <> first_by", name="two_people"),
        CheckConstraint("end_reason <> 'done' OR session_id IS NOT NULL", name="done_has_answers"),
        Index(
            "uq_paper_entry_open",
            "visit_id",
            unique=True,
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    mode: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(2))
    """Of the paper, or that the interview was held in."""
    paper_on: Mapped[date] = mapped_column(Date)
    """The day that the participant wrote on the paper, or of the interview."""
    opened_at: Mapped[datetime] = mapped_column(Instant)
    first_by: Mapped[str] = mapped_column(String(120))
    first_done_at: Mapped[datetime | None] = mapped_column(Instant)
    second_by: Mapped[str | None] = mapped_column(String(120))
    second_done_at: Mapped[datetime | None] = mapped_column(Instant)
    session_id: Mapped[int | None] = mapped_column(ForeignKey("participant_session.id"))
    """What its answers were saved in, once both agreed."""
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    end_reason: Mapped[str | None] = mapped_column(String(10))
    event_seq: Mapped[int] = event_seq()


class PaperKeying(Base):
    """What one person typed for one form field in one round. No page ever shows it."""

    __tablename__ = "paper_keying"
    __table_args__ = (
        UniqueConstraint("entry_id", "round", "item"),
        CheckConstraint("value <> ''", name="value_not_empty"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("paper_entry.id"), index=True)
    round: Mapped[int]
    """1 the first person's, 2 the second's, 3 and on: items that differed, typed once more."""
    item: Mapped[str] = mapped_column(String(26))
    """The form field's code."""
    value: Mapped[str | None] = mapped_column(Text, info=HASHED)
    """Canonical text as an answer's; none: left blank on the paper."""
    event_seq: Mapped[int] = event_seq()
