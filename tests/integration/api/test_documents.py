"""The examples of docs/api.md, run as they stand with curl against the packaged server."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from btb_pro import clock
from tests.guards.source import ROOT
from tests.support.engines import ON_ONE_ENGINE
from tests.support.live_server import serving
from tests.support.machine import make_key
from tests.support.world import World

_BLOCK = re.compile(r"```(sh|json)\n(.*?)```", re.DOTALL)
_MARK = "--- end of a block"


def blocks() -> list[tuple[str, str]]:
    """Each command with the answer that stands below it, if one does."""
    found: list[tuple[str, str]] = []
    for kind, text in _BLOCK.findall((ROOT / "docs" / "api.md").read_text(encoding="utf-8")):
        if kind == "sh":
            found.append((text, ""))
        else:
            found[-1] = (found[-1][0], text)
    return found


def shape(value: object) -> object:
    """Names and kinds: what a reader learns from an example."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "text or none" if isinstance(value, str | None) else type(value).__name__


def run(commands: list[str], folder: Path, **more: str) -> list[str]:
    """What each command printed, run one after the other in one shell."""
    script = "set -e -o pipefail\n" + f"echo '{_MARK}'\n".join(commands)
    names = {name: value for name, value in os.environ.items() if not name.startswith("BTB_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{names['PATH']}"
    environment = {**names, "PATH": path, "no_proxy": "*", **more}
    told = subprocess.run(
        ["bash"], input=script, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout.split(f"{_MARK}\n")


@ON_ONE_ENGINE
def test_the_examples_of_the_page_run_and_answer_as_it_says(world: World, tmp_path: Path) -> None:
    written = blocks()
    with serving(world) as server:
        base = f"{server.base_url}/api/v1"
        settings = {"BTB_INSTANCE": str(world.folder), "BASE": base, "DAY": clock.today().isoformat()}
        printed = run([command for command, _ in written], tmp_path, **settings)
        log = server.log.read_text(encoding="utf-8")
    for (command, expected), text in zip(written, printed, strict=True):
        if expected:
            assert shape(json.loads(text)) == shape(json.loads(expected)), command
    assert (tmp_path / "long.csv").read_bytes().startswith(b"participant,site,visit,")
    assert "GET /api/v1/exports/<table> 200" in log
    assert "btb_" not in log.replace("btb_pro", "")
    assert "BTB-101" not in log


@ON_ONE_ENGINE
def test_the_packaged_server_tells_what_is_wrong_as_the_app_does(world: World, tmp_path: Path) -> None:
    paths = {"/study": 401, "/nothing": 404, "/participants": 401, "/participants/%00": 401}
    (tmp_path / "large").write_bytes(b" " * 200_000)
    order = f"--header 'Authorization: Bearer {make_key(world)}' --header 'Content-Type: application/json'"
    with serving(world) as server:
        base = f"{server.base_url}/api/v1"
        asked = [f"curl --silent --include {base}{path}\n" for path in paths]
        # In pieces, so that nobody is told beforehand how large it is.
        in_pieces = "--header 'Transfer-Encoding: chunked' --header 'Idempotency-Key: 1' --data-binary @large"
        asked.append(f"curl --silent --include {order} {in_pieces} {base}/participants\n")
        answers = run(asked, tmp_path)
    for told, status in zip(answers, [*paths.values(), 413], strict=True):
        assert "application/problem+json" in told
        assert json.loads(told.splitlines()[-1])["status"] == status
