"""Noticing that somebody set the server's clock, and writing it into the audit trail.

Order in the trail is by number and does not mind; but windows, reminders and the times that are stored do,
so whoever reads them later must be told from which event on the clock was another one.
"""

import json
import logging
import secrets
import socket
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.damage import DATABASE_FAILURES
from btb_pro.models.base import AuditEvent
from btb_pro.services.audit import Actor, Context, Tag, step
from btb_pro.services.runtime import Runtime

LEAST_STEP = timedelta(seconds=2)
_LOOK_EVERY_S = 1.0
_AT_ONCE_S = 0.1
_NEWS_FOR = timedelta(days=30)
_SAME_STEP = timedelta(seconds=60)
"""Every process of an instance notices a step; what is noticed within this time is one step."""
_log = logging.getLogger("btb_pro.clock")


@dataclass(frozen=True, slots=True)
class ClockStep:
    """A step that the trail tells of."""

    seq: int
    at: datetime
    """By the clock as it was set to."""
    seconds: float
    """Positive when it was set forward."""


class ClockWatch:
    """One process's watch over its clock: against the machine's own counter, and against the trail."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        self._runtime = runtime
        self._actor = Actor("job", name)
        self._ahead = _ahead_of_counter()
        self._unwritten = timedelta(0)
        self._has_asked_trail = False
        self._has_complained = False

    def look(self) -> ClockStep | None:
        """Write a step that happened since the last look; the first look also asks the trail.

        A step that the database does not take now is written at a later look.
        """
        if clock.is_stopped():
            return None
        ahead = _ahead_of_counter()
        stepped, self._ahead = ahead - self._ahead, ahead
        if abs(stepped) >= LEAST_STEP:
            self._unwritten += stepped
        try:
            if abs(self._unwritten) >= LEAST_STEP:
                return self._write(self._unwritten, "counter")
            if not self._has_asked_trail:
                return self._compare_with_trail()
        except DATABASE_FAILURES as error:
            if not self._has_complained:
                _log.warning("a step of the clock is not in the trail yet: %s", type(error).__name__)
            self._has_complained = True
        return None

    def go_on(self, stop: threading.Event | None = None) -> None:
        """Look every second, until told to stop or the process ends."""
        stop = stop or threading.Event()
        while not stop.wait(_LOOK_EVERY_S):
            self.look()

    def _compare_with_trail(self) -> ClockStep | None:
        with self._runtime.database.reading() as session:
            behind = clock.now() - _newest_at(session)
        self._has_asked_trail = True
        return self._write(behind, "trail") if behind <= -LEAST_STEP else None

    def _write(self, by: timedelta, seen_by: str) -> ClockStep | None:
        context = Context(self._actor, secrets.token_hex(6), self._runtime.study.version)
        with self._runtime.database.writing() as session:
            is_known = _is_known(session, by, seen_by)
            seconds = f"{by.total_seconds():+.3f}"
            if not is_known:
                with step(session, context, Tag.CLOCK_STEP) as event:
                    host = socket.gethostname()[:60]
                    event.change("clock", host, "step_seconds", None, seconds)
                    event.change("clock", host, "seen_by", None, seen_by)
                session.commit()
        self._unwritten, self._has_asked_trail = timedelta(0), True
        if is_known:
            return None
        _log.warning("the clock was set by %s s, noted as event %d", seconds, event.seq)
        return ClockStep(event.seq, event.at, by.total_seconds())


def last_clock_step(session: Session) -> ClockStep | None:
    """The newest step that the trail tells of."""
    query = select(AuditEvent).where(AuditEvent.tag == Tag.CLOCK_STEP.value).order_by(AuditEvent.seq.desc())
    event = session.execute(query.limit(1)).scalar_one_or_none()
    return _told(event) if event is not None else None


def clock_step_in_the_news(session: Session) -> ClockStep | None:
    """The newest step, if it is so recent that somebody should still be told."""
    last = last_clock_step(session)
    return last if last is not None and clock.now() - last.at <= _NEWS_FOR else None


def _told(event: AuditEvent) -> ClockStep:
    changes = {change["field"]: change["new"] for change in json.loads(event.changes)}
    return ClockStep(event.seq, event.at, float(changes["step_seconds"]))


def _is_known(session: Session, by: timedelta, seen_by: str) -> bool:
    if seen_by == "trail":
        # Another process was quicker: its own event stands at the end, by the clock as it is now.
        return clock.now() - _newest_at(session) > -LEAST_STEP
    last = last_clock_step(session)
    if last is None or abs(clock.now() - last.at) > _SAME_STEP:
        return False
    return abs(last.seconds - by.total_seconds()) < LEAST_STEP.total_seconds()


def _newest_at(session: Session) -> datetime:
    newest = select(func.max(AuditEvent.seq)).scalar_subquery()
    at = session.execute(select(AuditEvent.at).where(AuditEvent.seq == newest)).scalar_one_or_none()
    return at if at is not None else clock.now()


def _ahead_of_counter() -> timedelta:
    """How far the clock is ahead of a counter that nobody can set."""
    while True:
        before = time.monotonic()
        now = clock.now()
        # On a busy machine a process may rest between the two readings, which would look like a step.
        if time.monotonic() - before < _AT_ONCE_S:
            return now - datetime.fromtimestamp(before, tz=UTC)
