"""What was stored of one participant at a time, told by the audit trail."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.base import REDACTED, AuditEvent, Tag, salted_sha256
from btb_pro.models.participant import ParticipantRequest
from btb_pro.models.response import Answer
from btb_pro.refusals import PlainRefusal
from btb_pro.services.replay import Row, RowName, rows_at

ERASED = "[erased since]"


class NothingThen(PlainRefusal):
    """There was nothing at that time, or no such participant. The message says which."""


@dataclass(frozen=True, slots=True)
class PastState:
    """One participant's rows as they were."""

    seq: int
    """The last event that had happened."""
    at: datetime
    """When it happened."""
    tables: Mapping[str, list[dict[str, Any]]]
    """Table to its rows, each column to its value, in the order in which they were written."""
    redactions: Sequence["Redaction"]
    """What was taken out since, or before, oldest first."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """Free text that was taken out for good."""

    about: str
    """Visit and field."""
    by: str
    at: datetime
    why: str


def state_at(session: Session, study_number: str, at: datetime | None) -> PastState:
    """The rows of a participant as they stood at an instant, contact details only as hashes. None: now, which
    is after the last event, whatever a clock that was set says.

    Free text is shown while it is still stored: the trail itself holds its hash alone.

    Raises:
        NothingThen: no event had happened yet, or the participant was not there.
    """
    events = select(AuditEvent.seq, AuditEvent.at).order_by(AuditEvent.seq.desc()).limit(1)
    last = session.execute(events if at is None else events.where(AuditEvent.at <= at)).first()
    if last is None:
        raise NothingThen("Nothing had happened in this study at that time.")
    rows = rows_at(session, last.seq)
    keys = _keys_of(rows, study_number)
    if not keys["participant"]:
        raise NothingThen(f"There was no participant {study_number} at that time.")
    tables: dict[str, list[dict[str, Any]]] = {}
    for name, row in rows.items():
        if _belongs(name, row, keys):
            tables.setdefault(name[0], []).append(_shown(session, name[0], row))
    return PastState(last.seq, last.at, tables, list(_redactions(session, study_number)))


def _redactions(session: Session, study_number: str) -> Iterator[Redaction]:
    query = select(AuditEvent).where(AuditEvent.study_number == study_number, AuditEvent.tag.in_(_REDACTING))
    for event in session.execute(query.order_by(AuditEvent.seq)).scalars():
        for change in json.loads(event.changes):
            if change["object"] == "redaction":
                about = change["key"].removeprefix(f"{study_number}/").replace("/", " ")
                yield Redaction(about, event.actor, event.at, event.reason)


_REDACTING = (Tag.ANSWER_REDACT.value, Tag.CORRECTION_REDACT.value)
_PARENTS = (
    ("contact", "participant_id", "participant"),
    ("visit", "participant_id", "participant"),
    ("invitation", "visit_id", "visit"),
    ("response", "visit_id", "visit"),
    ("safety_alert", "visit_id", "visit"),
    ("paper_entry", "visit_id", "visit"),
    ("participant_session", "invitation_id", "invitation"),
    ("participant_request", "invitation_id", "invitation"),
    ("message", "invitation_id", "invitation"),
    ("answer", "response_id", "response"),
    ("score", "response_id", "response"),
    ("step_code", "session_id", "participant_session"),
    ("paper_keying", "entry_id", "paper_entry"),
)
"""Table, its column, and the table that the column leads to; parents before children."""


def _keys_of(rows: Mapping[RowName, Row], study_number: str) -> dict[str, set[Any]]:
    keys: dict[str, set[Any]] = {"participant": set()}
    for (table, key), row in rows.items():
        if table == "participant" and row.get("study_number") == study_number:
            keys["participant"].add(key[0])
    for child, column, parent in _PARENTS:
        keys[child] = {
            key[0] for (table, key), row in rows.items() if table == child and row.get(column) in keys[parent]
        }
    return keys


def _belongs(name: RowName, _row: Row, keys: Mapping[str, set[Any]]) -> bool:
    return name[1][0] in keys.get(name[0], set())


def _shown(session: Session, table: str, row: Row) -> dict[str, Any]:
    shown: dict[str, Any] = dict(row)
    if table == "answer":
        shown["value"] = _text(session, Answer, row, "value")
    elif table == "participant_request":
        shown |= {name: _text(session, ParticipantRequest, row, name) for name in ("what", "why")}
    return shown


def _text(session: Session, model: type[Answer] | type[ParticipantRequest], row: Row, name: str) -> Any:
    """A text as it is stored now, if it is the one that the trail tells by its hash; a code as it is told."""
    told = row.get(name)
    there = session.get(model, row["id"])
    text, salt = getattr(there, name, None), getattr(there, "salt", None)
    if told in (None, REDACTED):
        return told
    if there is not None and salt is None:
        return ERASED if text == REDACTED else told
    return text if text is not None and salt and salted_sha256(salt, text) == told else ERASED
