"""The pages on which something is asked for: axe, size, a real browser's forms, JavaScript on and off."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.participant import ParticipantRequest
from tests.integration.participant.steps import session_address
from tests.support.live_server import LiveServer, serving
from tests.support.world import make_world

pytestmark = pytest.mark.browser

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
TARGET = 44
SMALL_TARGETS = """target => [...document.querySelectorAll('main button, main a, nav a, textarea')]
  .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.matches('.ds-sr-only, p a'))
  .map(one => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
  .filter(([, box]) => box.height < target || box.width < 24).map(([html]) => html)"""
SIZES = ((320, 100), (320, 200), (360, 200), (360, 300), (1280, 100))


@dataclass
class Asker:
    """Participants of one language, each with a link in another state."""

    server: LiveServer
    language: str
    count: int = 0

    def link(self, days: int = 0) -> str:
        """The address of a new participant's link; day 0 lies so many days ahead, the invitation too."""
        world, moved = self.server.world, timedelta(days=days)
        self.count += 1
        number = f"R-{self.language}-{self.count}"
        world.add(number, language=self.language, day0=(clock.today() + moved).isoformat())
        with clock.at(clock.now() + moved):
            return self.server.base_url + world.invite(number)

    def sent_in(self) -> str:
        """The address of a link whose visit was sent in."""
        address = self.link()
        browser = self.server.world.started(address.removeprefix(self.server.base_url))
        assert browser.open(f"{session_address(browser)}/review").press().page == "receipt"
        return address

    def walk(self, page: Page) -> Iterator[str]:
        """Every page on the way of every request, by name."""
        forward = page.locator("main .actions button")
        link = self.link()
        page.goto(link)
        yield "start"
        page.locator(".quiet-links a").nth(1).click()
        yield "step-stop"
        forward.click()
        yield "receipt-stopped"
        page.goto(link)
        yield "start-stopped"
        page.locator(".quiet-links a").first.click()
        yield "step-not-me"
        forward.click()
        yield "receipt-not-me"
        page.goto(self.sent_in())
        yield "receipt"
        page.locator(".quiet-links a").first.click()
        yield "step-mistake"
        page.locator("#why").fill("y" * 1001)
        forward.click()
        yield "step-mistake-wrong"
        page.locator("#what").fill("Spørsmål 3, «fire» & ikke <én>")
        page.locator("#why").fill("")
        forward.click()
        yield "receipt-mistake"
        page.goto(self.link(days=-30))
        yield "dead-expired"
        forward.click()
        yield "receipt-new-link"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A study of its own behind the real web server."""
    world = make_world(tmp_path_factory.mktemp("requests") / "instance")
    with serving(world) as running:
        yield running
    world.close()


@contextmanager
def window(browser: Browser, **options: Any) -> Iterator[Page]:
    """A phone's window with cookies of its own."""
    context = browser.new_context(viewport={"width": 360, "height": 800}, **options)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def enlarge(page: Page, percent: int) -> None:
    """Let the reader's own size of text hold; the page's policy allows no style from outside."""
    page.evaluate(
        """rule => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(rule);
          document.adoptedStyleSheets = [sheet];
        }""",
        f"html {{ font-size: {percent}% }}",
    )


@pytest.mark.parametrize("language", ["nb", "en"])
def test_axe_finds_nothing_on_any_of_them_in_light_and_dark(
    browser: Browser, live: LiveServer, language: str
) -> None:
    found: dict[str, object] = {}
    with window(browser) as page:
        for name in Asker(live, language).walk(page):
            kind, spoken = (
                page.locator("body").get_attribute("data-page"),
                page.locator("html").get_attribute("lang"),
            )
            assert (kind, spoken) == (name.partition("-")[0], language), name
            for scheme in ("dark", "light"):
                page.emulate_media(color_scheme=scheme)
                violations = Axe().run(page, options={"runOnly": AXE_TAGS}).response["violations"]
                found[f"{name} {scheme}"] = [(one["id"], one["nodes"][0]["html"]) for one in violations]
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_nothing_scrolls_sideways_and_every_target_fits_a_thumb(browser: Browser, live: LiveServer) -> None:
    found = []
    with window(browser) as page:
        for name in Asker(live, "nb", count=50).walk(page):
            for width, percent in SIZES:
                page.set_viewport_size({"width": width, "height": 800})
                enlarge(page, percent)
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    found.append(f"{name} at {width} px and {percent} %")
                found += page.evaluate(SMALL_TARGETS, TARGET)
            page.set_viewport_size({"width": 360, "height": 800})
            enlarge(page, 100)
    assert found == []


@pytest.mark.parametrize("java_script", [True, False])
def test_a_wish_typed_in_a_real_browser_survives_a_refusal_and_a_change_of_language(
    browser: Browser, live: LiveServer, java_script: bool
) -> None:
    asker = Asker(live, "nb", count=100 + java_script)
    typed = f"\nFørste linje\n  «én» & <to>\n{java_script}"
    with window(browser, java_script_enabled=java_script) as page:
        page.goto(asker.sent_in())
        page.get_by_role("link", name="Jeg svarte feil").click()
        page.locator("#why").fill(typed)
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.locator("#summary")).to_be_focused()
        page.locator("#summary a").click()
        expect(page.locator("#what")).to_be_focused()
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("I made a mistake")
        expect(page.locator("#why")).to_have_value(typed)
        page.locator("#what").fill(typed)
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
        page.reload()
    with live.world.reading() as session:
        wanted = select(ParticipantRequest.why).where(ParticipantRequest.what == typed)
        assert session.execute(wanted).scalars().all() == [typed]


def test_a_double_tap_on_send_is_one_wish(browser: Browser, live: LiveServer) -> None:
    asker = Asker(live, "nb", count=200)
    with window(browser) as page:
        page.goto(asker.sent_in())
        page.get_by_role("link", name="Jeg svarte feil").click()
        page.locator("#what").fill("to trykk")
        page.get_by_role("button", name="Send", exact=True).dblclick()
        expect(page.get_by_role("heading", level=1)).to_have_text("Takk")
    with live.world.reading() as session:
        wanted = select(ParticipantRequest.id).where(ParticipantRequest.what == "to trykk")
        assert len(session.execute(wanted).all()) == 1


def test_both_fields_tell_a_listener_what_they_are_for_and_what_is_wrong(
    browser: Browser, live: LiveServer
) -> None:
    with window(browser) as page:
        page.goto(f"{Asker(live, 'nb', count=300).sent_in()}/mistake")
        what = page.get_by_role("textbox", name="Hva skal rettes?", exact=True)
        why = page.get_by_role("textbox", name="Hvorfor? (Valgfritt)", exact=True)
        hint = "Skriv hvilket spørsmål det gjelder, og hva du mente å svare. Høyst 1000 tegn, og ingen navn."
        expect(what).to_have_accessible_description(hint)
        expect(why).to_have_accessible_description("Høyst 1000 tegn.")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(what).to_have_accessible_description(f"{hint} Skriv hva som skal rettes.")
        expect(what).to_have_attribute("aria-invalid", "true")
        expect(why).not_to_have_attribute("aria-invalid", "true")
