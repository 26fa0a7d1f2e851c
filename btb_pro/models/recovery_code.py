"""What a member of staff signs in with when the phone with the second factor is gone."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import event_seq


class RecoveryCode(Base):
    """One code, good once."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("staff_id", "code_sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    code_sha256: Mapped[str] = mapped_column(String(64))
    """80 random bits need no slow hash."""
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    event_seq: Mapped[int] = event_seq()
