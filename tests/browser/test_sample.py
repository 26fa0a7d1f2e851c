"""The look: assets/sample.html holds every part of the participant's pages, in the templates' markup."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import html5lib
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import (
    ROWS_THAT_MISS_THEIR_INPUT,
    SMALL_TARGETS,
    TARGET,
    WCAG_SPACING,
    axe_faults,
    box_of,
    enlarged,
)

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).resolve().parents[2] / "assets" / "sample.html"
Opener = Callable[..., Page]


@pytest.fixture
def open_sample(browser: Browser) -> Iterator[Opener]:
    """A function that opens the sample in a window of its own, closed with the test."""
    contexts = []

    def open_at(width: int = 360, text: str = "", **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.goto(SAMPLE.as_uri())
        if text:
            page.add_style_tag(content=text)
        return page

    yield open_at
    for context in contexts:
        context.close()


def test_the_sample_is_valid_html() -> None:
    html5lib.HTMLParser(strict=True).parse(SAMPLE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (320, ""),
        (360, ""),
        (1280, ""),
        (320, enlarged(200)),
        (360, enlarged(200)),
        (360, enlarged(300)),
        (320, WCAG_SPACING),
        (360, WCAG_SPACING),
    ],
)
def test_nothing_scrolls_sideways(open_sample: Opener, width: int, text: str) -> None:
    page = open_sample(width, text)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "text"), [(320, ""), (360, ""), (1280, ""), (360, enlarged(200))])
def test_every_target_is_big_enough_for_a_thumb(open_sample: Opener, width: int, text: str) -> None:
    page = open_sample(width, text)
    assert page.evaluate(SMALL_TARGETS, TARGET) == []


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_a_tap_anywhere_on_a_card_chooses_it_without_javascript(open_sample: Opener, width: int) -> None:
    page = open_sample(width)
    assert page.evaluate(ROWS_THAT_MISS_THEIR_INPUT) == []


def test_seven_cells_stand_in_one_row_and_become_a_list_when_narrow_or_enlarged(open_sample: Opener) -> None:
    for width, text, rows in ((360, "", 1), (1280, "", 1), (320, "", 7), (360, enlarged(130), 7)):
        page = open_sample(width, text)
        boxes = [box_of(cell) for cell in page.locator(".scale-7 .cell").all()]
        assert len({round(box["y"]) for box in boxes}) == rows
        assert max(box["width"] for box in boxes) - min(box["width"] for box in boxes) < 1


@pytest.mark.parametrize("width", [320, 360])
def test_the_words_of_a_scale_are_in_the_names_of_its_radios_and_on_the_screen(
    open_sample: Opener, width: int
) -> None:
    page = open_sample(width)
    for name in ("0 Completely disagree", "3 Unsure", "6 Completely agree"):
        group = page.get_by_role("group", name="3. A scale of seven")
        expect(group.get_by_role("radio", name=name, exact=True)).to_have_count(1)
    shown = ".anchors" if width == 360 else ".scale-7 .word"
    expect(page.locator(shown).first).to_be_visible()
    assert box_of(page.locator(shown).first)["width"] > 40


def test_days_are_asked_for_only_after_a_severity_that_opens_them(open_sample: Opener) -> None:
    page = open_sample(java_script_enabled=False)
    days = page.locator("#depends_days")
    expect(days).to_be_visible()
    page.locator("label[for=depends-0]").click()
    expect(days).to_be_hidden()
    page.locator("label[for=depends-1]").click()
    expect(days).to_be_visible()


def test_the_question_after_opens_with_the_answer_that_it_depends_on(open_sample: Opener) -> None:
    page = open_sample()
    expect(page.locator("#q-after")).to_be_hidden()
    page.locator("label[for=kept-1]").click()
    expect(page.locator("#q-after")).to_be_visible()
    page.locator("label[for=kept-0]").click()
    expect(page.locator("#q-after")).to_be_hidden()
    page.evaluate("document.querySelector('#q-after').dataset.open = ''")
    expect(page.locator("#q-after")).to_be_visible()


def test_taking_back_is_offered_for_an_answer_and_declining_without_one(open_sample: Opener) -> None:
    page = open_sample()
    question = page.locator("#q-cards_missing")
    expect(question.locator("[name=decline]")).to_be_visible()
    expect(question.locator("[name=clear]")).to_be_hidden()
    page.locator("label[for=cards_missing-1]").click()
    expect(question.locator("[name=decline]")).to_be_hidden()
    expect(question.locator("[name=clear]")).to_be_visible()


def test_enter_in_a_field_goes_forward_and_changes_nothing_else(open_sample: Opener) -> None:
    page = open_sample()
    page.evaluate("""() => document.querySelector('#page').addEventListener('submit', event => {
      event.preventDefault(); document.title = event.submitter.name; })""")
    page.locator("#words").press("Enter")
    assert page.title() == "next"


def test_a_link_of_the_error_summary_keeps_the_words_of_the_question_in_sight(open_sample: Opener) -> None:
    page = open_sample()
    page.locator(".ds-error-summary a").first.click()
    assert box_of(page.locator("#q-cards_missing legend"))["y"] >= 0
    expect(page.locator("#cards_missing-1")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_sample: Opener, scheme: str) -> None:
    page = open_sample(color_scheme=scheme)
    assert axe_faults(page) == []


def test_a_choice_shows_without_colours_of_ours_and_in_the_dark(open_sample: Opener) -> None:
    page = open_sample(forced_colors="active")
    style = "element => getComputedStyle(element).outlineStyle"
    assert page.locator(".choice:has(:checked)").first.evaluate(style) == "solid"
    assert page.locator(".choice:not(:has(:checked))").first.evaluate(style) == "none"
    dark = open_sample(color_scheme="dark")
    assert dark.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"


def test_paper_gets_the_questions_and_no_buttons(open_sample: Opener) -> None:
    page = open_sample()
    page.emulate_media(media="print")
    expect(page.locator(".actions")).to_be_hidden()
    expect(page.locator("#q-eleven")).to_be_visible()
