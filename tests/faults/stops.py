"""SIGTERM while pages are open and being saved, as at an upgrade: the server ends, a new one takes over."""

import signal
import time
from pathlib import Path

from tests.faults.load import Phone, judge, make_phones, saving, wait_for_saves
from tests.faults.report import Result
from tests.faults.server import serving
from tests.support.engines import EngineName
from tests.support.world import make_world

_STOPS_WITHIN_S = 60
_RESTS_S = 1.0


def stop_server(folder: Path, engine: EngineName, pages: int = 50, points: int = 1) -> Result:
    """Stop and start so many times under so many open pages; each page saves before and after.

    Raises:
        AssertionError: the server did not end by itself, or a page saves no more.
    """
    world = make_world(folder / "instance", engine=engine)
    try:
        phones = make_phones(world, pages)
        slowest = 0.0
        with serving(world, folder / "server.log") as server, saving(phones, server.base_url, _RESTS_S):
            for _ in range(points):
                wait_for_saves(phones, pages)
                stopped_at = time.monotonic()
                assert server.stop(signal.SIGTERM, _STOPS_WITHIN_S) == 0
                before = [len(phone.acknowledged) for phone in phones]
                server.start()
                _wait_for_each(phones, before)
                slowest = max(slowest, time.monotonic() - stopped_at)
        return Result(f"SIGTERM under {pages} open pages, {engine}", points, judge(world, phones), slowest)
    finally:
        world.close()


def _wait_for_each(phones: list[Phone], before: list[int], timeout_s: float = 120) -> None:
    """Every page that was open has saved since."""
    end = time.monotonic() + timeout_s
    while any(len(phone.acknowledged) <= number for phone, number in zip(phones, before, strict=True)):
        assert time.monotonic() < end, "a page that was open saves no more"
        time.sleep(0.05)
