"""How long a visit's pages took on a screen, told by when they were shown and when answers came in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from btb_pro.exports.records import AnswerRow, VisitRecord

ON_SCREEN = ("own_phone", "clinic_tablet")
"""Modes in which the participant answers; what staff type in from paper takes them some other time."""


@dataclass(slots=True)
class PageTime:
    """All looks at one page together, in seconds."""

    seconds: float = 0.0
    """By the server's clock."""
    longest: float = 0.0
    """Where the phone told its own times, whichever is longer: what waited for coverage came in at once."""


def screen_rows(visit: VisitRecord) -> Iterator[tuple[str, AnswerRow]]:
    """Field code and row of what the participant answered on a screen, in no order."""
    for code, record in visit.fields.items():
        for row in record.rows:
            if row.shown_at is not None and row.origin.mode in ON_SCREEN:
                yield code, row


def page_times(visit: VisitRecord, pages: Mapping[str, str]) -> Mapping[str, PageTime]:
    """Page to how long it took; `pages` names the page of each form field.

    A look lasts from when the page was shown, or the answer before it came in, whichever is later, to the
    last answer on it. The phone's clock is asked for no more than how far apart two answers lay.
    """
    rows = [(pages[code], row) for code, row in screen_rows(visit) if code in pages]
    rows.sort(key=lambda one: (one[1].seq, one[1].session, one[0]))
    taken: dict[str, PageTime] = {}
    session, page, since, before = 0, "", None, None
    for on_page, row in rows:
        told, shown_at = _instant(row.device_at), row.shown_at or row.received_at
        if row.session != session or since is None:
            since, before = shown_at, None
        elif on_page != page:
            since = max(shown_at, since)
        seconds = max((row.received_at - since).total_seconds(), 0.0)
        apart = (told - before).total_seconds() if told is not None and before is not None else 0.0
        time = taken.setdefault(on_page, PageTime())
        time.seconds += seconds
        time.longest += max(seconds, apart)
        session, page, since, before = row.session, on_page, row.received_at, told
    return taken


def _instant(device_at: str | None) -> datetime | None:
    """What a phone said, if it is a time with an offset."""
    try:
        told = datetime.fromisoformat(device_at or "")
    except ValueError:
        return None
    return told if told.tzinfo is not None else None
