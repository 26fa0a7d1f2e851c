"""How often something was tried lately; shared by every process that serves the database."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant


class RateCount(Base):
    """Failures under one key since an instant. No part of the study's data, so without an audit event."""

    __tablename__ = "rate_count"
    __table_args__ = (CheckConstraint("failures >= 0", name="failures_counted"),)

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    """What is limited and a keyed hash of whom: ``sign_in:<hash>``. Never an address in clear."""
    failures: Mapped[int]
    since: Mapped[datetime] = mapped_column(Instant)
    blocked_until: Mapped[datetime | None] = mapped_column(Instant)
