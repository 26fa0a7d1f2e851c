"""So many turns in so many seconds, counted in the database, so that every process counts together."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.staff import RateCount


@dataclass(frozen=True, slots=True)
class Quota:
    """How many turns anybody has within a window, which begins with the first one."""

    name: str
    """Short, lower snake case: part of the key in the table."""
    most: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What became of asking for a turn."""

    quota: Quota
    is_granted: bool
    left: int
    """How many more there are in this window."""
    begins_anew_at: datetime
    """When the next window may begin."""


def take_turn(session: Session, quota: Quota, whom: str, secret_key: str) -> Turn:
    """Count a turn, if there is one left. Within a writing session, so that none side by side is missed; the
    caller commits.
    """
    key = _key(quota, whom, secret_key)
    now, window = clock.now(), timedelta(seconds=quota.window_s)
    row = session.get(RateCount, key)
    if row is None:
        row = RateCount(key=key, failures=0, since=now)
        session.add(row)
    if row.since + window <= now:
        row.failures, row.since = 0, now
    is_granted = row.failures < quota.most
    if is_granted:
        row.failures += 1
    session.flush()
    return Turn(quota, is_granted, quota.most - row.failures, row.since + window)


def _key(quota: Quota, whom: str, secret_key: str) -> str:
    digest = hmac.new(secret_key.encode(), f"{quota.name}\n{whom}".encode(), hashlib.sha256).hexdigest()
    return f"{quota.name}:{digest[:48]}"
