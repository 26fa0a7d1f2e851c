"""The data manager's pages in a real browser: taking out data by the real process beside the server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from btb_pro.exports.proof import prove
from btb_pro.roles import Role
from btb_pro.services.exporting import take_csv_export
from tests.browser.looking import axe_faults, faults_of_page
from tests.browser.windows import Pictures, press, staff_window
from tests.support.answered import answered_world
from tests.support.live_server import LiveServer, serving
from tests.support.world import COMMAND, make_world

pytestmark = pytest.mark.browser

LANGUAGES = ("nb", "en")
PAGES = {
    "exports": "/console/exports",
    "export-new": "/console/exports/new",
    "export": "/console/exports/1",
    "quality": "/console/quality",
    "worth-a-look": "/console/quality/worth-a-look",
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
    with staff_window(browser, live, Role.DATA_MANAGER, language=language, **options) as page:
        yield page


def counted(page: Page, live: LiveServer) -> None:
    """Have the quality counted, and look at the numbers."""
    page.goto(f"{live.base_url}/console/quality")
    press(page.locator("main form[method=post] button").first)
    press(page.locator("main a.ds-button[href='/console/quality']"))


def test_a_file_is_asked_for_watched_and_fetched(
    browser: Browser, live: LiveServer, tmp_path: Path, pictures: Pictures
) -> None:
    with manager(browser, live, "en") as page:
        page.goto(f"{live.base_url}/console/exports")
        press(page.get_by_role("link", name="Take out data"))
        page.get_by_label("Format").select_option("redcap")
        press(page.get_by_role("button", name="Look at it first"))
        expect(page.get_by_role("heading", name="The first rows")).to_be_visible()
        assert axe_faults(page) == []
        pictures.take(page, "data-preview-1280-en")
        press(page.get_by_role("button", name="Make the file"))
        # Without a press of any button: the page looks by itself.
        expect(page.get_by_role("button", name="Fetch the file")).to_be_visible()
        assert axe_faults(page) == []
        pictures.take(page, "data-job-1280-en")
        with page.expect_download() as download:
            page.get_by_role("button", name="Fetch the file").click()
        fetched = tmp_path / download.value.suggested_filename
        download.value.save_as(fetched)
        assert prove(fetched).manifest_sha256


def test_without_javascript_a_button_shows_how_far_it_is(
    browser: Browser, live: LiveServer, pictures: Pictures
) -> None:
    with manager(browser, live, "nb", width=360, java_script_enabled=False) as page:
        page.goto(f"{live.base_url}/console/exports/new")
        press(page.locator("#order button"))
        pictures.take(page, "data-preview-360-nb")
        press(page.locator("#take button"))
        pictures.take(page, "data-job-waiting-360-nb")
        further = page.get_by_role("link", name="Se hvor langt det er kommet")
        fetch = page.get_by_role("button", name="Hent filen")
        while not fetch.count():
            press(further)
            expect(further.or_(fetch)).to_be_visible()
        expect(fetch).to_be_visible()
        pictures.take(page, "data-job-360-nb")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_accessible_and_fits(
    browser: Browser, live: LiveServer, language: str, pictures: Pictures
) -> None:
    found = {}
    with manager(browser, live, language) as page:
        counted(page, live)
        for name, path in PAGES.items():
            page.goto(f"{live.base_url}{path}")
            for details in page.locator("details.ds-details").all()[:2]:
                details.evaluate("one => { one.open = true }")
            pictures.take_both(page, f"data-{name}-{language}")
            found[name] = faults_of_page(page, language)
    assert {name: faults for name, faults in found.items() if faults} == {}
