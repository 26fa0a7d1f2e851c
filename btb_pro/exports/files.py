"""Files of an export: written once, readable by their owner alone, hashed on the way."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

_AT_ONCE = 1 << 20
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
"""A zip file cannot name an earlier one."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that lies on the disk: its name, its rows without the header, the SHA-256 of its bytes."""

    name: str
    rows: int
    sha256: str


class NewFile:
    """A file in the making."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self._name = name
        self._file = file
        self._digest = hashlib.sha256()

    def write(self, content: bytes) -> int:
        """Add to the end."""
        self._digest.update(content)
        return self._file.write(content)

    def flush(self) -> None:
        """Hand over to the system what was written."""
        self._file.flush()

    def finish(self, rows: int) -> WrittenFile:
        """Wait until the disk has all of it."""
        _wait_for_disk(self._file)
        return WrittenFile(self._name, rows, self._digest.hexdigest())


@contextmanager
def new_file(path: Path) -> Iterator[NewFile]:
    """A file to write in a stream.

    Raises:
        OSError: it cannot be written.
    """
    with open(path, "xb", opener=_private) as file:
        yield NewFile(path.name, file)


def write_file(path: Path, content: bytes, rows: int = 0) -> WrittenFile:
    """Write one whole file, and wait until the disk has it.

    Raises:
        OSError: it cannot be written.
    """
    with new_file(path) as file:
        file.write(content)
        return file.finish(rows)


def settled_file(path: Path, rows: int) -> WrittenFile:
    """A file that a library has written: close it to others, wait until the disk has it, hash it.

    Raises:
        OSError: it cannot be read.
    """
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        _wait_for_disk(file)
    return WrittenFile(path.name, rows, sha256_of(path))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_zip(
    path: Path, entries: Iterable[tuple[str, Path]], at: datetime, *, is_deflated: bool = False
) -> None:
    """Zip files under names, in the order given, each with the same instant and rights.

    Stored as they are, the same files give the same bytes wherever; deflated, wherever zlib is the same.

    Raises:
        OSError: it cannot be written, or a file cannot be read.
    """
    with open(path, "xb", opener=_private) as file:
        with ZipFile(file, "w") as archive:
            for name, source in entries:
                _add_entry(archive, name, source, at, ZIP_DEFLATED if is_deflated else ZIP_STORED)
        _wait_for_disk(file)


def _add_entry(archive: ZipFile, name: str, source: Path, at: datetime, compression: int) -> None:
    moment = max(at.astimezone(UTC), _EARLIEST)
    entry = ZipInfo(name, moment.timetuple()[:6])
    entry.compress_type = compression
    entry.create_system = 3
    entry.external_attr = 0o600 << 16
    # Known beforehand, so that an entry beyond 2 GB gets the room for its size.
    entry.file_size = source.stat().st_size
    with open(source, "rb") as content, archive.open(entry, "w") as target:
        while part := content.read(_AT_ONCE):
            target.write(part)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _wait_for_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
