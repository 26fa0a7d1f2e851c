"""The one change that an answer's row allows: its free text taken out, with the salt of its hash."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MARKER = "[redacted]"
KEPT = {
    "answer": (
        "id", "response_id", "item", "state", "language", "wording_sha256", "shown_at", "device_at",
        "received_at", "mode", "session_id", "client_key", "event_seq",
    ),
    "late_save": (
        "id", "visit_id", "instrument", "item", "state", "shown_at", "device_at", "received_at",
        "session_id", "client_key", "event_seq",
    ),
}  # fmt: skip
"""Columns that never change."""
# Free text alone has a salt, so nothing that was coded, and nothing that is taken out already, gets by.
TAKES_OUT = (
    f"OLD.salt IS NOT NULL AND OLD.value IS NOT NULL AND NEW.salt IS NULL AND NEW.value IS NOT NULL "
    f"AND NEW.value = '{MARKER}'"
)


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for table, columns in KEPT.items():
            same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in columns)
            _guard_on_sqlite(table, f"WHEN NOT ({TAKES_OUT} AND {same})")
        return
    op.execute(
        "CREATE FUNCTION refuse_change_but_redaction() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'UPDATE' THEN IF {TAKES_OUT} "
        "AND to_jsonb(NEW) - 'value' - 'salt' = to_jsonb(OLD) - 'value' - 'salt' "
        "THEN RETURN NEW; END IF; END IF; "
        "RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', "
        "ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    for table in KEPT:
        _guard_on_postgresql(table, "refuse_change_but_redaction")


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for table in KEPT:
            _guard_on_sqlite(table, "")
        return
    for table in KEPT:
        _guard_on_postgresql(table, "refuse_change")
    op.execute("DROP FUNCTION refuse_change_but_redaction()")


def _guard_on_sqlite(table: str, when: str) -> None:
    op.execute(f"DROP TRIGGER {table}_no_update")
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    op.execute(
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {when} {refuse}".replace("  ", " ")
    )


def _guard_on_postgresql(table: str, function: str) -> None:
    op.execute(f"DROP TRIGGER {table}_no_change ON {table}")
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {function}()"
    )
