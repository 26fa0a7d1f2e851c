"""Attempts to reach somebody."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.models.base import Base, Instant, event_seq

_IS_OPEN = text("state IN ('queued', 'sending')")
_IS_UNSETTLED = text("state IN ('bounced', 'failed', 'unknown') AND settled_at IS NULL")


class Message(Base):
    """One message to one person over one channel, from its queueing to what became of it.

    Neither the address nor the text is stored: both are made when it is sent.
    """

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('invitation', 'reminder', 'code', 'safety', 'staff_link')", name="kind_known"
        ),
        CheckConstraint("channel IN ('email', 'sms', 'paper')", name="channel_known"),
        CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'delivered', 'bounced', 'failed', 'cancelled',"
            " 'unknown')",
            name="state_known",
        ),
        CheckConstraint("language IN ('nb', 'en')", name="language_known"),
        CheckConstraint("state <> 'sending' OR claimed_at IS NOT NULL", name="sending_is_claimed"),
        CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", name="settled_by_somebody"),
        UniqueConstraint("once_key"),
        Index(
            "ix_message_open",
            "due_at",
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
        Index("ix_message_unsettled", "id", sqlite_where=_IS_UNSETTLED, postgresql_where=_IS_UNSETTLED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    channel: Mapped[str] = mapped_column(String(5))
    language: Mapped[str] = mapped_column(String(2))
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitation.id"), index=True)
    """Whose link it carries; none for staff."""
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    """To whom, when it goes to a member of staff."""
    subject_key: Mapped[str] = mapped_column(String(80), default="")
    """What else it is about: a safety alert's number, a staff link's."""
    once_key: Mapped[str] = mapped_column(String(120))
    """The same wish twice is one message: ``reminder/<invitation>/<day>``."""
    due_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int]
    """How often it was handed to a server that refused it for now."""
    claimed_at: Mapped[datetime | None] = mapped_column(Instant)
    claimed_by: Mapped[str | None] = mapped_column(String(80))
    """The worker that is sending it."""
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the server or gateway took it; on paper, when it was printed."""
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    """When it was delivered, bounced, failed for good or was called off."""
    reason: Mapped[str] = mapped_column(String(40), default="")
    """Why it bounced, failed or was called off: a code such as ``mailbox_full``."""
    provider_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    """What mail server or gateway calls it: the Message-ID, the gateway's number."""
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_by: Mapped[str | None] = mapped_column(String(120))
    """Who has seen to what failed."""
    event_seq: Mapped[int] = event_seq()
