"""What every table stands on: the base class, instants, and the audit trail whose numbers all rows carry.

The trail is one chained event per request or job step that changed anything, and the chain's end.
"""

import hashlib
import json
import secrets
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Integer, MetaData, String, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from btb_pro import clock


class Base(DeclarativeBase):
    """Base of all models. Constraints are named by convention, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Instant(TypeDecorator[datetime]):
    """A UTC instant. SQLite keeps no time zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


TRAIL = "trail"
"""Key of a column's `info`: how the audit trail tells its values, one of these three; else as they are."""
SALTED = {TRAIL: "salted"}
"""By the hash with the row's own salt, where it has one; for texts that may have to be erased."""
HASHED = {TRAIL: "hashed"}
"""By the SHA-256; for what is secret."""
LEFT_OUT = {TRAIL: "left out"}
"""Not at all; for salts, which must go with what they salted, and for what changes with every request."""


def event_seq(*, nullable: bool = False) -> Mapped[int]:
    """Number of the audit event that a row was written in.

    The event is written last, when its changes are known, so the reference is checked at commit. Until then
    SQLite looks, at each event, for rows that wait for it: without an index it would read the whole table.
    """
    return mapped_column(
        ForeignKey("audit_event.seq", deferrable=True, initially="DEFERRED"),
        nullable=nullable,
        index=True,
    )


def salted_sha256(salt: str, text: str) -> str:
    """What stands for a text in the audit chain, so that the text itself can be erased later."""
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()


REDACTED = "[redacted]"
"""What stands where a free text was taken out for good. Such a row has no salt any more, which tells it from
the same words typed by somebody; the database's guards let nothing else take a text's place."""


def new_salt() -> str:
    """128 random bits in hexadecimal."""
    return secrets.token_hex(16)


FIRST_HASH = "0" * 64
"""What the first event has for the hash before it."""


class Tag(StrEnum):
    """What an event says happened: ``noun:verb``. Stored, so none is ever renamed."""

    # The study's files.
    STUDY_RECORD = "study:record"
    WORDING_APPROVE = "wording:approve"

    # Participants, their visits and links.
    PARTICIPANT_ADD = "participant:add"
    PARTICIPANT_CHANGE = "participant:change"
    PARTICIPANT_ERASE_CONTACT = "participant:erase_contact"
    PARTICIPANT_WITHDRAW = "participant:withdraw"
    PARTICIPANT_VIEW = "participant:view"
    VISIT_MOVE = "visit:move"
    VISIT_SUBMIT = "visit:submit"
    VISIT_REVIEW = "visit:review"
    INVITATION_ISSUE = "invitation:issue"
    INVITATION_REVOKE = "invitation:revoke"
    INVITATION_HAND_OUT = "invitation:hand_out"

    # What participants do.
    SESSION_START = "session:start"
    SESSION_CONFIRM = "session:confirm"
    SESSION_LANGUAGE = "session:change_language"
    SESSION_END = "session:end"
    STEP_CODE_SEND = "step_code:send"
    STEP_CODE_REFUSE = "step_code:refuse"
    ANSWER_SAVE = "answer:save"
    ANSWER_REFUSE = "answer:refuse"
    ANSWER_LATE = "answer:come_late"
    ANSWER_REDACT = "answer:redact"
    REQUEST_NEW_LINK = "request:ask_for_new_link"
    REQUEST_NOT_ME = "request:report_not_me"
    REQUEST_STOP = "request:stop_messages"
    REQUEST_CORRECTION = "request:ask_for_correction"
    REQUEST_SETTLE = "request:settle"

    # Corrections, safety, paper and letters.
    CORRECTION_ASK = "correction:ask"
    CORRECTION_ACCEPT = "correction:accept"
    CORRECTION_REFUSE = "correction:refuse"
    CORRECTION_REDACT = "correction:redact"
    SAFETY_ACKNOWLEDGE = "safety:acknowledge"
    PAPER_OPEN = "paper:open"
    PAPER_KEY = "paper:key"
    PAPER_FINISH = "paper:finish"
    PAPER_DISCARD = "paper:discard"
    TABLET_OPEN = "tablet:open"
    LETTER_PRINT = "letter:print"
    LETTER_CODE = "letter:code"

    # Messages.
    MESSAGE_QUEUE = "message:queue"
    MESSAGE_CLAIM = "message:claim"
    MESSAGE_POSTPONE = "message:postpone"
    MESSAGE_SEND = "message:send"
    MESSAGE_CALL_OFF = "message:call_off"
    MESSAGE_FAIL = "message:fail"
    MESSAGE_REPORT = "message:report"
    MESSAGE_SETTLE = "message:settle"

    # What is taken out.
    COPY_TAKE = "copy:take"
    EXPORT_TAKE = "export:take"
    EXPORT_PREVIEW = "export:preview"
    EXPORT_FETCH = "export:fetch"
    EXPORT_PUSH = "export:push"

    # Who may come in.
    STAFF_SIGN_IN = "staff:sign_in"
    STAFF_SIGN_OUT = "staff:sign_out"
    STAFF_SIGN_IN_REFUSED = "staff:refuse_sign_in"
    STAFF_ACCESS_REFUSED = "staff:refuse_access"
    STAFF_CONFIRM = "staff:confirm_identity"
    STAFF_ADD = "staff:add"
    STAFF_CHANGE = "staff:change"
    STAFF_DISABLE = "staff:disable"
    STAFF_ENABLE = "staff:enable"
    STAFF_LINK = "staff:issue_link"
    STAFF_PASSWORD = "staff:choose_password"
    STAFF_SECOND_FACTOR = "staff:set_second_factor"
    STAFF_SECOND_FACTOR_FORGET = "staff:forget_second_factor"
    STAFF_RECOVERY_CODES = "staff:renew_recovery_codes"
    API_KEY_ADD = "api_key:add"
    API_KEY_REVOKE = "api_key:revoke"

    # The database and its clock.
    TRAIL_TAKE_IN = "trail:take_in"
    CLOCK_STEP = "clock:step"
    BACKUP_TAKE = "backup:take"
    BACKUP_RESTORE = "backup:restore"
    DATABASE_UPGRADE = "database:upgrade"
    DATABASE_MOVE = "database:move"


class AuditEvent(Base):
    """Who changed what, when and why; append-only, each event hashed over itself and the one before."""

    __tablename__ = "audit_event"
    __table_args__ = (
        CheckConstraint("seq > 0", name="seq_positive"),
        CheckConstraint("actor_kind IN ('participant', 'staff', 'command', 'job')", name="actor_kind_known"),
        CheckConstraint("length(actor) > 0", name="actor_named"),
        CheckConstraint("length(hash) = 64 AND length(previous_hash) = 64", name="hashes_whole"),
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Position in the chain, from 1, without a gap; the export's cut-off."""
    at: Mapped[datetime] = mapped_column(Instant)
    """Server time."""
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str] = mapped_column(String(120))
    """Study number, staff address, the operating system's user, or the job's name."""
    actor_role: Mapped[str] = mapped_column(String(40), default="")
    """The role as it was then."""
    actor_site: Mapped[str] = mapped_column(String(26), default="")
    tag: Mapped[str] = mapped_column(String(60))
    """A `Tag`."""
    study_number: Mapped[str] = mapped_column(String(26), default="", index=True)
    """The participant it concerns, if one."""
    changes: Mapped[str] = mapped_column(Text)
    """Canonical JSON: a list of {object, key, field, old, new}, one for each changed field."""
    row_changes: Mapped[str | None] = mapped_column(Text)
    """Canonical JSON: every row that was added, changed or removed, with the columns that got a value (see
    services/audit.py); none in events that are older than this column."""
    reason: Mapped[str] = mapped_column(Text, default="")
    request_id: Mapped[str] = mapped_column(String(40), default="")
    app_version: Mapped[str] = mapped_column(String(40))
    study_version: Mapped[str] = mapped_column(String(40), default="")
    previous_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """Unique, so that the chain cannot fork."""
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class AuditHead(Base):
    """One row: the last event's number and hash. Locking it orders all writers."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(Integer)
    hash: Mapped[str] = mapped_column(String(64))


def event_hash(event: AuditEvent) -> str:
    """SHA-256 over every column of an event but the hash itself."""
    body = {
        "seq": event.seq,
        "at": clock.utc_text(event.at),
        "actor_kind": event.actor_kind,
        "actor": event.actor,
        "actor_role": event.actor_role,
        "actor_site": event.actor_site,
        "tag": event.tag,
        "study_number": event.study_number,
        "changes": event.changes,
        "reason": event.reason,
        "request_id": event.request_id,
        "app_version": event.app_version,
        "study_version": event.study_version,
        "previous_hash": event.previous_hash,
    }
    if event.row_changes is not None:
        body["row_changes"] = event.row_changes
    return hashlib.sha256(canonical_json(body).encode()).hexdigest()


def canonical_json(value: object) -> str:
    """JSON with one form only: sorted keys, no spaces, UTF-8 as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
