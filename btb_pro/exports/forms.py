"""What a form says of itself beside its answers: one instrument at one visit."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from btb_pro.exports.records import FieldRecord, VisitRecord
from btb_pro.instruments.model import Instrument


def form_records(visit: VisitRecord, instrument: Instrument) -> list[FieldRecord]:
    """The fields of one instrument at a visit; none when it is no part of it."""
    return [record for record in visit.fields.values() if record.instrument is instrument]


def form_facts(
    visit: VisitRecord, records: Sequence[FieldRecord], moment: Callable[[datetime], str]
) -> Mapping[str, str]:
    """By `names.FORM_FIELDS`; of several languages and modes the last that was used. Empty: not known.

    `moment` writes an instant.
    """
    rows = sorted((row for record in records for row in record.rows), key=lambda row: row.seq)
    # A correction is no part of how the form was filled in.
    entered = [row for row in rows if not row.is_correction]
    newest = next(reversed(entered or rows), None)
    return {
        "status": visit.status.value,
        "started_at": moment(entered[0].received_at) if entered else "",
        "submitted_at": moment(visit.submitted_at) if visit.submitted_at else "",
        "version": records[0].instrument_version,
        "lang": newest.language if newest else "",
        "mode": newest.origin.mode if newest and entered else "",
        "wording": newest.wording_sha256 if newest else "",
    }
