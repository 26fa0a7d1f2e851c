"""Days and times as a participant reads them, in the language of the request and in Norwegian time."""

from datetime import date, datetime, timedelta

from flask_babel import format_date, format_datetime, format_time, get_locale

from btb_pro import clock

_DAY = {"nb": "d. MMMM y", "en": "d MMMM y"}
_AT = {"nb": "'kl.' HH:mm", "en": "'at' HH:mm"}


def day_in_words(day: date) -> str:
    """``24. november 2026``, ``24 November 2026``."""
    return str(format_date(day, _DAY[str(get_locale())]))


def last_day_in_words(end: datetime) -> str:
    """The last day that lies before an instant at which something ends."""
    return day_in_words(clock.last_day(end))


def time_in_words(instant: datetime) -> str:
    """Day, hour and minute: ``24. november 2026 kl. 13:45``, ``24 November 2026 at 13:45``."""
    language = str(get_locale())
    return str(format_datetime(instant, f"{_DAY[language]} {_AT[language]}"))


def minute_in_words(instant: datetime) -> str:
    """The first full minute at or after an instant: ``13:45``."""
    return str(format_time(instant + timedelta(seconds=59, milliseconds=999), "HH:mm"))
