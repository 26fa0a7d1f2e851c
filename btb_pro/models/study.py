"""The study files that this instance has run under, and who approved which wording."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import event_seq


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
