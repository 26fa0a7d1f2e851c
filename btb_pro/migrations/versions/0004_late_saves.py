"""Keys of the saves that were taken, and the saves that came after their visit was sent in."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "late_save"


def upgrade() -> None:
    _create_save_key()
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.String(26), nullable=False),
        sa.Column("item", sa.String(26), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("device_at", sa.String(35), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("client_key", sa.String(64), nullable=False),
        sa.Column("salt", sa.String(32), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        *_constraints(),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f(f"ix_{TABLE}_visit_id"), TABLE, ["visit_id"])
    if op.get_context().dialect.name == "sqlite":
        _refuse_changes_on_sqlite()
    else:
        _refuse_changes_on_postgresql()


def downgrade() -> None:
    op.drop_table(TABLE)
    op.drop_table("save_key")


def _create_save_key() -> None:
    op.create_table(
        "save_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("client_key", sa.String(64), nullable=False),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_save_key")),
        sa.UniqueConstraint("visit_id", "client_key", name=op.f("uq_save_key_visit_id_client_key")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_save_key_visit_id_visit")),
    )


def _constraints() -> tuple[sa.Constraint, ...]:
    return (
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        _check("state_known", "state IN ('answered', 'declined', 'cleared')"),
        _check("answered_has_value", "(state = 'answered') = (value IS NOT NULL)"),
        _check("value_not_empty", "value <> ''"),
        _refers("visit_id", "visit.id"),
        _refers("session_id", "participant_session.id"),
        sa.ForeignKeyConstraint(
            ["event_seq"],
            ["audit_event.seq"],
            name=op.f(f"fk_{TABLE}_event_seq_audit_event"),
            deferrable=True,
            initially="DEFERRED",
        ),
    )


def _check(name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{TABLE}_{name}"))


def _refers(column: str, target: str) -> sa.ForeignKeyConstraint:
    other = target.partition(".")[0]
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{TABLE}_{column}_{other}"))


def _refuse_changes_on_sqlite() -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
    is_taken = f"EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)"
    op.execute(f"CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE ON {TABLE} {refuse}")
    op.execute(f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} {refuse}")
    op.execute(f"CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE} WHEN {is_taken} {refuse}")


def _refuse_changes_on_postgresql() -> None:
    # The function is the first migration's.
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_change BEFORE UPDATE OR DELETE ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
