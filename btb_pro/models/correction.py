"""What the staff does to answers: correcting those that were sent in, and typing in those from paper.

Requests for corrections and decisions are append-only; only their free texts can be erased. Answers from
paper or the phone are typed in twice before they count.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.models.base import HASHED, LEFT_OUT, SALTED, Base, Instant, event_seq


class CorrectionRequest(Base):
    """Somebody's wish that one form field of one visit holds something else."""

    __tablename__ = "correction_request"
    __table_args__ = (
        CheckConstraint("state IN ('answered', 'cleared', 'declined')", name="state_known"),
        CheckConstraint("(state = 'answered') = (value IS NOT NULL)", name="answered_has_value"),
        CheckConstraint("value <> ''", name="value_not_empty"),
        CheckConstraint(
            "reason IN ('slip', 'misunderstood', 'typed_in_wrongly', 'came_late', 'other')",
            name="reason_known",
        ),
        CheckConstraint("asked_role IN ('participant', 'data-manager', 'monitor')", name="asker_known"),
        CheckConstraint("(asked_role = 'participant') = (written_by <> asked_by)", name="written_by_asker"),
        CheckConstraint(
            "asked_role = 'participant' OR (wish_id IS NULL AND late_save_id IS NULL)",
            name="came_from_participant",
        ),
        CheckConstraint("length(why) BETWEEN 10 AND 1000", name="why_fits"),
        CheckConstraint("length(source) BETWEEN 1 AND 200", name="source_fits"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    instrument: Mapped[str] = mapped_column(String(26))
    item: Mapped[str] = mapped_column(String(26))
    """The form field's code."""
    old_answer_id: Mapped[int | None] = mapped_column(ForeignKey("answer.id"), index=True)
    """The answer that should be corrected; none: the field was never reached."""
    state: Mapped[str] = mapped_column(String(10))
    value: Mapped[str | None] = mapped_column(Text, info=SALTED)
    """What it should be: canonical text as an answer's; none: left blank."""
    reason: Mapped[str] = mapped_column(String(20))
    why: Mapped[str | None] = mapped_column(Text, info=SALTED)
    """In words; none once it was erased, as the source."""
    source: Mapped[str | None] = mapped_column(Text, info=SALTED)
    """Where the right value stands."""
    noticed_on: Mapped[date] = mapped_column(Date)
    """The day on which the participant, or who asks, said so."""
    asked_by: Mapped[str] = mapped_column(String(120))
    """Staff address, or the study number of a participant who asks."""
    asked_role: Mapped[str] = mapped_column(String(20))
    written_by: Mapped[str] = mapped_column(String(120))
    """Who put it into this form: the asker, or the investigator who read the participant's words."""
    wish_id: Mapped[int | None] = mapped_column(ForeignKey("participant_request.id"))
    late_save_id: Mapped[int | None] = mapped_column(ForeignKey("late_save.id"))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    salt: Mapped[str | None] = mapped_column(String(32), info=LEFT_OUT)
    """What the hashes of value and texts in the audit chain were salted with."""
    event_seq: Mapped[int] = event_seq()


class Correction(Base):
    """What an investigator decided on a request: once, and for good."""

    __tablename__ = "correction"
    __table_args__ = (
        CheckConstraint("is_accepted = (answer_id IS NOT NULL)", name="accepted_has_answer"),
        CheckConstraint("length(why) BETWEEN 10 AND 1000", name="why_fits"),
        CheckConstraint("decided_role = 'investigator'", name="decided_by_investigator"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("correction_request.id"), unique=True)
    is_accepted: Mapped[bool]
    why: Mapped[str | None] = mapped_column(Text, info=SALTED)
    """In words; none once it was erased."""
    decided_by: Mapped[str] = mapped_column(String(120))
    decided_role: Mapped[str] = mapped_column(String(20))
    decided_at: Mapped[datetime] = mapped_column(Instant)
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("answer.id"), unique=True)
    """The answer that holds from then on; the older one stays."""
    salt: Mapped[str | None] = mapped_column(String(32), info=LEFT_OUT)
    event_seq: Mapped[int] = event_seq()


_IS_OPEN = text("ended_at IS NULL")


class PaperEntry(Base):
    """One visit's paper being typed in. At most one of a visit is open."""

    __tablename__ = "paper_entry"
    __table_args__ = (
        CheckConstraint("mode IN ('paper', 'phone_interview')", name="mode_known"),
        CheckConstraint("language IN ('nb', 'en')", name="language_known"),
        CheckConstraint("end_reason IN ('done', 'discarded')", name="end_reason_known"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_has_reason"),
        CheckConstraint("second_by <> first_by", name="two_people"),
        CheckConstraint("end_reason <> 'done' OR session_id IS NOT NULL", name="done_has_answers"),
        Index(
            "uq_paper_entry_open",
            "visit_id",
            unique=True,
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    mode: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(2))
    """Of the paper, or that the interview was held in."""
    paper_on: Mapped[date] = mapped_column(Date)
    """The day that the participant wrote on the paper, or of the interview."""
    opened_at: Mapped[datetime] = mapped_column(Instant)
    first_by: Mapped[str] = mapped_column(String(120))
    first_done_at: Mapped[datetime | None] = mapped_column(Instant)
    second_by: Mapped[str | None] = mapped_column(String(120))
    second_done_at: Mapped[datetime | None] = mapped_column(Instant)
    session_id: Mapped[int | None] = mapped_column(ForeignKey("participant_session.id"))
    """What its answers were saved in, once both agreed."""
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    end_reason: Mapped[str | None] = mapped_column(String(10))
    event_seq: Mapped[int] = event_seq()


class PaperKeying(Base):
    """What one person typed for one form field in one round. No page ever shows it."""

    __tablename__ = "paper_keying"
    __table_args__ = (
        UniqueConstraint("entry_id", "round", "item"),
        CheckConstraint("value <> ''", name="value_not_empty"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("paper_entry.id"), index=True)
    round: Mapped[int]
    """1 the first person's, 2 the second's, 3 and on: items that differed, typed once more."""
    item: Mapped[str] = mapped_column(String(26))
    """The form field's code."""
    value: Mapped[str | None] = mapped_column(Text, info=HASHED)
    """Canonical text as an answer's; none: left blank on the paper."""
    event_seq: Mapped[int] = event_seq()
