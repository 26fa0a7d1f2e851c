"""The hospitals, the people who answer, how each is reached, and what they ask for besides answering.

An address is sealed, kept apart from everything else, and erasable alone.
"""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import LEFT_OUT, SALTED, event_seq


class Participant(Base):
    """An enrolled person, known by study number alone."""

    __tablename__ = "participant"
    __table_args__ = (
        CheckConstraint("language IN ('nb', 'en')", name="language_known"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawal_reason IS NULL)", name="withdrawal_has_reason"),
        CheckConstraint("length(study_number) > 0", name="study_number_given"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_number: Mapped[str] = mapped_column(String(26), unique=True)
    site_code: Mapped[str] = mapped_column(ForeignKey("site.code"), index=True)
    language: Mapped[str | None] = mapped_column(String(2))
    """The language of links and messages; none: the phone's own decides."""
    day0: Mapped[date | None] = mapped_column(Date)
    """The day that all visits count from."""
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)
    event_seq: Mapped[int] = event_seq()


class Site(Base):
    """A hospital that includes participants; what it is called stands in the study file."""

    __tablename__ = "site"

    code: Mapped[str] = mapped_column(String(26), primary_key=True)
    event_seq: Mapped[int] = event_seq()


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
