"""A day stays the day that was meant, and an instant keeps its offset, wherever the browser is."""

from datetime import datetime
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from btb_pro.models.participant import Participant
from btb_pro.roles import Role
from tests.browser.conftest import PhoneMaker
from tests.browser.test_saving_on_the_tap import rows
from tests.browser.windows import press, staff_window
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("America/Anchorage", ["2026-03-29T00:30:00.000Z", "2026-03-28T16:30:00.000-08:00"]),
        ("Pacific/Kiritimati", ["2026-03-29T00:30:00.000Z", "2026-03-29T14:30:00.000+14:00"]),
        ("Europe/Oslo", ["2026-03-29T01:30:00.000Z", "2026-03-29T03:30:00.000+02:00"]),
        ("Europe/Oslo", ["2026-10-25T00:30:00.000Z", "2026-10-25T02:30:00.000+02:00"]),
        ("Europe/Oslo", ["2026-10-25T01:30:00.000Z", "2026-10-25T02:30:00.000+01:00"]),
    ],
)
def test_a_phone_tells_its_time_with_the_offset_of_its_zone_that_night(
    phone: PhoneMaker, server: LiveServer, zone: str, told: list[str]
) -> None:
    made = phone(java_script=True, timezone_id=zone)
    made.page.clock.set_fixed_time(datetime.fromisoformat(told[0]))
    made.started().page.locator("main button").first.click()
    made.page.locator("label[for=bg_gender-2]").click()
    expect(made.page.locator("#save-status")).to_have_text("Lagret")
    [row] = rows(server, server.study_number)
    assert (row.value, row.device_at) == ("2", told[1])


@pytest.mark.parametrize("zone", ["America/Anchorage", "Pacific/Kiritimati"])
def test_a_day_that_is_typed_in_is_that_day_everywhere(
    browser: Browser, server: LiveServer, zone: str
) -> None:
    number = f"Z-{uuid4().hex[:6]}"
    with staff_window(browser, server, Role.COORDINATOR, "oslo", timezone_id=zone) as page:
        page.goto(f"{server.base_url}/console/participants/new")
        page.locator("#id").fill(number)
        page.locator("#day0").fill("2026-05-20")
        press(page.locator("main form button"))
        with server.world.reading() as session:
            query = select(Participant.day0).where(Participant.study_number == number)
            assert f"{session.execute(query).scalar_one()}" == "2026-05-20"
        page.goto(f"{server.base_url}/console/participants/{number}/day0")
        expect(page.locator("#day0")).to_have_value("2026-05-20")
