"""The pages of one participant in a real browser: axe, widths, targets, and a coordinator's way."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.participant import Participant
from btb_pro.roles import Role
from tests.browser.looking import TARGET, axe_faults
from tests.browser.phone import LOCALES
from tests.support.live_server import LiveServer, serving
from tests.support.staff import add_staff, session_cookie
from tests.support.world import make_world

pytestmark = pytest.mark.browser

SMALL_TARGETS = """target => [...document.querySelectorAll('main :is(button, .ds-button, input, select)')]
  .filter(one => one.checkVisibility() && !one.matches('[type=hidden], [type=checkbox]'))
  .map(one => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
  .filter(([, box]) => box.height < target).map(([html]) => html)"""
WIDTHS = (360, 1280)
LIST = (
    "id;site;language;email;phone;day0\r\n"
    "{0}-A;oslo;nb;a@hospital.example;40612345;20.11.2026\r\n"
    "{0}-B;oslo;;;;\r\n"
)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A study of its own behind the real web server."""
    world = make_world(tmp_path_factory.mktemp("participants") / "instance")
    with serving(world) as running:
        yield running
    world.close()


@contextmanager
def desk(browser: Browser, live: LiveServer, language: str, width: int = 1280) -> Iterator[Page]:
    """A coordinator's window."""
    context = browser.new_context(viewport={"width": width, "height": 800}, locale=LOCALES[language])
    context.set_default_timeout(10_000)
    email = f"kari-{language}-{width}-{clock.now().timestamp()}@hospital.example"
    name, value = session_cookie(
        live.world, add_staff(live.world, Role.COORDINATOR, "oslo", email=email, language=language)
    )
    context.add_cookies([{"name": name, "value": value, "url": live.base_url}])
    yield context.new_page()
    context.close()


def told_participant(live: LiveServer, number: str) -> str:
    """A participant with something to tell: a link, an answer in time, a visit that was sent in late."""
    world = live.world
    day0 = clock.today() - timedelta(days=13)
    world.add(number, language="nb", day0=day0.isoformat(), email="kari@hospital.example", phone="40612345")
    world.started(world.invite(number, "day14")).press().fill("pain_now", "3").press()
    return f"{live.base_url}/console/participants/{number}"


def walk(page: Page, live: LiveServer, number: str, folder: Path) -> Iterator[str]:
    """Every page of one participant, by name; nothing is changed but by the last."""
    console = f"{live.base_url}/console/participants"
    own = told_participant(live, number)
    page.goto(own)
    yield "participant"
    page.goto(f"{own}/change")
    yield "change"
    page.locator("#email").fill("kari")
    page.locator("main form button").click()
    yield "change-wrong"
    page.goto(f"{own}/visits/day42")
    yield "visit"
    page.locator("#day").fill((clock.today() + timedelta(days=40)).isoformat())
    page.locator("#hour").fill("09:30")
    page.locator("main form button").click()
    yield "visit-preview"
    page.goto(f"{own}/day0")
    page.locator("#day0").fill(clock.today().isoformat())
    page.locator("main form button").click()
    yield "day0-preview"
    page.goto(f"{own}/withdraw")
    yield "withdraw"
    page.goto(f"{own}/erase-contact")
    yield "erase"
    page.goto(f"{console}/new")
    yield "new"
    page.locator("#id").fill("40612345")
    page.locator("main form button").click()
    yield "new-wrong"
    page.goto(f"{console}/import")
    yield "import"
    page.locator("#file").set_input_files(_file(folder, LIST.format(number)))
    page.locator("main form button").click()
    yield "import-dry-run"
    page.goto(f"{console}/import")
    page.locator("#file").set_input_files(_file(folder, "id,site,email\n=1+1,oslo,@x\nB-1,bergen,\n"))
    page.locator("main form button").click()
    yield "import-wrong"


def _file(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_bytes(text.encode("cp1252"))
    return path


@pytest.mark.parametrize("language", ["nb", "en"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_and_everything_fits(
    browser: Browser, live: LiveServer, pictures: Path, tmp_path: Path, language: str, width: int
) -> None:
    faults: dict[str, object] = {}
    with desk(browser, live, language, width) as page:
        for name in walk(page, live, f"P-{language}-{width}", tmp_path):
            assert page.locator("html").get_attribute("lang") == language
            page.screenshot(path=pictures / f"{name}-{language}-{width}.png", full_page=True)
            found: list[object] = list(axe_faults(page))
            found += page.evaluate(SMALL_TARGETS, TARGET)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append("scrolls sideways")
            if found:
                faults[name] = found
    assert faults == {}


def test_two_coordinators_at_once_lose_nothing(
    browser: Browser, live: LiveServer, pictures: Path, tmp_path: Path
) -> None:
    own = told_participant(live, "P-TWO")
    with desk(browser, live, "nb") as first, desk(browser, live, "nb", 360) as second:
        first.goto(f"{own}/change")
        second.goto(f"{own}/change")
        first.locator("#language").select_option("en")
        first.get_by_role("button", name="Lagre").click()
        expect(first.get_by_text("Lagret.")).to_be_visible()
        second.locator("#phone").fill("40612399")
        second.get_by_role("button", name="Lagre").click()
        expect(second.get_by_role("heading", name="Endret i mellomtiden")).to_be_visible()
        expect(second.locator("#phone")).to_have_value("40612399")
        second.screenshot(path=pictures / "meanwhile-nb-360.png", full_page=True)
        assert axe_faults(second) == []
        second.get_by_role("button", name="Lagre").click()
        expect(second.get_by_text("•••• 99")).to_be_visible()


def test_a_file_is_looked_at_and_then_added_by_a_real_browser(
    browser: Browser, live: LiveServer, tmp_path: Path
) -> None:
    with desk(browser, live, "nb") as page:
        page.goto(f"{live.base_url}/console/participants/import")
        page.locator("#file").set_input_files(_file(tmp_path, LIST.format("P-FILE")))
        page.get_by_role("button", name="Se på filen").click()
        page.get_by_role("button", name="Legg til alle 2 deltakerne").click()
        expect(page.get_by_text("2 deltakere er lagt til")).to_be_visible()
    with live.world.reading() as session:
        wanted = select(Participant.study_number).where(Participant.study_number.like("P-FILE-%"))
        assert len(session.execute(wanted).all()) == 2
