"""What the page's script adds to a form: a key for each save, and the phone's own times."""

import re
from datetime import datetime

from flask import request

from btb_pro import clock

_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LONGEST_TIME = 35


def is_from_script() -> bool:
    """Whether the page's script sent this, which wants a status and no page."""
    return request.accept_mimetypes.best == "application/json"


def client_key(otherwise: str) -> str:
    """The key that the script made for this very save, else the page's own."""
    given = request.form.get("key", "")
    return given if _KEY.fullmatch(given) else otherwise


def device_time() -> str | None:
    """The phone's own time with its offset, as it said; nothing if it is no such time."""
    given = request.form.get("at", "")
    return given if _instant(given) is not None else None


def shown_time(made_at: datetime) -> datetime:
    """When the page came to be seen: a page may be fetched long before.

    The phone's word counts where it can be true, which is after the server made the page and before now.
    """
    shown_at = _instant(request.form.get("shown", ""))
    return shown_at if shown_at is not None and made_at <= shown_at <= clock.now() else made_at


def _instant(text: str) -> datetime | None:
    try:
        return clock.read_utc(text) if len(text) <= _LONGEST_TIME else None
    except (ValueError, OverflowError):
        return None
