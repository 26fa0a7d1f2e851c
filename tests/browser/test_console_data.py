"""The data manager's pages in a real browser: taking out data by the real process beside the server."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from btb_pro.exports.proof import prove
from btb_pro.roles import Role
from btb_pro.services.exporting import take_csv_export
from tests.browser.looking import axe_faults
from tests.support.answered import answered_world
from tests.support.live_server import LiveServer, serving
from tests.support.staff import add_staff, session_cookie
from tests.support.world import COMMAND, make_world

pytestmark = pytest.mark.browser

SIZES = ((1280, 800), (360, 800))
LANGUAGES = ("nb", "en")
PAGES = {
    "exports": "/console/exports",
    "export-new": "/console/exports/new",
    "export": "/console/exports/1",
    "quality": "/console/quality",
    "code-book": "/console/code-book",
    "code-book-search": "/console/code-book?q=hscl",
}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A study with answers, behind the real server and the process that makes files."""
    folder = tmp_path_factory.mktemp("data")
    world = make_world(folder / "instance")
    answered_world(world, 8)
    take_csv_export(world.runtime, COMMAND, folder / "earlier")
    with serving(world) as running:
        yield running
    world.close()


@contextmanager
def manager(browser: Browser, live: LiveServer, language: str, **options: Any) -> Iterator[Page]:
    """A window in which a data manager is signed in."""
    email = f"dm-{os.urandom(4).hex()}@hospital.example"
    add_staff(live.world, Role.DATA_MANAGER, email=email, language=language)
    name, value = session_cookie(live.world, email)
    options.setdefault("viewport", {"width": 1280, "height": 800})
    context = browser.new_context(locale={"nb": "nb-NO", "en": "en-GB"}[language], **options)
    context.set_default_timeout(20_000)
    context.add_cookies([{"name": name, "value": value, "url": live.base_url}])
    yield context.new_page()
    context.close()


def counted(page: Page, live: LiveServer) -> None:
    """Have the quality counted, and look at the numbers."""
    page.goto(f"{live.base_url}/console/quality")
    page.locator("main form[method=post] button").first.click()
    page.locator("main a.ds-button[href='/console/quality']").click(timeout=60_000)


def test_a_file_is_asked_for_watched_and_fetched(
    browser: Browser, live: LiveServer, tmp_path: Path, pictures: Path
) -> None:
    with manager(browser, live, "en") as page:
        page.goto(f"{live.base_url}/console/exports")
        page.get_by_role("link", name="Take out data").click()
        page.get_by_label("Format").select_option("redcap")
        page.get_by_role("button", name="Look at it first").click()
        expect(page.get_by_role("heading", name="The first rows")).to_be_visible()
        assert axe_faults(page) == []
        page.screenshot(path=pictures / "data-preview-1280-en.png", full_page=True)
        page.get_by_role("button", name="Make the file").click()
        # Without a press of any button: the page looks by itself.
        expect(page.get_by_role("button", name="Fetch the file")).to_be_visible(timeout=60_000)
        assert axe_faults(page) == []
        page.screenshot(path=pictures / "data-job-1280-en.png", full_page=True)
        with page.expect_download() as download:
            page.get_by_role("button", name="Fetch the file").click()
        fetched = tmp_path / download.value.suggested_filename
        download.value.save_as(fetched)
        assert prove(fetched).manifest_sha256


def test_without_javascript_a_button_shows_how_far_it_is(
    browser: Browser, live: LiveServer, pictures: Path
) -> None:
    options = {"java_script_enabled": False, "viewport": {"width": 360, "height": 800}}
    with manager(browser, live, "nb", **options) as page:
        page.goto(f"{live.base_url}/console/exports/new")
        page.locator("#order button").click()
        page.screenshot(path=pictures / "data-preview-360-nb.png", full_page=True)
        page.locator("#take button").click()
        page.screenshot(path=pictures / "data-job-waiting-360-nb.png", full_page=True)
        for _ in range(120):
            if page.get_by_role("button", name="Hent filen").count():
                break
            page.goto(page.url)
            page.wait_for_timeout(500)
        expect(page.get_by_role("button", name="Hent filen")).to_be_visible()
        page.screenshot(path=pictures / "data-job-360-nb.png", full_page=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_accessible_and_fits(
    browser: Browser, live: LiveServer, language: str, pictures: Path
) -> None:
    faults = []
    with manager(browser, live, language) as page:
        counted(page, live)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            for name, path in PAGES.items():
                page.goto(f"{live.base_url}{path}")
                for details in page.locator("details.ds-details").all()[:2]:
                    details.evaluate("one => { one.open = true }")
                page.screenshot(path=pictures / f"data-{name}-{width}-{language}.png", full_page=True)
                faults += [(name, width, one) for one in axe_faults(page)]
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    faults.append((name, width, "wider than the screen"))
    assert faults == []
