"""The clinic's tablet in a real browser, and the console's pages for paper: what stays behind, axe, size."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from btb_pro import clock
from btb_pro.study_file import PACKAGED_STUDY
from tests.support.live_server import LiveServer, serving
from tests.support.staff import add_staff, session_cookie
from tests.support.world import make_world

pytestmark = pytest.mark.browser

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
TARGET = 44
SMALL = """target => [...document.querySelectorAll('main button, main select, main input[type=text]')]
  .filter(one => one.checkVisibility() && !one.matches('.ds-sr-only'))
  .filter(one => one.getBoundingClientRect().height < target).map(one => one.outerHTML.slice(0, 80))"""
RULE = """
[[safety]]
code = "very_bad"
item = "pain_now"
answers = ["10"]
contact.others = "safety@hospital.example"
"""
PEOPLE = iter(range(1, 1000))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A study with a safety rule behind the real web server."""
    study = PACKAGED_STUDY.read_text(encoding="utf-8") + RULE
    world = make_world(tmp_path_factory.mktemp("tablet") / "instance", study=study)
    with serving(world) as running:
        yield running
    world.close()


@contextmanager
def device(browser: Browser, live: LiveServer, *, staff: str = "", **options: Any) -> Iterator[Page]:
    """A browser of its own; with `staff` somebody of that language is signed in on it."""
    options.setdefault("viewport", {"width": 820, "height": 1100})
    context = browser.new_context(**options)
    context.set_default_timeout(10_000)
    if staff:
        email = add_staff(live.world, email=f"kari{next(PEOPLE)}@hospital.example", language=staff)
        name, value = session_cookie(live.world, email)
        context.add_cookies([{"name": name, "value": value, "url": live.base_url}])
    yield context.new_page()
    context.close()


def hand_over(page: Page, live: LiveServer, number: str, visit: str = "baseline") -> None:
    """Press "sign me out and answer here"."""
    page.goto(f"{live.base_url}/console/participants/{number}/at-hand/{visit}")
    page.get_by_role("button", name="Logg meg ut og svar her").click()
    expect(page.locator("body")).to_have_attribute("data-page", "start")


def stored(page: Page) -> dict[str, str]:
    """Everything that the browser keeps for the site."""
    kept: dict[str, str] = page.evaluate("() => ({...localStorage, ...sessionStorage})")
    return kept


def cookie_names(context: BrowserContext) -> list[str]:
    return [str(cookie["name"]) for cookie in context.cookies()]


def press_leave(page: Page) -> None:
    page.get_by_role("button", name="Jeg er ferdig og leverer nettbrettet tilbake").click()
    page.wait_for_url("**/done*")


@pytest.mark.parametrize("java_script", [True, False])
def test_nothing_is_left_on_the_tablet_and_back_shows_nothing(
    browser: Browser, live: LiveServer, java_script: bool
) -> None:
    number = live.add()
    with device(browser, live, staff="nb", java_script_enabled=java_script) as page:
        hand_over(page, live, number)
        assert cookie_names(page.context) == []
        page.get_by_role("button", name="Start").click()
        page.get_by_role("button", name="Fortsett", exact=True).click()
        page.locator("[name=bg_age]").fill("44")
        page.get_by_role("button", name="Fortsett senere", exact=True).click()
        page.get_by_role("button", name="Fortsett", exact=True).click()
        expect(page.locator("[name=bg_age]")).to_have_value("44")
        press_leave(page)
        assert cookie_names(page.context) == []
        if java_script:
            assert stored(page) == {}
        seen = 0
        while page.go_back() is not None and page.url != "about:blank":
            page.wait_for_load_state()
            seen += 1
            told = page.locator("body").inner_text()
            # The console's own page asks the next one to sign in.
            assert number not in told
            kind = page.locator("body").get_attribute("data-page")
            assert kind in ("dead", "receipt", "console-sign-in"), (page.url, kind)
            assert page.locator("main input[type=text], main input[type=radio]").count() == 0
        assert seen >= 4


def test_what_waits_on_the_tablet_is_sent_before_it_is_left(browser: Browser, live: LiveServer) -> None:
    number = live.add()
    with device(browser, live, staff="nb") as page:
        hand_over(page, live, number)
        page.get_by_role("button", name="Start").click()
        page.get_by_role("button", name="Fortsett", exact=True).click()
        page.context.set_offline(True)
        page.locator("[name=bg_age]").fill("44")
        page.locator("[name=bg_children]").first.focus()
        expect(page.locator("#save-status")).to_contain_text("Ikke sendt ennå")
        page.get_by_role("button", name="Jeg er ferdig og leverer nettbrettet tilbake").click()
        expect(page.locator("form.leave [role=status]")).to_contain_text("Vent til du har dekning")
        assert stored(page) != {}
        page.context.set_offline(False)
        press_leave(page)
        assert stored(page) == {}
    with live.world.reading() as session:
        values = session.connection().exec_driver_sql(
            "SELECT answer.value, answer.mode FROM answer JOIN response ON response.id = response_id"
            " JOIN visit ON visit.id = visit_id JOIN participant ON participant.id = participant_id"
            f" WHERE study_number = '{number}'"
        )
        assert [tuple(row) for row in values] == [("44", "clinic_tablet")]


def test_sending_in_on_the_tablet_ends_on_the_neutral_page(browser: Browser, live: LiveServer) -> None:
    number = live.add(day0=(clock.today() - timedelta(days=14)).isoformat())
    with device(browser, live, staff="nb") as page:
        hand_over(page, live, number, "day14")
        page.get_by_role("button", name="Start").click()
        page.get_by_role("button", name="Fortsett", exact=True).click()
        while page.locator("body").get_attribute("data-page") == "items":
            for name in page.eval_on_selector_all(
                "main input[type=radio]", "all => [...new Set(all.map(o => o.name))]"
            ):
                page.locator(f"label[for={name}-3], [name={name}][value='3'] + label").first.click()
            page.get_by_role("button", name="Neste", exact=True).click()
            page.wait_for_load_state()
        page.get_by_role("button", name="Send inn", exact=True).last.click()
        page.wait_for_url("**/done*")
        expect(page.locator("main")).to_contain_text("Svarene er kommet fram")
        assert cookie_names(page.context) == []
        assert stored(page) == {}


def test_leaving_a_phone_keeps_what_another_link_has_not_sent(browser: Browser, live: LiveServer) -> None:
    with device(browser, live, locale="nb-NO") as page:
        first, second = live.invited(), live.invited()
        page.goto(first)
        page.get_by_role("button", name="Start").click()
        page.get_by_role("button", name="Fortsett", exact=True).click()
        page.context.set_offline(True)
        page.locator("[name=bg_age]").fill("44")
        page.locator("[name=bg_children]").first.focus()
        expect(page.locator("#save-status")).to_contain_text("Ikke sendt ennå")
        waiting = stored(page)
        # Its server is out of reach for these answers only.
        handle = urlsplit(page.url).path.split("/")[2]
        page.context.route(f"**/q/{handle}/**", lambda route: route.abort())
        page.context.set_offline(False)
        page.goto(second)
        page.get_by_role("button", name="Start").click()
        page.goto(second)
        page.get_by_role("link", name="Noen andre bruker denne telefonen").click()
        page.get_by_role("button", name="Rydd opp etter meg").click()
        page.wait_for_url("**/done*")
        assert stored(page) == waiting
        assert f"btb-{handle}" in cookie_names(page.context)


def console_pages(live: LiveServer, page: Page) -> Iterator[str]:
    """Every page of this part of the console, by name; the page is on it when its name is given."""
    number = live.add(day0=(clock.today() - timedelta(days=14)).isoformat())
    base = f"{live.base_url}/console/participants/{number}"
    page.goto(f"{base}/at-hand/day14")
    yield "at-hand"
    page.goto(f"{base}/at-hand/day154")
    yield "at-hand-too-early"
    page.goto(f"{live.base_url}/console/letters")
    yield "letters"
    page.goto(f"{base}/paper/day14")
    yield "paper-begin"
    page.locator("[name=mode]").first.check()
    page.locator("[name=language]").first.check()
    page.locator("[name=paper_on]").fill(clock.today().isoformat())
    page.locator("main button").click()
    yield "paper-page"
    page.goto(f"{base}/paper/day14")
    yield "paper-overview"
    other = live.add()
    page.goto(f"{live.base_url}/console/participants/{other}/paper/baseline")
    page.locator("[name=mode]").last.check()
    page.locator("[name=language]").last.check()
    page.locator("[name=paper_on]").fill(clock.today().isoformat())
    page.locator("main button").click()
    page.locator("[name=bg_age]").fill("two")
    page.locator("main button").click()
    yield "paper-page-wrong"
    phone = live.world.browser().open(live.world.invite(number, "day14")).press().press()
    phone.fill("pain_now", "10").press("next")
    with live.world.reading() as session:
        newest = session.connection().exec_driver_sql("SELECT max(id) FROM safety_alert").scalar_one()
    page.goto(f"{live.base_url}/console/safety/{newest}")
    yield "safety"
    page.locator("main button").click()
    yield "safety-seen-to"


def participants_pages(live: LiveServer, page: Page) -> Iterator[str]:
    """The pages that a participant sees of it."""
    page.goto(f"{live.base_url}/k")
    yield "code"
    page.locator("#code").fill("K7PM")
    page.locator("main button").click()
    yield "code-wrong"
    page.goto(f"{live.base_url}/done")
    yield "done"
    page.goto(f"{live.base_url}/done?sent=1")
    yield "done-sent"
    link = live.invited()
    page.goto(link)
    page.locator("main .actions button").click()
    page.goto(link)
    yield "start-again"
    page.goto(f"{link}/leave")
    yield "leave"


def look(page: Page, name: str, axe: Axe, pictures: Path) -> None:
    """Axe, width, targets, and a picture."""
    found = axe.run(page, options={"runOnly": AXE_TAGS})
    assert found.violations_count == 0, f"{name}\n{found.generate_report()}"
    width = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], (name, width)
    assert page.evaluate(SMALL, TARGET) == [], name
    page.screenshot(path=pictures / f"{name}.png", full_page=True)


@pytest.mark.parametrize("language", ["nb", "en"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    browser: Browser, live: LiveServer, pictures: Path, language: str, width: int, scheme: Any
) -> None:
    axe, size = Axe(), {"width": width, "height": 800}
    locale = {"nb": "nb-NO", "en": "en-GB"}[language]
    options = {"viewport": size, "color_scheme": scheme, "bypass_csp": True, "locale": locale}
    with device(browser, live, staff=language, **options) as page:
        for name in console_pages(live, page):
            look(page, f"console-{name}-{language}-{width}", axe, pictures)
    with device(browser, live, **options) as page:
        for name in participants_pages(live, page):
            look(page, f"{name}-{language}-{width}", axe, pictures)
    with device(browser, live, staff=language, **options) as page:
        page.goto(f"{live.base_url}/console/participants/{live.add(language)}/at-hand/baseline")
        page.locator("main button").first.click()
        look(page, f"tablet-start-{language}-{width}", axe, pictures)
        page.locator("main .actions button").click()
        page.locator("main .actions button").click()
        look(page, f"tablet-items-{language}-{width}", axe, pictures)
