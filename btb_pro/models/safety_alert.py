"""Participants who need a call under the protocol's safety procedure."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import event_seq

_IS_OPEN = text("acknowledged_at IS NULL")


class SafetyAlert(Base):
    """One rule of the study file that came true for one visit. It names the rule, never the answer."""

    __tablename__ = "safety_alert"
    __table_args__ = (
        UniqueConstraint("visit_id", "rule"),
        CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name="acknowledged_by_somebody"
        ),
        Index("ix_safety_alert_open", "id", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    rule: Mapped[str] = mapped_column(String(26))
    """The rule's code in the study file."""
    raised_at: Mapped[datetime] = mapped_column(Instant)
    acknowledged_at: Mapped[datetime | None] = mapped_column(Instant)
    acknowledged_by: Mapped[str | None] = mapped_column(String(120))
    event_seq: Mapped[int] = event_seq()
