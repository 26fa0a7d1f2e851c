"""SIGKILL to `btb-pro work` while it sends: nobody gets an e-mail twice, nobody is forgotten."""

from pathlib import Path

from tests.faults.load import Verdict
from tests.faults.report import Result
from tests.support.engines import EngineName
from tests.support.killed_workers import kill_while_sending
from tests.support.world import make_world


def kill_worker(folder: Path, engine: EngineName, points: int, people: int = 500) -> Result:
    """Acknowledged is what was noted as sent; lost, who has nothing and is not on Today either."""
    world = make_world(folder / "instance", engine=engine)
    try:
        tally = kill_while_sending(world, people, points)
    finally:
        world.close()
    name = f"SIGKILL of a worker, {engine.value}: {tally.unknown} on Today"
    lost = tally.forgotten + tally.wrongly_sent + (not tally.is_on_today)
    return Result(name, points, Verdict(tally.noted_sent, lost, tally.twice, 0, 0))
