"""The clinic's tablet in a real browser, and the console's pages for paper: what stays behind, axe, size."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from btb_pro import clock
from tests.browser.looking import SMALL_CONTROLS, SMALL_TARGETS, faults_of_page
from tests.browser.phone import Phone
from tests.browser.windows import Pictures, press, staff_window, window
from tests.integration.console import work
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser


@contextmanager
def tablet(browser: Browser, server: LiveServer, **options: Any) -> Iterator[Page]:
    """A browser of its own, in which a coordinator is signed in."""
    options.setdefault("viewport", {"width": 820, "height": 1100})
    with staff_window(browser, server, **options) as page:
        yield page


def hand_over(page: Page, server: LiveServer, number: str, visit: str = "baseline") -> None:
    """Press "sign me out and answer here"."""
    page.goto(f"{server.base_url}/console/participants/{number}/at-hand/{visit}")
    press(page.get_by_role("button", name="Logg meg ut og svar her"))
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


def begin(page: Page) -> None:
    """From the start page to the first page of questions."""
    press(page.get_by_role("button", name="Start"))
    press(page.get_by_role("button", name="Fortsett", exact=True))


@pytest.mark.parametrize("java_script", [True, False])
def test_nothing_is_left_on_the_tablet_and_back_shows_nothing(
    browser: Browser, server: LiveServer, java_script: bool
) -> None:
    number = server.add()
    with tablet(browser, server, java_script_enabled=java_script) as page:
        hand_over(page, server, number)
        assert cookie_names(page.context) == []
        begin(page)
        page.locator("[name=bg_age]").fill("44")
        press(page.get_by_role("button", name="Fortsett senere", exact=True))
        press(page.get_by_role("button", name="Fortsett", exact=True))
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


def test_what_waits_on_the_tablet_is_sent_before_it_is_left(browser: Browser, server: LiveServer) -> None:
    number = server.add()
    with tablet(browser, server) as page:
        hand_over(page, server, number)
        begin(page)
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
    with server.world.reading() as session:
        values = session.connection().exec_driver_sql(
            "SELECT answer.value, answer.mode FROM answer JOIN response ON response.id = response_id"
            " JOIN visit ON visit.id = visit_id JOIN participant ON participant.id = participant_id"
            f" WHERE study_number = '{number}'"
        )
        assert [tuple(row) for row in values] == [("44", "clinic_tablet")]


def test_sending_in_on_the_tablet_ends_on_the_neutral_page(browser: Browser, server: LiveServer) -> None:
    number = server.add(day0=(clock.today() - timedelta(days=14)).isoformat())
    with tablet(browser, server) as page:
        hand_over(page, server, number, "day14")
        begin(page)
        phone = Phone(page, server, "nb", is_scripted=True)
        while phone.kind == "items":
            phone.answer(dict.fromkeys(phone.fields(), "3")).tap("next")
        page.get_by_role("button", name="Send inn", exact=True).last.click()
        page.wait_for_url("**/done*")
        expect(page.locator("main")).to_contain_text("Svarene er kommet fram")
        assert cookie_names(page.context) == []
        assert stored(page) == {}


def test_leaving_a_phone_keeps_what_another_link_has_not_sent(browser: Browser, server: LiveServer) -> None:
    with window(browser) as page:
        first, second = server.invited(), server.invited()
        page.goto(first)
        begin(page)
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
        press(page.get_by_role("button", name="Start"))
        page.goto(second)
        press(page.get_by_role("link", name="Noen andre bruker denne telefonen"))
        page.get_by_role("button", name="Rydd opp etter meg").click()
        page.wait_for_url("**/done*")
        assert stored(page) == waiting
        assert f"btb-{handle}" in cookie_names(page.context)


def console_pages(server: LiveServer, page: Page) -> Iterator[str]:
    """Every page of this part of the console, by name; the page is on it when its name is given."""
    number = server.add(day0=(clock.today() - timedelta(days=14)).isoformat())
    base = f"{server.base_url}/console/participants/{number}"
    page.goto(f"{base}/at-hand/day14")
    yield "at-hand"
    page.goto(f"{base}/at-hand/day154")
    yield "at-hand-too-early"
    page.goto(f"{server.base_url}/console/letters")
    yield "letters"
    page.goto(f"{base}/paper/day14")
    yield "paper-begin"
    page.locator("[name=mode]").first.check()
    page.locator("[name=language]").first.check()
    page.locator("[name=paper_on]").fill(clock.today().isoformat())
    press(page.locator("main button"))
    yield "paper-page"
    page.goto(f"{base}/paper/day14")
    yield "paper-overview"
    other = server.add()
    page.goto(f"{server.base_url}/console/participants/{other}/paper/baseline")
    page.locator("[name=mode]").last.check()
    page.locator("[name=language]").last.check()
    page.locator("[name=paper_on]").fill(clock.today().isoformat())
    press(page.locator("main button"))
    page.locator("[name=bg_age]").fill("two")
    press(page.locator("main button"))
    yield "paper-page-wrong"
    page.goto(f"{server.base_url}/console/safety/{work.alert(server.world, number)}")
    yield "safety"
    press(page.locator("main button"))
    yield "safety-seen-to"


def participants_pages(server: LiveServer, page: Page, language: str) -> Iterator[str]:
    """The pages that a participant sees of it."""
    page.goto(f"{server.base_url}/k")
    yield "code"
    page.locator("#code").fill("K7PM")
    press(page.locator("main button"))
    yield "code-wrong"
    page.goto(f"{server.base_url}/done")
    yield "done"
    page.goto(f"{server.base_url}/done?sent=1")
    yield "done-sent"
    link = server.invited(language)
    page.goto(link)
    press(page.locator("main .actions button"))
    page.goto(link)
    yield "start-again"
    page.goto(f"{link}/leave")
    yield "leave"


@pytest.mark.parametrize("language", ["nb", "en"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    browser: Browser, server: LiveServer, pictures: Pictures, language: str
) -> None:
    found = {}

    def look(page: Page, name: str, small: str = SMALL_CONTROLS) -> None:
        pictures.take_both(page, f"{name}-{language}")
        found[name] = faults_of_page(page, language, small)

    with staff_window(browser, server, language=language) as page:
        for name in console_pages(server, page):
            look(page, f"console-{name}")
        page.goto(f"{server.base_url}/console/participants/{server.add(language)}/at-hand/baseline")
        press(page.locator("main button").first)
        look(page, "tablet-start", SMALL_TARGETS)
        press(page.locator("main .actions button"))
        press(page.locator("main .actions button"))
        look(page, "tablet-items", SMALL_TARGETS)
    with window(browser, language) as page:
        for name in participants_pages(server, page, language):
            look(page, name, SMALL_TARGETS)
    assert {name: faults for name, faults in found.items() if faults} == {}
