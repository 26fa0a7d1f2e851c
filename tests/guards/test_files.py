"""Files stay short and say nothing of where they were written."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.guards.source import PACKAGE, ROOT

MOST_LINES = 350
# Put together here, so that this file does not hold what it looks for.
FORBIDDEN = (
    "/" + "work/",
    "/" + "root/",
    "/" + "home/",
    "py" + "pi.org",
    "python" + "hosted",
    "registry." + "npmjs",
    "deb." + "debian.org",
    ".." + "/shared",
    ".li" + "brary",
)

_ADDRESS = re.compile(r'"resolved"|https?://[^"\s]+\.(tgz|whl|gz)|--index-url|--find-links')


def tracked() -> list[Path]:
    """The files that the repo holds."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def told_of_the_machine(text: str) -> list[str]:
    """Paths of a machine and hosts of package registries in a text."""
    return [word for word in FORBIDDEN if word in text]


def test_no_file_tells_of_the_machine_that_it_was_written_on() -> None:
    found = {}
    for path in tracked():
        try:
            told = told_of_the_machine(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
        if told:
            found[path.relative_to(ROOT).as_posix()] = told
    assert found == {}


def test_a_path_of_a_machine_is_found() -> None:
    assert told_of_the_machine("see " + FORBIDDEN[0] + "main and " + FORBIDDEN[3])


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_a_module_is_short_enough_to_read_at_once(path: Path) -> None:
    if "migrations" not in path.parts:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_lock_files_hold_versions_and_hashes_and_no_address() -> None:
    locks = [*(ROOT / "requirements").glob("*.txt"), ROOT / "assets" / "package-lock.json"]
    for path in locks:
        text = path.read_text(encoding="utf-8")
        assert not _ADDRESS.search(text), path
        assert "sha256:" in text or "sha512-" in text, path
