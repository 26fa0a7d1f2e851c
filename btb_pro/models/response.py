"""What participants send in: their sessions, what is answered in them, scores, and what these alert to.

Answers are append-only; a save that came too late stands apart from them.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.models.base import LEFT_OUT, SALTED, Base, Instant, event_seq


class Response(Base):
    """Pinned to the version of the instrument, and to its wording in the language it was begun in."""

    __tablename__ = "response"
    __table_args__ = (
        UniqueConstraint("visit_id", "instrument"),
        CheckConstraint("is_locked = (submitted_at IS NOT NULL)", name="locked_when_submitted"),
        CheckConstraint("length(wording_sha256) = 64", name="wording_pinned"),
        CheckConstraint("language IN ('nb', 'en')", name="language_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    instrument: Mapped[str] = mapped_column(String(26))
    instrument_version: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(2))
    wording_sha256: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the first answer was saved; none: submitted without being reached."""
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    is_locked: Mapped[bool]
    event_seq: Mapped[int] = event_seq()


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
    event_seq: Mapped[int] = event_seq()


class ScoreRow(Base):
    """One score of one response, with the rule that made it. A correction adds a row."""

    __tablename__ = "score"
    __table_args__ = (
        UniqueConstraint("response_id", "code", "event_seq"),
        CheckConstraint("(value IS NULL) = (reason <> '')", name="missing_has_reason"),
        CheckConstraint("n_answered BETWEEN 0 AND n_items", name="counts_fit"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("response.id"), index=True)
    code: Mapped[str] = mapped_column(String(26))
    value: Mapped[str | None] = mapped_column(String(20))
    """Decimal text, at most four decimals; text, so that it is the same on every engine."""
    n_answered: Mapped[int]
    n_items: Mapped[int]
    rule: Mapped[str] = mapped_column(String(40))
    rule_version: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    computed_at: Mapped[datetime] = mapped_column(Instant)
    event_seq: Mapped[int] = event_seq()


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


class ParticipantSession(Base):
    """One browser answering one visit. The address carries the handle, a cookie the secret."""

    __tablename__ = "participant_session"
    __table_args__ = (
        CheckConstraint("mode IN ('own_phone', 'clinic_tablet', 'paper')", name="mode_known"),
        CheckConstraint("language IN ('nb', 'en')", name="language_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(String(16), unique=True)
    secret_sha256: Mapped[str] = mapped_column(String(64))
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id"), index=True)
    language: Mapped[str] = mapped_column(String(2))
    mode: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[datetime] = mapped_column(Instant)
    last_saved_at: Mapped[datetime] = mapped_column(Instant)
    """The start counts as the first save; the session ends 24 hours after the last one."""
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    """When a one-time code was given: from then on earlier answers are shown."""
    event_seq: Mapped[int] = event_seq()


class SaveKey(Base):
    """The key of one acknowledged save, and the hash of what it asked for."""

    __tablename__ = "save_key"
    __table_args__ = (UniqueConstraint("visit_id", "client_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    client_key: Mapped[str] = mapped_column(String(64))
    body_sha256: Mapped[str] = mapped_column(String(64))
    """Over instrument, values and declined or cleared item; the button that was pressed is no part of it."""


class StepCode(Base):
    """One code for one session: good once, for minutes, for a few tries."""

    __tablename__ = "step_code"
    __table_args__ = (CheckConstraint("tries >= 0", name="tries_counted"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("participant_session.id"), index=True)
    code_sha256: Mapped[str] = mapped_column(String(64))
    """Under a key that lies outside the database, so that seven digits cannot be looked up."""
    issued_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    tries: Mapped[int]
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    event_seq: Mapped[int] = event_seq()


_IS_OPEN = text("acknowledged_at IS NULL")


class SafetyAlert(Base):
    """One rule of the study file that came true for one visit. It names the rule, never the answer."""

    __tablename__ = "safety_alert"
    __table_args__ = (
        UniqueConstraint("visit_id", "rule"),
        CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name="acknowledged_by_somebody"
        ),
        Index("ix_safety_alert_open", "id", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    rule: Mapped[str] = mapped_column(String(26))
    """The rule's code in the study file."""
    raised_at: Mapped[datetime] = mapped_column(Instant)
    acknowledged_at: Mapped[datetime | None] = mapped_column(Instant)
    acknowledged_by: Mapped[str | None] = mapped_column(String(120))
    event_seq: Mapped[int] = event_seq()


class VisitReview(Base):
    """That an investigator has gone through the answers of a visit, as they stood at that event.

    Append-only. The newest one of a visit counts, until an answer is newer than it.
    """

    __tablename__ = "visit_review"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    reviewed_by: Mapped[str] = mapped_column(String(120))
    reviewed_at: Mapped[datetime] = mapped_column(Instant)
    event_seq: Mapped[int] = event_seq()
