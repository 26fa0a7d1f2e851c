"""The pages that invite and settle, in a real browser: axe, no page wider than its window."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from btb_pro import clock
from btb_pro.roles import Role
from btb_pro.services.sending import STALE, claim_next, mark_stale
from tests.browser.looking import faults_of_page
from tests.browser.windows import Pictures, press, staff_window
from tests.support.live_server import LiveServer, serving
from tests.support.outgoing import mailing, send_invitation
from tests.support.world import COMMAND, make_world

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A study with people to invite, one message whose fate nobody knows, and a link that is out."""
    world = make_world(tmp_path_factory.mktemp("inviting") / "instance")
    # Never quiet for long: the clock of the server is the real one.
    mailing(
        world,
        "smtp://127.0.0.1:2525",
        BTB_SMS_URL="sveve+http://127.0.0.1:2526/send",
        BTB_SMS_FROM="Sykehuset",
    )
    with clock.at(clock.now().replace(hour=11) - timedelta(days=1)):
        for number in range(1, 9):
            language = "en" if number % 3 == 0 else "nb"
            phone = "41234567" if number % 2 else ""
            day0 = (clock.today() + timedelta(days=number)).isoformat()
            name = f"BTB-{number:03}"
            world.add(name, "oslo", language, email=f"{name}@example.org", phone=phone, day0=day0)
        send_invitation(world, "BTB-001")
        with world.writing() as session:
            claim_next(session, COMMAND, world.runtime, "dead")
    with clock.at(clock.now() + STALE), world.writing() as session:
        mark_stale(session, COMMAND)
    with serving(world) as running:
        yield running
    world.close()


def check(page: Page, pictures: Pictures, name: str, language: str) -> None:
    pictures.take_both(page, f"{name}-{language}")
    assert faults_of_page(page, language) == [], name


@pytest.mark.parametrize("language", ["nb", "en"])
def test_a_coordinator_invites_and_settles(
    browser: Browser, live: LiveServer, pictures: Pictures, language: str
) -> None:
    with staff_window(browser, live, Role.COORDINATOR, "oslo", language=language) as desk:
        invite_and_settle(desk, f"{live.base_url}/console", pictures, language)


def invite_and_settle(desk: Page, base: str, pictures: Pictures, language: str) -> None:
    desk.goto(f"{base}/invitations")
    expect(desk.locator("html")).to_have_attribute("lang", language)
    check(desk, pictures, "invitations", language)
    boxes = desk.locator("[name=pick]")
    assert any(box.is_checked() for box in boxes.all()), "whoever can be reached is ticked"
    for box in boxes.all():
        box.uncheck()
    press(desk.locator("main form button"))
    check(desk, pictures, "invitations-nobody-ticked", language)
    desk.locator("[name=pick]").first.check()
    press(desk.locator("main form button"))
    expect(desk.get_by_role("status")).to_be_visible()
    check(desk, pictures, "invitations-done", language)
    for channel in ("email", "sms"):
        desk.goto(f"{base}/participants/BTB-001/invite/baseline?channel={channel}&new=1")
        check(desk, pictures, f"invite-{channel}", language)
    desk.goto(f"{base}/participants/BTB-001/link/baseline")
    check(desk, pictures, "link", language)
    desk.goto(f"{base}/participants/BTB-001/revoke/baseline")
    check(desk, pictures, "revoke", language)
    desk.goto(f"{base}/messages/1")
    check(desk, pictures, "message", language)
    desk.goto(f"{base}/participants/BTB-004/invite/baseline?channel=sms")
    check(desk, pictures, "invite-refused", language)
