"""A power cut at every write and sync of real saves, played on what `strace` saw the app do to its files.

What a file's sync has confirmed survives a cut. Of what came after it, nothing survives, or all, or a
random half: a disk may write in any order. Each state is opened by SQLite as a restarted server would, and
every save that had been acknowledged by then must be in it. Taken for granted, as on ext4 and XFS: a disk
that does not lie about its flush, and the sync of a file that also confirms the file's creation.
"""

import os
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

from tests.faults.load import Verdict
from tests.faults.report import Result
from tests.support.engines import EngineName
from tests.support.world import make_world

_CALLS = "write,pwrite64,pwritev,fsync,fdatasync,ftruncate,unlink,rename,renameat,renameat2"
_LINE = re.compile(r"(?:\d+ +)?(\w+)\((\d+)<([^>]*)>(?:, )?(.*)\) += (-?\d+)")
_BYTES = re.compile(r'^"((?:\\x[0-9a-f]{2})*)"(?:, )?(.*)$')
_HEX = re.compile(r"(?:\\x[0-9a-f]{2})+")
_GONE = re.compile(r'unlink\("([^"]+)"\) += 0')
_SURVIVES = ("nothing", "everything", "half")
_IN_MEMORY = Path("/dev/shm")
_KEPT = 64


@dataclass(frozen=True, slots=True)
class Operation:
    """One call: bytes put at an offset, a new length, a file taken away, a sync, or an acknowledgement."""

    number: int
    """In the order in which they were called."""
    kind: str
    file: str
    offset: int = 0
    content: bytes = b""


@dataclass
class Disk:
    """Files as they are for sure, and what was asked for since their last sync."""

    sure: dict[str, bytearray]
    pending: list[Operation] = field(default_factory=list)
    is_sure: int = 0
    """What is in `sure`: bit n for the operation of number n."""

    def take(self, operation: Operation) -> None:
        """The next thing that the app did."""
        if operation.kind != "sync":
            self.pending.append(operation)
            return
        for one in self.pending:
            if one.file == operation.file:
                _apply(self.sure, one)
                self.is_sure |= 1 << one.number
        self.pending = [one for one in self.pending if one.file != operation.file]

    def survivors(self, survives: str, chance: random.Random) -> list[Operation]:
        """What a cut leaves of the operations that no sync has confirmed."""
        if survives == "half":
            return [one for one in self.pending if chance.random() < 0.5]
        return self.pending if survives == "everything" else []

    def holding(self, survivors: list[Operation]) -> int:
        """Which operations a restarted machine finds done. A file's own are done in their order, so that two
        states that hold the same ones are the same, byte for byte.
        """
        return self.is_sure | sum(1 << one.number for one in survivors)

    def after_cut(self, survivors: list[Operation]) -> dict[str, bytearray]:
        """What a restarted machine finds."""
        found = {name: bytearray(content) for name, content in self.sure.items()}
        for one in survivors:
            _apply(found, one)
        return found


class Restart:
    """Opens states as a restarted server would, each once: most cuts leave what the cut before left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[int, dict[str, list[str | None]]] = {}

    def stored(self, disk: Disk, survivors: list[Operation]) -> dict[str, list[str | None]]:
        """Every stored save by its key; nothing if the file cannot be read."""
        held = disk.holding(survivors)
        if held not in self._known:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[held] = _open(disk.after_cut(survivors), self._folder)
        return self._known[held]


def cut_power(
    folder: Path, saves: int, *, synchronous: str = "FULL", journal: str = "wal", seeds: int = 1
) -> Result:
    """Record so many saves, then cut at each write, sync and acknowledgement in each of the three ways.

    The journal is `wal`, or `truncate`, which the app uses with an SQLite that has the WAL-reset bug.
    """
    world = make_world(folder / "instance", engine=EngineName.SQLITE)
    world.close()
    with closing(sqlite.connect(str(world.folder / "btb.db"))) as connection:
        assert connection.execute(f"PRAGMA journal_mode={journal}").fetchone() == (journal,)
    before = {path.name: bytearray(path.read_bytes()) for path in world.folder.glob("btb.db*")}
    operations = _recorded(world.folder, folder, saves, synchronous, journal)
    states, lost, changed, doubled = 0, 0, 0, 0
    # In memory where there is room for it: what is opened here is lost at no cut, so it need reach no disk.
    with tempfile.TemporaryDirectory(
        dir=_IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else folder
    ) as restored:
        for stored, acknowledged in _states(before, operations, seeds, Restart(Path(restored))):
            states += 1
            lost += any(key not in stored for key in acknowledged)
            changed += any(stored.get(key, [value]) != [value] for key, value in acknowledged.items())
            doubled += any(len(values) > 1 for values in stored.values())
    number = sum(one.kind == "acknowledged" for one in operations)
    assert number == saves, f"{number} saves were seen"
    is_control = synchronous != "FULL"
    name = f"power cut at every write and sync, {journal}"
    if is_control:
        name = f"control: power cut at synchronous={synchronous}"
    return Result(name, states, Verdict(number, lost, doubled, changed, 0), must_fail=is_control)


def _recorded(
    instance: Path, folder: Path, saves: int, synchronous: str, journal: str
) -> list[Operation]:
    log = folder / f"strace-{synchronous}.log"
    acknowledged = folder / "acknowledged"
    # The calls that are not watched cost nothing.
    trace = ["strace", "-f", "--seccomp-bpf", "-y", "-xx", "-s", "1000000", "-o", str(log)]
    trace += ["-e", f"trace={_CALLS}"]
    saver = ["tests.faults.saver", str(instance), str(acknowledged), str(saves), synchronous, journal]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BTB_")}
    subprocess.run([*trace, sys.executable, "-m", *saver], env=environ, check=True, stdout=subprocess.DEVNULL)
    with log.open(encoding="ascii") as lines:
        return [
            one
            for number, line in enumerate(lines)
            for one in _operations(number, line, instance, acknowledged)
        ]


def _operations(number: int, line: str, instance: Path, acknowledged: Path) -> Iterator[Operation]:
    found = _LINE.match(line)
    if found is None:
        words = _HEX.sub(lambda run: bytes.fromhex(run[0].replace("\\x", "")).decode("latin-1"), line)
        if str(instance / "btb.db") in words and "-shm" not in words:
            gone = _GONE.search(words)
            assert gone is not None, f"not understood: {words[:200]}"
            yield Operation(number, "gone", Path(gone[1]).name)
        return
    call, _, path, arguments, result = found.groups()
    path = bytes.fromhex(path.replace("\\x", "")).decode() if path.startswith("\\x") else path
    name = Path(path).name
    is_ours = Path(path).parent == instance and name.startswith("btb.db") and name != "btb.db-shm"
    if path == str(acknowledged):
        yield Operation(number, "acknowledged", "", content=_content(arguments)[0])
    elif not is_ours or int(result) < 0:
        return
    elif call == "pwrite64":
        content, rest = _content(arguments)
        size, offset = (int(part) for part in rest.split(", "))
        assert size == len(content) == int(result)
        yield Operation(number, "write", name, offset, content)
    elif call in ("fsync", "fdatasync"):
        yield Operation(number, "sync", name)
    elif call == "ftruncate":
        yield Operation(number, "length", name, int(arguments))
    else:
        raise AssertionError(f"not understood: {line[:200]}")


def _content(arguments: str) -> tuple[bytes, str]:
    found = _BYTES.match(arguments)
    assert found is not None, arguments[:100]
    return bytes.fromhex(found[1].replace("\\x", "")), found[2]


def _states(
    before: dict[str, bytearray], operations: list[Operation], seeds: int, restart: Restart
) -> Iterator[tuple[dict[str, list[str | None]], dict[str, str]]]:
    """What is stored after a cut at each point, and what had been acknowledged by then."""
    disk = Disk({name: bytearray(content) for name, content in before.items()})
    acknowledged: dict[str, str] = {}
    chance = random.Random(1)
    for operation in operations:
        if operation.kind == "acknowledged":
            key, value = operation.content.decode().split()
            acknowledged[key] = value
        else:
            disk.take(operation)
        for survives in _SURVIVES:
            for _ in range(seeds if survives == "half" else 1):
                yield restart.stored(disk, disk.survivors(survives, chance)), acknowledged


def _apply(files: dict[str, bytearray], operation: Operation) -> None:
    if operation.kind == "gone":
        files.pop(operation.file, None)
        return
    content = files.setdefault(operation.file, bytearray())
    end = operation.offset + len(operation.content)
    if operation.kind == "length":
        del content[operation.offset :]
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[operation.offset : end] = operation.content


def _open(files: dict[str, bytearray], folder: Path) -> dict[str, list[str | None]]:
    """Every stored save by its key, as SQLite recovers it; nothing if the file cannot be read."""
    for path in folder.iterdir():
        path.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    connection = sqlite.connect(str(folder / "btb.db"))
    try:
        connection.execute("PRAGMA synchronous=OFF")
        if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
            return {}
        rows = connection.execute("SELECT client_key, value FROM answer").fetchall()
    except sqlite.DatabaseError:
        return {}
    finally:
        connection.close()
    counted = Counter(rows)
    stored: dict[str, list[str | None]] = {}
    for (key, value), times in counted.items():
        stored.setdefault(key, []).extend([value] * times)
    return stored
