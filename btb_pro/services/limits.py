"""Slowing down whoever tries too often: pauses that grow, and never a lock that stays.

Failures are counted in the database, so that every process of an instance counts together. Whom a count is
about stands there as a keyed hash only. Typical use, in one writing transaction, before the costly check:

    until = count_or_wait(session, LIMIT, address, key)     # counted first: tries side by side count too
    session.commit()
    ...                                                     # the check; if it went well: forget(...)
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.staff import RateCount

_LONGEST_DOUBLING = 30


@dataclass(frozen=True, slots=True)
class Limit:
    """How one kind of failure is slowed.

    The first `free` failures within `window` cost nothing; the next one costs a pause of one second, and each
    further one twice the pause before, up to `longest`. `window` after the first failure, counting begins
    anew.
    """

    name: str
    """Short, lower snake case: part of the key in the table."""
    free: int
    longest: timedelta
    window: timedelta

    def pause(self, failures: int) -> timedelta:
        """How long to wait after so many failures."""
        over = failures - self.free
        if over <= 0:
            return timedelta(0)
        return min(self.longest, timedelta(seconds=2 ** min(over - 1, _LONGEST_DOUBLING)))


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a try comes from."""

    network: str
    """As `network_of` writes it."""
    browsers: Mapping[int, str]
    """Accounts that have signed in here before, each with the name that this browser has for it."""


def wait_until(session: Session, limit: Limit, whom: str, secret_key: str) -> datetime | None:
    """Until when nothing more may be tried, or None if it may be tried now.

    `whom` is what is counted: an address of `network_of`, an account, both joined, or "" for everybody at
    once.
    """
    query = select(RateCount.blocked_until).where(RateCount.key == _key(limit, whom, secret_key))
    until = session.execute(query).scalar_one_or_none()
    return until if until is not None and until > clock.now() else None


def count_or_wait(session: Session, limit: Limit, whom: str, secret_key: str) -> datetime | None:
    """Count a try that is about to be made as a failure, unless nothing may be tried until the instant given.

    Of tries side by side each sees those before it, on every database.
    """
    row = _row(session, limit, _key(limit, whom, secret_key))
    if row.blocked_until is not None and row.blocked_until > clock.now():
        return row.blocked_until
    _count(session, limit, row)
    return None


def note_failure(session: Session, limit: Limit, whom: str, secret_key: str) -> None:
    """Count a failure, and set the pause that it costs. Within a writing session; the caller commits."""
    _count(session, limit, _row(session, limit, _key(limit, whom, secret_key)))


def _count(session: Session, limit: Limit, row: RateCount) -> None:
    now = clock.now()
    if row.since + limit.window <= now:
        row.failures, row.since = 0, now
    row.failures += 1
    pause = limit.pause(row.failures)
    if pause:
        row.blocked_until = max(now + pause, row.blocked_until or now)
    session.flush()


def failures(session: Session, limit: Limit, whom: str, secret_key: str) -> int:
    """How many failures count at present."""
    row = session.get(RateCount, _key(limit, whom, secret_key))
    return 0 if row is None or row.since + limit.window <= clock.now() else row.failures


def take_back(session: Session, limit: Limit, whom: str, secret_key: str) -> None:
    """Undo one failure and the pause that it set: that try went well. Earlier ones count on."""
    row = session.get(RateCount, _key(limit, whom, secret_key), with_for_update=True)
    if row is not None:
        row.failures = max(0, row.failures - 1)
        row.blocked_until = None
        session.flush()


def forget(session: Session, limit: Limit, whom: str, secret_key: str) -> None:
    """Take back every failure counted: it went well after all. The caller commits."""
    session.execute(delete(RateCount).where(RateCount.key == _key(limit, whom, secret_key)))


def network_of(address: str) -> str:
    """What to count for an IP address: the address itself, or the /64 that one IPv6 customer is given."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, 64), strict=False))


def _row(session: Session, limit: Limit, key: str) -> RateCount:
    """The count of a key, locked until the transaction ends; a new one if there is none."""
    query = select(RateCount).where(RateCount.key == key).with_for_update()
    row = session.execute(query).scalar_one_or_none()
    if row is not None:
        return row
    _forget_old(session, limit)
    try:
        with session.begin_nested():
            row = RateCount(key=key, failures=0, since=clock.now())
            session.add(row)
    except IntegrityError:
        # Another process counted the same first failure meanwhile.
        row = session.execute(query).scalar_one()
    return row


def _forget_old(session: Session, limit: Limit) -> None:
    """Leave no count behind that counts no more, so that the table stays as small as the trouble is."""
    now = clock.now()
    session.execute(
        delete(RateCount).where(
            RateCount.key.startswith(f"{limit.name}:", autoescape=True),
            RateCount.since <= now - limit.window,
            (RateCount.blocked_until.is_(None)) | (RateCount.blocked_until <= now),
        )
    )


def _key(limit: Limit, whom: str, secret_key: str) -> str:
    digest = hmac.new(secret_key.encode(), f"{limit.name}\n{whom}".encode(), hashlib.sha256).hexdigest()
    return f"{limit.name}:{digest[:48]}"
