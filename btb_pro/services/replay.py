"""The tables as the audit trail alone tells them, at any of its events."""

import json
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.base import AuditEvent
from btb_pro.services.audit import RowChange, Value

RowName = tuple[str, tuple[Value, ...]]
"""Table and key."""
Row = dict[str, Value]
"""Column to value as the trail tells it, without those that are null."""

_EVENTS_AT_ONCE = 500


def events_in_order(session: Session, until: int | None = None) -> Iterator[AuditEvent]:
    """Every event from the first to the one named, or to the last."""
    query = select(AuditEvent).order_by(AuditEvent.seq).execution_options(yield_per=_EVENTS_AT_ONCE)
    if until is not None:
        query = query.where(AuditEvent.seq <= until)
    # PostgreSQL keeps the rows: they are let go of whatever is found.
    with session.execute(query) as rows:
        yield from rows.scalars()


def row_changes(event: AuditEvent) -> list[RowChange]:
    """What an event did to rows; nothing for an event that is older than the telling of rows."""
    return json.loads(event.row_changes) if event.row_changes else []


def name_of(change: RowChange) -> RowName:
    """Which row a change speaks of."""
    return change["t"], tuple(change["k"])


def apply(rows: dict[RowName, Row], change: RowChange) -> None:
    """Let one change happen to rows that are told so far."""
    name = name_of(change)
    if change["v"] is None:
        rows.pop(name, None)
        return
    row = rows.setdefault(name, {})
    for column, value in change["v"].items():
        if value is None:
            row.pop(column, None)
        else:
            row[column] = value


def rows_at(session: Session, seq: int) -> dict[RowName, Row]:
    """Every row as it was when an event had happened and the next one had not."""
    rows: dict[RowName, Row] = {}
    for event in events_in_order(session, seq):
        for change in row_changes(event):
            apply(rows, change)
    return rows
