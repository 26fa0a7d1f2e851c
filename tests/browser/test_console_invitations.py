"""The pages that invite and settle, in a real browser: axe, no page wider than its window."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from btb_pro import clock
from btb_pro.roles import Role
from btb_pro.services.sending import STALE, claim_next, mark_stale
from tests.browser.looking import AXE_TAGS
from tests.support.live_server import LiveServer, serving
from tests.support.outgoing import mailing, send_invitation
from tests.support.staff import add_staff, session_cookie
from tests.support.world import COMMAND, make_world

pytestmark = pytest.mark.browser

SIZES = ((360, 800), (1280, 800))


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


@pytest.fixture(params=["nb", "en"])
def desk(request: pytest.FixtureRequest, browser: Browser, live: LiveServer) -> Iterator[Page]:
    """A coordinator's browser."""
    email = add_staff(
        live.world, Role.COORDINATOR, "oslo", email=f"{request.param}@h.no", language=request.param
    )
    name, value = session_cookie(live.world, email)
    context: BrowserContext = browser.new_context()
    context.set_default_timeout(15_000)
    context.add_cookies([{"name": name, "value": value, "url": live.base_url}])
    yield context.new_page()
    context.close()


def check(page: Page, pictures: Path, name: str) -> None:
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=pictures / f"{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)
        found = Axe().run(page, options={"runOnly": AXE_TAGS})
        assert found.violations_count == 0, found.generate_report()


def test_a_coordinator_invites_and_settles(desk: Page, live: LiveServer, pictures: Path) -> None:
    base = f"{live.base_url}/console"
    desk.goto(f"{base}/invitations")
    language = desk.locator("html").get_attribute("lang") or ""
    check(desk, pictures, f"invitations-{language}")
    boxes = desk.locator("[name=pick]")
    assert any(box.is_checked() for box in boxes.all()), "whoever can be reached is ticked"
    for box in boxes.all():
        box.uncheck()
    desk.locator("main form button").click()
    check(desk, pictures, f"invitations-nobody-ticked-{language}")
    desk.locator("[name=pick]").first.check()
    desk.locator("main form button").click()
    expect(desk.get_by_role("status")).to_be_visible()
    check(desk, pictures, f"invitations-done-{language}")
    for channel in ("email", "sms"):
        desk.goto(f"{base}/participants/BTB-001/invite/baseline?channel={channel}&new=1")
        check(desk, pictures, f"invite-{channel}-{language}")
    desk.goto(f"{base}/participants/BTB-001/link/baseline")
    check(desk, pictures, f"link-{language}")
    desk.goto(f"{base}/participants/BTB-001/revoke/baseline")
    check(desk, pictures, f"revoke-{language}")
    desk.goto(f"{base}/messages/1")
    check(desk, pictures, f"message-{language}")
    desk.goto(f"{base}/participants/BTB-004/invite/baseline?channel=sms")
    check(desk, pictures, f"invite-refused-{language}")
