"""Workers as processes of their own, begun quickly enough to be killed fifty times."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = """
import os, sys
from pathlib import Path
from btb_pro.config import read_settings
from btb_pro.services.handing_over import require_servers
from btb_pro.services.opening import open_runtime
from btb_pro.services.worker import Worker
settings = read_settings(Path(sys.argv[1]), {})
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        runtime = open_runtime(settings)
        for _ in Worker(runtime, require_servers(runtime)).round():
            pass
        os._exit(0)
    print(child, flush=True)
    if line.strip() == "wait":
        os.waitpid(child, 0)
        print("ended", flush=True)
"""


class Nursery:
    """A process that has read the program and forks a worker when asked: that takes no second."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def begin(self, word: str = "wait") -> int:
        """The process number of a new worker, which makes one round."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return int(self._line())

    def wait(self) -> None:
        """Until the worker that was begun has ended, by itself or by force."""
        assert self._line() == "ended"

    def kill(self, worker: int) -> None:
        """End a worker as a power cut would."""
        os.kill(worker, signal.SIGKILL)
        self.wait()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """Workers of the instance in a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Nursery(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)
