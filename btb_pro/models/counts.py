"""Numbers that are added up: how often something was tried, and how many visits went how far each week."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, String
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


class WeeklyCount(Base):
    """One hospital's week. Kept beside the rows that it counts, so that a page need not count them anew."""

    __tablename__ = "weekly_count"
    __table_args__ = (
        CheckConstraint("what IN ('invited', 'started', 'submitted')", name="what_known"),
        CheckConstraint("number > 0", name="number_counted"),
    )

    site_code: Mapped[str] = mapped_column(ForeignKey("site.code"), primary_key=True)
    week: Mapped[date] = mapped_column(Date, primary_key=True)
    """The week's Monday, in Norway."""
    what: Mapped[str] = mapped_column(String(10), primary_key=True)
    number: Mapped[int]
    """Visits for which it happened for the first time in that week."""
