"""`make faults`: every fault, two at a time, as a table. Ends with an error if a row is not as it must be."""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context

from btb_pro.migrate import newest_revision
from tests.faults.backups import back_up
from tests.faults.disks import spoil_disk
from tests.faults.histories import two_phones
from tests.faults.kills import kill_server
from tests.faults.locks_and_clocks import lock_file, step_clock
from tests.faults.migrations import kill_migration
from tests.faults.power_cut import cut_power
from tests.faults.report import HEADING, Fault, NotAsItMustBe, meet
from tests.faults.restores import kill_restore
from tests.faults.servers_down import fail_over, freeze_database, lock_database, restart_database
from tests.faults.stops import stop_server
from tests.faults.workers import kill_worker
from tests.faults.writers import write_at_once
from tests.support.engines import EngineName
from tests.support.older import EVERY_RELEASED

_AT_ONCE = 2


def faults(is_long: bool) -> Iterator[Fault]:
    """Each fault, still to be given a folder; the long ones first, so that none is waited for at the end."""
    for engine in EngineName:
        yield partial(kill_server, engine=engine, points=2_000 if is_long else 200)
    for journal in ("wal", "truncate"):
        yield partial(cut_power, saves=100, journal=journal, seeds=20 if is_long else 1)
    yield partial(two_phones, engine=EngineName.SQLITE, histories=5_000 if is_long else 500)
    yield partial(two_phones, engine=EngineName.POSTGRESQL, histories=2_500 if is_long else 250)
    yield partial(fail_over, points=50 if is_long else 5)
    for engine in EngineName:
        yield partial(kill_worker, engine=engine, points=500 if is_long else 50)
        yield partial(stop_server, engine=engine, points=100 if is_long else 10)
        yield partial(write_at_once, engine=engine, rows=500)
        yield partial(back_up, engine=engine, points=500 if is_long else 50)
        yield partial(kill_restore, engine=engine, points=500 if is_long else 50)
    yield partial(restart_database, points=400 if is_long else 40)
    for engine in EngineName:
        for revision in EVERY_RELEASED:
            if revision != newest_revision():
                yield partial(kill_migration, engine=engine, revision=revision)
    yield partial(lock_file, points=10 if is_long else 1)
    yield partial(lock_database, points=10 if is_long else 1)
    yield partial(freeze_database, points=10 if is_long else 1)
    yield partial(spoil_disk, points=60 if is_long else 6)
    # The control: that it loses answers shows within few saves.
    yield partial(cut_power, saves=20, synchronous="NORMAL")
    for engine in EngineName:
        yield partial(step_clock, engine=engine)


def main() -> int:
    """Run, print, and say whether all rows are as they must be."""
    parser = argparse.ArgumentParser(description="What is lost when something fails under load?")
    parser.add_argument("--long", action="store_true", help="ten times the points, for a night")
    parser.add_argument("--only", default="", help="faults whose row holds these words")
    parser.add_argument("--at-once", default=_AT_ONCE, type=int, help="so many, each in its own process")
    told = parser.parse_args()
    is_good = True
    print(HEADING, flush=True)
    with ProcessPoolExecutor(told.at_once, get_context("spawn"), max_tasks_per_child=1) as processes:
        begun = [processes.submit(meet, fault) for fault in faults(told.long) if told.only in repr(fault)]
        for one in as_completed(begun):
            try:
                print(one.result(), flush=True)
            except NotAsItMustBe as error:
                is_good = False
                print(error, flush=True)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
