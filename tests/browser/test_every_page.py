"""Every kind and state of page in both languages: no page may be hard to see, to hit, to find or to hear."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.conftest import SnapshotTaker
from tests.browser.looking import (
    COLLAPSED,
    CUT_OFF,
    ROWS_THAT_MISS_THEIR_INPUT,
    SMALL_TARGETS,
    TARGET,
    WCAG_SPACING,
    axe_faults,
    enlarged,
    set_text,
)
from tests.support.live_server import LiveServer
from tests.support.page_check import faults_of, parse

pytestmark = pytest.mark.browser

LANGUAGES = ("nb", "en")
UNTOUCHED = (
    "items-numbers",
    "items-scale-11",
    "items-several",
    "items-follow-up",
    "items-effects",
    "items-choices",
    "items-scale-7",
    "items-cards",
    "items-days",
)
"""Pages of questions before anybody answered."""
LIKE_ANOTHER = frozenset(
    {
        "dead-unreadable",
        "dead-foreign",
        "dead-no-link",
        "dead-expired",
        "dead-revoked",
        "dead-replaced",
        "dead-withdrawn",
    }
)
"""Dead ends that differ from another one in their words only."""
SIZES = (
    (320, ""),
    (320, enlarged(200)),
    (320, WCAG_SPACING),
    (360, ""),
    (360, enlarged(200)),
    (360, enlarged(300)),
    (360, WCAG_SPACING),
    (1280, ""),
)
"""Widths of the window, and what the reader sets for text."""

Looker = Callable[..., Iterator[tuple[str, Page]]]


@pytest.fixture
def look_at(browser: Browser, server: LiveServer, snapshots: SnapshotTaker) -> Iterator[Looker]:
    """A function that shows every page of a language, one after the other, in one window."""
    contexts = []

    def show_all(
        language: str, width: int = 360, *, without: frozenset[str] = frozenset(), **options: Any
    ) -> Iterator[tuple[str, Page]]:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, reduced_motion="reduce", **options
        )
        contexts.append(context)
        page = context.new_page()
        shown = {"html": ""}

        def answer(route: Route) -> None:
            route.fulfill(body=shown["html"], content_type="text/html; charset=utf-8")

        context.route("**/snapshot", answer)
        for name, html in snapshots(language).items():
            if name in without:
                continue
            shown["html"] = html
            page.goto(f"{server.base_url}/snapshot")
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            yield name, page

    yield show_all
    for context in contexts:
        context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_the_page_that_it_is_taken_for(snapshots: SnapshotTaker, language: str) -> None:
    pages = snapshots(language)
    for name, html in pages.items():
        assert faults_of(html) == [], name
        assert f'data-page="{name.partition("-")[0]}"' in html
        assert f'<html lang="{language}"' in html
        assert " – BackToBasic</title>" in html
    dead_ends = [html for name, html in pages.items() if name.startswith("dead")]
    headings = [html.partition("<h1")[2].partition("</h1>")[0] for html in dead_ends]
    assert len(set(headings)) == len(headings), "each dead end says what happened"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_answer_is_chosen_and_nothing_written_before_somebody_did(
    snapshots: SnapshotTaker, language: str
) -> None:
    for name in UNTOUCHED:
        inputs = list(parse(snapshots(language)[name]).iter("input"))
        assert inputs
        assert [one for one in inputs if one.get("checked") is not None] == [], name
        assert [one.get("value") for one in inputs if one.get("type") == "text" and one.get("value")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_in_light_or_dark(look_at: Looker, pictures: Path, language: str) -> None:
    found = {}
    for name, page in look_at(language):
        found[name] = axe_faults(page)
        page.screenshot(path=pictures / f"{language}-{name}.png", full_page=True)
        # The tree is the same in the dark, so that only colours can be at fault.
        page.emulate_media(color_scheme="dark")
        found[f"{name} in the dark"] = axe_faults(page, "color-contrast")
        page.emulate_media(color_scheme="light")
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_scrolls_sideways_or_hides_anything_whatever_the_size_of_text(
    look_at: Looker, language: str
) -> None:
    found = {}
    for name, page in look_at(language, without=LIKE_ANOTHER):
        for width, rule in SIZES:
            page.set_viewport_size({"width": width, "height": 800})
            set_text(page, rule)
            too_wide = page.evaluate("document.documentElement.scrollWidth") - width
            faults = [f"{too_wide} pixels too wide"] if too_wide > 0 else []
            faults += page.evaluate(CUT_OFF) + page.evaluate(COLLAPSED)
            if faults:
                found[f"{name} at {width} {rule}"] = faults
    assert found == {}


@pytest.mark.parametrize(("language", "width"), [("nb", 360), ("en", 320)])
def test_whatever_is_tapped_is_big_enough_for_a_thumb_and_answers_all_over(
    look_at: Looker, language: str, width: int
) -> None:
    found = {}
    for name, page in look_at(language, width, without=LIKE_ANOTHER):
        found[name] = page.evaluate(SMALL_TARGETS, TARGET) + page.evaluate(ROWS_THAT_MISS_THEIR_INPUT)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_every_page_is_dark_in_the_dark_and_shows_choices_without_colours_of_ours(look_at: Looker) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    for name, page in look_at("nb", without=LIKE_ANOTHER, color_scheme="dark"):
        channels = [int(number) for number in re.findall(r"[0-9]+", page.evaluate(background))]
        assert max(channels[:3]) < 64, name
    outlines = "[...document.querySelectorAll('{}')].map(one => getComputedStyle(one).outlineStyle)"
    for name, page in look_at("nb", without=LIKE_ANOTHER, forced_colors="active"):
        chosen = page.evaluate(outlines.format("input:checked").replace("one)", "one.parentElement)"))
        assert set(chosen) <= {"solid"}, name
        if name == "items-days-open":
            assert chosen
