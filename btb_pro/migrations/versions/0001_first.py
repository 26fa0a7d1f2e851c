"""The first schema: study, participants, links, answers, scores, exports, and the audit chain."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "audit_event", "audit_head", "export_run", "study", "site", "wording_approval", "participant", "contact",
    "visit", "invitation", "participant_session", "response", "score", "answer",
)  # fmt: skip

APPEND_ONLY = {
    "answer": (
        "id = NEW.id",
        "response_id = NEW.response_id AND item = NEW.item AND client_key = NEW.client_key",
    ),
    "audit_event": ("seq = NEW.seq", "previous_hash = NEW.previous_hash", "hash = NEW.hash"),
}
"""Table to its unique keys. SQLite's REPLACE deletes the rows that it meets there past any delete trigger."""


def upgrade() -> None:
    _create_audit_trail()
    _create_study()
    _create_participants()
    _create_visits()
    _create_responses()
    _create_answers()
    if op.get_context().dialect.name == "sqlite":
        _refuse_changes_on_sqlite()
    else:
        _refuse_changes_on_postgresql()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_context().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_change()")


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    other = target.partition(".")[0]
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}_{other}"))


def _in_event(table: str, column: str = "event_seq") -> sa.ForeignKeyConstraint:
    """The audit event is written last in its transaction, so this reference is checked at commit."""
    return sa.ForeignKeyConstraint(
        [column],
        ["audit_event.seq"],
        name=op.f(f"fk_{table}_{column}_audit_event"),
        deferrable=True,
        initially="DEFERRED",
    )


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _key(table: str, column: str = "id") -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(column, name=op.f(f"pk_{table}"))


def _index(table: str, column: str) -> None:
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _create_audit_trail() -> None:
    table = "audit_event"
    op.create_table(
        table,
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        _instant("at"),
        sa.Column("actor_kind", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("actor_role", sa.String(40), nullable=False),
        sa.Column("actor_site", sa.String(26), nullable=False),
        sa.Column("tag", sa.String(60), nullable=False),
        sa.Column("study_number", sa.String(26), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("app_version", sa.String(40), nullable=False),
        sa.Column("study_version", sa.String(40), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        _key(table, "seq"),
        _check(table, "seq_positive", "seq > 0"),
        _check(table, "actor_kind_known", "actor_kind IN ('participant', 'staff', 'command', 'job')"),
        _check(table, "actor_named", "length(actor) > 0"),
        _check(table, "hashes_whole", "length(hash) = 64 AND length(previous_hash) = 64"),
        _unique(table, "previous_hash"),
        _unique(table, "hash"),
    )
    _index(table, "study_number")
    _create_audit_head()


def _create_audit_head() -> None:
    table = "audit_head"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        _key(table),
        _check(table, "only_one", "id = 1"),
    )


def _create_study() -> None:
    op.create_table(
        "export_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(20), nullable=False),
        sa.Column("cutoff_seq", sa.Integer(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("taken_by", sa.String(120), nullable=False),
        _instant("taken_at"),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key("export_run"),
        _in_event("export_run"),
    )
    op.create_table(
        "study",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(26), nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key("study"),
        _unique("study", "code", "version", "sha256"),
        _in_event("study"),
    )
    _create_wording_approval()


def _create_wording_approval() -> None:
    table = "wording_approval"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.String(26), nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("approved_by", sa.String(120), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        _instant("approved_at"),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table),
        _unique(table, "instrument", "version", "language", "sha256"),
        _check(table, "person_and_evidence", "length(approved_by) > 0 AND length(evidence) > 0"),
        _in_event(table),
    )


def _create_participants() -> None:
    op.create_table(
        "site",
        sa.Column("code", sa.String(26), nullable=False),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key("site", "code"),
        _in_event("site"),
    )
    table = "participant"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_number", sa.String(26), nullable=False),
        sa.Column("site_code", sa.String(26), nullable=False),
        sa.Column("language", sa.String(2), nullable=True),
        sa.Column("day0", sa.Date(), nullable=True),
        _instant("withdrawn_at", nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table),
        _unique(table, "study_number"),
        _check(table, "language_known", "language IN ('nb', 'en')"),
        _check(table, "withdrawal_has_reason", "(withdrawn_at IS NULL) = (withdrawal_reason IS NULL)"),
        _check(table, "study_number_given", "length(study_number) > 0"),
        _refers(table, "site_code", "site.code"),
        _in_event(table),
    )
    _index(table, "site_code")
    _create_contact()


def _create_contact() -> None:
    table = "contact"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(5), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table),
        _unique(table, "participant_id", "kind"),
        _check(table, "kind_known", "kind IN ('email', 'phone')"),
        _refers(table, "participant_id", "participant.id"),
        _in_event(table),
    )


def _create_visits() -> None:
    table = "visit"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(26), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=True),
        _instant("opens_at", nullable=True),
        _instant("closes_at", nullable=True),
        _instant("expires_at", nullable=True),
        _instant("submitted_at", nullable=True),
        sa.Column("receipt_code", sa.String(9), nullable=True),
        sa.Column("submitted_seq", sa.Integer(), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table),
        _unique(table, "participant_id", "code"),
        _unique(table, "receipt_code"),
        _check(table, "window_ordered", "opens_at < closes_at AND closes_at <= expires_at"),
        _check(
            table,
            "submitted_has_receipt",
            "(submitted_at IS NULL) = (receipt_code IS NULL)"
            " AND (submitted_at IS NULL) = (submitted_seq IS NULL)",
        ),
        _refers(table, "participant_id", "participant.id"),
        _in_event(table, "submitted_seq"),
        _in_event(table),
    )
    _create_invitation()
    _create_participant_session()


def _create_invitation() -> None:
    table = "invitation"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(22), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(2), nullable=True),
        _instant("issued_at"),
        _instant("opens_at"),
        _instant("expires_at"),
        _instant("ended_at", nullable=True),
        sa.Column("end_reason", sa.String(10), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table),
        _unique(table, "public_id"),
        _check(table, "window_ordered", "opens_at < expires_at"),
        _check(table, "end_reason_known", "end_reason IN ('revoked', 'replaced', 'withdrawn')"),
        _check(table, "ended_has_reason", "(ended_at IS NULL) = (end_reason IS NULL)"),
        _check(table, "public_id_whole", "length(public_id) = 22"),
        _refers(table, "visit_id", "visit.id"),
        _in_event(table),
    )
    _index(table, "visit_id")
    is_live = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_invitation_live", table, ["visit_id"], unique=True, sqlite_where=is_live, postgresql_where=is_live
    )


def _create_participant_session() -> None:
    table = "participant_session"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handle", sa.String(16), nullable=False),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("mode", sa.String(20), nullable=False),
        _instant("started_at"),
        _instant("last_saved_at"),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table),
        _unique(table, "handle"),
        _check(table, "mode_known", "mode IN ('own_phone', 'clinic_tablet', 'paper')"),
        _check(table, "language_known", "language IN ('nb', 'en')"),
        _refers(table, "invitation_id", "invitation.id"),
        _in_event(table),
    )
    _index(table, "invitation_id")


def _create_responses() -> None:
    table = "response"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.String(26), nullable=False),
        sa.Column("instrument_version", sa.String(20), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("wording_sha256", sa.String(64), nullable=False),
        _instant("started_at", nullable=True),
        _instant("submitted_at", nullable=True),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table),
        _unique(table, "visit_id", "instrument"),
        _check(table, "locked_when_submitted", "is_locked = (submitted_at IS NOT NULL)"),
        _check(table, "wording_pinned", "length(wording_sha256) = 64"),
        _check(table, "language_known", "language IN ('nb', 'en')"),
        _refers(table, "visit_id", "visit.id"),
        _in_event(table),
    )
    _create_score()


def _create_score() -> None:
    table = "score"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(26), nullable=False),
        sa.Column("value", sa.String(20), nullable=True),
        sa.Column("n_answered", sa.Integer(), nullable=False),
        sa.Column("n_items", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("rule_version", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _instant("computed_at"),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table),
        _unique(table, "response_id", "code", "event_seq"),
        _check(table, "missing_has_reason", "(value IS NULL) = (reason <> '')"),
        _check(table, "counts_fit", "n_answered BETWEEN 0 AND n_items"),
        _refers(table, "response_id", "response.id"),
        _in_event(table),
    )
    _index(table, "event_seq")
    _index(table, "response_id")


def _create_answers() -> None:
    table = "answer"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(26), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("wording_sha256", sa.String(64), nullable=False),
        _instant("shown_at", nullable=True),
        sa.Column("device_at", sa.String(35), nullable=True),
        _instant("received_at"),
        sa.Column("mode", sa.String(20), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("client_key", sa.String(64), nullable=False),
        sa.Column("salt", sa.String(32), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table),
        _unique(table, "response_id", "item", "client_key"),
        _check(table, "state_known", "state IN ('answered', 'skipped', 'declined', 'cleared')"),
        _check(table, "answered_has_value", "(state = 'answered') = (value IS NOT NULL)"),
        _check(table, "value_not_empty", "value <> ''"),
        _check(table, "mode_known", "mode IN ('own_phone', 'clinic_tablet', 'paper')"),
        _check(table, "language_known", "language IN ('nb', 'en')"),
        _refers(table, "response_id", "response.id"),
        _refers(table, "session_id", "participant_session.id"),
        _in_event(table),
        sqlite_autoincrement=True,
    )
    _index(table, "event_seq")
    _index(table, "response_id")


def _refuse_changes_on_sqlite() -> None:
    for table, keys in APPEND_ONLY.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        is_taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for key in keys)
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {is_taken} {refuse}")


def _refuse_changes_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', "
        "ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
