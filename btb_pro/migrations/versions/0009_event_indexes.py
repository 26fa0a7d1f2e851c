"""An index on every reference to the audit trail.

An event is written after its rows, which refer to it. SQLite looks for them in every table that may, and read
the whole of each that had no index: with ten thousand participants some 20 ms at each save.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

REFERENCES = (
    *(
        (table, "event_seq")
        for table in (
            "api_key",
            "contact",
            "correction_request",
            "export_run",
            "invitation",
            "late_save",
            "message",
            "paper_entry",
            "paper_keying",
            "participant",
            "participant_request",
            "participant_session",
            "recovery_code",
            "response",
            "safety_alert",
            "site",
            "staff",
            "staff_link",
            "staff_session",
            "staff_site",
            "step_code",
            "study",
            "visit",
            "wording_approval",
        )
    ),
    ("visit", "submitted_seq"),
)
"""Tables and columns; those of the others had one before."""


def upgrade() -> None:
    for table, column in REFERENCES:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    for table, column in reversed(REFERENCES):
        op.drop_index(op.f(f"ix_{table}_{column}"), table)
