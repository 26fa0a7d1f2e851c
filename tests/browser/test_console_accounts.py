"""Signing in, the own account and the staff in a real browser: axe, sizes, and a whole way through."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from btb_pro.models.staff import Staff
from btb_pro.roles import Role
from btb_pro.services.staff_links import issue_link, link_address
from tests.browser.looking import AXE_TAGS, TARGET
from tests.support.live_server import LiveServer, serving
from tests.support.staff import PASSWORD, add_second_factor, add_with_password, code_now
from tests.support.world import COMMAND, make_world

pytestmark = pytest.mark.browser

SIZES = ((360, 800), (1280, 800))
SMALL_TARGETS = """target => [...document.querySelectorAll('button, main a, nav a, .ds-input, .ds-label')]
  .filter(one => one.checkVisibility({visibilityProperty: true}))
  .filter(one => !one.matches('.ds-sr-only, p a, td a, [type=radio], [type=checkbox], .ds-label'))
  .filter(one => !one.matches('.ds-error-summary a'))
  .map(one => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
  .filter(([, box]) => box.height < target - .5 || box.width < 24).map(([html]) => html)"""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A study of its own behind the real web server."""
    world = make_world(tmp_path_factory.mktemp("accounts") / "instance")
    with serving(world) as running:
        yield running
    world.close()


@contextmanager
def window(browser: Browser, language: str = "nb", **options: Any) -> Iterator[Page]:
    """A window with cookies of its own, without JavaScript if nothing else is said."""
    options.setdefault("java_script_enabled", False)
    context = browser.new_context(
        viewport={"width": 360, "height": 800}, locale={"nb": "nb-NO", "en": "en-GB"}[language], **options
    )
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def welcome_link(live: LiveServer, email: str) -> str:
    """A link to choose a password with."""
    with live.world.writing() as session:
        staff = session.query(Staff).filter_by(email=email).one()
        link = issue_link(session, COMMAND, live.world.runtime, staff)
        address = link_address(live.world.runtime, link)
    return live.base_url + address.removeprefix("http://localhost")


def press(page: Page) -> None:
    page.locator("main form button").first.click()


def walk(live: LiveServer, page: Page, language: str) -> Iterator[str]:
    """Every page about accounts, by name; an admin invites, forgets, signs in."""
    email = add_with_password(live.world, Role.ADMIN, email=f"admin-{language}@hospital.example")
    with live.world.writing() as session:
        session.query(Staff).filter_by(email=email).one().language = language
    console = f"{live.base_url}/console"
    page.goto(f"{console}/")
    yield "sign-in"
    page.locator("#email").fill(email)
    page.locator("#password").fill("wrong")
    press(page)
    yield "sign-in-wrong"
    page.goto(welcome_link(live, email))
    yield "welcome"
    page.locator("#new_password").fill("kort")
    press(page)
    yield "welcome-wrong"
    page.locator("#new_password").fill(PASSWORD)
    press(page)
    yield "second-factor"
    key = page.locator("dd.spelled").inner_text().replace(" ", "")
    page.locator("#code").fill("12")
    press(page)
    yield "second-factor-wrong"
    page.locator("#code").fill(code_now(pyotp.TOTP(key)))
    press(page)
    yield "recovery-codes"
    page.locator("main a.ds-button").click()
    yield "staff-at-first"
    page.goto(f"{console}/account")
    yield "account"
    page.locator("#new_password").fill("kort")
    page.locator("#password").fill(PASSWORD)
    page.locator("#change-password button").click()
    yield "account-wrong"
    page.goto(f"{console}/staff")
    yield "staff"
    page.goto(f"{console}/staff/periods")
    yield "staff-periods"
    page.goto(f"{console}/staff/new")
    yield "staff-form"
    press(page)
    yield "staff-form-wrong"
    page.locator("#email").fill(f"ola-{language}@hospital.example")
    page.locator("#name").fill("Ola Berg")
    page.locator("#site-oslo").check()
    press(page)
    yield "staff-link"
    page.goto(f"{console}/staff")
    page.get_by_role("link", name="Ola Berg").first.click()
    yield "staff-form-known"
    page.goto(f"{console}/api-keys")
    yield "api-keys-none"
    page.locator("main a.ds-button").click()
    yield "api-key-form"
    press(page)
    yield "api-key-form-wrong"
    page.locator("#name").fill(f"Sykehusets pasientsystem {language}")
    page.locator("#scope-2").check()
    page.locator("#scope-4").check()
    page.locator("#site-oslo").check()
    press(page)
    yield "api-key-made"
    page.goto(f"{console}/api-keys")
    yield "api-keys"
    page.goto(f"{console}/confirm")
    yield "confirm"
    page.goto(f"{console}/nowhere")
    yield "error"
    page.locator(".sign-out button").click()
    page.locator("#email").fill(email)
    page.locator("#password").fill(PASSWORD)
    press(page)
    yield "code"


@pytest.mark.parametrize("language", ["nb", "en"])
def test_axe_finds_nothing_nothing_scrolls_sideways_and_every_target_fits_a_thumb(
    browser: Browser, live: LiveServer, pictures: Path, language: str
) -> None:
    found: dict[str, object] = {}
    with window(browser, language, java_script_enabled=True) as page:
        for name in walk(live, page, language):
            shown = page.locator("body").get_attribute("data-page") or ""
            assert name.startswith(shown.removeprefix("console-")), (name, shown)
            assert page.locator("html").get_attribute("lang") == language, name
            for width, height in SIZES:
                page.set_viewport_size({"width": width, "height": height})
                page.screenshot(path=pictures / f"console-{name}-{language}-{width}.png", full_page=True)
                # Colours do not depend on the width.
                for scheme in ("dark", "light") if width < 1000 else ("light",):
                    page.emulate_media(color_scheme=scheme)
                    violations = Axe().run(page, options={"runOnly": AXE_TAGS}).response["violations"]
                    found[f"{name} {width} {scheme}"] = [
                        (one["id"], one["nodes"][0]["html"]) for one in violations
                    ]
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    found[f"{name} {width}"] = "scrolls sideways"
                found[f"{name} {width} small"] = page.evaluate(SMALL_TARGETS, TARGET)
            page.set_viewport_size({"width": 360, "height": 800})
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_a_real_browser_without_scripts_signs_in_works_and_signs_out(
    browser: Browser, live: LiveServer
) -> None:
    email = add_with_password(live.world, Role.ADMIN, email="plain@hospital.example")
    phone = add_second_factor(live.world, email)
    with window(browser) as page:
        page.goto(f"{live.base_url}/console/staff/new")
        page.locator("#email").fill(email)
        page.locator("#password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.locator("#code").fill(code_now(phone))
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Inviter en kollega")
        page.locator("#email").fill("ny@hospital.example")
        page.locator("#name").fill("Ny Kollega")
        page.get_by_label("Alle sykehus").check()
        page.get_by_role("button", name="Lag en lenke").click()
        expect(page.locator("main .spelled")).to_contain_text("/console/welcome/")
        page.goto(f"{live.base_url}/console/staff")
        expect(page.locator("main")).to_contain_text("Ny Kollega")
        page.get_by_role("button", name="Logg ut").click()
        expect(page.locator("h1")).to_have_text("Logg inn")
        page.go_back()
        expect(page.locator("h1")).to_have_text("Logg inn")


def test_the_qr_code_is_shown_and_holds_the_key(browser: Browser, live: LiveServer) -> None:
    add_with_password(live.world, Role.MONITOR, email="qr@hospital.example")
    with window(browser, java_script_enabled=True) as page:
        page.goto(f"{live.base_url}/console/sign-in")
        page.locator("#email").fill("qr@hospital.example")
        page.locator("#password").fill(PASSWORD)
        press(page)
        width = page.evaluate("document.querySelector('.qr').naturalWidth")
        assert width > 100
        key = page.locator("dd.spelled").inner_text().replace(" ", "")
        assert f"secret={key}" in (page.get_by_role("link", name="Åpne appen").get_attribute("href") or "")
