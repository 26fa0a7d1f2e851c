"""Exports onto disks that are full or take no writes, in a mount namespace of this process's own.

    unshare --mount python -m tests.integration.small_disk INSTANCE DATABASE DISK

A line of JSON for each try: what it was, what was said, and what is left on the disk.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from btb_pro.exports.formats import ExportFormat
from btb_pro.refusals import PlainRefusal
from btb_pro.services.bundling import take_bundle
from btb_pro.services.exporting import ExportOrder, take_export
from tests.integration.export_world import COMMAND, ExportWorld, make_export_world

_PAGE = os.sysconf("SC_PAGE_SIZE")

Taking = Callable[[Path], object]


def takings(world: ExportWorld, until: str) -> Iterator[tuple[str, Taking]]:
    """Every format, and the bundle of all, each as a call that needs a name."""
    order = ExportOrder(until=until)
    for one in ExportFormat:
        yield one.value, partial(take_export, world.runtime, COMMAND, one, order=order)
    formats = tuple(ExportFormat)
    yield "bundle", lambda out: take_bundle(world.runtime, COMMAND, out, order, formats)


@contextmanager
def mounted(disk: Path, options: str) -> Iterator[None]:
    """A disk in memory."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", f"{disk}"], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", f"{disk}"], check=True)


def pages_of(path: Path) -> int:
    """How many pages of such a disk the files below a path take."""
    files = [one for one in (path, *path.parent.rglob(f"{path.name}*/**/*")) if one.is_file()]
    return sum(-(-one.stat().st_size // _PAGE) for one in files)


def attempt(name: str, fault: str, take: Taking, disk: Path) -> None:
    """Try it and tell."""
    said = ""
    try:
        take(disk / "out")
    except PlainRefusal as error:
        said = f"{error}"
    left = sorted(path.name for path in disk.iterdir())
    print(json.dumps({"name": name, "fault": fault, "said": said, "left": left}), flush=True)


def main(instance: str, database: str, folder: str) -> None:
    """Each format on each disk."""
    world = make_export_world(Path(instance), database_url=database)
    world.go_to("2026-05-01T00:00:00+00:00")
    disk = Path(folder)
    until = f"{world.take(ExportFormat.CSV, disk.with_name('first')).cutoff_seq}"
    for name, take in takings(world, until):
        roomy = disk.with_name("roomy") / name
        roomy.parent.mkdir(exist_ok=True)
        take(roomy)
        pages = pages_of(roomy)
        for fault, size in (("no room", 1), ("half the room", pages // 2), ("a page too little", pages - 1)):
            with mounted(disk, f"size={size * _PAGE}"):
                attempt(name, fault, take, disk)
        with mounted(disk, "ro"):
            attempt(name, "read-only", take, disk)
    world.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
