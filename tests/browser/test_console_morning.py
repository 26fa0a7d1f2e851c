"""The coordinator's morning in a real browser: Today, the list, and what somebody asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from btb_pro import clock
from btb_pro.roles import Role
from tests.browser.looking import SMALL_TARGETS, TARGET, axe_faults, enlarged, faults_of_page, set_text
from tests.browser.windows import Pictures, press, staff_window
from tests.integration.console import work
from tests.support.live_server import LiveServer, serving
from tests.support.outgoing import mailing
from tests.support.world import World, make_world

pytestmark = pytest.mark.browser

PAGES = {
    "today": "/console/",
    "list": "/console/participants",
    "list-odd": "/console/participants?page=9&site=mars&sort=-day",
    "list-empty": "/console/participants?q=nobody",
    "wish": "/console/requests/1",
    "wish-stop": "/console/requests/2",
}
SIZES = ((1280, 100), (360, 100), (320, 100), (320, 200), (360, 200))
LANGUAGES = ("nb", "en")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A study with something of everything to do."""
    world = mailing(make_world(tmp_path_factory.mktemp("morning") / "instance"), "smtp://127.0.0.1:1")
    _make_work(world)
    with serving(world) as running:
        yield running
    world.close()


def _make_work(world: World) -> None:
    now = clock.now()
    for place in range(60):
        work.person(world, f"N-{place:03}", 20 + place, site="bergen" if place % 3 else "oslo")
    for place in range(12):
        work.person(world, f"SOON-{place:02}", 2 + place % 5, language="en" if place % 2 else "nb")
    day0 = (clock.today() + timedelta(days=9)).isoformat()
    world.add("WISH-NEW", "tromso", "nb", day0=day0, email="kari@example.org", phone="41234567")
    old = world.invite("WISH-NEW")
    world.invite("WISH-NEW", replace=True)
    world.browser().open(old).send(f"{old}/new-link", [])
    for number in ("WISH-STOP", "FAILED", "STOPPED", "PAPER", "ALERT"):
        work.person(world, number, 9)
    world.browser().open(f"{world.invite('WISH-STOP')}/stop").press()
    world.invite("FAILED")
    work.message(world, "FAILED", "bounced", "mailbox_full")
    with clock.at(now - timedelta(days=4)):
        work.start(world, "STOPPED")
    work.paper(world, "PAPER")
    work.alert(world, "ALERT", "needs_call")
    work.person(world, "LAST-DAY", 0)
    world.invite("LAST-DAY")


@contextmanager
def at_work(browser: Browser, live: LiveServer, language: str = "nb", **options: Any) -> Iterator[Page]:
    """The window of a coordinator who is signed in."""
    with staff_window(browser, live, Role.COORDINATOR, language=language, **options) as page:
        yield page


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing(browser: Browser, live: LiveServer, language: str, pictures: Pictures) -> None:
    found = {}
    with at_work(browser, live, language) as page:
        for name, path in PAGES.items():
            page.goto(live.base_url + path)
            assert page.locator("html").get_attribute("lang") == language
            pictures.take_both(page, f"console-{name}-{language}")
            found[name] = faults_of_page(page, language, SMALL_TARGETS)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_nothing_scrolls_sideways_and_every_target_fits_a_thumb(
    browser: Browser, live: LiveServer, pictures: Pictures
) -> None:
    found = []
    with at_work(browser, live) as page:
        for name, path in PAGES.items():
            page.goto(live.base_url + path)
            for width, percent in SIZES:
                page.set_viewport_size({"width": width, "height": 800})
                set_text(page, enlarged(percent))
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    found.append(f"{name} at {width} px and {percent} %")
                if percent == 100:
                    found += [f"{name} {width}: {one}" for one in page.evaluate(SMALL_TARGETS, TARGET)]
                else:
                    pictures.take(page, f"console-{name}-{width}-{percent}")
    assert found == []


@pytest.mark.parametrize("java_script", [True, False])
def test_a_morning_goes_from_today_to_the_list_and_settles_a_wish(
    browser: Browser, live: LiveServer, java_script: bool
) -> None:
    number = f"MORNING-{uuid4().hex[:6].upper()}"
    day0 = (clock.today() + timedelta(days=9)).isoformat()
    live.world.add(number, "oslo", "nb", day0=day0, email="ola@example.org")
    old = live.world.invite(number)
    live.world.invite(number, replace=True)
    live.world.browser().open(old).send(f"{old}/new-link", [])
    with at_work(browser, live, java_script_enabled=java_script) as page:
        page.goto(f"{live.base_url}/console/")
        press(page.get_by_role("button", name=f"Send ny lenke {number}"))
        expect(page.get_by_role("status")).to_contain_text(f"En ny lenke går til {number}.")
        expect(page.get_by_role("button", name=f"Send ny lenke {number}")).to_have_count(0)
        press(page.get_by_role("link", name="Deltakere", exact=True))
        expect(page.get_by_role("status")).to_contain_text("Viser 1–50 av")
        page.get_by_label("Søk i studienummer").fill(number.lower())
        page.get_by_label("Søk i studienummer").press("Enter")
        expect(page.get_by_role("status")).to_have_text("Viser 1–1 av 1")
        row = page.get_by_role("row", name=number)
        expect(row).to_contain_text("Venter på å bli sendt")
        page.reload()
        expect(page.get_by_role("rowheader")).to_have_text(number)
        press(page.get_by_role("link", name="English"))
        expect(page.get_by_role("status")).to_have_text("Showing 1–1 of 1")


def test_the_first_press_of_tab_skips_to_the_content_and_every_act_says_whom_it_is_about(
    browser: Browser, live: LiveServer
) -> None:
    with at_work(browser, live) as page:
        page.goto(f"{live.base_url}/console/")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Hopp til innholdet")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        names = page.locator("main .ds-button").all_inner_texts()
        assert names
        assert [one for one in names if not any(letter.isupper() for letter in one.split()[-1])] == []
        assert page.get_by_role("img").get_attribute("aria-labelledby") == "plot-title plot-about"


def test_rows_are_cards_on_a_phone_and_a_table_all_the_same(browser: Browser, live: LiveServer) -> None:
    with at_work(browser, live) as page:
        page.goto(f"{live.base_url}/console/participants?q=n-00")
        page.set_viewport_size({"width": 360, "height": 800})
        cells = page.get_by_role("row", name="N-001").get_by_role("cell")
        boxes = [cell.bounding_box() for cell in cells.all()]
        tops = [box["y"] for box in boxes if box]
        assert tops == sorted(set(tops))
        expect(page.get_by_role("table")).to_have_count(1)
        expect(page.get_by_role("columnheader")).to_have_count(8)


def test_forced_colours_and_paper_keep_what_is_to_be_read(
    browser: Browser, live: LiveServer, pictures: Pictures
) -> None:
    with at_work(browser, live) as page:
        page.goto(f"{live.base_url}/console/")
        page.emulate_media(forced_colors="active")
        assert axe_faults(page) == []
        pictures.take(page, "console-today-forced")
        page.emulate_media(forced_colors="none", media="print")
        expect(page.locator("header nav")).to_be_hidden()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
