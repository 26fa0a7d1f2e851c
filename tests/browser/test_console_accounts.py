"""Signing in, the own account and the staff in a real browser: axe, sizes, and a whole way through."""

from collections.abc import Iterator
from uuid import uuid4

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from btb_pro.models.staff import Staff
from btb_pro.roles import Role
from btb_pro.services.staff_links import issue_link, link_address
from tests.browser.looking import faults_of_page
from tests.browser.windows import Pictures, press, window
from tests.support.live_server import LiveServer
from tests.support.staff import PASSWORD, add_second_factor, add_with_password, code_now
from tests.support.world import COMMAND

pytestmark = pytest.mark.browser

FIRST_BUTTON = "main form button"


def welcome_link(server: LiveServer, email: str) -> str:
    """A link to choose a password with."""
    with server.world.writing() as session:
        staff = session.query(Staff).filter_by(email=email).one()
        link = issue_link(session, COMMAND, server.world.runtime, staff)
        address = link_address(server.world.runtime, link)
    return server.base_url + address.removeprefix("http://localhost")


def walk(server: LiveServer, page: Page, language: str) -> Iterator[str]:
    """Every page about accounts, by name; an admin invites, forgets, signs in."""
    email = add_with_password(server.world, Role.ADMIN, email=f"{uuid4().hex}@hospital.example")
    with server.world.writing() as session:
        session.query(Staff).filter_by(email=email).one().language = language
    console = f"{server.base_url}/console"
    page.goto(f"{console}/")
    yield "sign-in"
    page.locator("#email").fill(email)
    page.locator("#password").fill("wrong")
    press(page.locator(FIRST_BUTTON).first)
    yield "sign-in-wrong"
    page.goto(welcome_link(server, email))
    yield "welcome"
    page.locator("#new_password").fill("kort")
    press(page.locator(FIRST_BUTTON).first)
    yield "welcome-wrong"
    page.locator("#new_password").fill(PASSWORD)
    press(page.locator(FIRST_BUTTON).first)
    yield "second-factor"
    key = page.locator("dd.spelled").inner_text().replace(" ", "")
    page.locator("#code").fill("12")
    press(page.locator(FIRST_BUTTON).first)
    yield "second-factor-wrong"
    page.locator("#code").fill(code_now(pyotp.TOTP(key)))
    press(page.locator(FIRST_BUTTON).first)
    yield "recovery-codes"
    press(page.locator("main a.ds-button"))
    yield "staff-at-first"
    page.goto(f"{console}/account")
    yield "account"
    page.locator("#new_password").fill("kort")
    page.locator("#password").fill(PASSWORD)
    press(page.locator("#change-password button"))
    yield "account-wrong"
    page.goto(f"{console}/staff")
    yield "staff"
    page.goto(f"{console}/staff/periods")
    yield "staff-periods"
    page.goto(f"{console}/staff/new")
    yield "staff-form"
    press(page.locator(FIRST_BUTTON).first)
    yield "staff-form-wrong"
    page.locator("#email").fill(f"{uuid4().hex}@hospital.example")
    page.locator("#name").fill("Ola Berg")
    page.locator("#site-oslo").check()
    press(page.locator(FIRST_BUTTON).first)
    yield "staff-link"
    page.goto(f"{console}/staff")
    press(page.get_by_role("link", name="Ola Berg").first)
    yield "staff-form-known"
    page.goto(f"{console}/api-keys")
    yield "api-keys-none"
    press(page.locator("main a.ds-button"))
    yield "api-key-form"
    press(page.locator(FIRST_BUTTON).first)
    yield "api-key-form-wrong"
    page.locator("#name").fill(f"Sykehusets pasientsystem {language}")
    page.locator("#scope-2").check()
    page.locator("#scope-4").check()
    page.locator("#site-oslo").check()
    press(page.locator(FIRST_BUTTON).first)
    yield "api-key-made"
    page.goto(f"{console}/api-keys")
    yield "api-keys"
    page.goto(f"{console}/confirm")
    yield "confirm"
    page.goto(f"{console}/nowhere")
    yield "error"
    press(page.locator(".sign-out button"))
    page.locator("#email").fill(email)
    page.locator("#password").fill(PASSWORD)
    press(page.locator(FIRST_BUTTON).first)
    yield "code"


@pytest.mark.parametrize("language", ["nb", "en"])
def test_axe_finds_nothing_nothing_scrolls_sideways_and_every_target_fits_a_thumb(
    browser: Browser, server: LiveServer, pictures: Pictures, language: str
) -> None:
    found = {}
    with window(browser, language) as page:
        for name in walk(server, page, language):
            shown = page.locator("body").get_attribute("data-page") or ""
            assert name.startswith(shown.removeprefix("console-")), (name, shown)
            assert page.locator("html").get_attribute("lang") == language, name
            pictures.take_both(page, f"console-{name}-{language}")
            found[name] = faults_of_page(page, language)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_a_real_browser_without_scripts_signs_in_works_and_signs_out(
    browser: Browser, server: LiveServer
) -> None:
    email = add_with_password(server.world, Role.ADMIN, email=f"{uuid4().hex}@hospital.example")
    phone = add_second_factor(server.world, email)
    with window(browser, java_script_enabled=False) as page:
        page.goto(f"{server.base_url}/console/staff/new")
        page.locator("#email").fill(email)
        page.locator("#password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.locator("#code").fill(code_now(phone))
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Inviter en kollega")
        page.locator("#email").fill(f"{uuid4().hex}@hospital.example")
        page.locator("#name").fill("Ny Kollega")
        page.get_by_label("Alle sykehus").check()
        page.get_by_role("button", name="Lag en lenke").click()
        expect(page.locator("main .spelled")).to_contain_text("/console/welcome/")
        page.goto(f"{server.base_url}/console/staff")
        expect(page.locator("main")).to_contain_text("Ny Kollega")
        page.get_by_role("button", name="Logg ut").click()
        expect(page.locator("h1")).to_have_text("Logg inn")
        page.go_back()
        expect(page.locator("h1")).to_have_text("Logg inn")


def test_the_qr_code_is_shown_and_holds_the_key(browser: Browser, server: LiveServer) -> None:
    email = add_with_password(server.world, Role.MONITOR, email=f"{uuid4().hex}@hospital.example")
    with window(browser) as page:
        page.goto(f"{server.base_url}/console/sign-in")
        page.locator("#email").fill(email)
        page.locator("#password").fill(PASSWORD)
        press(page.locator(FIRST_BUTTON).first)
        width = page.evaluate("document.querySelector('.qr').naturalWidth")
        assert width > 100
        key = page.locator("dd.spelled").inner_text().replace(" ", "")
        assert f"secret={key}" in (page.get_by_role("link", name="Åpne appen").get_attribute("href") or "")
