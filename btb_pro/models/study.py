"""The study files that this instance has run under."""

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base
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
