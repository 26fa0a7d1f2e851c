"""The pages of one participant in a real browser: axe, widths, targets, and a coordinator's way."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.participant import Participant
from btb_pro.roles import Role
from tests.browser.looking import axe_faults, faults_of_page
from tests.browser.windows import Pictures, press, staff_window
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser

LIST = (
    "id;site;language;email;phone;day0\r\n"
    "{0}-A;oslo;nb;a@hospital.example;40612345;20.11.2026\r\n"
    "{0}-B;oslo;;;;\r\n"
)


def told_participant(server: LiveServer, number: str) -> str:
    """A participant with something to tell: a link, an answer in time, a visit that was sent in late."""
    world = server.world
    day0 = clock.today() - timedelta(days=13)
    world.add(number, language="nb", day0=day0.isoformat(), email="kari@hospital.example", phone="40612345")
    world.started(world.invite(number, "day14")).press().fill("pain_now", "3").press()
    return f"{server.base_url}/console/participants/{number}"


def walk(page: Page, server: LiveServer, number: str, folder: Path) -> Iterator[str]:
    """Every page of one participant, by name; nothing is changed but by the last."""
    console = f"{server.base_url}/console/participants"
    own = told_participant(server, number)
    page.goto(own)
    yield "participant"
    page.goto(f"{own}/change")
    yield "change"
    page.locator("#email").fill("kari")
    press(page.locator("main form button"))
    yield "change-wrong"
    page.goto(f"{own}/visits/day42")
    yield "visit"
    page.locator("#day").fill((clock.today() + timedelta(days=40)).isoformat())
    page.locator("#hour").fill("09:30")
    press(page.locator("main form button"))
    yield "visit-preview"
    page.goto(f"{own}/day0")
    page.locator("#day0").fill(clock.today().isoformat())
    press(page.locator("main form button"))
    yield "day0-preview"
    page.goto(f"{own}/withdraw")
    yield "withdraw"
    page.goto(f"{own}/erase-contact")
    yield "erase"
    page.goto(f"{console}/new")
    yield "new"
    page.locator("#id").fill("40612345")
    press(page.locator("main form button"))
    yield "new-wrong"
    page.goto(f"{console}/import")
    yield "import"
    page.locator("#file").set_input_files(_file(folder, LIST.format(number)))
    press(page.locator("main form button"))
    yield "import-dry-run"
    page.goto(f"{console}/import")
    page.locator("#file").set_input_files(_file(folder, "id,site,email\n=1+1,oslo,@x\nB-1,bergen,\n"))
    press(page.locator("main form button"))
    yield "import-wrong"


def _file(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_bytes(text.encode("cp1252"))
    return path


@pytest.mark.parametrize("language", ["nb", "en"])
def test_axe_finds_nothing_and_everything_fits(
    browser: Browser, server: LiveServer, pictures: Pictures, tmp_path: Path, language: str
) -> None:
    found = {}
    with staff_window(browser, server, Role.COORDINATOR, "oslo", language=language) as page:
        for name in walk(page, server, server.new_number(), tmp_path):
            assert page.locator("html").get_attribute("lang") == language
            pictures.take_both(page, f"{name}-{language}")
            found[name] = faults_of_page(page, language)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_two_coordinators_at_once_lose_nothing(
    browser: Browser, server: LiveServer, pictures: Pictures, tmp_path: Path
) -> None:
    own = told_participant(server, server.new_number())
    with (
        staff_window(browser, server, Role.COORDINATOR, "oslo") as first,
        staff_window(browser, server, Role.COORDINATOR, "oslo", width=360) as second,
    ):
        first.goto(f"{own}/change")
        second.goto(f"{own}/change")
        first.locator("#language").select_option("en")
        press(first.get_by_role("button", name="Lagre"))
        expect(first.get_by_text("Lagret.")).to_be_visible()
        second.locator("#phone").fill("40612399")
        press(second.get_by_role("button", name="Lagre"))
        expect(second.get_by_role("heading", name="Endret i mellomtiden")).to_be_visible()
        expect(second.locator("#phone")).to_have_value("40612399")
        pictures.take(second, "meanwhile-nb-360")
        assert axe_faults(second) == []
        press(second.get_by_role("button", name="Lagre"))
        expect(second.get_by_text("•••• 99")).to_be_visible()


def test_a_file_is_looked_at_and_then_added_by_a_real_browser(
    browser: Browser, server: LiveServer, tmp_path: Path
) -> None:
    number = server.new_number()
    with staff_window(browser, server, Role.COORDINATOR, "oslo") as page:
        page.goto(f"{server.base_url}/console/participants/import")
        page.locator("#file").set_input_files(_file(tmp_path, LIST.format(number)))
        press(page.get_by_role("button", name="Se på filen"))
        press(page.get_by_role("button", name="Legg til alle 2 deltakerne"))
        expect(page.get_by_text("2 deltakere er lagt til")).to_be_visible()
    with server.world.reading() as session:
        wanted = select(Participant.study_number).where(Participant.study_number.like(f"{number}-%"))
        assert len(session.execute(wanted).all()) == 2
