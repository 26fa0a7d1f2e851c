"""What a link was traded for: the session, its one-time codes, and the saves that it has taken."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
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


class SaveKey(Base):
    """The key of one acknowledged save, and the hash of what it asked for."""

    __tablename__ = "save_key"
    __table_args__ = (UniqueConstraint("visit_id", "client_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    client_key: Mapped[str] = mapped_column(String(64))
    body_sha256: Mapped[str] = mapped_column(String(64))
    """Over instrument, values and declined or cleared item; the button that was pressed is no part of it."""


class StepCode(Base):
    """One code for one session: good once, for minutes, for a few tries."""

    __tablename__ = "step_code"
    __table_args__ = (CheckConstraint("tries >= 0", name="tries_counted"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("participant_session.id"), index=True)
    code_sha256: Mapped[str] = mapped_column(String(64))
    """Under a key that lies outside the database, so that seven digits cannot be looked up."""
    issued_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    tries: Mapped[int]
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    event_seq: Mapped[int] = event_seq()
