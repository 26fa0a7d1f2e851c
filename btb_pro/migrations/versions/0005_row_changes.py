"""What each audit event did to the tables, row by row."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_event", sa.Column("row_changes", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("audit_event", "row_changes")
