"""How a participant is reached; apart from everything else, sealed, and erasable alone."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import LEFT_OUT, event_seq


class Contact(Base):
    """One address of one kind. The audit chain holds its salted hash only."""

    __tablename__ = "contact"
    __table_args__ = (
        CheckConstraint("kind IN ('email', 'phone')", name="kind_known"),
        UniqueConstraint("participant_id", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"))
    kind: Mapped[str] = mapped_column(String(5))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """The address under AES-256-GCM, bound to this participant and kind."""
    salt: Mapped[str] = mapped_column(String(32), info=LEFT_OUT)
    """What the hash in the audit chain was salted with; gone with the row."""
    failed_at: Mapped[datetime | None] = mapped_column(Instant)
    """When a message to it came back for good: nothing more is sent to it until it is changed."""
    event_seq: Mapped[int] = event_seq()
