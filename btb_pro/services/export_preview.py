"""A look at what an export would hold, before it is taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from btb_pro.exports.records import CutOff, Filters
from btb_pro.exports.tables import TableStyle, wide_header, wide_row
from btb_pro.models.participant import Participant, Visit
from btb_pro.models.response import Response
from btb_pro.services.asked_exports import AskedExport
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.export_making import opened, plan_of
from btb_pro.services.runtime import Runtime

_ROWS, _COLUMNS = 8, 14


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows and columns of the wide table, and how much there is."""

    cutoff_seq: int
    cutoff_at: datetime
    participants: int
    visits: int
    columns: int
    """Of the whole table."""
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def preview_export(runtime: Runtime, context: Context, asked: AskedExport) -> Preview:
    """Find an order sound, and read its first rows. That somebody saw them is noted.

    Raises:
        ExportRefused, MappingRefused: as `take_export` does.
    """
    plan = plan_of(runtime, asked)
    style = TableStyle(plan.options.names)
    with opened(runtime, plan) as dataset:
        header = wide_header(dataset.variables, style)
        rows = [
            wide_row(visit, dataset.variables, style)[:_COLUMNS] for visit in islice(dataset.visits(), _ROWS)
        ]
        cutoff = dataset.cutoff
    with runtime.database.writing() as session:
        participants, visits = _count(session, plan.filters, cutoff)
        with step(session, context, Tag.EXPORT_PREVIEW) as event:
            event.change("export", "preview", "cutoff_seq", None, f"{cutoff.seq}")
            event.change("export", "preview", "options", None, plan.as_json)
        session.commit()
    return Preview(cutoff.seq, cutoff.at, participants, visits, len(header), header[:_COLUMNS], rows)


def _count(session: Session, filters: Filters, cutoff: CutOff) -> tuple[int, int]:
    """How many participants and visits have something in an export."""
    is_begun = select(Response.id).where(Response.visit_id == Visit.id, Response.event_seq <= cutoff.seq)
    is_sent_in = Visit.submitted_seq <= cutoff.seq
    query = (
        select(func.count(func.distinct(Visit.participant_id)), func.count())
        .select_from(Visit)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(is_sent_in if filters.submitted_only else or_(is_sent_in, is_begun.exists()))
    )
    if filters.visits:
        query = query.where(Visit.code.in_(filters.visits))
    if filters.sites:
        query = query.where(Participant.site_code.in_(filters.sites))
    participants, visits = session.execute(query).one()
    return int(participants), int(visits)
