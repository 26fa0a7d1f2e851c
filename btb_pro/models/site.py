"""The hospitals of the study."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from btb_pro.db import Base
from btb_pro.models.columns import event_seq


class Site(Base):
    """A hospital that includes participants; what it is called stands in the study file."""

    __tablename__ = "site"

    code: Mapped[str] = mapped_column(String(26), primary_key=True)
    event_seq: Mapped[int] = event_seq()
