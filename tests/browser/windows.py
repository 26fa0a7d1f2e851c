"""Windows of the browser, the ways to press something in one, and the pictures taken of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, Locator, Page

from btb_pro.roles import Role
from tests.support.live_server import LiveServer
from tests.support.staff import add_staff, session_cookie

LOCALES = {"nb": "nb-NO", "en": "en-GB"}


@contextmanager
def window(browser: Browser, language: str = "nb", width: int = 360, **options: Any) -> Iterator[Page]:
    """A window with cookies of its own."""
    options.setdefault("viewport", {"width": width, "height": 800})
    context = browser.new_context(locale=LOCALES[language], **options)
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def staff_window(
    browser: Browser,
    live: LiveServer,
    role: Role = Role.COORDINATOR,
    *sites: str,
    language: str = "nb",
    width: int = 1280,
    **options: Any,
) -> Iterator[Page]:
    """A window in which a new member of staff is signed in."""
    email = f"{uuid4().hex}@hospital.example"
    add_staff(live.world, role, *sites, email=email, language=language)
    name, value = session_cookie(live.world, email)
    with window(browser, language, width, **options) as page:
        page.context.add_cookies([{"name": name, "value": value, "url": live.base_url}])
        yield page


def press(target: Locator) -> None:
    """Click what leads to a page, and wait until that page is there.

    A click by itself waits for no more than the beginning of the next page.
    """
    with target.page.expect_navigation():
        target.click()


@dataclass(frozen=True)
class Pictures:
    """Pictures of whole pages for whoever wants to look at them: into `folder`, or none at all."""

    folder: Path | None

    def take(self, page: Page, name: str) -> None:
        """Keep what the page shows now, as NAME.png."""
        if self.folder:
            page.screenshot(path=self.folder / f"{name}.png", full_page=True)

    def take_both(self, page: Page, name: str) -> None:
        """The page on a phone and on a desk; the window is as wide as before afterwards."""
        if not self.folder:
            return
        before = page.viewport_size
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            self.take(page, f"{name}-{width}")
        if before:
            page.set_viewport_size(before)
