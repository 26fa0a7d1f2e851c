"""What holders of links ask the hospital for: a new link, no messages, a correction."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLE = "participant_request"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("what", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("salt", sa.String(32), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(120), nullable=True),
        sa.Column("is_lifted", sa.Boolean(), nullable=False),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        *_constraints(),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f(f"ix_{TABLE}_invitation_id"), TABLE, ["invitation_id"])
    is_open = sa.text("settled_at IS NULL AND kind <> 'mistake'")
    op.create_index(
        f"uq_{TABLE}_open",
        TABLE,
        ["invitation_id", "kind"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def downgrade() -> None:
    op.drop_table(TABLE)


def _constraints() -> tuple[sa.Constraint, ...]:
    return (
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        _check("kind_known", "kind IN ('new_link', 'not_me', 'stop', 'mistake')"),
        _check("mistake_says_what", "(kind = 'mistake') = (what IS NOT NULL)"),
        _check("why_of_a_mistake", "why IS NULL OR what IS NOT NULL"),
        _check("what_fits", "length(what) BETWEEN 1 AND 1000"),
        _check("why_fits", "length(why) BETWEEN 1 AND 1000"),
        _check("text_is_salted", "(what IS NULL) = (salt IS NULL)"),
        _check("settled_by_somebody", "(settled_at IS NULL) = (settled_by IS NULL)"),
        _check(
            "lifted_when_settled",
            "NOT is_lifted OR (settled_at IS NOT NULL AND kind IN ('not_me', 'stop'))",
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f(f"fk_{TABLE}_invitation_id_invitation")
        ),
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
