"""SIGKILL to the whole server group, at moments spread over what it does, while phones save."""

import random
import time
from pathlib import Path

from tests.faults.load import judge, make_phones, saving, wait_for_saves
from tests.faults.report import Result
from tests.faults.server import serving
from tests.support.engines import EngineName
from tests.support.world import make_world

_PHONES = 6


def kill_server(folder: Path, engine: EngineName, points: int, seed: int = 1) -> Result:
    """Kill so many times; each time the server has begun to save again, and dies within half a second."""
    moments = random.Random(seed)
    world = make_world(folder / "instance", engine=engine)
    try:
        phones = make_phones(world, _PHONES)
        slowest = 0.0
        with serving(world, folder / "server.log") as server, saving(phones, server.base_url):
            for _ in range(points):
                wait_for_saves(phones, 1)
                time.sleep(moments.uniform(0, 0.5))
                server.kill()
                killed_at = time.monotonic()
                server.start()
                wait_for_saves(phones, 1)
                slowest = max(slowest, time.monotonic() - killed_at)
        return Result(f"SIGKILL of the server group, {engine}", points, judge(world, phones), slowest)
    finally:
        world.close()
