"""What came after its visit was sent in: kept, shown to the investigator, and never an answer by itself."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import LEFT_OUT, SALTED, event_seq


class LateSave(Base):
    """One value of one form field that arrived too late; append-only."""

    __tablename__ = "late_save"
    __table_args__ = (
        CheckConstraint("state IN ('answered', 'declined', 'cleared')", name="state_known"),
        CheckConstraint("(state = 'answered') = (value IS NOT NULL)", name="answered_has_value"),
        CheckConstraint("value <> ''", name="value_not_empty"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    instrument: Mapped[str] = mapped_column(String(26))
    item: Mapped[str] = mapped_column(String(26))
    """The form field's code."""
    value: Mapped[str | None] = mapped_column(Text, info=SALTED)
    state: Mapped[str] = mapped_column(String(10))
    shown_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the server made the page that it was entered on."""
    device_at: Mapped[str | None] = mapped_column(String(35))
    """The phone's own clock with its offset, as it said."""
    received_at: Mapped[datetime] = mapped_column(Instant)
    session_id: Mapped[int] = mapped_column(ForeignKey("participant_session.id"))
    client_key: Mapped[str] = mapped_column(String(64))
    """Made with the page; the service keeps a repeat once."""
    salt: Mapped[str | None] = mapped_column(String(32), info=LEFT_OUT)
    """For free text: what its hash in the audit chain was salted with."""
    event_seq: Mapped[int] = event_seq()
