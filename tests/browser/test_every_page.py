"""Every kind and state of page in both languages: no page may be hard to see, to hit, to find or to hear."""

from collections.abc import Iterator

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
    axe_faults_by_day_and_night,
    enlarged,
    set_text,
)
from tests.browser.snapshots import Snapshots
from tests.browser.windows import Pictures, window
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

IN_THE_DARK = "Math.max(...getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).slice(0, 3)) < 64"
CHOSEN = """[...document.querySelectorAll('input:checked')]
  .map(one => getComputedStyle(one.parentElement).outlineStyle)"""


def shown(browser: Browser, server: LiveServer, pages: Snapshots) -> Iterator[tuple[str, Page]]:
    """Every page, one after the other, in one window, 360 pixels wide."""

    def answer(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        route.fulfill(body=pages[name], content_type="text/html; charset=utf-8")

    with window(browser, reduced_motion="reduce") as page:
        page.route("**/snapshot/*", answer)
        for name in pages:
            page.goto(f"{server.base_url}/snapshot/{name}")
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            yield name, page


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
def test_no_page_is_hard_to_see_to_hit_or_to_hear(
    browser: Browser, server: LiveServer, snapshots: SnapshotTaker, pictures: Pictures, language: str
) -> None:
    found: dict[str, list[str]] = {}
    for name, page in shown(browser, server, snapshots(language)):
        pictures.take(page, f"{language}-{name}")
        found[name] = axe_faults_by_day_and_night(page)
        if name in LIKE_ANOTHER:
            continue
        found[name] += colour_faults(page)
        found[name] += small_things(page, 360 if language == "nb" else 320)
        found[name] += faults_of_sizes(page)
    assert {name: faults for name, faults in found.items() if faults} == {}


def colour_faults(page: Page) -> list[str]:
    """What is not as it should be in the dark, and where colours of ours do not count."""
    page.emulate_media(color_scheme="dark")
    faults = [] if page.evaluate(IN_THE_DARK) else ["bright in the dark"]
    page.emulate_media(color_scheme="light", forced_colors="active")
    chosen = page.evaluate(CHOSEN)
    page.emulate_media(forced_colors="none")
    return faults if set(chosen) <= {"solid"} else [*faults, f"what is chosen does not show: {chosen}"]


def small_things(page: Page, width: int) -> list[str]:
    """What is too small for a thumb, or does not answer all over."""
    page.set_viewport_size({"width": width, "height": 800})
    return [*page.evaluate(SMALL_TARGETS, TARGET), *page.evaluate(ROWS_THAT_MISS_THEIR_INPUT)]


def faults_of_sizes(page: Page) -> list[str]:
    """What scrolls sideways, is cut off or hidden at any size of window and text."""
    faults = []
    for width, rule in SIZES:
        page.set_viewport_size({"width": width, "height": 800})
        set_text(page, rule)
        too_wide = page.evaluate("document.documentElement.scrollWidth") - width
        here = [f"{too_wide} pixels too wide"] if too_wide > 0 else []
        here += page.evaluate(CUT_OFF) + page.evaluate(COLLAPSED)
        faults += [f"at {width} {rule}: {one}" for one in here]
    set_text(page, "")
    page.set_viewport_size({"width": 360, "height": 800})
    return faults


def test_chosen_answers_are_among_what_is_looked_at(snapshots: SnapshotTaker) -> None:
    chosen = parse(snapshots("nb")["items-days-open"]).iter("input")
    assert [one for one in chosen if one.get("checked") is not None]
