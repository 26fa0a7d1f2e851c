"""When a message may go out by the clock on the wall in Norway."""

from datetime import UTC, date, datetime, time, timedelta

from btb_pro.clock import OSLO
from btb_pro.study import QuietHours

_MINUTE = timedelta(minutes=1)


def is_quiet(hours: QuietHours, at: datetime) -> bool:
    """Whether no message goes out at an instant. What the wall shows decides, when the clocks change too."""
    shown = at.astimezone(OSLO).time().replace(fold=0)
    if hours.start < hours.end:
        return hours.start <= shown < hours.end
    return shown >= hours.start or shown < hours.end


def next_loud(hours: QuietHours, at: datetime) -> datetime:
    """The first instant from `at` on, to the minute, at which a message may go out."""
    at = at.astimezone(UTC)
    if not is_quiet(hours, at):
        return at
    # Minute by minute, since an end may be shown twice in a night, or never.
    at = at.replace(second=0, microsecond=0)
    while is_quiet(hours, at):
        at += _MINUTE
    return at


def day_begins(hours: QuietHours, day: date) -> datetime:
    """The first instant of a Norwegian day at which a message may go out."""
    return next_loud(hours, datetime.combine(day, time(), OSLO))
