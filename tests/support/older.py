"""Databases as earlier versions left them, made by migrations and filled without models."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import MetaData, insert

from btb_pro.db import Database
from btb_pro.migrate import upgrade
from btb_pro.models.base import FIRST_HASH, AuditEvent, event_hash

_AT = datetime(2026, 2, 3, 9, 30, 0, 125000, tzinfo=UTC)
_TAGS = (
    "study:record",
    "participant:add",
    "invitation:issue",
    "session:start",
    "answer:save",
    "visit:submit",
)
_WORDING = "ab" * 32
EVERY_RELEASED = ("0001", "0002", "0005", "0011")
"""The schema of each version that was released; one that is added stays."""
VALUES = ("1", None, "Bærøya æøå 🙂", "-0", " 2 ", "line\r\nline", "9223372036854775808")


def make_older(url: str, revision: str) -> None:
    """Make a database of a released schema, with a row of each kind and answers of every kind."""
    database = Database(url)
    try:
        upgrade(database, to=revision)
        _fill(database, revision)
    finally:
        database.close()


def _fill(database: Database, revision: str) -> None:
    reflected = MetaData()
    with database.engine.execution_options(takes_write_lock=True).begin() as connection:
        reflected.reflect(connection)
        zoned = database.engine.dialect.name == "postgresql"

        def put(table: str, **values: Any) -> None:
            # Numbers are the database's own, so that they go on after these.
            if not zoned:
                values = {
                    name: value.replace(tzinfo=None) if isinstance(value, datetime) else value
                    for name, value in values.items()
                }
            connection.execute(insert(reflected.tables[table]).values(**values))

        last = _put_events(put)
        put("audit_head", id=1, seq=len(_TAGS), hash=last)
        put("study", code="btb", version="0", sha256="00" * 32, event_seq=1)
        put("site", code="oslo", event_seq=1)
        put("participant", study_number="BTB-001", site_code="oslo", day0=date(2026, 2, 3), event_seq=2)
        put("contact", participant_id=1, kind="email", sealed=b"\x00\xff", salt="s" * 32, event_seq=2)
        put(
            "visit", participant_id=1, code="baseline", planned_on=date(2026, 2, 3), opens_at=_AT,
            closes_at=_AT.replace(day=20), expires_at=_AT.replace(day=20), submitted_at=_AT,
            receipt_code="ABCD-EFGH", submitted_seq=6, event_seq=2,
        )  # fmt: skip
        put(
            "invitation", public_id="p" * 22, visit_id=1, language="nb", issued_at=_AT, opens_at=_AT,
            expires_at=_AT.replace(day=20), event_seq=3,
        )  # fmt: skip
        put(
            "participant_session", handle="h" * 16, secret_sha256="cd" * 32, invitation_id=1, language="nb",
            mode="own_phone", started_at=_AT, last_saved_at=_AT, event_seq=4,
        )  # fmt: skip
        put(
            "response", visit_id=1, instrument="background", instrument_version="1", language="nb",
            wording_sha256=_WORDING, started_at=_AT, submitted_at=_AT, is_locked=True, event_seq=4,
        )  # fmt: skip
        for number, value in enumerate(VALUES):
            put(
                "answer", response_id=1, item=f"item{number}", value=value,
                state="skipped" if value is None else "answered", language="nb", wording_sha256=_WORDING,
                shown_at=_AT, device_at="2026-02-03T10:30:00.125+01:00", received_at=_AT, mode="own_phone",
                session_id=1, client_key=f"key-{number}", event_seq=5,
            )  # fmt: skip
        put(
            "score", response_id=1, code="sum", value="3", n_answered=1, n_items=1, rule="sum",
            rule_version="1", reason="", computed_at=_AT, event_seq=6,
        )  # fmt: skip
        if revision >= "0002":
            put(
                "participant_request", invitation_id=1, kind="mistake", what="Feil svar på æ", salt="t" * 32,
                received_at=_AT, is_lifted=False, event_seq=6,
            )  # fmt: skip


def _put_events(put: Any) -> str:
    last = FIRST_HASH
    for seq, tag in enumerate(_TAGS, 1):
        values: dict[str, Any] = {
            "seq": seq, "at": _AT, "actor_kind": "command", "actor": "tester", "actor_role": "",
            "actor_site": "", "tag": tag, "study_number": "BTB-001", "changes": "[]", "reason": "",
            "request_id": "", "app_version": "0", "study_version": "0", "previous_hash": last,
        }  # fmt: skip
        last = event_hash(AuditEvent(**values))
        put("audit_event", **values, hash=last)
    return last
