"""Every table. For what works on all of them: proofs and copies. A test keeps it whole."""

from sqlalchemy import Table

from btb_pro.models import correction, job, message, participant, response, staff
from btb_pro.models.base import Base

MODELS = (correction, job, message, participant, response, staff)


def every_table() -> list[Table]:
    """Those that are referred to before those that refer."""
    return Base.metadata.sorted_tables
