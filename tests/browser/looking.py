"""What the browser tests look for on a page, as scripts that a page is asked to run."""

from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import FloatRect, Locator, Page

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
TARGET = 44
"""Least height of what a finger is meant to hit, in pixels."""

SMALL_TARGETS = """target => [...document.querySelectorAll('.choice, .cell, button, a, summary, .ds-input')]
  .filter(element => element.checkVisibility({visibilityProperty: true})
    && !element.matches('.ds-sr-only, .ds-skip-link, [type=radio], [type=checkbox], p:not(footer p) a'))
  .map(element => [element, element.getBoundingClientRect()])
  .filter(([element, box]) => box.height < target || box.width < 24)
  .map(([element, box]) => `${element.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)"""

SMALL_CONTROLS = """target => [...document.querySelectorAll('button, main a, nav a, .ds-input, .ds-label')]
  .filter(one => one.checkVisibility({visibilityProperty: true}))
  .filter(one => !one.matches('.ds-sr-only, p a, td a, [type=radio], [type=checkbox], .ds-label'))
  .filter(one => !one.matches('.ds-error-summary a'))
  .map(one => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
  .filter(([, box]) => box.height < target - .5 || box.width < 24).map(([html]) => html)"""
"""The same for the console, where a table's and a sentence's links may be as low as their line."""

ROWS_THAT_MISS_THEIR_INPUT = """() => [...document.querySelectorAll('.choice, .cell')]
  .filter(element => element.checkVisibility())
  .filter(element => {
    element.scrollIntoView({block: 'center'});
    const box = element.getBoundingClientRect();
    return [[.03, .1], [.97, .1], [.5, .5], [.03, .9], [.97, .9]].some(([x, y]) => {
      const hit = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
      return !(hit && (hit.closest('label') || hit).matches(
        `label[for="${element.querySelector('input').id}"], #${element.querySelector('input').id}`));
    });
  }).map(element => element.outerHTML)"""

# Answers that take up no room: a page with a question and nothing to choose.
COLLAPSED = """() => [...document.querySelectorAll('.scale, .choices')]
  .filter(element => element.checkVisibility() && element.parentElement.getBoundingClientRect().height < 44)
  .map(element => element.outerHTML.slice(0, 120))"""

# What a reader cannot see whole: wider than its own box, or under something else's edge.
CUT_OFF = """() => [...document.querySelectorAll('main *, header *, footer *, nav *')]
  .filter(element => element.checkVisibility() && !element.closest('.ds-sr-only, .word'))
  .filter(element => ['hidden', 'clip'].includes(getComputedStyle(element).overflowX)
    && !element.matches('progress, input')
    && (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1))
  .map(element => element.outerHTML.slice(0, 120))"""

WCAG_SPACING = (
    "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } "
    "p { margin-block-end: 2em !important }"
)


def enlarged(percent: int) -> str:
    """A rule that sets the size of text as a phone's own setting does."""
    return f"html {{ font-size: {percent}% }}"


def set_text(page: Page, rule: str) -> None:
    """Let a rule of the reader's own hold on the page, in place of an earlier one; the page's CSP lets it."""
    page.evaluate(
        """rule => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(rule);
          document.adoptedStyleSheets = [sheet];
        }""",
        rule,
    )


_AXE = """async options => (await axe.run(options)).violations.flatMap(
  one => one.nodes.map(node => `${one.id}: ${node.html.slice(0, 160)}`))"""
_COLOURS = ("color-contrast", "link-in-text-block")
"""Rules whose verdict the colour scheme may change; the tree is the same by day and by night."""


def axe_faults(page: Page, *rules: str) -> list[str]:
    """What axe finds on a page: by the rules of WCAG 2.2 A and AA and best practice, or by those named."""
    only = {"type": "rule" if rules else "tag", "values": list(rules) or AXE_TAGS}
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_AXE, {"runOnly": only, "resultTypes": ["violations"]})
    return found


def axe_faults_by_day_and_night(page: Page) -> list[str]:
    """What axe finds on a page in light and in dark colours, which are light again afterwards."""
    found = axe_faults(page)
    page.emulate_media(color_scheme="dark")
    found += [f"in the dark: {one}" for one in axe_faults(page, *_COLOURS)]
    page.emulate_media(color_scheme="light")
    return found


_READINGS: tuple[tuple[int, str, Literal["light", "dark"]], ...] = (
    (360, "nb", "light"),
    (1280, "en", "dark"),
)


def faults_of_page(page: Page, language: str, small: str = SMALL_CONTROLS) -> list[str]:
    """What a person would stumble over on a page of the console, on a phone and on a desk.

    Axe reads Norwegian pages on a phone in light colours and English ones on a desk in dark colours: what it
    looks for depends on each of these, and on no two of them together. The window is a desk's afterwards.
    """
    found = []
    for width, reads_it, scheme in _READINGS:
        page.set_viewport_size({"width": width, "height": 800})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"scrolls sideways at {width}")
        found += [f"small at {width}: {one}" for one in page.evaluate(small, TARGET)]
        if language == reads_it:
            page.emulate_media(color_scheme=scheme)
            found += axe_faults(page)
            page.emulate_media(color_scheme="light")
    return found


def box_of(locator: Locator) -> FloatRect:
    """Where something stands in the window."""
    box = locator.bounding_box()
    assert box is not None, f"{locator} is not on the page"
    return box
