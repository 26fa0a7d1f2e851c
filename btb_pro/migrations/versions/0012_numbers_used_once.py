"""A number of its own for every row, also where rows are taken out: SQLite gave the highest one out again.

The trail calls a row by its number, and one number then stood for the addresses of two people, one after the
other. PostgreSQL's sequences never did that.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = ("api_idempotency", "contact", "paper_keying")
"""Those that rows are taken out of. Nothing refers to them: each can be made anew in its old one's place."""


def upgrade() -> None:
    _make_anew(is_counted=True)


def downgrade() -> None:
    _make_anew(is_counted=False)


def _make_anew(*, is_counted: bool) -> None:
    if op.get_context().dialect.name != "sqlite":
        return
    for table in TABLES:
        with op.batch_alter_table(
            table, recreate="always", table_kwargs={"sqlite_autoincrement": is_counted}
        ):
            pass
