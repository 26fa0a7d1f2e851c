"""The audit trail's only writer.

One event per request or job step that changes anything. An event's hash covers the hash before it and every
column of its own, as canonical JSON (sorted keys, UTF-8, no spaces), so that nothing before the head can be
changed, taken out, put in or moved without `verification` naming the first event that no longer fits.

A step also gathers what it did to the tables, so that the trail alone can tell the rows again. One entry a
row: its table ``t``, its key ``k``, and in ``v`` the columns that got a value, in a form that is the same on
every engine; ``v`` is null when the row was removed. What must stay erasable stands there as a hash.

What kinds of event there are (`Tag`) stands beside the table that they are written to, in `models/base.py`.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.metadata import version
from typing import Any

from sqlalchemy import Column, Table, event, inspect, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.base import (
    FIRST_HASH,
    HASHED,
    LEFT_OUT,
    SALTED,
    TRAIL,
    AuditEvent,
    AuditHead,
    Tag,
    canonical_json,
    event_hash,
    salted_sha256,
)
from btb_pro.refusals import PlainRefusal

__all__ = [
    "APP_VERSION",
    "IS_TOLD",
    "UNTOLD",
    "Actor",
    "ChainBroken",
    "Context",
    "RowChange",
    "Step",
    "Tag",
    "Value",
    "step",
    "steps",
    "told_columns",
    "told_key",
    "told_row",
    "watching",
]

APP_VERSION = version("btb-pro")
IS_TOLD = "is_told"
"""In a session's `info` while what it does is gathered."""

Value = str | int | bool | None
RowChange = dict[str, Any]

UNTOLD = frozenset({"api_idempotency", "audit_event", "audit_head", "job", "rate_count", "save_key"})
"""Tables that the trail does not tell: itself, what is counted and forgotten, keys whose answers are told,
and how far long work has come, whose outcome is told as the export that it became.
"""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as they are now."""

    kind: str
    """participant, staff, command or job."""
    name: str
    role: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What an event says about where it came from."""

    actor: Actor
    request_id: str = ""
    study_version: str = ""


@dataclass(slots=True)
class Step:
    """An event in the making: rows written within it carry its `seq`."""

    seq: int
    at: datetime
    changes: list[dict[str, str | None]] = field(default_factory=list)
    rows: list[RowChange] = field(default_factory=list)
    """What the step did to rows; gathered by itself."""

    def change(self, kind: str, key: str, name: str, old: str | None, new: str | None) -> None:
        """Note one changed field: of which kind of object, which one, its name, old and new value."""
        self.changes.append({"object": kind, "key": key, "field": name, "old": old, "new": new})


@dataclass(frozen=True, slots=True)
class _Told:
    """What an event says of a step that is done."""

    tag: Tag
    study_number: str
    reason: str
    step: Step


class ChainBroken(PlainRefusal):
    """The audit chain does not prove what it should. The message names the first bad event."""


@contextmanager
def step(
    session: Session, context: Context, tag: Tag, *, study_number: str = "", reason: str = ""
) -> Iterator[Step]:
    """Write rows under one audit event; without a change noted, no event is written.

    The chain's head is locked until the transaction ends, so writers come one after another and numbers
    have no gap.

    Raises:
        ValueError: no actor is named.
    """
    head = _take_head(session, context)
    making = Step(seq=head.seq + 1, at=clock.now())
    with watching(session, making.rows):
        yield making
        if not making.changes:
            return
        session.flush()
    _add_event(session, context, head, _Told(tag, study_number, reason, making))
    session.flush()


@contextmanager
def steps(
    session: Session, context: Context, tag: Tag, study_numbers: Sequence[str]
) -> Iterator[Sequence[Step]]:
    """Write new rows under one audit event for each participant, with few round trips for all of them.

    Every row is new, and belongs to the event whose number it carries as `event_seq`.

    Raises:
        ValueError: no actor is named.
    """
    head = _take_head(session, context)
    first, at = head.seq + 1, clock.now()
    making = [Step(seq=first + place, at=at) for place in range(len(study_numbers))]
    rows: list[RowChange] = []
    with watching(session, rows):
        yield making
        session.flush()
    for row in rows:
        making[row["v"]["event_seq"] - first].rows.append(row)
    for study_number, one in zip(study_numbers, making, strict=True):
        _add_event(session, context, head, _Told(tag, study_number, "", one))
    session.flush()


def _take_head(session: Session, context: Context) -> AuditHead:
    if not context.actor.name:
        raise ValueError("an audit event needs an actor")
    head = session.execute(select(AuditHead).with_for_update()).scalar_one_or_none()
    if head is None:
        head = AuditHead(id=1, seq=0, hash=FIRST_HASH)
        session.add(head)
    return head


def _add_event(session: Session, context: Context, head: AuditHead, told: _Told) -> None:
    event = AuditEvent(
        seq=told.step.seq,
        at=told.step.at,
        actor_kind=context.actor.kind,
        actor=context.actor.name,
        actor_role=context.actor.role,
        actor_site=context.actor.site,
        tag=told.tag.value,
        study_number=told.study_number,
        changes=canonical_json(told.step.changes),
        row_changes=canonical_json(told.step.rows),
        reason=told.reason,
        request_id=context.request_id,
        app_version=APP_VERSION,
        study_version=context.study_version,
        previous_hash=head.hash,
    )
    event.hash = event_hash(event)
    session.add(event)
    head.seq, head.hash = event.seq, event.hash


def told_columns(table: Table) -> list[Column[Any]]:
    """The columns of a table that the trail tells."""
    return [column for column in table.columns if column.info.get(TRAIL) != LEFT_OUT[TRAIL]]


@contextmanager
def watching(session: Session, gathered: list[RowChange]) -> Iterator[None]:
    """Gather what the session does to rows until the block ends, in the order in which it does it."""

    def gather(flushed: Session, _context: object) -> None:
        gathered.extend(_inserted(row) for row in flushed.new if _is_told(row))
        # SQLAlchemy names changed rows in an order that hangs on where they lie in memory.
        changed = (_changed(row) for row in flushed.dirty if _is_told(row))
        gathered.extend(sorted((one for one in changed if one["v"]), key=lambda one: (one["t"], one["k"])))
        gathered.extend(_removed(row) for row in flushed.deleted if _is_told(row))

    event.listen(session, "after_flush", gather)
    session.info[IS_TOLD] = True
    try:
        yield
    finally:
        del session.info[IS_TOLD]
        event.remove(session, "after_flush", gather)


def told_row(table: Table, values: Mapping[str, Any]) -> dict[str, Value]:
    """A row as the trail tells it: column to value, without those that are null."""
    told = {column.name: _told(column, values) for column in told_columns(table)}
    return {name: value for name, value in told.items() if value is not None}


def told_key(table: Table, values: Mapping[str, Any]) -> tuple[Value, ...]:
    """The key of a row, as the trail tells it."""
    return tuple(_told(column, values) for column in table.primary_key.columns)


def _is_told(row: object) -> bool:
    return _table(row).name not in UNTOLD


def _table(row: object) -> Table:
    table = inspect(row).mapper.local_table
    assert isinstance(table, Table)
    return table


def _values(row: object) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in _table(row).columns}


def _inserted(row: object) -> RowChange:
    table, values = _table(row), _values(row)
    return {"t": table.name, "k": list(told_key(table, values)), "v": told_row(table, values)}


def _changed(row: object) -> RowChange:
    table, values = _table(row), _values(row)
    attributes = inspect(row).attrs
    changed = {
        column.name: _told(column, values)
        for column in told_columns(table)
        if attributes[column.name].history.has_changes()
    }
    return {"t": table.name, "k": list(told_key(table, values)), "v": changed}


def _removed(row: object) -> RowChange:
    table = _table(row)
    return {"t": table.name, "k": list(told_key(table, _values(row))), "v": None}


def _told(column: Column[Any], values: Mapping[str, Any]) -> Value:
    value = values[column.name]
    if value is None:
        return None
    how = column.info.get(TRAIL)
    if how == SALTED[TRAIL] and values["salt"] is not None:
        return salted_sha256(values["salt"], value)
    if how == HASHED[TRAIL] or isinstance(value, bytes):
        return hashlib.sha256(value if isinstance(value, bytes) else value.encode()).hexdigest()
    if isinstance(value, datetime):
        return clock.utc_text(value)
    if isinstance(value, date):
        return value.isoformat()
    assert isinstance(value, (str, int))
    return value
