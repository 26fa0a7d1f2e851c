"""`make screens` in small: one page of each kind in each language, and the index that shows them."""

import re
import struct
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from playwright.sync_api import Browser

from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.model import wording_sha256
from tests.screens.camera import WIDTH
from tests.screens.journeys import one_of_each
from tests.screens.make_screens import make_screens
from tests.support.page_check import parse

pytestmark = pytest.mark.browser

TEMPLATES = Path(__file__).parents[2] / "btb_pro" / "templates" / "participant"


@pytest.fixture(scope="module")
def folder(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of one page of each kind."""
    made = tmp_path_factory.mktemp("screens")
    make_screens(made, browser, [one_of_each])
    return made


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[Element]:
    """The rows of the index."""
    document = parse((folder / "index.html").read_text(encoding="utf-8"))
    return [one for one in document.iter("section") if one.get("class") == "row"]


def kinds_in_templates() -> set[str]:
    """Every `data-page` that a template of the participant's pages declares."""
    found = {
        kind
        for path in TEMPLATES.glob("*.html")
        for kind in re.findall(r"{% block page %}(\w+){% endblock %}", path.read_text(encoding="utf-8"))
    }
    assert {"start", "items", "dead"} <= found
    return found


def size_of(png: Path) -> tuple[int, int]:
    """Width and height of a picture in pixels."""
    data = png.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def test_the_index_shows_every_kind_of_page(rows: list[Element]) -> None:
    assert {row.get("data-kind") for row in rows} == kinds_in_templates()


def test_each_page_stands_in_both_languages_beside_each_other(rows: list[Element]) -> None:
    for row in rows:
        for pictures in (one for one in row.iter("div") if one.get("class") == "pictures"):
            captions = ["".join(one.itertext()) for one in pictures.iter("figcaption")]
            assert [caption.split(",")[0] for caption in captions] == ["Norsk", "English"]


def test_no_picture_is_missing_or_empty(folder: Path, rows: list[Element]) -> None:
    shown = [image.get("src", "") for row in rows for image in row.iter("img")]
    assert sorted(shown) == sorted(path.name for path in folder.glob("*.png"))
    assert len(shown) == len(set(shown)) >= 2 * len(kinds_in_templates())
    for name in shown:
        width, height = size_of(folder / name)
        assert width in (WIDTH, 2 * WIDTH)
        assert height > width


def test_the_languages_differ_and_so_do_light_and_dark(folder: Path) -> None:
    pictures = [folder / f"parts-new.{name}.png" for name in ("nb", "en", "nb.dark", "en.dark")]
    assert len({picture.read_bytes() for picture in pictures}) == 4


def test_the_index_tells_version_status_and_hash_of_every_wording(folder: Path) -> None:
    index = (folder / "index.html").read_text(encoding="utf-8")
    for instrument in load_instruments().values():
        for language in instrument.languages:
            assert wording_sha256(instrument, language) in index
    # As `btb-pro instruments list` counts them.
    assert "13 verified, 3 recalled, 5 unverified" in index


def test_a_page_of_questions_lists_its_texts_with_their_status(rows: list[Element]) -> None:
    page = next(row for row in rows if row.get("data-kind") == "items")
    tables = ["".join(table.itertext()) for table in page.iter("table")]
    (section, *_) = load_instruments()["background"].sections
    assert section.stem is not None
    for table, language in zip(tables, ("nb", "en"), strict=True):
        assert section.stem[language].text in table
        assert section.items[0].text[language].text in table
        assert section.items[0].text[language].status in table
