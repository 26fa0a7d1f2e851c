"""Every table. For what works on all of them: proofs and copies. A test keeps it whole."""

from sqlalchemy import Table

from btb_pro.db import Base
from btb_pro.models import (
    api_key,
    audit_event,
    correction,
    counts,
    export_run,
    job,
    message,
    paper_entry,
    participant,
    participant_session,
    response,
    safety_alert,
    staff,
    study,
    visit,
)

MODELS = (
    api_key,
    audit_event,
    correction,
    counts,
    export_run,
    job,
    message,
    paper_entry,
    participant,
    participant_session,
    response,
    safety_alert,
    staff,
    study,
    visit,
)


def every_table() -> list[Table]:
    """Those that are referred to before those that refer."""
    return Base.metadata.sorted_tables
