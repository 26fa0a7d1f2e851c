"""The tables that the audit trail tells."""

from sqlalchemy import Table

from btb_pro.models.every import every_table
from btb_pro.services.audit import UNTOLD


def told_tables() -> list[Table]:
    """Every table whose rows the trail tells, those that are referred to before those that refer."""
    return [table for table in every_table() if table.name not in UNTOLD]
