"""The keys of other programs, and what was answered to their orders."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import HASHED, LEFT_OUT, event_seq


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
    __table_args__ = (UniqueConstraint("api_key_id", "idempotency_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id"))
    idempotency_key: Mapped[str] = mapped_column(String(64))
    """As the program chose it."""
    order_sha256: Mapped[str] = mapped_column(String(64))
    """Over method, path and body."""
    answer_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Under AES-256-GCM: it may hold a link."""
    answered_at: Mapped[datetime] = mapped_column(Instant, index=True)
