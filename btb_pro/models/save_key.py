"""Which saves a visit has taken, so that a repeat is known for one although it changes nothing."""

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base


class SaveKey(Base):
    """The key of one acknowledged save, and the hash of what it asked for."""

    __tablename__ = "save_key"
    __table_args__ = (UniqueConstraint("visit_id", "client_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    client_key: Mapped[str] = mapped_column(String(64))
    body_sha256: Mapped[str] = mapped_column(String(64))
    """Over instrument, values and declined or cleared item; the button that was pressed is no part of it."""
