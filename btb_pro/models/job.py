"""Long work that a member of staff asked for and may leave, and the record of every export that was taken."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.models.base import HASHED, Base, Instant, event_seq

_IS_OPEN = text("state IN ('waiting', 'running')")


class Job(Base):
    """One piece of work. Its number is never given twice, since the folder of its file bears it."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("kind IN ('export', 'letters', 'quality')", name="kind_known"),
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'given_up')", name="state_known"),
        CheckConstraint(
            "(state = 'running') = (worker IS NOT NULL) AND (state = 'running') = (beat_at IS NOT NULL)",
            name="running_has_worker",
        ),
        CheckConstraint("(state IN ('waiting', 'running')) = (ended_at IS NULL)", name="ended_when_over"),
        CheckConstraint("(state = 'failed') = (fault IS NOT NULL)", name="failed_has_fault"),
        CheckConstraint(
            "(file_name IS NULL) = (file_sha256 IS NULL) AND (file_name IS NULL) = (file_bytes IS NULL)",
            name="file_whole",
        ),
        CheckConstraint("file_name IS NULL OR state = 'done'", name="file_when_done"),
        CheckConstraint("tries >= 0 AND done >= 0 AND done <= total", name="counted"),
        Index("ix_job_open", "id", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        Index("ix_job_kind", "kind", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    asked: Mapped[str] = mapped_column(Text)
    """Canonical JSON of what is asked for."""
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    """Who asked; asked anew when the work begins whether that person may."""
    asked_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(10))
    worker: Mapped[str | None] = mapped_column(String(80))
    """The process that works on it; one that lost it to another may not end it."""
    beat_at: Mapped[datetime | None] = mapped_column(Instant)
    """When that process last showed that it lives."""
    tries: Mapped[int]
    done: Mapped[int]
    """Of `total`, which is 0 before it is known."""
    total: Mapped[int]
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    fault: Mapped[str | None] = mapped_column(String(20))
    """A code that the console has a sentence for."""
    fault_detail: Mapped[str | None] = mapped_column(Text)
    """What the program said, in English, where the sentence alone does not tell what to mend."""
    file_name: Mapped[str | None] = mapped_column(String(120))
    """What a browser saves it as; it lies in the folder of this job and try."""
    file_sha256: Mapped[str | None] = mapped_column(String(64))
    file_bytes: Mapped[int | None] = mapped_column(BigInteger)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("export_run.id"), index=True)
    """The export that it became."""
    result: Mapped[str | None] = mapped_column(Text)
    """Canonical JSON of what was counted."""


class ExportRun(Base):
    """Who took which export, when, with which cut-off and manifest."""

    __tablename__ = "export_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    format: Mapped[str] = mapped_column(String(20))
    cutoff_seq: Mapped[int] = mapped_column(Integer)
    """The last audit event whose changes are in the files."""
    options: Mapped[str] = mapped_column(Text)
    """Canonical JSON of the filters asked for."""
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    manifest: Mapped[str | None] = mapped_column(Text, info=HASHED)
    """Its text, which tells each file's rows and hash; none for exports from before it was kept."""
    taken_by: Mapped[str] = mapped_column(String(120))
    taken_at: Mapped[datetime] = mapped_column(Instant)
    event_seq: Mapped[int] = event_seq()
