"""Who comes into the console, and who stays outside."""

from datetime import timedelta

from btb_pro import clock
from btb_pro.roles import Role
from btb_pro.services.staff_sessions import IDLE, LONGEST
from tests.support.staff import signed_in
from tests.support.world import World


def test_a_stranger_is_asked_to_sign_in_and_comes_back_to_the_page_wished_for(world: World) -> None:
    browser = world.browser().open("/console/")
    assert browser.page == "console-sign-in"
    assert browser.address == "/console/sign-in?next=/console/"


def test_a_signed_in_coordinator_sees_today(world: World) -> None:
    assert signed_in(world).open("/console/").page == "console-today"


def test_a_session_ends_after_half_an_hour_without_use_and_not_before(world: World) -> None:
    browser = signed_in(world)
    almost = clock.now() + IDLE - timedelta(seconds=1)
    with clock.at(almost):
        assert browser.open("/console/").page == "console-today"
    with clock.at(almost + IDLE - timedelta(seconds=1)):
        assert browser.open("/console/").page == "console-today"
    with clock.at(almost + IDLE + IDLE):
        assert browser.open("/console/").page == "console-sign-in"


def test_a_session_ends_after_a_working_day_however_busy(world: World) -> None:
    browser = signed_in(world)
    begun = clock.now()
    for tenth in range(1, 40):
        at = begun + tenth * timedelta(minutes=15)
        with clock.at(at):
            wanted = "console-today" if at < begun + LONGEST else "console-sign-in"
            assert browser.open("/console/").page == wanted


def test_the_staffs_cookie_opens_no_page_of_a_participant(world: World) -> None:
    handle = world.started().address.split("/")[2]
    assert signed_in(world, Role.INVESTIGATOR).open(f"/q/{handle}/").address == "/"
