"""The fingerprint of a wording: it changes with what is shown in its language, and with nothing else."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.model import Instrument, Texts, Wording, wording_sha256
from btb_pro.instruments.reading import read_instrument
from btb_pro.instruments.walk import count_statuses

SOUND = Path(__file__).parent / "sound.yaml"
PACKAGED = load_instruments()


def reworded(texts: Texts, language: str, change: Callable[[str], str]) -> Texts:
    """The texts with one language's text changed."""
    wording = texts[language]
    return MappingProxyType({**texts, language: replace(wording, text=change(wording.text))})


def with_item(
    instrument: Instrument, position: int, language: str, change: Callable[[str], str]
) -> Instrument:
    """The instrument with one language of one item's text changed."""
    sections = []
    for section in instrument.sections:
        items = list(section.items)
        if 0 <= position < len(items):
            items[position] = replace(items[position], text=reworded(items[position].text, language, change))
        position -= len(section.items)
        sections.append(replace(section, items=tuple(items)))
    return replace(instrument, sections=tuple(sections))


def from_file(folder: Path, old: str, new: str) -> Instrument:
    """The sound instrument with a passage of its file changed."""
    text = SOUND.read_text(encoding="utf-8")
    assert old in text
    path = folder / "demo.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return read_instrument(path)


@given(st.data())
def test_one_letter_changes_its_language_and_no_other(data: st.DataObject) -> None:
    instrument = PACKAGED[data.draw(st.sampled_from(sorted(PACKAGED)))]
    position = data.draw(st.integers(0, len(instrument.items) - 1))
    language, other = data.draw(st.permutations(["nb", "en"]))
    text = instrument.items[position].text[language].text
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters().filter(lambda character: character != text[place]))
    new_text = text[:place] + letter + text[place + 1 :]
    changed = with_item(instrument, position, language, lambda _: new_text)
    assert wording_sha256(changed, language) != wording_sha256(instrument, language)
    assert wording_sha256(changed, other) == wording_sha256(instrument, other)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{text: Et eksempel,", "{text: Et exempel,"),
        ("nb: {period: P7D", "nb: {period: P8D"),
        ("text: siste uke", "text: sist uke"),
        ("{text: Hvor mye har du merket av dette?", "{text: Hvor mye har du merket til dette?"),
        ("{text: Regn,", "{text: Regnet,"),
        ("{text: Mye,", "{text: Masse,"),
        ("{text: Antall dager,", "{text: Dager,"),
        ("{text: dager,", "{text: døgn,"),
        ("{text: Te,", "{text: The,"),
        ("{text: Måneder,", "{text: Mnd,"),
        ("maximum: 20", "maximum: 21"),
        ('codes: ["0"]', 'codes: ["1"]'),
        ("code: demo_words", "code: demo_own_words"),
        ("            is_exclusive: true\n", ""),
        ("max_length: 200", "max_length: 100"),
        ('          - code: "1"\n', ""),
    ],
)
def test_whatever_is_shown_changes_the_hash(tmp_path: Path, old: str, new: str) -> None:
    assert wording_sha256(from_file(tmp_path, old, new), "nb") != wording_sha256(read_instrument(SOUND), "nb")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{text: Regn, status: verified, source: [PAPER]}", "{text: Regn, status: recalled, note: Heard it}"),
        ("{text: Rain,", "{text: Raining,"),
        ("page_size: 2", "page_size: 1"),
        ("owner: Nobody", "owner: Somebody"),
        ("{text: Sum,", "{text: Summen,"),
        ("not_shown: {anything: at all}", "not_shown: {something: else}"),
    ],
)
def test_whatever_is_not_shown_leaves_the_hash(tmp_path: Path, old: str, new: str) -> None:
    assert wording_sha256(from_file(tmp_path, old, new), "nb") == wording_sha256(read_instrument(SOUND), "nb")


def test_the_order_of_items_is_part_of_the_hash() -> None:
    instrument = PACKAGED["hscl25"]
    (section,) = instrument.sections
    turned = replace(instrument, sections=(replace(section, items=section.items[::-1]),))
    assert wording_sha256(turned, "nb") != wording_sha256(instrument, "nb")


def test_the_hash_is_of_canonical_json(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(
        """
code: tiny
version: "1"
languages: [nb]
title: {nb: {text: Været, status: unverified}}
recall: {nb: {period: P7D, text: siste uke, status: unverified}}
owner: Nobody
licence: Made up
sections:
  - code: weather
    page_size: 1
    items:
      - code: tiny_rain
        type: scale
        text: {nb: {text: Regn, status: unverified}}
        choices:
          - {code: "0", label: {nb: {text: Nei, status: unverified}}}
          - {code: "1"}
""",
        encoding="utf-8",
    )
    bare = {"code": "1", "label": None, "is_exclusive": False, "asks_text": False}
    field = {
        "code": "tiny_rain",
        "kind": "code",
        "label": "Regn",
        "choices": [{"code": "0", "label": "Nei", "is_exclusive": False, "asks_text": False}, bare],
        **dict.fromkeys(["minimum", "maximum", "max_length", "unit", "when"]),
    }
    words = {"code": "tiny_rain", "type": "scale", "text": "Regn"}
    item = {**words, "fields": [field], "stem": None, "when": None}
    shown = {"title": "Været", "recall": {"period": "P7D", "text": "siste uke"}, "items": [item]}
    canonical = json.dumps(shown, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    assert wording_sha256(read_instrument(path), "nb") == hashlib.sha256(canonical).hexdigest()


def test_two_instruments_that_read_the_same_hash_the_same() -> None:
    assert wording_sha256(read_instrument(SOUND), "en") == wording_sha256(read_instrument(SOUND), "en")


def test_a_language_that_the_instrument_lacks_has_no_hash() -> None:
    with pytest.raises(KeyError, match="sv"):
        wording_sha256(PACKAGED["shc"], "sv")


@pytest.mark.parametrize(
    ("code", "language", "verified", "recalled", "unverified"),
    [
        # A stem, 25 items, 4 choices.
        ("hscl25", "nb", 29, 1, 0),
        ("hscl25", "en", 28, 1, 1),
        # Two stems, 16 items, 3 choices with words.
        ("fabq", "nb", 13, 3, 5),
        ("fabq", "en", 20, 1, 0),
        # A stem, 29 items, 4 choices.
        ("shc", "nb", 32, 2, 0),
        ("shc", "en", 0, 34, 0),
        # A stem, 2 items, 7 choices and 2 ends of a scale.
        ("expectations", "nb", 0, 0, 12),
        ("expectations", "en", 0, 0, 12),
        # A stem, 11 items; choices: 2 ends, 14, 2, 3, 2, 4, 3, 7 treatments, 3 effects.
        ("pain", "nb", 14, 0, 38),
        ("pain", "en", 0, 2, 50),
        # A stem, 10 items; choices: 2, 7, 3, 4, 9, 4, 4, 2.
        ("background", "nb", 34, 0, 12),
        ("background", "en", 10, 5, 31),
    ],
)
def test_wordings_are_counted_over_stems_items_and_choices(
    code: str, language: str, verified: int, recalled: int, unverified: int
) -> None:
    counts = count_statuses(PACKAGED[code], language)
    assert counts == {"verified": verified, "recalled": recalled, "unverified": unverified}


def test_a_wording_without_a_source_is_still_a_wording() -> None:
    item = PACKAGED["expectations"].items[0]
    assert isinstance(item.text["nb"], Wording)
    assert item.text["nb"].source == ()
