"""Keys of other programs, and what their orders were answered."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("key_sha256", sa.String(64), nullable=False),
        sa.Column("scopes", sa.String(120), nullable=False),
        sa.Column("site_code", sa.String(26), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(120), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("name", name=op.f("uq_api_key_name")),
        sa.UniqueConstraint("key_sha256", name=op.f("uq_api_key_key_sha256")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_api_key_named")),
        sa.CheckConstraint("length(scopes) > 0", name=op.f("ck_api_key_opens_something")),
        sa.CheckConstraint("length(key_sha256) = 64", name=op.f("ck_api_key_hash_whole")),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_api_key_revoked_by_somebody")
        ),
        sa.ForeignKeyConstraint(["site_code"], ["site.code"], name=op.f("fk_api_key_site_code_site")),
        sa.ForeignKeyConstraint(
            ["event_seq"],
            ["audit_event.seq"],
            name=op.f("fk_api_key_event_seq_audit_event"),
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_table(
        "api_idempotency",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("api_key_id", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        sa.Column("order_sha256", sa.String(64), nullable=False),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_idempotency")),
        sa.UniqueConstraint(
            "api_key_id", "idempotency_key", name=op.f("uq_api_idempotency_api_key_id_idempotency_key")
        ),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_key.id"], name=op.f("fk_api_idempotency_api_key_id_api_key")
        ),
    )
    op.create_index(op.f("ix_api_idempotency_answered_at"), "api_idempotency", ["answered_at"])


def downgrade() -> None:
    op.drop_table("api_idempotency")
    op.drop_table("api_key")
