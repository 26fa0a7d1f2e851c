"""Every table. For what works on all of them: proofs and copies. A test keeps it whole."""

from sqlalchemy import Table

from btb_pro.db import Base
from btb_pro.models import (
    answer,
    audit_event,
    audit_head,
    contact,
    export_run,
    invitation,
    late_save,
    message,
    paper_entry,
    participant,
    participant_request,
    participant_session,
    rate_count,
    recovery_code,
    response,
    safety_alert,
    score,
    site,
    staff,
    staff_link,
    staff_session,
    step_code,
    study,
    visit,
    weekly_count,
    wording_approval,
)

MODELS = (
    answer,
    audit_event,
    audit_head,
    contact,
    export_run,
    invitation,
    late_save,
    message,
    paper_entry,
    participant,
    participant_request,
    participant_session,
    rate_count,
    recovery_code,
    response,
    safety_alert,
    score,
    site,
    staff,
    staff_link,
    staff_session,
    step_code,
    study,
    visit,
    weekly_count,
    wording_approval,
)


def every_table() -> list[Table]:
    """Those that are referred to before those that refer."""
    return Base.metadata.sorted_tables
