"""The pages on which something is asked for: axe, size, a real browser's forms, JavaScript on and off."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.participant import ParticipantRequest
from tests.browser.looking import SMALL_TARGETS, TARGET, axe_faults_by_day_and_night, enlarged, set_text
from tests.browser.windows import press, window
from tests.integration.participant.steps import session_address
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser

SIZES = ((320, 100), (320, 200), (360, 200), (360, 300), (1280, 100))


@dataclass
class Asker:
    """Participants of one language, each with a link in another state."""

    server: LiveServer
    language: str

    def link(self, days: int = 0) -> str:
        """The address of a new participant's link; day 0 lies so many days ahead, the invitation too."""
        world, moved = self.server.world, timedelta(days=days)
        number = self.server.add(self.language, day0=(clock.today() + moved).isoformat())
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
        press(page.locator(".quiet-links a").nth(1))
        yield "step-stop"
        press(forward)
        yield "receipt-stopped"
        page.goto(link)
        yield "start-stopped"
        press(page.locator(".quiet-links a").first)
        yield "step-not-me"
        press(forward)
        yield "receipt-not-me"
        page.goto(self.sent_in())
        yield "receipt"
        press(page.locator(".quiet-links a").first)
        yield "step-mistake"
        page.locator("#why").fill("y" * 1001)
        press(forward)
        yield "step-mistake-wrong"
        page.locator("#what").fill("Spørsmål 3, «fire» & ikke <én>")
        page.locator("#why").fill("")
        press(forward)
        yield "receipt-mistake"
        page.goto(self.link(days=-30))
        yield "dead-expired"
        press(forward)
        yield "receipt-new-link"


@pytest.mark.parametrize("language", ["nb", "en"])
def test_axe_finds_nothing_nothing_scrolls_sideways_and_every_target_fits_a_thumb(
    browser: Browser, server: LiveServer, language: str
) -> None:
    found = {}
    with window(browser) as page:
        for name in Asker(server, language).walk(page):
            kind = page.locator("body").get_attribute("data-page")
            spoken = page.locator("html").get_attribute("lang")
            assert (kind, spoken) == (name.partition("-")[0], language), name
            found[name] = axe_faults_by_day_and_night(page)
            for width, percent in SIZES:
                page.set_viewport_size({"width": width, "height": 800})
                set_text(page, enlarged(percent))
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    found[name].append(f"scrolls sideways at {width} px and {percent} %")
                found[name] += page.evaluate(SMALL_TARGETS, TARGET)
            page.set_viewport_size({"width": 360, "height": 800})
            set_text(page, enlarged(100))
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize("java_script", [True, False])
def test_a_wish_typed_in_a_real_browser_survives_a_refusal_and_a_change_of_language(
    browser: Browser, server: LiveServer, java_script: bool
) -> None:
    asker = Asker(server, "nb")
    link = asker.sent_in()
    typed = f"\nFørste linje\n  «én» & <to>\n{server.study_number}"
    with window(browser, java_script_enabled=java_script) as page:
        page.goto(link)
        press(page.get_by_role("link", name="Jeg svarte feil"))
        page.locator("#why").fill(typed)
        press(page.get_by_role("button", name="Send", exact=True))
        expect(page.locator("#summary")).to_be_focused()
        page.locator("#summary a").click()
        expect(page.locator("#what")).to_be_focused()
        press(page.get_by_role("button", name="English"))
        expect(page.get_by_role("heading", level=1)).to_have_text("I made a mistake")
        expect(page.locator("#why")).to_have_value(typed)
        page.locator("#what").fill(typed)
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
        page.reload()
    with server.world.reading() as session:
        wanted = select(ParticipantRequest.why).where(ParticipantRequest.what == typed)
        assert session.execute(wanted).scalars().all() == [typed]


def test_a_double_tap_on_send_is_one_wish(browser: Browser, server: LiveServer) -> None:
    link = Asker(server, "nb").sent_in()
    twice = f"to trykk av {server.study_number}"
    with window(browser) as page:
        page.goto(link)
        press(page.get_by_role("link", name="Jeg svarte feil"))
        page.locator("#what").fill(twice)
        page.get_by_role("button", name="Send", exact=True).dblclick()
        expect(page.get_by_role("heading", level=1)).to_have_text("Takk")
    with server.world.reading() as session:
        wanted = select(ParticipantRequest.id).where(ParticipantRequest.what == twice)
        assert len(session.execute(wanted).all()) == 1


def test_both_fields_tell_a_listener_what_they_are_for_and_what_is_wrong(
    browser: Browser, server: LiveServer
) -> None:
    with window(browser) as page:
        page.goto(f"{Asker(server, 'nb').sent_in()}/mistake")
        what = page.get_by_role("textbox", name="Hva skal rettes?", exact=True)
        why = page.get_by_role("textbox", name="Hvorfor? (Valgfritt)", exact=True)
        hint = "Skriv hvilket spørsmål det gjelder, og hva du mente å svare. Høyst 1000 tegn, og ingen navn."
        expect(what).to_have_accessible_description(hint)
        expect(why).to_have_accessible_description("Høyst 1000 tegn.")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(what).to_have_accessible_description(f"{hint} Skriv hva som skal rettes.")
        expect(what).to_have_attribute("aria-invalid", "true")
        expect(why).not_to_have_attribute("aria-invalid", "true")
