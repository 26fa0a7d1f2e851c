"""Questionnaires on paper say exactly what the instrument files say, in their order."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.cli.paper_page import css_text, paper_page
from btb_pro.exports.paper import LanguageMissing, forms_of
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.model import FieldKind, Instrument, Item, ItemType, WordingStatus, wording_sha256
from btb_pro.instruments.paging import UnknownSection
from tests.support.page_check import parse

INSTRUMENTS = load_instruments()
EVERY = [(code, language) for code, one in INSTRUMENTS.items() for language in one.languages]


@cache
def printed(code: str, language: str, sections: frozenset[str] | None = None) -> str:
    return paper_page(forms_of([(INSTRUMENTS[code], sections)], language))


def text_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def with_class(element: Element, name: str) -> list[Element]:
    return [one for one in element.iter() if name in (one.get("class") or "").split()]


@cache
def questions(html: str) -> list[Element]:
    return with_class(parse(html), "question")


def question(html: str, number: int) -> Element:
    return next(one for one in questions(html) if text_of(one).startswith(f"{number}. "))


def wordings_printed(html: str) -> list[str]:
    return ["".join(one.itertext()) for one in parse(html).iter() if one.get("data-wording") is not None]


def wordings_of_item(item: Item, language: str) -> list[str]:
    """Every wording of an item in the order of the model; the label of a text is that of its choice."""
    told = [item.text[language].text]
    for field in item.fields:
        is_apart = field.code != item.code and field.kind is not FieldKind.TEXT
        told += [field.label[language].text] if is_apart else []
        told += [choice.label[language].text for choice in field.choices if choice.has_words]
        told += [field.unit[language].text] if field.unit else []
    return told


def wordings_in_file(instrument: Instrument, language: str) -> list[str]:
    told = [instrument.title[language].text, instrument.recall[language].wording.text]
    for section in instrument.sections:
        told += [section.stem[language].text] if section.stem else []
        told += [text for item in section.items for text in wordings_of_item(item, language)]
    return told


@pytest.mark.parametrize(("code", "language"), EVERY)
def test_every_wording_is_printed_once_in_the_files_order_to_the_letter(code: str, language: str) -> None:
    expected = wordings_in_file(INSTRUMENTS[code], language)
    assert len(expected) > 10
    assert wordings_printed(printed(code, language)) == expected


@pytest.mark.parametrize(("code", "language"), EVERY)
def test_the_label_of_every_text_stands_before_its_line(code: str, language: str) -> None:
    html = printed(code, language)
    for number, item in enumerate(INSTRUMENTS[code].items, start=1):
        for field in item.fields:
            if field.kind is FieldKind.TEXT:
                assert field.label[language].text in text_of(question(html, number))
    texts = [one for one in INSTRUMENTS[code].fields if one.kind is FieldKind.TEXT]
    assert sum(len(with_class(one, "lines")) for one in questions(html)) == len(texts)


@pytest.mark.parametrize(("code", "language"), EVERY)
def test_each_question_has_a_box_and_its_code_for_every_choice_in_order(code: str, language: str) -> None:
    for item, element in zip(INSTRUMENTS[code].items, questions(printed(code, language)), strict=True):
        expected = [choice.code for field in item.fields for choice in field.choices]
        codes = [text_of(one) for one in element.iter() if one.tag == "b" or one.get("class") == "code"]
        assert codes == expected
        assert len(with_class(element, "box")) == len(expected)
        digits = [len(str(one.maximum)) for one in item.fields if one.kind is FieldKind.INTEGER]
        assert len(with_class(element, "digit")) == sum(digits)


def test_a_scale_is_one_row_with_its_words_under_their_numbers() -> None:
    element = question(printed("fabq", "nb"), 1)
    assert [text_of(one) for one in with_class(element, "cell")] == ["0", "1", "2", "3", "4", "5", "6"]
    (words,) = with_class(element, "words")
    assert [text_of(one) for one in words] == ["Helt uenig", "Usikker", "Helt enig"]
    # Half way between 0 and 3, between 3 and 6.
    assert words.get("style") == "grid-template-columns: 1.5fr 3fr 1.5fr"
    (words,) = with_class(question(printed("pain", "nb"), 1), "words")
    assert words.get("style") == "grid-template-columns: 5fr 5fr"


def test_a_condition_is_told_in_plain_words_before_what_it_opens() -> None:
    stiffness = text_of(question(printed("pain", "nb"), 7))
    assert "Svar bare hvis du svarte «Ja» på spørsmål 6." in stiffness
    assert "Answer only if you answered “Yes” to question 6." in text_of(question(printed("pain", "en"), 7))
    days = text_of(question(printed("shc", "nb"), 1))
    opened = "Hvis du svarte «Litt plaget», «En del plaget» eller «Alvorlig plaget»:"
    assert days.index(opened) < days.index("Antall dager plagene varte (omtrent)")


def test_every_condition_of_every_instrument_is_told() -> None:
    for code, language in EVERY:
        html = printed(code, language)
        for number, item in enumerate(INSTRUMENTS[code].items, start=1):
            opened = [one for one in item.fields if one.when and one.kind is not FieldKind.TEXT]
            told = with_class(question(html, number), "condition")
            alone = [choice for choice in item.fields[0].choices if choice.is_exclusive]
            assert len(told) == len(alone) + (1 if item.when else len(opened)), (code, item.code)


def test_a_choice_that_excludes_the_others_says_so() -> None:
    assert "Ingenting spesielt none (da ingen av de andre)" in text_of(question(printed("pain", "nb"), 5))


def test_there_is_a_place_for_study_number_visit_date_and_who_filled_it_in() -> None:
    (office,) = with_class(parse(printed("hscl25", "nb")), "office")
    assert [text_of(one) for one in with_class(office, "name")] == [
        "Studienummer",
        "Besøk",
        "Dato (dag, måned, år)",
        "Fylt ut av",
    ]
    assert len(with_class(office, "digit")) == 8
    assert len(with_class(office, "line")) == 3
    assert len(with_class(office, "box")) == 2


def test_a_known_visit_is_printed_instead_of_a_place_to_write_it() -> None:
    html = paper_page(forms_of([(INSTRUMENTS["fabq"], None)], "nb"), "BackToBasic", "To uker etter start")
    (office,) = with_class(parse(html), "office")
    assert "Besøk To uker etter start" in text_of(office)
    assert len(with_class(office, "line")) == 2


@pytest.mark.parametrize(("code", "language"), EVERY)
def test_the_foot_of_every_page_tells_instrument_version_language_wording_and_page(
    code: str, language: str
) -> None:
    html = printed(code, language)
    sha = wording_sha256(INSTRUMENTS[code], language)[:12]
    foot = {
        "nb": f"{code}, versjon 1, Norsk, ordlyd {sha}",
        "en": f"{code}, version 1, English, wording {sha}",
    }
    assert f'@bottom-left {{ content: "{foot[language]}"' in html
    assert with_class(parse(html), "identity")[0].text == foot[language]
    page = {
        "nb": '"Side " counter(page) " av " counter(pages)',
        "en": '"Page " counter(page) " of " counter(pages)',
    }
    assert f"@bottom-right {{ content: {page[language]};" in html


def test_unverified_wordings_are_counted_for_whoever_hands_the_form_out() -> None:
    (note,) = with_class(parse(printed("fabq", "nb")), "staff")
    assert "Bruk det bare når ordlyden er godkjent for studien." in text_of(note)
    # As `btb-pro instruments list` counts them: 13 verified, 3 recalled, 5 unverified.
    assert "8 av 21 tekster (3 gjengitt etter hukommelsen, 5 skrevet eller oversatt" in text_of(note)


def test_a_wording_that_is_verified_throughout_bears_no_such_note(tmp_path: Path) -> None:
    source = Path(__file__).parents[1] / "instruments" / "sound.yaml"
    text = re.sub(r"status: \w+", "status: verified", source.read_text(encoding="utf-8"))
    (tmp_path / "sound.yaml").write_text(text, encoding="utf-8")
    (instrument,) = load_instruments(tmp_path).values()
    html = paper_page(forms_of([(instrument, None)], instrument.languages[0]))
    assert with_class(parse(html), "staff") == []
    (section, *_) = instrument.sections
    assert section.items[0].text[instrument.languages[0]].text in html


def test_only_the_sections_that_a_visit_asks_are_printed_under_their_own_numbers() -> None:
    html = printed("pain", "nb", frozenset(["characteristics"]))
    assert text_of(questions(html)[0]).startswith("4. Hvor mange måneder/år")
    assert len(questions(html)) == 8
    with pytest.raises(UnknownSection):
        printed("pain", "nb", frozenset(["no_such"]))


def test_a_language_that_an_instrument_lacks_is_refused_by_name() -> None:
    with pytest.raises(LanguageMissing, match="fabq has no wording in 'sv': use one of nb, en"):
        printed("fabq", "sv")


def test_the_page_fetches_nothing_and_is_the_same_each_time() -> None:
    html = printed("shc", "en")
    assert html == paper_page(forms_of([(INSTRUMENTS["shc"], None)], "en"))
    assert not re.search(r"https?:|src=|href=|url\(|@import|<script", html)


def test_choices_stand_alike_in_every_language() -> None:
    for code in INSTRUMENTS:
        rows = [
            [one.get("class") for one in parse(printed(code, language)).iter("ul")]
            for language in INSTRUMENTS[code].languages
        ]
        assert rows[0] == rows[1]


def test_a_title_with_signs_of_html_and_css_stays_a_title() -> None:
    title = 'A "title" </style> \\ & <b>more</b>'
    fabq = INSTRUMENTS["fabq"]
    named = replace(fabq, title={"nb": replace(fabq.title["nb"], text=title)})
    html = paper_page(forms_of([(named, None)], "nb"))
    assert wordings_printed(html)[0] == title
    assert html.count("</style>") == 1


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_any_text_becomes_one_string_of_css_that_means_the_same(text: str) -> None:
    written = css_text(text)
    assert written[0] == written[-1] == '"'
    inside = written[1:-1]
    assert not re.search(r'["<\n\r\f]', inside)
    meant = re.sub(r"\\([0-9a-f]+) ", lambda found: chr(int(found[1], 16)), inside)
    assert meant == text


def test_every_type_of_item_is_among_the_instruments_that_these_tests_print() -> None:
    shown = {item.type for one in INSTRUMENTS.values() for item in one.items}
    assert shown >= set(ItemType) - {ItemType.TEXT}
    assert WordingStatus.VERIFIED in forms_of([(INSTRUMENTS["fabq"], None)], "nb")[0].wordings
