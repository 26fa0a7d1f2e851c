"""Links."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import event_seq


class Invitation(Base):
    """One link: a participant's visit. At most one of a visit is live."""

    __tablename__ = "invitation"
    __table_args__ = (
        CheckConstraint("opens_at < expires_at", name="window_ordered"),
        CheckConstraint("end_reason IN ('revoked', 'replaced', 'withdrawn')", name="end_reason_known"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_has_reason"),
        CheckConstraint("length(public_id) = 22", name="public_id_whole"),
        Index(
            "uq_invitation_live",
            "visit_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_invitation_live_until",
            "expires_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("uq_invitation_typed_code", "typed_code_hmac", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    """128 random bits; opens nothing without the signing key."""
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    language: Mapped[str | None] = mapped_column(String(2))
    issued_at: Mapped[datetime] = mapped_column(Instant)
    opens_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    end_reason: Mapped[str | None] = mapped_column(String(10))
    typed_code_hmac: Mapped[str | None] = mapped_column(String(64))
    """Finds the link by the code of a letter; without the key it gives no code. None: no letter was made."""
    event_seq: Mapped[int] = event_seq()
