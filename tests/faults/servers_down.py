"""What happens to a PostgreSQL server while phones save: restarted, crashed, locked, or failed over."""

import itertools
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from btb_pro.db import Database
from btb_pro.migrate import upgrade
from tests.faults.load import judge, make_phones, saving, sum_of, wait_for_saves
from tests.faults.report import Result
from tests.faults.server import serving
from tests.support.postgres import Postgres, Programs
from tests.support.world import World, make_world

_PHONES = 6
_LOCKED_S = 30


def restart_database(folder: Path, points: int) -> Result:
    """By turns a planned restart, which ends every connection, and SIGKILL to all of PostgreSQL's processes,
    after which it recovers from its log.
    """
    turns = itertools.cycle(("fast", ""))

    def restart(server: Postgres) -> None:
        how = next(turns)
        if how:
            server.stop(how)
        else:
            server.kill()
        server.start()

    return _beside(folder, "PostgreSQL restarted, and SIGKILL of it", points, restart)


def lock_database(folder: Path, points: int) -> Result:
    """Somebody holds the answers' table for half a minute, longer than the app waits."""

    def lock(server: Postgres) -> None:
        with psycopg.connect(server.url("btb")) as other:
            other.execute("LOCK TABLE answer")
            time.sleep(_LOCKED_S)

    return _beside(folder, f"PostgreSQL locked for {_LOCKED_S} s", points, lock)


def freeze_database(folder: Path, points: int) -> Result:
    """No process of PostgreSQL gets on for half a minute, as when its machine is held still: nothing answers,
    and no connection ends either.
    """

    def freeze(server: Postgres) -> None:
        server.tell_all(signal.SIGSTOP)
        time.sleep(_LOCKED_S)
        server.tell_all(signal.SIGCONT)

    return _beside(folder, f"PostgreSQL held still for {_LOCKED_S} s", points, freeze)


def fail_over(folder: Path, points: int) -> Result:
    """SIGKILL to the primary, and its synchronous standby takes over; the app is told of both hosts."""
    slowest, verdicts = 0.0, []
    for point in range(points):
        with _programs() as programs:
            primary = _durable(programs, "primary")
            standby = primary.standby("standby")
            hosts = f"host={primary.folder}&host={standby.folder}"
            world = _world(folder / f"instance-{point}", f"postgresql://postgres@/btb?{hosts}")
            try:
                phones = make_phones(world, _PHONES)
                with (
                    serving(world, folder / "server.log") as server,
                    saving(phones, server.base_url),
                ):
                    wait_for_saves(phones, 20 + point)
                    primary.kill()
                    killed_at = time.monotonic()
                    standby.promote()
                    wait_for_saves(phones, _PHONES)
                    slowest = max(slowest, time.monotonic() - killed_at)
                    wait_for_saves(phones, 20)
                verdicts.append(judge(world, phones))
            finally:
                world.runtime.database.close()
                standby.stop()
    return Result("primary killed, synchronous standby promoted", points, sum_of(verdicts), slowest)


def _beside(folder: Path, name: str, points: int, fault: Callable[[Postgres], None]) -> Result:
    with _programs() as programs:
        server = _durable(programs, "server")
        world = _world(folder / "instance", server.url("btb"))
        try:
            phones = make_phones(world, _PHONES)
            slowest = 0.0
            with serving(world, folder / "server.log") as group, saving(phones, group.base_url):
                for _ in range(points):
                    wait_for_saves(phones, 20)
                    fault(server)
                    over_at = time.monotonic()
                    wait_for_saves(phones, _PHONES)
                    slowest = max(slowest, time.monotonic() - over_at)
            return Result(name, points, judge(world, phones), slowest)
        finally:
            world.runtime.database.close()
            server.stop()


@contextmanager
def _programs() -> Iterator[Programs]:
    programs = Programs()
    try:
        yield programs
    finally:
        programs.remove()


def _durable(programs: Programs, name: str) -> Postgres:
    """A server with every setting of durability as PostgreSQL brings it, and an empty database."""
    server = Postgres.made(programs, name)
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE btb TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
    return server


def _world(folder: Path, url: str) -> World:
    database = Database(url)
    upgrade(database)
    database.close()
    return make_world(folder, database_url=url)
