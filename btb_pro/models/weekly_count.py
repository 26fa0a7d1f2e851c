"""How many visits were invited, started and sent in, week by week."""

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base


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
