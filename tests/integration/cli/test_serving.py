"""The web server in a process of its own, as it runs in a hospital."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from btb_pro.services.audit import Actor
from btb_pro.services.installing import install


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    folder = tmp_path_factory.mktemp("serving") / "instance"
    install(folder, Actor("command", "tester"), "https://btb.hospital.example")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    home = folder.parent / "home"
    home.mkdir()
    environment = os.environ | {"BTB_INSTANCE": str(folder), "BTB_PROXY_HOPS": "1", "HOME": str(home)}
    environment.pop("XDG_RUNTIME_DIR", None)
    with (folder.parent / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "btb_pro", "serve", "--port", str(port)],
            env=environment,
            stdout=log,
            stderr=log,
        )
    _wait_for(port)
    yield port, folder
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server does not open its port")


def ask(port: int, path: str = "/", host: str = "btb.hospital.example") -> http.client.HTTPResponse:
    """An answer as the proxy in front gets it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_it_serves_production_to_its_own_host_alone(serving: tuple[int, Path]) -> None:
    answer = ask(serving[0])
    assert answer.status == 200
    assert "max-age" in (answer.getheader("Strict-Transport-Security") or "")
    assert ask(serving[0], host="elsewhere.example").status == 400


def test_an_unknown_link_is_404(serving: tuple[int, Path]) -> None:
    assert ask(serving[0], "/s/nonsense").status == 404


def test_it_says_where_it_serves_and_logs_no_path(serving: tuple[int, Path]) -> None:
    ask(serving[0], "/s/secretsecretsecret")
    log = (serving[1].parent / "log.txt").read_text()
    assert f"port {serving[0]}" in log
    assert re.search(r"GET /s/<token> 404", log)
    assert "secretsecret" not in log


def test_it_opens_no_control_socket(serving: tuple[int, Path]) -> None:
    assert list((serving[1].parent / "home").iterdir()) == []


def test_what_it_writes_is_readable_by_its_owner_alone(serving: tuple[int, Path]) -> None:
    ask(serving[0])
    for path in serving[1].iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
