"""Browsers in which a member of staff is signed in."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import LEFT_OUT, event_seq


class StaffSession(Base):
    """One signed-in browser. It ends here, so that ending it takes effect with the next request."""

    __tablename__ = "staff_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    started_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime] = mapped_column(Instant, info=LEFT_OUT)
    confirmed_at: Mapped[datetime] = mapped_column(Instant)
    """When password and code were given last: some acts ask for them anew."""
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    event_seq: Mapped[int] = event_seq()
