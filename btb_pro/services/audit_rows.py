"""What a step did to the tables, row by row, so that the audit trail alone can tell them again.

One entry a row: its table ``t``, its key ``k``, and in ``v`` the columns that got a value, in a form that is
the same on every engine; ``v`` is null when the row was removed. What must stay erasable stands there as a
hash.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Table, event, inspect
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.columns import HASHED, LEFT_OUT, SALTED, TRAIL
from btb_pro.security import salted_sha256

IS_TOLD = "is_told"
"""In a session's `info` while what it does is gathered."""

Value = str | int | bool | None
RowChange = dict[str, Any]

UNTOLD = frozenset({"api_idempotency", "audit_event", "audit_head", "job", "rate_count", "save_key"})
"""Tables that the trail does not tell: itself, what is counted and forgotten, keys whose answers are told,
and how far long work has come, whose outcome is told as the export that it became.
"""


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
