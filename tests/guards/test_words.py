"""Both languages are complete, the catalogues are fresh, and no instrument's wording is in them."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from btb_pro.instruments.catalogue import load_instruments
from tests.guards.source import PACKAGE

LANGUAGES = ("nb", "en")
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2")]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
}
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")

Message = str | tuple[str, ...]


def extracted() -> set[Message]:
    """Every text of the code and the templates, taken out anew."""
    options = {"jinja2": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
    found = extract_from_dir(
        str(PACKAGE),
        method_map=METHODS,
        options_map={"templates/**.html": options["jinja2"], "templates/**.txt": options["jinja2"]},
        keywords=KEYWORDS,
    )
    return {message for _, _, message, _, _ in found}


def catalogue(path: Path) -> Catalog:
    """A catalogue as it lies in the repo."""
    return read_po(BytesIO(path.read_bytes()))


def faults_of(words: Catalog, wanted: set[Message]) -> list[str]:
    """What is missing, left over, empty, unsure, or has lost a placeholder."""
    listed = {message.id: message for message in words if message.id}
    faults = [f"stale: lacks {one!r}" for one in wanted - set(listed)]
    faults += [f"stale: nobody says {one!r}" for one in set(listed) - wanted]
    for known, message in listed.items():
        texts = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        ids = known if isinstance(known, (tuple, list)) else (known,)
        if not all(texts):
            faults.append(f"empty: {known!r}")
        if message.fuzzy:
            faults.append(f"unsure: {known!r}")
        holders = {name for one in ids for name in _PLACEHOLDER.findall(one)}
        if any(set(_PLACEHOLDER.findall(one)) - holders for one in texts if one):
            faults.append(f"unknown placeholder: {known!r}")
        if any(holders - {"num"} - set(_PLACEHOLDER.findall(one)) for one in texts if one):
            faults.append(f"lost placeholder: {known!r}")
    return sorted(faults)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_text_and_no_other(language: str) -> None:
    words = catalogue(PACKAGE / "translations" / language / "LC_MESSAGES" / "messages.po")
    assert faults_of(words, extracted()) == []


def test_the_catalogues_bear_no_dates_and_no_line_numbers() -> None:
    for path in (PACKAGE / "translations").rglob("*.po*"):
        text = path.read_text(encoding="utf-8")
        assert "-Date:" not in text, path
        assert "\n#: " not in text, path


def test_no_wording_of_an_instrument_goes_through_the_catalogues() -> None:
    wordings = {
        item.text[language].text
        for instrument in load_instruments().values()
        for item in instrument.items
        for language in instrument.languages
    }
    assert not wordings & {message for message in extracted() if isinstance(message, str)}


def test_a_bad_catalogue_is_found() -> None:
    words = Catalog()
    words.add("left over", "til overs")
    words.add("no words", "")
    words.add("%(n)s pages", "sider")
    faults = " ".join(faults_of(words, {"no words", "%(n)s pages", "new"}))
    for fault in ("lacks 'new'", "nobody says 'left over'", "empty: 'no words'", "lost placeholder"):
        assert fault in faults
