"""What the holders of links ask the hospital for, besides answering."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import LEFT_OUT, SALTED, event_seq

_IS_OPEN = text("settled_at IS NULL AND kind <> 'mistake'")
_IS_WAITING = text("settled_at IS NULL")


class ParticipantRequest(Base):
    """One wish, made with one link, open until somebody at the hospital settles it."""

    __tablename__ = "participant_request"
    __table_args__ = (
        CheckConstraint("kind IN ('new_link', 'not_me', 'stop', 'mistake')", name="kind_known"),
        CheckConstraint("(kind = 'mistake') = (what IS NOT NULL)", name="mistake_says_what"),
        CheckConstraint("why IS NULL OR what IS NOT NULL", name="why_of_a_mistake"),
        CheckConstraint("length(what) BETWEEN 1 AND 1000", name="what_fits"),
        CheckConstraint("length(why) BETWEEN 1 AND 1000", name="why_fits"),
        CheckConstraint("(what IS NULL) = (salt IS NULL)", name="text_is_salted"),
        CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", name="settled_by_somebody"),
        CheckConstraint(
            "NOT is_lifted OR (settled_at IS NOT NULL AND kind IN ('not_me', 'stop'))",
            name="lifted_when_settled",
        ),
        Index(
            "uq_participant_request_open",
            "invitation_id",
            "kind",
            unique=True,
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
        Index("ix_participant_request_waiting", "id", sqlite_where=_IS_WAITING, postgresql_where=_IS_WAITING),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    """The number that it is settled by; never given twice."""
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    what: Mapped[str | None] = mapped_column(Text, info=SALTED)
    """Of a mistake: what should be corrected, in the participant's own words."""
    why: Mapped[str | None] = mapped_column(Text, info=SALTED)
    salt: Mapped[str | None] = mapped_column(String(32), info=LEFT_OUT)
    """What the hashes of both texts in the audit chain were salted with."""
    received_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_by: Mapped[str | None] = mapped_column(String(120))
    is_lifted: Mapped[bool]
    """Messages may go out again, although somebody had asked for none, or was the wrong person."""
    event_seq: Mapped[int] = event_seq()
