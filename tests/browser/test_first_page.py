"""The page behind a link comes in one small piece, and looks as it would with the whole style sheet."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from btb_pro.assets import read_assets
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser

ONE_ROUND_TRIP = 14_000
"""Bytes that a server may send before it hears from the phone again (ten packets, RFC 6928)."""

PAGES = ("start", "receipt", "unknown", "revoked", "replaced", "withdrawn", "home")

# Every property of elements, and of what stands before and after them. Custom ones count by what uses them.
# The first look at a state is remembered, a second one is compared with it: how many, and what differs.
LOOK = """([state, selector]) => {
  const names = [...getComputedStyle(document.body)].filter(name => !name.startsWith('--'));
  const looks = [...document.querySelectorAll(selector)].flatMap(element =>
    ['', '::before', '::after', '::marker'].map(part => {
      const style = getComputedStyle(element, part);
      const isMarked = part === '::marker' && element.matches('li, summary');
      const isThere = !part || isMarked || !['none', 'normal'].includes(style.content);
      const shown = isThere ? names.map(name => name + ':' + style.getPropertyValue(name)) : [];
      return element.tagName + part + shown.join(';');
    }));
  const seen = window.looks = window.looks || {}, before = seen[state] || (seen[state] = looks);
  return [looks.length, looks.flatMap((look, n) => look === before[n] ? [] : [[before[n], look]])];
}"""

TAKE_THE_WHOLE_SHEET = """address => new Promise((done, failed) => {
  document.querySelector('style').remove();
  const link = document.createElement('link');
  Object.assign(link, {rel: 'stylesheet', href: address, onload: done, onerror: failed});
  document.head.append(link);
})"""


@dataclass
class FirstPages:
    """A server and what it shows without a session: path by kind of page."""

    server: LiveServer
    paths: dict[str, str]

    def address(self, name: str) -> str:
        """The whole address of a kind of page."""
        return self.server.base_url + self.paths[name]

    @property
    def whole_sheet(self) -> str:
        """The path of the style sheet that pages of a session use."""
        folder = self.server.world.app.static_folder
        assert folder is not None
        return f"/static/{read_assets(Path(folder)).style_sheet}"


@pytest.fixture(scope="module")
def first_pages(server: LiveServer) -> FirstPages:
    """Each kind of page that brings its own style."""
    world = server.world
    numbers = {name: server.add() for name in PAGES}
    paths = {name: world.invite(number) for name, number in numbers.items()}
    paths |= {"unknown": "/s/nothing", "home": "/"}
    world.revoke(numbers["revoked"])
    world.invite(numbers["replaced"], replace=True)
    world.withdraw(numbers["withdrawn"])
    sent_in = world.started(paths["receipt"])
    assert sent_in.open(f"{sent_in.address}review").press().page == "receipt"
    return FirstPages(server, paths)


@pytest.mark.parametrize("name", PAGES)
def test_the_page_behind_a_link_is_one_request_and_fits_one_round_trip(
    browser: Browser, first_pages: FirstPages, name: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    requests = []
    said = []
    page.on("requestfinished", lambda request: requests.append(request))
    page.on("console", lambda message: said.append(message.text))
    page.goto(first_pages.address(name), wait_until="networkidle")
    sizes = [request.sizes() for request in requests if not request.url.startswith("data:")]
    context.close()
    assert len(sizes) == 1
    assert sizes[0]["responseHeadersSize"] + sizes[0]["responseBodySize"] <= ONE_ROUND_TRIP
    # That a dead end is no 200 is told by the console too, and meant.
    assert [text for text in said if "responded with a status of" not in text] == []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("start", {}),
        ("start", {"color_scheme": "dark"}),
        ("start", {"forced_colors": "active"}),
        ("receipt", {}),
        ("receipt", {"color_scheme": "dark"}),
        ("unknown", {}),
        ("replaced", {"color_scheme": "dark"}),
    ],
)
def test_it_looks_as_with_the_whole_style_sheet(
    browser: Browser, first_pages: FirstPages, name: str, options: dict[str, Any]
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 800}, reduced_motion="reduce", **options)
    page = context.new_page()
    page.goto(first_pages.address(name))
    own, own_picture = looks_of(page), page.screenshot(full_page=True)
    page.evaluate(TAKE_THE_WHOLE_SHEET, first_pages.whole_sheet)
    whole, whole_picture = looks_of(page), page.screenshot(full_page=True)
    context.close()
    assert own["a phone"][0] > 40
    for state, (n_looks, different) in whole.items():
        assert different == [], state
        assert n_looks == own[state][0], state
    assert own_picture == whole_picture


def looks_of(page: Page) -> dict[str, tuple[int, list[tuple[str, str]]]]:
    """How everything looks on a phone, on a wide screen and on paper, and how each target does in use.

    For each state the number of things looked at, and those that differ from the first time.
    """
    looks = {}

    def look(state: str, selector: str) -> None:
        looks[state] = page.evaluate(LOOK, [state, selector])

    look("a phone", "html, body, body *")
    page.set_viewport_size({"width": 1280, "height": 800})
    look("a wide screen", "body *")
    page.emulate_media(media="print")
    look("paper", "body *")
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 360, "height": 800})
    for target in page.locator("a, button").all():
        name = target.inner_text()
        # A pointer left behind would hover over whatever the focus scrolls beneath it.
        page.mouse.move(0, 0)
        target.focus()
        look(f"{name} focused", ":focus")
        target.hover()
        look(f"{name} hovered", ":hover")
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.evaluate("scrollTo(0, 0)")
    return looks
