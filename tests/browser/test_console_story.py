"""A coordinator's morning as one story: a real browser, a real worker, a real mail server, a real phone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from btb_pro import clock
from btb_pro.roles import Role
from tests.browser.looking import faults_of_page
from tests.browser.phone import Phone
from tests.browser.windows import Pictures, press, window
from tests.integration.console import work
from tests.support.live_server import LiveServer, serving
from tests.support.mail import Mailbox, MailServerHere, mail_server
from tests.support.outgoing import link_in, mailing, send_invitation
from tests.support.staff import PASSWORD, add_with_password, code_now
from tests.support.world import World, make_world

pytestmark = pytest.mark.browser

EMAIL = "kari@hospital.example"
FULL = "full@example.org"
NEW = "new@example.org"
LATE = "late@example.org"


@dataclass
class Desk:
    """The coordinator's window. Each page that is looked at is photographed in both sizes and checked."""

    page: Page
    base: str
    pictures: Pictures
    language: str
    looked: int = 0

    def look(self, name: str) -> None:
        """Photograph the page on a desk and on a phone; nobody stumbles over anything."""
        self.looked += 1
        expect(self.page.locator("html")).to_have_attribute("lang", self.language)
        self.pictures.take_both(self.page, f"story-{self.language}-{self.looked:02}-{name}")
        assert faults_of_page(self.page, self.language) == [], name

    def press(self, name: str) -> None:
        press(self.page.get_by_role("button", name=name, exact=True))

    def follow(self, name: str) -> None:
        press(self.page.get_by_role("link", name=name, exact=True).first)


@pytest.fixture
def post() -> Iterator[MailServerHere]:
    """A mail server that finds one mailbox full."""
    with mail_server() as running:
        running.mailbox.answers[FULL] = "552 5.2.2 mailbox full"
        yield running


@pytest.fixture
def live(tmp_path: Path, post: MailServerHere) -> Iterator[LiveServer]:
    """A study that sends at any hour, served; one e-mail came back in the night."""
    world = make_world(tmp_path / "instance")
    _never_quiet(world)
    mailing(world, post.url)
    day0 = (clock.today() + timedelta(days=5)).isoformat()
    world.add("BTB-100", "oslo", "nb", day0=day0, email=FULL)
    world.add("BTB-300", "oslo", "nb", day0=day0, email=LATE)
    for place in range(101, 108):
        work.person(world, f"BTB-{place}", place - 99)
    send_invitation(world, "BTB-100")
    add_with_password(world, Role.COORDINATOR, "oslo", email=EMAIL)
    with serving(world) as running:
        yield running
    world.close()


def _never_quiet(world: World) -> None:
    """Quiet for one minute, half a day from now: the worker's clock is the real one."""
    path = world.folder / "study.toml"
    quiet = clock.now().astimezone(clock.OSLO) + timedelta(hours=12)
    text = path.read_text(encoding="utf-8")
    text = text.replace('from = "20:00"', f'from = "{quiet:%H:%M}"')
    text = text.replace('to = "08:00"', f'to = "{quiet + timedelta(minutes=1):%H:%M}"')
    path.write_text(text, encoding="utf-8")


def run_worker(world: World) -> None:
    """`btb-pro work --once`, as cron runs it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BTB_")}
    command = [sys.executable, "-m", "btb_pro", "work", "--once"]
    environ["BTB_INSTANCE"] = str(world.folder)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def answer_the_first_page(browser: Browser, live: LiveServer, link: str, pictures: Pictures) -> None:
    """What the participant does with the e-mail on a phone."""
    with window(browser, java_script_enabled=False) as page:
        phone = Phone(page, live, "nb")
        page.goto(live.base_url + link)
        assert phone.kind == "start"
        pictures.take(page, "story-phone-start")
        phone.tap("start")
        phone.go_to(1)
        first = page.locator("main input:is([type=radio], [type=text], [inputmode])").first
        if first.get_attribute("type") == "radio":
            page.locator("main label").first.click()
        else:
            first.fill("50")
        pictures.take(page, "story-phone-answered")
        phone.tap("next")
        assert phone.kind == "items"


def test_a_morning_from_signing_in_to_ending_a_link(
    browser: Browser, live: LiveServer, post: MailServerHere, pictures: Pictures
) -> None:
    run_worker(live.world)
    assert post.mailbox.to(FULL) == []
    with window(browser, width=1280) as page:
        desk = Desk(page, f"{live.base_url}/console", pictures, "nb")
        recovery_codes = sign_in_for_the_first_time(desk)
        settle_what_came_back(desk)
        invite_with_one_press_and_take_it_back(desk)
        add_and_invite(desk)
        run_worker(live.world)
        answer_the_first_page(browser, live, link_in(one_mail(post.mailbox)), pictures)
        see_that_it_is_started(desk)
        remind(desk, live, post)
        end_the_link(browser, desk, live, post)
        come_back_without_the_phone(desk, recovery_codes[0])
        spot_check_english(desk)


def sign_in_for_the_first_time(desk: Desk) -> list[str]:
    """With the password, then with the phone, which is set up on the way; the recovery codes."""
    desk.page.goto(f"{desk.base}/")
    desk.look("sign-in")
    fill_in_password(desk)
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Sett opp telefonen")
    desk.look("second-factor")
    key = desk.page.locator("dd.spelled").inner_text().replace(" ", "")
    desk.page.locator("#code").fill(code_now(pyotp.TOTP(key)))
    press(desk.page.locator("main form button").last)
    expect(desk.page.locator("body")).to_have_attribute("data-page", "console-recovery-codes")
    desk.look("recovery-codes")
    codes = desk.page.locator("ol.spelled li").all_inner_texts()
    press(desk.page.get_by_role("link", name="Jeg har tatt vare på dem"))
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("I dag")
    desk.look("today")
    return codes


def fill_in_password(desk: Desk) -> None:
    desk.page.locator("#email").fill(EMAIL)
    desk.page.locator("#password").fill(PASSWORD)
    desk.press("Logg inn")


def come_back_without_the_phone(desk: Desk, recovery_code: str) -> None:
    """A recovery code opens the door once, and the password alone never does."""
    desk.press("Logg ut")
    fill_in_password(desk)
    expect(desk.page.locator("body")).to_have_attribute("data-page", "console-code")
    desk.page.goto(f"{desk.base}/participants")
    expect(desk.page.locator("body")).to_have_attribute("data-page", "console-sign-in")
    fill_in_password(desk)
    desk.look("code")
    desk.page.locator("#code").fill(recovery_code)
    press(desk.page.locator("main form button").last)
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Deltakere")


def invite_with_one_press_and_take_it_back(desk: Desk) -> None:
    desk.press("Inviter BTB-300")
    expect(desk.page.get_by_role("status")).to_contain_text("BTB-300, Før behandlingen starter: Invitasjon")
    desk.look("pressed")
    desk.follow("Se hva som sendes BTB-300")
    expect(desk.page.locator("main")).to_contain_text("x" * 20)
    desk.look("message-queued")
    desk.page.go_back()
    desk.press("Angre BTB-300")
    expect(desk.page.get_by_role("status")).to_have_text("Den blir ikke sendt.")
    expect(desk.page.get_by_role("button", name="Minn om BTB-300")).to_be_visible()


def settle_what_came_back(desk: Desk) -> None:
    press(desk.page.get_by_role("link", name="Følg opp BTB-100"))
    expect(desk.page.locator("main")).to_contain_text("postkassen er full")
    desk.look("message")
    press(desk.page.locator("[name=settle]").last)
    desk.look("message-settled")
    desk.follow("I dag")
    expect(desk.page.get_by_role("link", name="Følg opp BTB-100")).to_have_count(0)


def add_and_invite(desk: Desk) -> None:
    desk.page.goto(f"{desk.base}/participants")
    desk.look("participants")
    desk.page.goto(f"{desk.base}/participants/new")
    desk.look("add")
    desk.page.locator("[name=id]").fill("BTB-200")
    desk.page.locator("[name=site]").select_option("oslo")
    desk.page.locator("[name=language]").select_option("nb")
    desk.page.locator("[name=email]").fill(NEW)
    desk.page.locator("[name=day0]").fill((clock.today() + timedelta(days=4)).isoformat())
    press(desk.page.locator("main form button").last)
    desk.page.goto(f"{desk.base}/participants/BTB-200")
    desk.look("participant")
    desk.page.goto(f"{desk.base}/participants/BTB-200/invite/baseline?channel=email")
    expect(desk.page.locator("main")).to_contain_text("x" * 20)
    desk.look("invite")
    press(desk.page.locator("#send button"))
    expect(desk.page.get_by_role("status")).to_be_visible()
    desk.look("queued")


def one_mail(mailbox: Mailbox) -> Any:
    """The e-mail that the participant got: one, and no more."""
    (mail,) = mailbox.to(NEW)
    return mail


def see_that_it_is_started(desk: Desk) -> None:
    desk.page.goto(f"{desk.base}/participants?q=BTB-200")
    expect(desk.page.get_by_role("row", name="BTB-200")).to_contain_text("Begynt")
    desk.page.goto(f"{desk.base}/participants/BTB-200/link/baseline")
    desk.look("link-started")


def remind(desk: Desk, live: LiveServer, post: MailServerHere) -> None:
    """Who was written to today has no button; the way leads to the link, and from there once more."""
    desk.follow("I dag")
    desk.look("today-again")
    desk.follow("Allerede skrevet til BTB-200")
    desk.follow("Send lenken på nytt")
    desk.look("remind")
    press(desk.page.locator("#send button"))
    run_worker(live.world)
    first, second = map(link_in, post.mailbox.to(NEW))
    assert first == second


def end_the_link(browser: Browser, desk: Desk, live: LiveServer, post: MailServerHere) -> None:
    desk.page.goto(f"{desk.base}/participants/BTB-200/revoke/baseline")
    desk.look("revoke")
    press(desk.page.locator("main form button").last)
    expect(desk.page.get_by_role("status")).to_be_visible()
    desk.look("link-ended")
    with window(browser) as page:
        page.goto(live.base_url + link_in(post.mailbox.to(NEW)[0]))
        assert page.locator("body").get_attribute("data-page") == "dead"


def spot_check_english(desk: Desk) -> None:
    desk.language = "en"
    for name, path in (("today", ""), ("participant", "participants/BTB-200")):
        desk.page.goto(f"{desk.base}/{path}")
        desk.follow("English")
        desk.look(name)
