"""A disk that is full, or takes no writes, and is mended while the server goes on.

The disk is a small tmpfs in a mount namespace of this process's own, so nobody else's disk is touched.
"""

import itertools
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path

from tests.faults.load import Phone, Verdict, count_acknowledged, judge, make_phones, saving, wait_for_saves
from tests.faults.report import Result
from tests.faults.server import serving
from tests.support.engines import EngineName
from tests.support.world import make_world

_PHONES = 4
_FAULT_S = 2
_ROOM_LEFT = (0, 12_288, 49_152)
"""By turns, so that a save meets the end of the disk at its first write and at later ones."""


def spoil_disk(folder: Path, points: int) -> Result:
    """Mount the disk that the database lies on read-only, and writable again; then so many times fill it, and
    make room again. Read-only once and first: SQLite keeps its files open, and a disk with files open for
    writing cannot be made read-only.
    """
    words = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    words += [sys.executable, "-m", "tests.faults.disks", str(folder), str(points)]
    told = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout
    *numbers, slowest = told.split()
    verdict = Verdict(*map(int, numbers))
    return Result("disk mounted read-only, then full, and back", 1 + points, verdict, float(slowest))


def main(folder: Path, points: int) -> None:
    """In the namespace: the numbers of the verdict and the slowest recovery, on one line."""
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)], check=True)
    world = make_world(disk / "instance", engine=EngineName.SQLITE)
    phones = make_phones(world, _PHONES)
    world.close()
    # Its log lies elsewhere: what is open for writing could not be made read-only.
    with serving(world, folder / "server.log") as server:
        slowest = _forbid(disk, phones, server.base_url)
        for room, _ in zip(itertools.cycle(_ROOM_LEFT), range(points), strict=False):
            slowest = max(slowest, _fill(disk, phones, server.base_url, room))
    print(*astuple(judge(world, phones)), round(slowest, 3))


def _fill(disk: Path, phones: list[Phone], base_url: str, room: int) -> float:
    with saving(phones, base_url):
        wait_for_saves(phones, 20)
        _take_all_space_but(room, disk / "filler")
        before = count_acknowledged(phones)
        time.sleep(_FAULT_S)
        assert sum(phone.asked_again for phone in phones), "the full disk was not felt"
        assert count_acknowledged(phones) - before < 200
        (disk / "filler").unlink()
        return _recovery(phones)


def _take_all_space_but(room: int, path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        with suppress(OSError):
            while True:
                file.write(bytes(4096))
        file.truncate(file.tell() - room)


def _forbid(disk: Path, phones: list[Phone], base_url: str) -> float:
    _mount(disk, "ro")
    with saving(phones, base_url):
        time.sleep(_FAULT_S)
        assert count_acknowledged(phones) == 0
        assert sum(phone.asked_again for phone in phones), "the fault was not felt"
        _mount(disk, "rw")
        return _recovery(phones)


def _recovery(phones: list[Phone]) -> float:
    mended_at = time.monotonic()
    wait_for_saves(phones, _PHONES)
    return time.monotonic() - mended_at


def _mount(disk: Path, how: str) -> None:
    # The mount alone, not the file system: whose owner a namespace without root could not name again.
    subprocess.run(["mount", "-o", f"remount,bind,{how}", str(disk)], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
