"""The console's side: staff, messages, safety alerts, paper that is typed in, and limits on what is tried."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    "rate_count", "staff", "staff_site", "staff_session", "staff_link", "recovery_code", "message",
    "step_code", "safety_alert", "paper_entry", "paper_keying", "weekly_count",
)  # fmt: skip

INDICES = (
    ("ix_visit_missing", "visit", "planned_on", "submitted_at IS NULL"),
    ("ix_invitation_live_until", "invitation", "expires_at", "ended_at IS NULL"),
    ("ix_message_unsettled", "message", "id",
     "state IN ('bounced', 'failed', 'unknown') AND settled_at IS NULL"),
    ("ix_participant_request_waiting", "participant_request", "id", "settled_at IS NULL"),
    ("ix_safety_alert_open", "safety_alert", "id", "acknowledged_at IS NULL"),
)  # fmt: skip
"""What Today looks things up by (name, table, column, rows): the work that is left, never all there is."""


def upgrade() -> None:
    _create_rate_count()
    _create_staff()
    _create_staff_site()
    _create_staff_session()
    _create_staff_link()
    _create_recovery_code()
    _create_message()
    _create_step_code()
    _create_safety_alert()
    _create_paper_entry()
    _create_paper_keying()
    op.add_column("visit", sa.Column("is_moved", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("visit", _instant("begins_at", nullable=True))
    op.add_column("visit", _instant("started_at", nullable=True))
    op.add_column("participant_session", _instant("confirmed_at", nullable=True))
    op.add_column("contact", _instant("failed_at", nullable=True))
    _create_weekly_count()
    _note_starts()
    _count_weeks()
    for name, table, column, where in INDICES:
        _partial(name, table, [column], where, unique=False)
    op.add_column("invitation", sa.Column("typed_code_hmac", sa.String(64), nullable=True))
    op.create_index("uq_invitation_typed_code", "invitation", ["typed_code_hmac"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_invitation_typed_code", table_name="invitation")
    op.drop_column("invitation", "typed_code_hmac")
    for name, table, _, _ in INDICES:
        op.drop_index(name, table)
    for table, column in (
        ("contact", "failed_at"),
        ("participant_session", "confirmed_at"),
        ("visit", "started_at"),
        ("visit", "begins_at"),
        ("visit", "is_moved"),
    ):
        op.drop_column(table, column)
    for table in reversed(TABLES):
        op.drop_table(table)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    other = target.partition(".")[0]
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}_{other}"))


def _in_event(table: str) -> sa.ForeignKeyConstraint:
    """The audit event is written last in its transaction, so this reference is checked at commit."""
    return sa.ForeignKeyConstraint(
        ["event_seq"],
        ["audit_event.seq"],
        name=op.f(f"fk_{table}_event_seq_audit_event"),
        deferrable=True,
        initially="DEFERRED",
    )


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool) -> None:
    rows = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=rows, postgresql_where=rows)


def _create_rate_count() -> None:
    table = "rate_count"
    op.create_table(
        table,
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        _instant("since"),
        _instant("blocked_until", nullable=True),
        _key(table, "key"),
        _check(table, "failures_counted", "failures >= 0"),
    )


def _create_staff() -> None:
    table = "staff"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(120), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("is_for_all_sites", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(2), nullable=True),
        sa.Column("password_hash", sa.String(200), nullable=True),
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=True),
        _instant("created_at"),
        _instant("disabled_at", nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table, "id"),
        _check(table, "email_in_small_letters", "email = lower(email)"),
        _check(table, "language_known", "language IN ('nb', 'en')"),
        _check(
            table, "role_known", "role IN ('coordinator', 'investigator', 'data-manager', 'monitor', 'admin')"
        ),
        _unique(table, "email"),
        _in_event(table),
    )


def _create_staff_site() -> None:
    table = "staff_site"
    op.create_table(
        table,
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("site_code", sa.String(26), nullable=False),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table, "staff_id", "site_code"),
        _refers(table, "staff_id", "staff.id"),
        _refers(table, "site_code", "site.code"),
        _in_event(table),
    )


def _create_staff_session() -> None:
    table = "staff_session"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        _instant("started_at"),
        _instant("last_used_at"),
        _instant("confirmed_at"),
        _instant("ended_at", nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table, "id"),
        _unique(table, "secret_sha256"),
        _refers(table, "staff_id", "staff.id"),
        _in_event(table),
    )
    op.create_index("ix_staff_session_staff_id", table, ["staff_id"])


def _create_staff_link() -> None:
    table = "staff_link"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(10), nullable=False),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        _instant("issued_at"),
        _instant("expires_at"),
        _instant("used_at", nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table, "id"),
        _check(table, "purpose_known", "purpose IN ('invite', 'reset')"),
        _unique(table, "secret_sha256"),
        _refers(table, "staff_id", "staff.id"),
        _in_event(table),
    )
    op.create_index("ix_staff_link_staff_id", table, ["staff_id"])


def _create_recovery_code() -> None:
    table = "recovery_code"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("code_sha256", sa.String(64), nullable=False),
        _instant("used_at", nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table, "id"),
        _unique(table, "staff_id", "code_sha256"),
        _refers(table, "staff_id", "staff.id"),
        _in_event(table),
    )
    op.create_index("ix_recovery_code_staff_id", table, ["staff_id"])


def _create_message() -> None:
    table = "message"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("channel", sa.String(5), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("subject_key", sa.String(80), nullable=False),
        sa.Column("once_key", sa.String(120), nullable=False),
        _instant("due_at"),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _instant("claimed_at", nullable=True),
        sa.Column("claimed_by", sa.String(80), nullable=True),
        _instant("sent_at", nullable=True),
        _instant("ended_at", nullable=True),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("provider_id", sa.String(120), nullable=True),
        _instant("settled_at", nullable=True),
        sa.Column("settled_by", sa.String(120), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table, "id"),
        _check(table, "channel_known", "channel IN ('email', 'sms', 'paper')"),
        _check(table, "kind_known", "kind IN ('invitation', 'reminder', 'code', 'safety', 'staff_link')"),
        _check(table, "language_known", "language IN ('nb', 'en')"),
        _check(table, "sending_is_claimed", "state <> 'sending' OR claimed_at IS NOT NULL"),
        _check(table, "settled_by_somebody", "(settled_at IS NULL) = (settled_by IS NULL)"),
        _check(
            table,
            "state_known",
            "state IN ('queued', 'sending', 'sent', 'delivered', 'bounced', 'failed', 'cancelled',"
            " 'unknown')",
        ),
        _unique(table, "once_key"),
        _unique(table, "provider_id"),
        _refers(table, "invitation_id", "invitation.id"),
        _refers(table, "staff_id", "staff.id"),
        _in_event(table),
    )
    op.create_index("ix_message_invitation_id", table, ["invitation_id"])
    _partial("ix_message_open", table, ["due_at"], "state IN ('queued', 'sending')", unique=False)


def _create_step_code() -> None:
    table = "step_code"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("code_sha256", sa.String(64), nullable=False),
        _instant("issued_at"),
        _instant("expires_at"),
        sa.Column("tries", sa.Integer(), nullable=False),
        _instant("used_at", nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table, "id"),
        _check(table, "tries_counted", "tries >= 0"),
        _refers(table, "session_id", "participant_session.id"),
        _in_event(table),
    )
    op.create_index("ix_step_code_session_id", table, ["session_id"])


def _create_safety_alert() -> None:
    table = "safety_alert"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(26), nullable=False),
        _instant("raised_at"),
        _instant("acknowledged_at", nullable=True),
        sa.Column("acknowledged_by", sa.String(120), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table, "id"),
        _check(table, "acknowledged_by_somebody", "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)"),
        _unique(table, "visit_id", "rule"),
        _refers(table, "visit_id", "visit.id"),
        _in_event(table),
    )
    op.create_index("ix_safety_alert_visit_id", table, ["visit_id"])


def _create_paper_entry() -> None:
    table = "paper_entry"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(20), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("paper_on", sa.Date(), nullable=False),
        _instant("opened_at"),
        sa.Column("first_by", sa.String(120), nullable=False),
        _instant("first_done_at", nullable=True),
        sa.Column("second_by", sa.String(120), nullable=True),
        _instant("second_done_at", nullable=True),
        sa.Column("session_id", sa.Integer(), nullable=True),
        _instant("ended_at", nullable=True),
        sa.Column("end_reason", sa.String(10), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table, "id"),
        _check(table, "done_has_answers", "end_reason <> 'done' OR session_id IS NOT NULL"),
        _check(table, "end_reason_known", "end_reason IN ('done', 'discarded')"),
        _check(table, "ended_has_reason", "(ended_at IS NULL) = (end_reason IS NULL)"),
        _check(table, "language_known", "language IN ('nb', 'en')"),
        _check(table, "mode_known", "mode IN ('paper', 'phone_interview')"),
        _check(table, "two_people", "second_by <> first_by"),
        _refers(table, "visit_id", "visit.id"),
        _refers(table, "session_id", "participant_session.id"),
        _in_event(table),
    )
    op.create_index("ix_paper_entry_visit_id", table, ["visit_id"])
    _partial("uq_paper_entry_open", table, ["visit_id"], "ended_at IS NULL", unique=True)


def _create_paper_keying() -> None:
    table = "paper_keying"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(26), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        _key(table, "id"),
        _check(table, "value_not_empty", "value <> ''"),
        _unique(table, "entry_id", "round", "item"),
        _refers(table, "entry_id", "paper_entry.id"),
        _in_event(table),
    )
    op.create_index("ix_paper_keying_entry_id", table, ["entry_id"])


def _create_weekly_count() -> None:
    table = "weekly_count"
    op.create_table(
        table,
        sa.Column("site_code", sa.String(26), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _key(table, "site_code", "week", "what"),
        _check(table, "what_known", "what IN ('invited', 'started', 'submitted')"),
        _check(table, "number_counted", "number > 0"),
        _refers(table, "site_code", "site.code"),
    )


def _note_starts() -> None:
    op.execute(
        "UPDATE visit SET started_at ="
        " (SELECT min(response.started_at) FROM response WHERE response.visit_id = visit.id)"
    )


def _count_weeks() -> None:
    """Count what happened before there was a count."""
    instant = sa.DateTime(timezone=True)
    participant = sa.table("participant", sa.column("id"), sa.column("site_code", sa.String))
    visit = sa.table(
        "visit",
        sa.column("id"),
        sa.column("participant_id"),
        sa.column("started_at", instant),
        sa.column("submitted_at", instant),
    )
    invitation = sa.table("invitation", sa.column("visit_id"), sa.column("issued_at", instant))
    first = sa.select(sa.func.min(invitation.c.issued_at)).where(invitation.c.visit_id == visit.c.id)
    rows = op.get_bind().execute(
        sa.select(
            participant.c.site_code,
            sa.type_coerce(first.scalar_subquery(), instant).label("invited"),
            visit.c.started_at.label("started"),
            visit.c.submitted_at.label("submitted"),
        ).where(participant.c.id == visit.c.participant_id)
    )
    numbers: Counter[tuple[str, date, str]] = Counter()
    for row in rows:
        for what in ("invited", "started", "submitted"):
            at = getattr(row, what)
            if at is not None:
                numbers[row.site_code, _monday(at), what] += 1
    weeks = sa.table(
        "weekly_count",
        sa.column("site_code", sa.String),
        sa.column("week", sa.Date),
        sa.column("what", sa.String),
        sa.column("number", sa.Integer),
    )
    if numbers:
        names = ("site_code", "week", "what", "number")
        op.bulk_insert(
            weeks, [dict(zip(names, (*key, number), strict=True)) for key, number in numbers.items()]
        )


def _monday(at: datetime) -> date:
    day = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(ZoneInfo("Europe/Oslo")).date()
    return day - timedelta(days=day.weekday())
