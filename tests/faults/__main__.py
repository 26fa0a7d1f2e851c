"""`make faults`: every fault in turn, as a table. Ends with an error if one row is not as it must be."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from btb_pro.migrate import newest_revision
from tests.faults.disks import fill_disk, forbid_writes
from tests.faults.kills import kill_server
from tests.faults.locks_and_clocks import lock_file, step_clock
from tests.faults.migrations import kill_migration
from tests.faults.power_cut import cut_power
from tests.faults.report import HEADING, Result, line
from tests.faults.servers_down import fail_over, kill_database, lock_database, restart_database
from tests.faults.stops import stop_server
from tests.faults.workers import kill_worker
from tests.faults.writers import write_at_once
from tests.support.engines import EngineName, close_server
from tests.support.older import EVERY_RELEASED

_Fault = Callable[[Path], Result]


def faults(is_long: bool) -> Iterator[_Fault]:
    """Each fault, still to be given a folder."""
    for engine in EngineName:
        yield partial(kill_server, engine=engine, points=2_000 if is_long else 200)
        yield partial(kill_worker, engine=engine, points=500 if is_long else 50)
    for engine in EngineName:
        yield partial(write_at_once, engine=engine, rows=500)
        yield partial(step_clock, engine=engine)
        yield partial(stop_server, engine=engine, points=100 if is_long else 10)
    for engine in EngineName:
        for revision in EVERY_RELEASED:
            if revision != newest_revision():
                yield partial(kill_migration, engine=engine, revision=revision)
    yield partial(lock_file, points=10 if is_long else 1)
    yield partial(fill_disk, points=50 if is_long else 5)
    yield partial(forbid_writes, points=1)
    yield partial(restart_database, points=50 if is_long else 5)
    yield partial(kill_database, points=200 if is_long else 20)
    yield partial(lock_database, points=10 if is_long else 1)
    yield partial(fail_over, points=50 if is_long else 5)
    yield partial(cut_power, saves=100, seeds=20 if is_long else 1)
    yield partial(cut_power, saves=100, synchronous="NORMAL")


def main() -> int:
    """Run, print, and say whether all rows are as they must be."""
    parser = argparse.ArgumentParser(description="What is lost when something fails under load?")
    parser.add_argument("--long", action="store_true", help="ten times the points, for a night")
    parser.add_argument("--only", default="", help="faults whose row holds these words")
    told = parser.parse_args()
    is_good = True
    print(HEADING, flush=True)
    try:
        for fault in faults(told.long):
            if told.only not in repr(fault):
                continue
            began = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="btb-faults-") as folder:
                result = fault(Path(folder))
            is_good = is_good and result.is_as_it_must_be
            print(line(result, time.monotonic() - began), flush=True)
    finally:
        close_server()
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
