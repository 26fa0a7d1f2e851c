"""Who may come in besides participants, by which links, codes and keys, and how often somebody failed to."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.models.base import HASHED, LEFT_OUT, Base, Instant, event_seq


class Staff(Base):
    """One account of one person. Never deleted: the audit trail speaks of it."""

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint(
            "role IN ('coordinator', 'investigator', 'data-manager', 'monitor', 'admin')", name="role_known"
        ),
        CheckConstraint("email = lower(email)", name="email_in_small_letters"),
        CheckConstraint("language IN ('nb', 'en')", name="language_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(120), unique=True)
    """Small letters; what a person signs in with, and who the audit trail says acted."""
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    is_for_all_sites: Mapped[bool]
    """Else the sites stand in `staff_site`."""
    language: Mapped[str | None] = mapped_column(String(2))
    password_hash: Mapped[str | None] = mapped_column(String(200), info=HASHED)
    """argon2id; none until the person has chosen a password."""
    totp_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The second factor's secret, sealed; none until it is set up."""
    totp_step: Mapped[int | None]
    """The time step of the last code that was taken: no code counts twice."""
    created_at: Mapped[datetime] = mapped_column(Instant)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    event_seq: Mapped[int] = event_seq()


class StaffSite(Base):
    """A hospital that an account works for."""

    __tablename__ = "staff_site"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    site_code: Mapped[str] = mapped_column(ForeignKey("site.code"), primary_key=True)
    event_seq: Mapped[int] = event_seq()


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


class StaffLink(Base):
    """One link, used up by the form that it leads to, never by being opened."""

    __tablename__ = "staff_link"
    __table_args__ = (CheckConstraint("purpose IN ('invite', 'reset')", name="purpose_known"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(10))
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    issued_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    event_seq: Mapped[int] = event_seq()


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


class ApiKey(Base):
    """One bearer key of one program. Never deleted: the audit trail speaks of it."""

    __tablename__ = "api_key"
    __table_args__ = (
        CheckConstraint("length(name) > 0", name="named"),
        CheckConstraint("length(scopes) > 0", name="opens_something"),
        CheckConstraint("length(key_sha256) = 64", name="hash_whole"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked_by_somebody"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    """Who the audit trail says acted; never given twice."""
    key_sha256: Mapped[str] = mapped_column(String(64), unique=True, info=HASHED)
    """256 random bits need no slow hash."""
    scopes: Mapped[str] = mapped_column(String(120))
    """Their codes, sorted, with a space between."""
    site_code: Mapped[str | None] = mapped_column(ForeignKey("site.code"))
    """The one hospital that it opens; none: all of them."""
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(120))
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant, info=LEFT_OUT)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_by: Mapped[str | None] = mapped_column(String(120))
    event_seq: Mapped[int] = event_seq()


class ApiIdempotency(Base):
    """What one order of one key was answered, for a day: the same order again gets the same answer.

    No part of the study's data, so without an audit event.
    """

    __tablename__ = "api_idempotency"
    __table_args__ = (
        UniqueConstraint("api_key_id", "idempotency_key"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id"))
    idempotency_key: Mapped[str] = mapped_column(String(64))
    """As the program chose it."""
    order_sha256: Mapped[str] = mapped_column(String(64))
    """Over method, path and body."""
    answer_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Under AES-256-GCM: it may hold a link."""
    answered_at: Mapped[datetime] = mapped_column(Instant, index=True)


class RateCount(Base):
    """Failures under one key since an instant. No part of the study's data, so without an audit event."""

    __tablename__ = "rate_count"
    __table_args__ = (CheckConstraint("failures >= 0", name="failures_counted"),)

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    """What is limited and a keyed hash of whom: ``sign_in:<hash>``. Never an address in clear."""
    failures: Mapped[int]
    since: Mapped[datetime] = mapped_column(Instant)
    blocked_until: Mapped[datetime | None] = mapped_column(Instant)
