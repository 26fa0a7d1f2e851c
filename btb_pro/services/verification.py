"""Proof that the audit chain is whole and that the tables hold what it tells, every column of every row."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row as Record
from sqlalchemy import Table, select, text, tuple_
from sqlalchemy.orm import Session

from btb_pro.models.base import FIRST_HASH, REDACTED, AuditEvent, AuditHead, event_hash
from btb_pro.services.audit import ChainBroken, RowChange, told_key, told_row
from btb_pro.services.replay import Row, RowName, apply, events_in_order, name_of, row_changes
from btb_pro.services.told_tables import told_tables
from btb_pro.services.trail_gaps import Restore, restore_told, why_not_here

_ROWS_AT_ONCE = 500
_NEVER_CHANGED = frozenset({"answer", "late_save", "score"})
"""Tables that grow with the study: their rows are compared as they are told and not kept in memory."""
APPEND_ONLY = ("answer", "audit_event", "correction", "correction_request", "late_save", "visit_review")
"""Tables that refuse to change what is in them."""
GUARDS: Mapping[str, frozenset[str]] = {
    "sqlite": frozenset(
        f"{table}_no_{act}" for table in APPEND_ONLY for act in ("update", "delete", "replace")
    ),
    "postgresql": frozenset(f"{table}_no_{act}" for table in APPEND_ONLY for act in ("change", "truncate")),
}
"""The triggers that refuse to change what only grows, by engine."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point of the chain that was noted elsewhere: in an export's manifest, in a backup, on paper."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven: number of events, and the head that later proofs can be compared with."""

    events: int
    seq: int
    """Number of the last event; more than `events` where a restored backup left a gap."""
    answers: int
    rows: int
    """Of all tables together."""
    head_hash: str


@dataclass(slots=True)
class _Telling:
    """What the trail has told so far."""

    told_in: dict[RowName, int] = field(default_factory=dict)
    """Row to the event that told of it last; of the tables in `rows` alone."""
    rows: dict[RowName, Row] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    """Rows of tables whose rows never change."""
    redactions: dict[RowName, int] = field(default_factory=dict)
    """Row of such a table to the event that tells of its free text being taken out."""
    redacted: dict[RowName, int] = field(default_factory=dict)
    """Row of such a table that is without its free text to the event that told of the row."""


def verify(session: Session, anchors: Iterable[Anchor] = ()) -> Proof:
    """Prove the chain from its first event to its head, and each row of each table against it.

    Raises:
        ChainBroken: names the first event or row that does not fit.
    """
    telling = _Telling()
    noted: dict[int, set[str]] = {}
    for anchor in anchors:
        noted.setdefault(anchor.seq, set()).add(anchor.hash)
    seq, last_hash = 0, FIRST_HASH
    batch: list[AuditEvent] = []
    restores: list[Restore] = []
    events = 0
    for event in events_in_order(session):
        events += 1
        restore = restore_told(event, seq)
        if restore is not None:
            restores.append(restore)
        seq = seq + 1 if restore is None else event.seq
        _check_link(event, seq, last_hash)
        _refuse_other(event, noted.pop(seq, ()), restores)
        last_hash = event.hash
        batch.append(event)
        if len(batch) == _ROWS_AT_ONCE:
            _take_in(session, telling, batch)
            batch = []
    _take_in(session, telling, batch)
    head = session.execute(select(AuditHead)).scalar_one_or_none()
    if (head.seq, head.hash) != (seq, last_hash) if head else seq != 0:
        raise ChainBroken(f"The chain ends at event {seq}, its head says otherwise: events were taken off.")
    _refuse_unseen(noted, seq, restores)
    _compare_redactions(telling)
    _compare_changing_rows(session, telling)
    rows = sum(telling.counts.values()) + len(telling.rows)
    return Proof(events, seq, telling.counts.get("answer", 0), rows, last_hash)


def missing_guards(session: Session) -> list[str]:
    """Triggers of the database that should refuse changes and are not there or are switched off, by name."""
    engine = session.get_bind().dialect.name
    if engine == "sqlite":
        there = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    else:
        there = session.execute(text("SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')"))
    return sorted(GUARDS[engine] - set(there.scalars()))


def _check_link(event: AuditEvent, seq: int, last_hash: str) -> None:
    if event.seq != seq:
        raise ChainBroken(f"Event {seq} is missing: the next one is {event.seq}.")
    if event.previous_hash != last_hash:
        raise ChainBroken(f"Event {seq} does not follow the event before it.")
    if event_hash(event) != event.hash:
        raise ChainBroken(f"Event {seq} was changed after it was written.")


def _refuse_other(event: AuditEvent, noted: Collection[str], restores: Sequence[Restore]) -> None:
    for one in sorted(noted):
        if one != event.hash:
            raise ChainBroken(
                why_not_here(event.seq, one, restores)
                or f"Event {event.seq} is another one than the one that was noted elsewhere."
            )


def _refuse_unseen(noted: Mapping[int, Collection[str]], last: int, restores: Sequence[Restore]) -> None:
    """Refuse heads whose numbers no event has, and tell what became of the first of them."""
    for seq in sorted(noted):
        for one in sorted(noted[seq]):
            raise ChainBroken(
                why_not_here(seq, one, restores)
                or f"The chain ends at event {last}, but event {seq} was noted elsewhere: "
                "events were taken off its end."
            )


def _take_in(session: Session, telling: _Telling, events: Iterable[AuditEvent]) -> None:
    fixed: dict[str, list[tuple[int, RowChange]]] = {}
    for event in events:
        for change in row_changes(event):
            if change["t"] in _NEVER_CHANGED and change["v"] == {"value": REDACTED}:
                telling.redactions[name_of(change)] = event.seq
            elif change["t"] in _NEVER_CHANGED:
                fixed.setdefault(change["t"], []).append((event.seq, change))
            else:
                apply(telling.rows, change)
                telling.told_in[name_of(change)] = event.seq
    tables = {table.name: table for table in told_tables()}
    for name, changes in fixed.items():
        telling.counts[name] = telling.counts.get(name, 0) + len(changes)
        for start in range(0, len(changes), _ROWS_AT_ONCE):
            _compare_fixed_rows(session, telling, tables[name], changes[start : start + _ROWS_AT_ONCE])


def _compare_fixed_rows(
    session: Session, telling: _Telling, table: Table, changes: list[tuple[int, RowChange]]
) -> None:
    keys = [tuple(change["k"]) for _, change in changes]
    query = select(table).where(tuple_(*table.primary_key.columns).in_(keys))
    there = {told_key(table, dict(row._mapping)): row for row in _readable(table, session.execute(query))}
    for seq, change in changes:
        told, row = change["v"], there.get(tuple(change["k"]))
        if row is not None and _is_redacted(row):
            telling.redacted[name_of(change)] = seq
            told = {**told, "value": REDACTED}
        _compare(table, tuple(change["k"]), told, row, seq)


def _is_redacted(row: Record[Any]) -> bool:
    found = row._mapping
    return "salt" in found and found["salt"] is None and found["value"] == REDACTED


def _compare_redactions(telling: _Telling) -> None:
    """What is without its free text is what the events tell of, and nothing else."""
    for table, key in telling.redacted.keys() ^ telling.redactions.keys():
        seq = telling.redactions.get((table, key)) or telling.redacted[table, key]
        raise ChainBroken(f"{table} {_shown(key)}: value is not what event {seq} tells.")


def _compare_changing_rows(session: Session, telling: _Telling) -> None:
    for table in told_tables():
        if table.name in _NEVER_CHANGED:
            _refuse_more_rows(session, table, telling.counts.get(table.name, 0))
            continue
        for row in _records(session, table):
            key = told_key(table, dict(row._mapping))
            name = (table.name, key)
            _compare(table, key, telling.rows.get(name), row, telling.told_in.pop(name, 0))
    for (table_name, key), seq in telling.told_in.items():
        if (table_name, key) in telling.rows:
            raise ChainBroken(f"Event {seq} tells of {table_name} {_shown(key)}, which is not there.")


def _compare(
    table: Table, key: tuple[Any, ...], told: Mapping[str, Any] | None, row: Record[Any] | None, seq: int
) -> None:
    if told is None:
        raise ChainBroken(f"No event tells of {table.name} {_shown(key)}: it was put in.")
    if row is None:
        raise ChainBroken(f"Event {seq} tells of {table.name} {_shown(key)}, which is not there.")
    found = told_row(table, dict(row._mapping))
    for column in sorted({*found, *told}):
        if found.get(column) != told.get(column):
            raise ChainBroken(f"{table.name} {_shown(key)}: {column} is not what event {seq} tells.")


def _refuse_more_rows(session: Session, table: Table, told: int) -> None:
    there = sum(1 for _ in _records(session, table))
    if there > told:
        raise ChainBroken(f"{table.name} has {there} rows, the events tell of {told}: rows were put in.")


def _records(session: Session, table: Table) -> Iterator[Record[Any]]:
    with session.execute(select(table).execution_options(yield_per=_ROWS_AT_ONCE)) as rows:
        yield from _readable(table, rows)


def _readable(table: Table, records: Iterable[Record[Any]]) -> Iterator[Record[Any]]:
    try:
        yield from records
    except (ValueError, TypeError) as error:
        sentence = f"A row of {table.name} holds a value that no event can have told: it is not of its kind."
        raise ChainBroken(sentence) from error


def _shown(key: tuple[Any, ...]) -> str:
    return "/".join(str(part) for part in key)
