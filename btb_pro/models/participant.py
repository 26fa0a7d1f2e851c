"""The people who answer."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import event_seq


class Participant(Base):
    """An enrolled person, known by study number alone."""

    __tablename__ = "participant"
    __table_args__ = (
        CheckConstraint("language IN ('nb', 'en')", name="language_known"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawal_reason IS NULL)", name="withdrawal_has_reason"),
        CheckConstraint("length(study_number) > 0", name="study_number_given"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_number: Mapped[str] = mapped_column(String(26), unique=True)
    site_code: Mapped[str] = mapped_column(ForeignKey("site.code"), index=True)
    language: Mapped[str | None] = mapped_column(String(2))
    """The language of links and messages; none: the phone's own decides."""
    day0: Mapped[date | None] = mapped_column(Date)
    """The day that all visits count from."""
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)
    event_seq: Mapped[int] = event_seq()
