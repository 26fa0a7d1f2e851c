"""Corrections and the certified copy in a real browser, by keyboard and thumb, without JavaScript."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, Page, expect

from btb_pro.roles import Role
from tests.browser.looking import axe_faults, faults_of_page
from tests.browser.windows import Pictures, press, staff_window
from tests.integration.console import work
from tests.integration.console.correcting import ITEM, WHY, ask, sent_in
from tests.integration.participant.steps import go_to, session_address
from tests.support.live_server import LiveServer, serving
from tests.support.world import World, make_world

pytestmark = pytest.mark.browser

ANSWERS = "/console/participants/BTB-001/answers/baseline"
PAGES = {
    "answers": (Role.MONITOR, ANSWERS),
    "ask": (Role.DATA_MANAGER, f"{ANSWERS}/pain_duration_months"),
    "ask-codes": (Role.MONITOR, f"{ANSWERS}/pain_worse"),
    "corrections": (Role.DATA_MANAGER, "/console/corrections"),
    "correction-asked": (Role.MONITOR, "/console/corrections/1"),
    "correction-decide": (Role.INVESTIGATOR, "/console/corrections/1"),
    "today": (Role.INVESTIGATOR, "/console/"),
    "wish": (Role.INVESTIGATOR, "/console/requests/1"),
    "wish-answers": (Role.INVESTIGATOR, "/console/requests/1/answers"),
    "wish-ask": (Role.INVESTIGATOR, f"/console/requests/1/answers/{ITEM}"),
    "late": (Role.INVESTIGATOR, "/console/late-answers"),
    "late-ask": (Role.INVESTIGATOR, "/console/late-answers/1"),
    "copy": (Role.INVESTIGATOR, "/console/certified-copy"),
    "participant": (Role.INVESTIGATOR, "/console/participants/BTB-001"),
}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A study in which something of everything waits to be corrected."""
    world = make_world(tmp_path_factory.mktemp("corrections") / "instance")
    sent_in(world, "BTB-001")
    ask(world, number="BTB-001")
    link = sent_in(world, "WISH")
    told = "Smerten har vart i 4 år, ikke 14.\nJeg skrev feil."
    world.browser().open(f"{link}/mistake").fill("what", told).fill("why", "tastefeil").press()
    _come_late(world)
    with serving(world) as running:
        yield running
    world.close()


def _come_late(world: World) -> None:
    work.person(world, "LATE", 5)
    browser = world.browser().open(world.invite("LATE")).press()
    page = go_to(browser, world, "pain_duration").fill(ITEM, "14")
    here, sent = page.address, page.values
    page.open(f"{session_address(page)}/review").press().send(here, [*sent, ("next", "1")])


@contextmanager
def at_work(
    browser: Browser, live: LiveServer, role: Role, language: str = "nb", *, java_script: bool = False
) -> Iterator[Page]:
    """The window of a member of staff who is signed in."""
    sites = ("oslo",) if role is Role.INVESTIGATOR else ()
    with staff_window(
        browser, live, role, *sites, language=language, java_script_enabled=java_script
    ) as page:
        yield page


@pytest.mark.parametrize("language", ["nb", "en"])
def test_axe_finds_nothing_and_every_target_fits_a_thumb(
    browser: Browser, live: LiveServer, pictures: Pictures, language: str
) -> None:
    found = {}
    for role in (Role.MONITOR, Role.DATA_MANAGER, Role.INVESTIGATOR):
        with at_work(browser, live, role, language, java_script=True) as page:
            for name in (name for name, (whose, _) in PAGES.items() if whose is role):
                response = page.goto(live.base_url + PAGES[name][1])
                assert response is not None
                assert response.status == 200, name
                pictures.take_both(page, f"corrections-{name}-{language}")
                found[name] = faults_of_page(page, language)
    assert found.keys() == PAGES.keys()
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_a_monitor_asks_and_the_investigator_decides_and_reads_both_answers(
    browser: Browser, live: LiveServer
) -> None:
    number = f"STAYS-{uuid4().hex[:6]}"
    sent_in(live.world, number)
    with at_work(browser, live, Role.MONITOR) as page:
        page.goto(f"{live.base_url}/console/participants/{number}")
        press(page.locator("a[href$='/answers/baseline']").first)
        press(page.locator(f"tr#{ITEM}").get_by_role("link").last)
        page.locator(f"#{ITEM}").fill("4")
        page.locator("#why").fill("kort")
        press(page.get_by_role("button", name="Be om rettingen"))
        expect(page.locator("#summary")).to_contain_text("minst 10 tegn")
        page.locator("#why").fill(WHY)
        page.locator("#source").fill("Telefonnotat 24. november")
        press(page.get_by_role("button", name="Be om rettingen"))
        expect(page.locator("main")).to_contain_text("Avventer utprøver")
        address = page.url
    with at_work(browser, live, Role.INVESTIGATOR) as page:
        page.goto(f"{live.base_url}/console/")
        expect(page.locator("#corrections")).to_contain_text("Rettinger å avgjøre")
        page.goto(address)
        page.locator("#why").fill("Stemmer med notatet i journalen.")
        press(page.get_by_role("button", name="Godta rettingen"))
        expect(page.locator("main")).to_contain_text("Rettet")
        expect(page.locator("main")).to_contain_text("14 år")
        press(page.get_by_role("link", name=number))
        expect(page.locator(f"tr#{ITEM}")).to_contain_text("4 år")


def test_the_investigator_takes_a_copy_that_any_browser_reads(
    browser: Browser, live: LiveServer, pictures: Pictures, tmp_path: Path
) -> None:
    with at_work(browser, live, Role.INVESTIGATOR, java_script=True) as page:
        page.goto(f"{live.base_url}/console/certified-copy")
        with page.expect_download() as download:
            page.get_by_role("button", name="Ta en kopi").click()
        download.value.save_as(tmp_path / "copy.zip")
        with ZipFile(tmp_path / "copy.zip") as archive:
            archive.extractall(tmp_path / "copy")
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto((tmp_path / "copy" / "index.html").as_uri())
        pictures.take(page, "copy-index")
        assert axe_faults(page) == []
        press(page.get_by_role("link", name="BTB-001", exact=True))
        expect(page.locator("h1")).to_have_text("Deltaker BTB-001")
        assert axe_faults(page) == []
