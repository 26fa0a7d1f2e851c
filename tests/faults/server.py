"""The real web server as a process group that can be killed at once and started again on the same port."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.live_server import free_port, wait_until_it_answers
from tests.support.world import World


class ServerGroup:
    """`btb-pro serve` with two workers on a world's folder."""

    def __init__(self, world: World, log: Path) -> None:
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("BTB_")}
        self._environ["BTB_INSTANCE"] = str(world.folder)
        self._port = free_port()
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.base_url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [sys.executable, "-m", "btb_pro", "serve", "--port", str(self._port), "--workers", "2"]
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                command, env=self._environ, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        wait_until_it_answers(self.base_url, self._process, self._log)

    def kill(self) -> None:
        """SIGKILL to the master and its workers at the same moment."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self, number: int, timeout_s: float) -> int:
        """Tell the master to end, as a service manager does, and wait; its exit code.

        Raises:
            TimeoutExpired: it did not end in time.
        """
        assert self._process is not None
        self._process.send_signal(number)
        code = self._process.wait(timeout_s)
        self._process = None
        return code

    @property
    def process_id(self) -> int:
        """Of the master."""
        assert self._process is not None
        return self._process.pid

    def close(self) -> None:
        """Leave no process behind."""
        if self._process is not None:
            self.kill()


@contextmanager
def serving(world: World, log: Path) -> Iterator[ServerGroup]:
    """A server that has started."""
    group = ServerGroup(world, log)
    try:
        group.start()
        yield group
    finally:
        group.close()
