"""Fields that are changed in place, as they stood at a cut-off.

Most rows are written once and carry the number of their event. A visit's days and a link's dates move with
the participant's plans instead; the audit trail holds what each was before, so an export up to an old cut-off
takes later moves back.
"""

import json
from collections.abc import Collection, Mapping
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.base import AuditEvent


class AsOf:
    """The values of some fields at a cut-off, wherever they were changed after it. One query."""

    def __init__(self, session: Session, cutoff_seq: int, fields: Collection[str]) -> None:
        changes = _first_changes(session, cutoff_seq, frozenset(fields))
        self._earlier = {name: old for name, (_, old) in changes.items()}
        self._changed_by = {name: seq for name, (seq, _) in changes.items()}

    def text(self, kind: str, key: str, field: str, now: str | None) -> str | None:
        """A field of an object of the audit trail, given what it is now."""
        return self._earlier.get((kind, key, field), now)

    def instant(self, kind: str, key: str, field: str, now: datetime) -> datetime:
        """The same, of a field that is an instant and never empty.

        One that came out of nothing is that of a row made after the cut-off, such as a newer link of the
        visit; the row that was there before it still says itself what it was.
        """
        earlier = self._earlier.get((kind, key, field))
        return clock.read_utc(earlier) if earlier else now

    def instant_or_none(self, kind: str, key: str, field: str, now: datetime | None) -> datetime | None:
        """The same, of a field that is an instant or empty."""
        if (kind, key, field) not in self._earlier:
            return now
        earlier = self._earlier[kind, key, field]
        return clock.read_utc(earlier) if earlier else None

    def is_changed_by(self, kind: str, key: str, field: str, seq: int | None) -> bool:
        """Whether the field was changed after the cut-off, at the latest in an event; None: in any."""
        changed_by = self._changed_by.get((kind, key, field))
        return changed_by is not None and (seq is None or changed_by <= seq)

    def day(self, kind: str, key: str, field: str, now: date | None) -> date | None:
        """The same, of a field that is a day or empty."""
        if (kind, key, field) not in self._earlier:
            return now
        earlier = self._earlier[kind, key, field]
        return date.fromisoformat(earlier) if earlier else None


def _first_changes(
    session: Session, cutoff_seq: int, fields: Collection[str]
) -> Mapping[tuple[str, str, str], tuple[int, str | None]]:
    """The event of each field's first change after the cut-off, and what it was before."""
    # The text of the trail is canonical, so a field's name can be looked for before anything is parsed.
    holds_one = or_(*(AuditEvent.changes.contains(f'"field":"{field}"', autoescape=True) for field in fields))
    changes = session.execute(
        select(AuditEvent.seq, AuditEvent.changes)
        .where(AuditEvent.seq > cutoff_seq, holds_one)
        .order_by(AuditEvent.seq)
        .execution_options(yield_per=500)
    )
    first: dict[tuple[str, str, str], tuple[int, str | None]] = {}
    for seq, text in changes:
        for change in json.loads(text):
            if change["field"] in fields:
                first.setdefault((change["object"], change["key"], change["field"]), (seq, change["old"]))
    return first
