"""What a link was traded for."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import event_seq


class ParticipantSession(Base):
    """One browser answering one visit. The address carries the handle, a cookie the secret."""

    __tablename__ = "participant_session"
    __table_args__ = (
        CheckConstraint("mode IN ('own_phone', 'clinic_tablet', 'paper')", name="mode_known"),
        CheckConstraint("language IN ('nb', 'en')", name="language_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(String(16), unique=True)
    secret_sha256: Mapped[str] = mapped_column(String(64))
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id"), index=True)
    language: Mapped[str] = mapped_column(String(2))
    mode: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[datetime] = mapped_column(Instant)
    last_saved_at: Mapped[datetime] = mapped_column(Instant)
    """The start counts as the first save; the session ends 24 hours after the last one."""
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    """When a one-time code was given: from then on earlier answers are shown."""
    event_seq: Mapped[int] = event_seq()
