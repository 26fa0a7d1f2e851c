"""A folder that appears whole under its name, or not at all."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp


class FolderTaken(Exception):
    """Something lies already where the folder is to be."""


class FolderInTheMaking:
    """A temporary folder beside the one that is to be."""

    def __init__(self, path: Path, target: Path) -> None:
        self.path = path
        self._target = target

    def publish(self) -> None:
        """Give the folder its name, once the disk has all that is in it.

        Raises:
            OSError: it cannot be renamed, or the name was taken meanwhile.
        """
        wait_for_disk(self.path)
        os.rename(self.path, self._target)
        wait_for_disk(self._target.parent)

    def withdraw(self) -> None:
        """Take the name away again; what was made is gone when the block ends."""
        os.rename(self._target, self.path)


@contextmanager
def new_folder(target: Path) -> Iterator[FolderInTheMaking]:
    """A folder to write into; unless it is published, nothing of it is left when the block ends.

    Raises:
        FolderTaken: the target is there and is not an empty folder.
        OSError: no folder can be made there.
    """
    target = Path(os.path.realpath(target))
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FolderTaken
    target.parent.mkdir(parents=True, exist_ok=True)
    path = Path(mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    try:
        yield FolderInTheMaking(path, target)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def publish_file(source: Path, target: Path) -> None:
    """Give a file its name, never in the place of another.

    Raises:
        OSError: it cannot be named so, or the name was taken meanwhile.
    """
    try:
        os.link(source, target)
    except OSError as error:
        # Some file systems know no second name; there a rename must do.
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP) or target.exists():
            raise
        os.rename(source, target)
    wait_for_disk(target.parent)


def wait_for_disk(folder: Path) -> None:
    """Wait until the disk has the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
