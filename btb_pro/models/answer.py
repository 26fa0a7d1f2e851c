"""Answers, append-only."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import LEFT_OUT, SALTED, event_seq


class Answer(Base):
    """One value of one form field at one moment; the newest row of a field is its present answer."""

    __tablename__ = "answer"
    __table_args__ = (
        UniqueConstraint("response_id", "item", "client_key"),
        CheckConstraint("state IN ('answered', 'skipped', 'declined', 'cleared')", name="state_known"),
        CheckConstraint("(state = 'answered') = (value IS NOT NULL)", name="answered_has_value"),
        CheckConstraint("value <> ''", name="value_not_empty"),
        CheckConstraint("mode IN ('own_phone', 'clinic_tablet', 'paper')", name="mode_known"),
        CheckConstraint("language IN ('nb', 'en')", name="language_known"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("response.id"), index=True)
    item: Mapped[str] = mapped_column(String(26))
    """The form field's code."""
    value: Mapped[str | None] = mapped_column(Text, info=SALTED)
    """Canonical text of the value; several codes are joined by a space."""
    state: Mapped[str] = mapped_column(String(10))
    language: Mapped[str] = mapped_column(String(2))
    """The language that was on the screen."""
    wording_sha256: Mapped[str] = mapped_column(String(64))
    """Of the instrument in that language."""
    shown_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the server made the page that it was answered on."""
    device_at: Mapped[str | None] = mapped_column(String(35))
    """The phone's own clock with its offset, as it said; never used for order or windows."""
    received_at: Mapped[datetime] = mapped_column(Instant)
    """Server time: the authority."""
    mode: Mapped[str] = mapped_column(String(20))
    session_id: Mapped[int] = mapped_column(ForeignKey("participant_session.id"))
    client_key: Mapped[str] = mapped_column(String(64))
    """Made with the page; makes a repeated save harmless."""
    salt: Mapped[str | None] = mapped_column(String(32), info=LEFT_OUT)
    """For free text: what its hash in the audit chain was salted with."""
    event_seq: Mapped[int] = event_seq(index=True)
