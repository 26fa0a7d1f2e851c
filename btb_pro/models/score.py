"""Scores, computed at submit."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import event_seq


class ScoreRow(Base):
    """One score of one response, with the rule that made it. A correction adds a row."""

    __tablename__ = "score"
    __table_args__ = (
        UniqueConstraint("response_id", "code", "event_seq"),
        CheckConstraint("(value IS NULL) = (reason <> '')", name="missing_has_reason"),
        CheckConstraint("n_answered BETWEEN 0 AND n_items", name="counts_fit"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("response.id"), index=True)
    code: Mapped[str] = mapped_column(String(26))
    value: Mapped[str | None] = mapped_column(String(20))
    """Decimal text, at most four decimals; text, so that it is the same on every engine."""
    n_answered: Mapped[int]
    n_items: Mapped[int]
    rule: Mapped[str] = mapped_column(String(40))
    rule_version: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    computed_at: Mapped[datetime] = mapped_column(Instant)
    event_seq: Mapped[int] = event_seq(index=True)
