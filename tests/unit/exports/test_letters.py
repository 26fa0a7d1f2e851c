"""The letters and cards: read back from the pixels that a printer would put on paper."""

from dataclasses import replace
from datetime import date
from typing import Any

import pypdfium2
import pytest
import zxingcpp

from btb_pro.exports.letters import Letter, cards_pdf, letters_pdf

LINK = "https://btb.sykehus-hf.example/s/AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBB"
LETTER = Letter(
    study_number="BTB-001",
    languages=("nb",),
    asker={"nb": "Oslo universitetssykehus", "en": "Oslo University Hospital"},
    study={"nb": "BackToBasic", "en": "BackToBasic"},
    minutes=15,
    opens_on=None,
    last_day=date(2026, 12, 3),
    link=LINK,
    typed_address="btb.sykehus-hf.example/k",
    typed_code="K7PM-2XQ4-B9HT",
    phone="00 00 00 01",
    is_test=False,
)
BOTH = replace(LETTER, languages=("nb", "en"))
MM = 72 / 25.4


def pages(pdf: bytes) -> list[Any]:
    return list(pypdfium2.PdfDocument(pdf))


def texts(pdf: bytes) -> list[str]:
    """The text of each page, white space made single."""
    found = [page.get_textpage().get_text_range() for page in pages(pdf)]
    return [" ".join(text.replace("\N{NO-BREAK SPACE}", " ").split()) for text in found]


def codes_on(page: Any) -> list[str]:
    """What a phone reads from the page at the resolution of a plain printer."""
    picture = page.render(scale=150 / 72).to_pil()
    return [found.text for found in zxingcpp.read_barcodes(picture)]


def test_the_square_holds_the_whole_link() -> None:
    (page,) = pages(letters_pdf([LETTER]))
    assert codes_on(page) == [LINK]


def test_a_letter_says_who_asks_how_long_by_when_how_and_whom_to_ring() -> None:
    (text,) = texts(letters_pdf([LETTER]))
    for said in (
        "Oslo universitetssykehus ber deg svare på noen spørsmål til studien BackToBasic.",
        "Det tar omtrent 15 minutter.",
        "3. desember 2026",
        "btb.sykehus-hf.example/k",
        "K7PM-2XQ4-B9HT",
        "00 00 00 01",
        "113",
        "116 117",
        "Studienummer: BTB-001",
    ):
        assert said in text, said


def test_the_window_of_the_envelope_shows_nothing_of_the_study() -> None:
    (page,) = pages(letters_pdf([LETTER]))
    shown = page.get_textpage().get_text_bounded(
        left=20 * MM, right=110 * MM, top=(297 - 40) * MM, bottom=(297 - 90) * MM
    )
    assert shown.strip() == ""
    picture = page.render(scale=2).to_pil().convert("L")
    window = picture.crop(tuple(round(2 * MM * edge) for edge in (20, 40, 110, 90)))
    assert window.getextrema() == (255, 255)


def test_both_languages_are_a_page_each_with_the_same_link() -> None:
    first, second = pages(letters_pdf([BOTH]))
    assert codes_on(first) == codes_on(second) == [LINK]
    nb, en = texts(letters_pdf([BOTH]))
    assert "Oslo universitetssykehus" in nb
    assert "Oslo University Hospital asks you to answer some questions" in en


def test_cards_stand_four_to_a_sheet_each_with_its_own_link() -> None:
    links = [LINK[:-2] + f"{number:02}" for number in range(5)]
    sheets = pages(cards_pdf([replace(BOTH, link=link) for link in links]))
    assert [sorted(codes_on(sheet)) for sheet in sheets] == [sorted(links[:4]), links[4:]]


@pytest.mark.parametrize("letter", [LETTER, BOTH], ids=["one language", "both"])
def test_a_card_with_long_names_stays_on_its_quarter_of_the_sheet(letter: Letter) -> None:
    long = replace(
        letter,
        asker=dict.fromkeys(("nb", "en"), "Universitetssykehuset Nord-Norge, avdeling for fysikalsk medisin"),
        typed_address="spørreskjema.universitetssykehuset-nord-norge.example/k",
        is_test=True,
        opens_on=date(2026, 11, 30),
    )
    (page,) = pages(cards_pdf([long]))
    right = page.get_textpage().get_text_bounded(left=105 * MM, right=210 * MM)
    below = page.get_textpage().get_text_bounded(top=(297 - 148.5) * MM, bottom=0)
    assert (right.strip(), below.strip()) == ("", "")
    assert codes_on(page) == [LINK]


def test_the_same_letters_give_the_same_bytes() -> None:
    assert letters_pdf([LETTER, BOTH]) == letters_pdf([LETTER, BOTH])
    assert cards_pdf([LETTER, BOTH]) == cards_pdf([LETTER, BOTH])


def test_the_file_has_a_neutral_title_its_language_and_its_fonts_inside() -> None:
    made = letters_pdf([LETTER])
    assert pypdfium2.PdfDocument(made).get_metadata_dict()["Title"] == "Åpne lenken din"
    assert b"/Lang (nb)" in made
    assert b"/DisplayDocTitle true" in made
    assert b"/FontFile2" in made
    assert b"Helvetica" not in made


def test_letters_that_are_not_open_yet_say_from_which_day() -> None:
    (text,) = texts(letters_pdf([replace(LETTER, opens_on=date(2026, 11, 30))]))
    assert "fra og med 30. november 2026" in text


def test_signs_of_markup_in_a_name_are_only_letters() -> None:
    (text,) = texts(letters_pdf([replace(LETTER, asker={"nb": "A & B <b>sykehus</b>"})]))
    assert "A & B <b>sykehus</b>" in text
