"""The paper version, really printed: Chromium makes the PDF, and its text is read back."""

from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from btb_pro.cli.paper_page import paper_page
from btb_pro.exports.paper import PaperForm, forms_of
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.model import Item
from tests.support.pdf_text import pages_of_pdf

pytestmark = pytest.mark.browser

LANGUAGES = ("nb", "en")


@cache
def forms(language: str) -> tuple[PaperForm, ...]:
    return forms_of([(one, None) for one in load_instruments().values()], language)


@pytest.fixture(scope="module")
def pdfs(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All instruments in one file, printed once in each language."""
    folder = tmp_path_factory.mktemp("paper")
    return {language: print_to_pdf(browser, folder, language) for language in LANGUAGES}


def print_to_pdf(browser: Browser, folder: Path, language: str) -> bytes:
    html = folder / f"{language}.html"
    html.write_text(paper_page(forms(language), "BackToBasic"), encoding="utf-8")
    page = browser.new_page()
    try:
        page.goto(html.as_uri())
        return page.pdf(prefer_css_page_size=True)
    finally:
        page.close()


def squeezed(text: str) -> str:
    return "".join(text.split())


def words_of(item: Item, language: str) -> list[str]:
    choices = [
        choice.label[language].text for one in item.fields for choice in one.choices if choice.has_words
    ]
    return [squeezed(text) for text in (item.text[language].text, *choices)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_and_answer_is_on_the_paper_in_order(pdfs: dict[str, bytes], language: str) -> None:
    text, at = "".join(pages_of_pdf(pdfs[language])), 0
    for form in forms(language):
        for item in form.instrument.items:
            for words in words_of(item, language):
                found = text.find(words, at)
                assert found >= 0, (item.code, words)
                at = found + len(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_question_is_split_between_two_pages(pdfs: dict[str, bytes], language: str) -> None:
    pages = pages_of_pdf(pdfs[language])
    beginnings = [
        (form, f"{form.number(item)}.{words_of(item, language)[0]}")
        for form in forms(language)
        for item in form.instrument.items
    ]
    number, at = 0, 0
    for (form, beginning), following in pairwise([*beginnings, (None, "")]):
        assert form is not None
        while (found := pages[number].find(beginning, at)) < 0:
            number, at = number + 1, 0
        on_page = pages[number][found + len(beginning) :]
        item = form.instrument.items[int(beginning.split(".")[0]) - 1]
        end = on_page.find(following[1]) if following[1] and following[1] in on_page else len(on_page)
        for words in words_of(item, language)[1:]:
            assert words in on_page[:end], (item.code, number + 1, words)
        at = found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stem_stands_on_the_page_of_the_first_question_that_it_is_about(
    pdfs: dict[str, bytes], language: str
) -> None:
    pages = pages_of_pdf(pdfs[language])
    for form in forms(language):
        for section in form.sections:
            assert section.stem is not None
            stem = squeezed(section.stem[language].text)
            first = f"{form.number(section.items[0])}.{words_of(section.items[0], language)[0]}"
            assert any(stem in page and page.find(first) > page.find(stem) for page in pages), section.code


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_a4_and_bears_its_foot(pdfs: dict[str, bytes], language: str) -> None:
    pages = pages_of_pdf(pdfs[language])
    count = {"nb": "Side{}av{}", "en": "Page{}of{}"}[language]
    wordings = {form.short_hash for form in forms(language)}
    for number, page in enumerate(pages, start=1):
        assert count.format(number, len(pages)) in page
        assert sum(one in page for one in wordings) == 1
    assert pdfs[language].count(b"/MediaBox [0 0 594.95996 841.91998]") == len(pages)
    assert sum(b"Studienummer" in page.encode() for page in pages) == (len(pages) if language == "nb" else 0)


def test_all_instruments_fit_on_eight_sheets_printed_on_both_sides(pdfs: dict[str, bytes]) -> None:
    assert max(len(pages_of_pdf(pdf)) for pdf in pdfs.values()) <= 16
