"""The real web server on a port of its own, serving a World's folder to real browsers."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

from tests.support.world import World

_HOST = "127.0.0.1"
_START_S = 120
_STOP_S = 60
_WITHOUT_PROXY = build_opener(ProxyHandler({}))


@dataclass(slots=True)
class LiveServer:
    """A study that anybody on this machine can open. The tests write to its database beside it."""

    world: World
    base_url: str
    log: Path
    """What the server wrote to its standard output and error."""
    study_number: str = ""
    """Of whoever was added last."""
    _added: int = 0

    def add(self, language: str = "nb", **more: str) -> str:
        """Add a participant whom no other test knows, and give the study number."""
        self._added += 1
        self.study_number = f"BTB-{self._added:03}"
        return self.world.add(self.study_number, language=language, **more)

    def invited(self, language: str = "nb", **more: str) -> str:
        """The whole address of a new participant's link to the baseline visit."""
        return self.base_url + self.world.invite(self.add(language, **more))


@contextmanager
def serving(world: World) -> Iterator[LiveServer]:
    """Run `btb-pro serve` on the world's folder until the block ends.

    Raises:
        AssertionError: the server did not answer in time, or did not stop when it was told to.
    """
    port = free_port()
    log = world.folder / "server.log"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BTB_")}
    environ["BTB_INSTANCE"] = str(world.folder)
    command = [sys.executable, "-m", "btb_pro", "serve", "--port", str(port), "--workers", "1"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environ, stdout=output, stderr=subprocess.STDOUT)
        try:
            base_url = f"http://{_HOST}:{port}"
            wait_until_it_answers(base_url, process, log)
            yield LiveServer(world, base_url, log)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise AssertionError("the server did not stop when it was told to") from None


def free_port() -> int:
    with socket.socket() as found:
        found.bind((_HOST, 0))
        port: int = found.getsockname()[1]
        return port


def wait_until_it_answers(base_url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            _WITHOUT_PROXY.open(base_url, timeout=5).close()
        except HTTPError:
            return
        except (URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"no answer from the server: {log.read_text(encoding='utf-8')}")
