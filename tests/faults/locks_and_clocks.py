"""SQLite locked by another process under load, and a server clock that steps between saves."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.response import Answer
from tests.faults.load import FIELD, Phone, judge, make_phones, saving, wait_for_saves
from tests.faults.report import Result
from tests.faults.server import serving
from tests.support.engines import EngineName
from tests.support.world import World, make_world

_PHONES = 4
_LOCKED_S = 30
_STEPS = {
    "three hours back": timedelta(hours=-3),
    "two days on": timedelta(days=2),
    "400 days on": timedelta(days=400),
    "400 days back": timedelta(days=-400),
    "forty years on": timedelta(days=14_610),
}
# The hour that Oslo skips, and the hour that it has twice.
_OSLO_NIGHTS = (datetime(2027, 3, 28, 0, 59, tzinfo=UTC), datetime(2027, 10, 31, 0, 59, tzinfo=UTC))


def lock_file(folder: Path, points: int) -> Result:
    """Another process keeps the write lock for half a minute, longer than the app waits."""
    world = make_world(folder / "instance", engine=EngineName.SQLITE)
    phones = make_phones(world, _PHONES)
    slowest = 0.0
    with serving(world, folder / "server.log") as server, saving(phones, server.base_url):
        for _ in range(points):
            wait_for_saves(phones, 20)
            other = sqlite.connect(str(world.folder / "btb.db"), isolation_level=None, timeout=10)
            other.execute("BEGIN IMMEDIATE")
            time.sleep(_LOCKED_S)
            other.execute("ROLLBACK")
            other.close()
            over_at = time.monotonic()
            wait_for_saves(phones, _PHONES)
            slowest = max(slowest, time.monotonic() - over_at)
    verdict = judge(world, phones)
    world.close()
    return Result(f"SQLite locked for {_LOCKED_S} s", points, verdict, slowest)


def step_clock(folder: Path, engine: EngineName) -> Result:
    """Save, let the server's clock step, save, let it step back, save: order and number stay as they came."""
    world = make_world(folder / "instance", engine=engine)
    points = 0
    began = clock.now()
    phones = make_phones(world, 1)
    for step in _STEPS.values():
        for moment in (began, began + step, began):
            points += 1
            _save_at(world, phones[0], moment)
    for night in _OSLO_NIGHTS:
        with clock.at(night):
            (phone,) = _phones_of(world, phones)
        for minutes in (0, 2, 61, 62, 121, 1):
            points += 1
            _save_at(world, phone, night + timedelta(minutes=minutes))
    _assert_order(world, phones)
    verdict = judge(world, phones)
    world.close()
    return Result(f"clock steps and both nights of Oslo, {engine}", points, verdict)


def _phones_of(world: World, phones: list[Phone]) -> list[Phone]:
    """One more participant, who starts now: an old link is over by then."""
    phones += make_phones(world, 1, first=len(phones) + 1)
    return phones[-1:]


def _save_at(world: World, phone: Phone, moment: datetime) -> None:
    with clock.at(moment):
        phone.save_in_process(world)


def _assert_order(world: World, phones: list[Phone]) -> None:
    """Rows and events stand in the order in which they came, whatever the clock said."""
    with world.reading() as session:
        rows = session.execute(
            select(Answer.client_key, AuditEvent.seq)
            .join(AuditEvent, AuditEvent.seq == Answer.event_seq)
            .where(Answer.item == FIELD)
            .order_by(Answer.id)
        ).all()
    for phone in phones:
        own = [(row.client_key, row.seq) for row in rows if row.client_key.startswith(phone.name)]
        assert own == sorted(own)
        assert [key for key, _ in own] == list(phone.acknowledged)
