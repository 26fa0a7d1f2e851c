"""One Chromium and one server for all browser tests of a worker, and phones that open pages of it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext
from playwright.sync_api import TimeoutError as BrowserTimeout

from tests.browser.phone import Phone
from tests.browser.snapshots import Photographer, Snapshots
from tests.browser.windows import LOCALES, Pictures
from tests.support.chromium import launched
from tests.support.engines import EngineName, using
from tests.support.live_server import LiveServer, serving
from tests.support.world import make_world

PhoneMaker = Callable[..., Phone]
SnapshotTaker = Callable[[str], Snapshots]

BROWSER_FAILED = [BrowserTimeout, "Unable to capture screenshot"]
"""What is raised where the browser did not do as it was told; an assertion that failed is never among it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run a test of the browser once more if the browser failed, and show that in the summary as RERUN."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=BROWSER_FAILED))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, or the one that Playwright has fetched where there is none on PATH."""
    with launched() as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def _engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """The engine of every world here: the option `--browser-on`."""
    with using(EngineName(request.config.getoption("--browser-on"))):
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A study of its own behind the real web server. Tests share it, each with participants of its own."""
    world = make_world(tmp_path_factory.mktemp("live") / "instance")
    with serving(world) as running:
        yield running
    world.close()


@pytest.fixture(scope="session")
def pictures() -> Pictures:
    """Screenshots go to the folder named by BTB_SCREENSHOTS; where none is, nobody would look at them."""
    named = os.environ.get("BTB_SCREENSHOTS")
    if not named:
        return Pictures(None)
    folder = Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    return Pictures(folder)


@pytest.fixture(scope="session")
def snapshots(
    browser: Browser, server: LiveServer, tmp_path_factory: pytest.TempPathFactory
) -> SnapshotTaker:
    """A function that gives every kind and state of page in a language, walked through once."""
    taken: dict[str, Snapshots] = {}

    def in_language(language: str) -> Snapshots:
        if language not in taken:
            folder = tmp_path_factory.mktemp("snapshots")
            taken[language] = Photographer(browser, server, language, folder).walk()
        return taken[language]

    return in_language


@pytest.fixture
def phone(browser: Browser, server: LiveServer) -> Iterator[PhoneMaker]:
    """A function that gives a phone, 360 pixels wide and without JavaScript if nothing else is said.

    Whatever the test was about, no phone may have asked any other host for anything.
    """
    contexts: list[BrowserContext] = []
    asked: list[str] = []

    def new_phone(
        language: str = "nb", width: int = 360, *, java_script: bool = False, **options: Any
    ) -> Phone:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            locale=LOCALES[language],
            java_script_enabled=java_script,
            **options,
        )
        contexts.append(context)
        context.on("request", lambda request: asked.append(request.url))
        return Phone(context.new_page(), server, language, java_script)

    yield new_phone
    for context in contexts:
        context.close()
    own = urlsplit(server.base_url).netloc
    elsewhere = [url for url in asked if urlsplit(url).scheme != "data" and urlsplit(url).netloc != own]
    assert elsewhere == []
