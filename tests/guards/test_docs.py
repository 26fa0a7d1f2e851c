"""The documents name files that are there, and the first one is short."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\(([^)#\s]+)[)#]|src=\"([^\"]+)\"")
_CODE_PATH = re.compile(r"`((?:tests|btb_pro|assets|docs)/[\w./-]+)`")
_ROOM_PATH = re.compile(
    r"`((?:services|participant|instruments|models|exports|templates|migrations|cli)/[\w./-]+\.\w+)`"
)


def missing_files(document: Path, root: Path) -> list[str]:
    """What a document points to and is not there."""
    text = document.read_text(encoding="utf-8")
    linked = [one or other for one, other in _LINK.findall(text)]
    targets = {name: document.parent / name for name in linked if "://" not in name}
    targets |= {name: root / name for name in _CODE_PATH.findall(text)}
    targets |= {name: root / "btb_pro" / name for name in _ROOM_PATH.findall(text)}
    return sorted(name for name, path in targets.items() if not path.exists())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_points_only_to_what_is_there(document: Path) -> None:
    assert missing_files(document, ROOT) == []


def test_a_document_that_points_to_nothing_is_found(tmp_path: Path) -> None:
    document = tmp_path / "seeded.md"
    document.write_text("[a](gone.md), `tests/gone.py`, `services/gone.py`", encoding="utf-8")
    assert missing_files(document, tmp_path) == ["gone.md", "services/gone.py", "tests/gone.py"]


def test_the_readme_is_read_in_a_minute() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 100
