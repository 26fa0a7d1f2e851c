"""The tables that the audit trail tells, and taking in rows that are older than its telling of rows."""

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from btb_pro.models.base import AuditEvent
from btb_pro.models.every import every_table
from btb_pro.services.audit import UNTOLD, Context, Tag, step, told_key, told_row
from btb_pro.services.replay import row_changes


def told_tables() -> list[Table]:
    """Every table whose rows the trail tells, those that are referred to before those that refer."""
    return [table for table in every_table() if table.name not in UNTOLD]


def take_in_older_rows(session: Session, context: Context) -> int:
    """Let the trail tell the rows that no event tells of, as they are now; how many those are.

    Only a database that was upgraded has such rows, and only once: events from before its upgrade tell
    named changes, not rows.
    """
    older = select(AuditEvent.seq).where(AuditEvent.row_changes.is_(None))
    taken_in = select(AuditEvent.seq).where(AuditEvent.tag == Tag.TRAIL_TAKE_IN.value)
    if session.execute(older).first() is None or session.execute(taken_in).first() is not None:
        return 0
    newer = select(AuditEvent).where(AuditEvent.row_changes.is_not(None))
    told = {
        (change["t"], tuple(change["k"]))
        for event in session.execute(newer).scalars()
        for change in row_changes(event)
    }
    with step(session, context, Tag.TRAIL_TAKE_IN) as event:
        for table in told_tables():
            for record in session.execute(select(table)):
                values = dict(record._mapping)
                key = told_key(table, values)
                if (table.name, key) not in told:
                    event.rows.append({"t": table.name, "k": list(key), "v": told_row(table, values)})
        count = len(event.rows)
        if count:
            event.change("trail", "rows", "taken_in", None, str(count))
    return count
