"""Long work that is asked for in the console, and the manifests of exports."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLE = "job"
_IS_OPEN = sa.text("state IN ('waiting', 'running')")


def upgrade() -> None:
    op.add_column("export_run", sa.Column("manifest", sa.Text(), nullable=True))
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("worker", sa.String(80), nullable=True),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.String(20), nullable=True),
        sa.Column("fault_detail", sa.Text(), nullable=True),
        sa.Column("file_name", sa.String(120), nullable=True),
        sa.Column("file_sha256", sa.String(64), nullable=True),
        sa.Column("file_bytes", sa.BigInteger(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        *_constraints(),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_open", TABLE, ["id"], sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)
    op.create_index("ix_job_kind", TABLE, ["kind", "id"])
    op.create_index(op.f("ix_job_run_id"), TABLE, ["run_id"])


def downgrade() -> None:
    op.drop_table(TABLE)
    op.drop_column("export_run", "manifest")


def _constraints() -> tuple[sa.Constraint, ...]:
    return (
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_job_staff_id_staff")),
        sa.ForeignKeyConstraint(["run_id"], ["export_run.id"], name=op.f("fk_job_run_id_export_run")),
        _check("kind_known", "kind IN ('export', 'letters', 'quality')"),
        _check("state_known", "state IN ('waiting', 'running', 'done', 'failed', 'given_up')"),
        _check(
            "running_has_worker",
            "(state = 'running') = (worker IS NOT NULL) AND (state = 'running') = (beat_at IS NOT NULL)",
        ),
        _check("ended_when_over", "(state IN ('waiting', 'running')) = (ended_at IS NULL)"),
        _check("failed_has_fault", "(state = 'failed') = (fault IS NOT NULL)"),
        _check(
            "file_whole",
            "(file_name IS NULL) = (file_sha256 IS NULL) AND (file_name IS NULL) = (file_bytes IS NULL)",
        ),
        _check("file_when_done", "file_name IS NULL OR state = 'done'"),
        _check("counted", "tries >= 0 AND done >= 0 AND done <= total"),
    )


def _check(name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{TABLE}_{name}"))
