"""Rows that are older than the trail's telling of rows."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.base import AuditEvent
from btb_pro.services.audit import Context, Tag, step, told_key, told_row
from btb_pro.services.replay import row_changes
from btb_pro.services.told_tables import told_tables


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
