"""Corrections of answers that were sent in: asked for, and decided by an investigator."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ASKED, DECIDED = "correction_request", "correction"
KEPT = {
    ASKED: (
        "id", "visit_id", "instrument", "item", "old_answer_id", "state", "reason", "noticed_on", "asked_by",
        "asked_role", "written_by", "wish_id", "late_save_id", "asked_at", "event_seq",
    ),
    DECIDED: (
        "id", "request_id", "is_accepted", "decided_by", "decided_role", "decided_at", "answer_id",
        "event_seq",
    ),
}  # fmt: skip
"""Columns that never change; the others hold free texts, which can be erased."""


def upgrade() -> None:
    _create_requests()
    _create_decisions()
    for table, columns in KEPT.items():
        if op.get_context().dialect.name == "sqlite":
            _refuse_changes_on_sqlite(table, columns)
        else:
            _refuse_changes_on_postgresql(table, columns)


def downgrade() -> None:
    op.drop_table(DECIDED)
    op.drop_table(ASKED)


def _create_requests() -> None:
    op.create_table(
        ASKED,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.String(26), nullable=False),
        sa.Column("item", sa.String(26), nullable=False),
        sa.Column("old_answer_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("noticed_on", sa.Date(), nullable=False),
        sa.Column("asked_by", sa.String(120), nullable=False),
        sa.Column("asked_role", sa.String(20), nullable=False),
        sa.Column("written_by", sa.String(120), nullable=False),
        sa.Column("wish_id", sa.Integer(), nullable=True),
        sa.Column("late_save_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("salt", sa.String(32), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{ASKED}")),
        *_checks_of_requests(),
        _refers(ASKED, "visit_id", "visit"),
        _refers(ASKED, "old_answer_id", "answer"),
        _refers(ASKED, "wish_id", "participant_request"),
        _refers(ASKED, "late_save_id", "late_save"),
        _event(ASKED),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f(f"ix_{ASKED}_visit_id"), ASKED, ["visit_id"])


def _checks_of_requests() -> tuple[sa.CheckConstraint, ...]:
    return (
        _check(ASKED, "state_known", "state IN ('answered', 'cleared', 'declined')"),
        _check(ASKED, "answered_has_value", "(state = 'answered') = (value IS NOT NULL)"),
        _check(ASKED, "value_not_empty", "value <> ''"),
        _check(
            ASKED,
            "reason_known",
            "reason IN ('slip', 'misunderstood', 'typed_in_wrongly', 'came_late', 'other')",
        ),
        _check(ASKED, "asker_known", "asked_role IN ('participant', 'data-manager', 'monitor')"),
        _check(ASKED, "written_by_asker", "(asked_role = 'participant') = (written_by <> asked_by)"),
        _check(
            ASKED,
            "came_from_participant",
            "asked_role = 'participant' OR (wish_id IS NULL AND late_save_id IS NULL)",
        ),
        _check(ASKED, "why_fits", "length(why) BETWEEN 10 AND 1000"),
        _check(ASKED, "source_fits", "length(source) BETWEEN 1 AND 200"),
    )


def _create_decisions() -> None:
    op.create_table(
        DECIDED,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("is_accepted", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(120), nullable=False),
        sa.Column("decided_role", sa.String(20), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_id", sa.Integer(), nullable=True),
        sa.Column("salt", sa.String(32), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{DECIDED}")),
        sa.UniqueConstraint("request_id", name=op.f(f"uq_{DECIDED}_request_id")),
        sa.UniqueConstraint("answer_id", name=op.f(f"uq_{DECIDED}_answer_id")),
        _check(DECIDED, "accepted_has_answer", "is_accepted = (answer_id IS NOT NULL)"),
        _check(DECIDED, "why_fits", "length(why) BETWEEN 10 AND 1000"),
        _check(DECIDED, "decided_by_investigator", "decided_role = 'investigator'"),
        _refers(DECIDED, "request_id", ASKED),
        _refers(DECIDED, "answer_id", "answer"),
        _event(DECIDED),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f(f"ix_{DECIDED}_event_seq"), DECIDED, ["event_seq"])


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _event(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["event_seq"],
        ["audit_event.seq"],
        name=op.f(f"fk_{table}_event_seq_audit_event"),
        deferrable=True,
        initially="DEFERRED",
    )


def _refuse_changes_on_sqlite(table: str, columns: tuple[str, ...]) -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    is_taken = f"EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"
    op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {', '.join(columns)} ON {table} {refuse}")
    op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
    op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {is_taken} {refuse}")


def _refuse_changes_on_postgresql(table: str, columns: tuple[str, ...]) -> None:
    # The function is the first migration's.
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OF {', '.join(columns)} OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
