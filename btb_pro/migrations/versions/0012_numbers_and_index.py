"""A number of its own for every row, also where rows are taken out: SQLite gave the highest one out again.

The trail calls a row by its number, and one number then stood for the addresses of two people, one after the
other. PostgreSQL's sequences never did that.

And an index: for each answer that is put in, SQLite looks for requests to correct it, if need be in the whole
table.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = ("api_idempotency", "contact", "paper_keying")
"""Those that rows are taken out of. Nothing refers to them: each can be made anew in its old one's place."""


OLD_ANSWERS = "ix_correction_request_old_answer_id"


def upgrade() -> None:
    _make_anew(is_counted=True)
    op.create_index(op.f(OLD_ANSWERS), "correction_request", ["old_answer_id"])


def downgrade() -> None:
    op.drop_index(op.f(OLD_ANSWERS), "correction_request")
    _make_anew(is_counted=False)


def _make_anew(*, is_counted: bool) -> None:
    if op.get_context().dialect.name != "sqlite":
        return
    for table in TABLES:
        with op.batch_alter_table(
            table, recreate="always", table_kwargs={"sqlite_autoincrement": is_counted}
        ):
            pass
