"""Days and times as a participant reads them, in the language of the request and in Norwegian time."""

from datetime import date, datetime

from flask_babel import format_date, format_datetime, get_locale

from btb_pro import clock

_DAY = {"nb": "d. MMMM y", "en": "d MMMM y"}


def day_in_words(day: date) -> str:
    """``24. november 2026``, ``24 November 2026``."""
    return str(format_date(day, _DAY[str(get_locale())]))


def last_day_in_words(end: datetime) -> str:
    """The last day that lies before an instant at which something ends."""
    return day_in_words(clock.last_day(end))


def time_in_words(instant: datetime) -> str:
    """Day, hour and minute: ``24. november 2026 13:45``."""
    return str(format_datetime(instant, f"{_DAY[str(get_locale())]} HH:mm"))
