"""The study, its hospitals, the people who answer, their visits, and the links to these.

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
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.models.base import LEFT_OUT, SALTED, Base, Instant, event_seq


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
        {"sqlite_autoincrement": True},
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


class WeeklyCount(Base):
    """One hospital's week. Kept beside the rows that it counts, so that a page need not count them anew."""

    __tablename__ = "weekly_count"
    __table_args__ = (
        CheckConstraint("what IN ('invited', 'started', 'submitted')", name="what_known"),
        CheckConstraint("number > 0", name="number_counted"),
    )

    site_code: Mapped[str] = mapped_column(ForeignKey("site.code"), primary_key=True)
    week: Mapped[date] = mapped_column(Date, primary_key=True)
    """The week's Monday, in Norway."""
    what: Mapped[str] = mapped_column(String(10), primary_key=True)
    number: Mapped[int]
    """Visits for which it happened for the first time in that week."""


_IS_MISSING = text("submitted_at IS NULL")


class Visit(Base):
    """One visit of the study file for one participant, with its window once day 0 is known."""

    __tablename__ = "visit"
    __table_args__ = (
        UniqueConstraint("participant_id", "code"),
        CheckConstraint("opens_at < closes_at AND closes_at <= expires_at", name="window_ordered"),
        CheckConstraint(
            "(submitted_at IS NULL) = (receipt_code IS NULL)"
            " AND (submitted_at IS NULL) = (submitted_seq IS NULL)",
            name="submitted_has_receipt",
        ),
        Index("ix_visit_missing", "planned_on", sqlite_where=_IS_MISSING, postgresql_where=_IS_MISSING),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"))
    code: Mapped[str] = mapped_column(String(26))
    planned_on: Mapped[date | None] = mapped_column(Date)
    is_moved: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Somebody set the day by hand; a new day 0 leaves it alone."""
    begins_at: Mapped[datetime | None] = mapped_column(Instant)
    """The appointment, where somebody noted its hour."""
    opens_at: Mapped[datetime | None] = mapped_column(Instant)
    closes_at: Mapped[datetime | None] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    """When its first answer was saved."""
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    receipt_code: Mapped[str | None] = mapped_column(String(9), unique=True)
    """What the participant may read to us over the phone: ``K7PM-2XQ4``."""
    submitted_seq: Mapped[int | None] = event_seq(nullable=True)
    event_seq: Mapped[int] = event_seq()


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


class StudyFile(Base):
    """One version of the study file, recorded when it was first used."""

    __tablename__ = "study"
    __table_args__ = (UniqueConstraint("code", "version", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(26))
    version: Mapped[str] = mapped_column(String(40))
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the file's bytes."""
    event_seq: Mapped[int] = event_seq()


class WordingApproval(Base):
    """One wording (instrument, version, language, SHA-256), approved by a named person with evidence."""

    __tablename__ = "wording_approval"
    __table_args__ = (
        UniqueConstraint("instrument", "version", "language", "sha256"),
        CheckConstraint("length(approved_by) > 0 AND length(evidence) > 0", name="person_and_evidence"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    instrument: Mapped[str] = mapped_column(String(26))
    version: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(2))
    sha256: Mapped[str] = mapped_column(String(64))
    approved_by: Mapped[str] = mapped_column(String(120))
    evidence: Mapped[str] = mapped_column(Text)
    approved_at: Mapped[datetime] = mapped_column(Instant)
    event_seq: Mapped[int] = event_seq()
