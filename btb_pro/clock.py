"""The only place that asks what time it is.

Instants are UTC, cut to milliseconds so that what is hashed, stored and exported is one value. Europe/Oslo
is for showing and for days, never for order.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")

_stopped: ContextVar[datetime | None] = ContextVar("stopped", default=None)


def now() -> datetime:
    """The present instant, UTC, cut to milliseconds."""
    instant = _stopped.get() or datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Within it, and in this thread alone, `now` is that instant.

    For the made-up study, whose past must be told in its order, and for tests; nothing else may use it.

    Raises:
        ValueError: the instant has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    token = _stopped.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _stopped.reset(token)


def is_stopped() -> bool:
    """Whether the time is told by `at`: then nothing can be concluded from it about the machine's clock."""
    return _stopped.get() is not None


def today() -> date:
    """The present day in Norway."""
    return now().astimezone(OSLO).date()


def utc_text(instant: datetime) -> str:
    """ISO 8601 in UTC with milliseconds: ``2026-01-31T10:00:00.000Z``."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_text(instant: datetime) -> str:
    """ISO 8601 in Norwegian time with its offset: ``2026-01-31T11:00:00.000+01:00``."""
    return instant.astimezone(OSLO).isoformat(timespec="milliseconds")


def last_day(end: datetime) -> date:
    """The last day in Norway that lies before an instant at which something ends."""
    return (end - timedelta(milliseconds=1)).astimezone(OSLO).date()


def read_utc(text: str) -> datetime:
    """The instant that `utc_text` wrote.

    Raises:
        ValueError: the text is no ISO 8601 instant with an offset.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs its offset")
    return instant.astimezone(UTC)
