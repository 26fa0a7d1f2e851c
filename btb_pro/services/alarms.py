"""Writing to whoever keeps the instance running when something needs them before they look by themselves.

What is told lies in a file beside the database and not in it: a damaged database can note nothing.
"""

import fcntl
import html
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import IO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.config import Settings
from btb_pro.damage import DATABASE_FAILURES
from btb_pro.messaging.email import Mail, make_message, send_mail
from btb_pro.messaging.outcome import Fate, Outcome
from btb_pro.models.base import AuditEvent, AuditHead
from btb_pro.services.clock_steps import last_clock_step
from btb_pro.services.handing_over import message_id
from btb_pro.services.health import Grade, find_damage_note, find_room
from btb_pro.services.last_backup import BACKUP_EVERY, last_backup_at
from btb_pro.services.runtime import Runtime

_DAY = timedelta(hours=24)
_LOOKS_EVERY_S = 60.0
_TRIES_AGAIN_S = 600.0
_FILE = "alarms.json"
_MEND = (
    "Run btb-pro doctor on the server: it says how to mend it. This is said once a day until it is mended."
)


class Cause(StrEnum):
    """What an alarm is about."""

    DAMAGE = "damage"
    CLOCK = "clock"
    BACKUP = "backup"
    ROOM = "room"
    HEAD = "head"
    """No trouble, but a head of the audit trail that lies outside the database, each week a new one."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that somebody must see to. Its words hold nothing that anybody entered."""

    cause: Cause
    subject: str
    says: str
    mark: str = ""
    """What tells one occurrence from the next; empty for what goes on until it is mended."""
    then: str = _MEND
    """What to do."""


@dataclass(frozen=True, slots=True)
class Rung:
    """An alarm that was handed to the mail server, and what became of it."""

    cause: Cause
    outcome: Outcome


class AlarmBell:
    """One worker's look at what needs a person; several on one instance share what was told already."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._rests_until = 0.0

    def ring(self) -> list[Rung]:
        """Write once a day at most for each cause. Nothing where no address is set; looks once a minute.

        What the mail server does not take is tried again after ten minutes.
        """
        if not self._runtime.settings.alarm_to or time.monotonic() < self._rests_until:
            return []
        self._rests_until = time.monotonic() + _LOOKS_EVERY_S
        rung = []
        for alarm in find_alarms(self._runtime):
            with _told(self._runtime.settings.instance) as told:
                if told is None or not _is_due(alarm, told):
                    continue
                outcome = _send(self._runtime, alarm)
                # What may have gone out is not sent again.
                if outcome.fate in (Fate.ACCEPTED, Fate.UNKNOWN):
                    told[alarm.cause] = f"{clock.utc_text(clock.now())} {alarm.mark}"
                else:
                    self._rests_until = time.monotonic() + _TRIES_AGAIN_S
            rung.append(Rung(alarm.cause, outcome))
        return rung


def find_alarms(runtime: Runtime) -> list[Alarm]:
    """What needs a person now. What a database that does not answer would tell is left out."""
    found = [_damage(runtime.settings), _room(runtime.settings)]
    try:
        with runtime.database.reading() as session:
            found += [_clock(session), _backup(session), _head(session)]
    except DATABASE_FAILURES:
        pass
    return [alarm for alarm in found if alarm is not None]


def _damage(settings: Settings) -> Alarm | None:
    finding = find_damage_note(settings)
    if finding.grade is Grade.OK or finding.code != "found":
        return None
    says = (
        f"The database was found damaged ({finding.facts['kind']}), noticed at {finding.facts['since']}. "
        "Nothing is saved any more, and pages say so."
    )
    return Alarm(Cause.DAMAGE, "the database is damaged", says)


def _room(settings: Settings) -> Alarm | None:
    finding = find_room(settings)
    if finding.grade is Grade.OK:
        return None
    free = finding.facts.get("free_mb", "?")
    says = f"{free} MB are free on the disk. Answers are refused when it is full."
    return Alarm(Cause.ROOM, "the disk is nearly full", says)


def _clock(session: Session) -> Alarm | None:
    last = last_clock_step(session)
    if last is None or abs(clock.now() - last.at) > _DAY:
        return None
    says = (
        f"The server's clock was set by {last.seconds:+.0f} s, noticed at {clock.local_text(last.at)} "
        f"(event {last.seq} of the audit trail). Times around it are off by as much."
    )
    return Alarm(Cause.CLOCK, "the clock was set", says, f"{last.seq}")


def _backup(session: Session) -> Alarm | None:
    last = last_backup_at(session)
    # A new instance has a day to take its first.
    since = last or session.execute(select(func.min(AuditEvent.at))).scalar_one()
    if since is None or clock.now() - since <= BACKUP_EVERY:
        return None
    when = f"The last backup was taken at {clock.local_text(last)}" if last else "No backup was ever taken"
    return Alarm(
        Cause.BACKUP, "no backup is taken", f"{when}. If the disk fails now, everything since is lost."
    )


def _head(session: Session) -> Alarm | None:
    head = session.execute(select(AuditHead)).scalar_one()
    year, week, _ = clock.today().isocalendar()
    anchor = f"{head.seq}:{head.hash}"
    return Alarm(
        Cause.HEAD,
        "the head of the audit trail",
        f"The audit trail ends at {anchor}.",
        f"{year}-{week}",
        "Keep this message: btb-pro audit verify --anchor with that text proves later that nothing up to "
        "there was taken away. One comes each week.",
    )


def _is_due(alarm: Alarm, told: Mapping[str, str]) -> bool:
    at, _, mark = told.get(alarm.cause, "").partition(" ")
    try:
        # A clock that was set back must not silence anything.
        is_old = abs(clock.now() - clock.read_utc(at)) >= _DAY
    except ValueError:
        return True
    return is_old and (not alarm.mark or mark != alarm.mark)


def _send(runtime: Runtime, alarm: Alarm) -> Outcome:
    settings = runtime.settings
    if settings.mail_server is None:
        return Outcome(Fate.REFUSED, "channel_off")
    says = [
        f"btb_pro at {settings.base_url}:",
        alarm.says,
        alarm.then,
    ]
    mail = Mail(
        to=settings.alarm_to,
        subject=f"btb_pro: {alarm.subject}",
        text="\n\n".join(says) + "\n",
        html="".join(f"<p>{html.escape(one)}</p>" for one in says),
        language="en",
        message_id=message_id(runtime, 0, f"alarm/{alarm.cause}/{clock.utc_text(clock.now())}"),
        made_at=clock.now(),
    )
    return send_mail(settings.mail_server, make_message(mail, settings.mail_from))


@contextmanager
def _told(instance: Path) -> Iterator[dict[str, str] | None]:
    """What was told when, to be changed in the block; None while another worker is at it."""
    descriptor = os.open(instance / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        told = _read(file)
        yield told
        file.seek(0)
        file.truncate()
        json.dump(told, file)


def _read(file: IO[str]) -> dict[str, str]:
    """What a file holds; nothing if it is new or was cut short: better to tell twice than not at all."""
    try:
        told = json.load(file)
    except ValueError:
        return {}
    return {str(cause): str(when) for cause, when in told.items()} if isinstance(told, dict) else {}
