"""Files taken out."""

from datetime import datetime

from sqlalchemy import Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base, Instant
from btb_pro.models.columns import HASHED, event_seq


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
