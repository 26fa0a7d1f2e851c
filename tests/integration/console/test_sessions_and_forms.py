"""Sessions end when they should, and what was typed outlives them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import select

from btb_pro import clock, create_app
from btb_pro.models.staff import Staff, StaffSession
from btb_pro.roles import Role
from btb_pro.services.staff_sessions import CONFIRMED_FOR, IDLE
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import (
    PASSWORD,
    add_second_factor,
    add_staff,
    add_with_password,
    code_now,
    session_cookie,
    sign_in,
    signed_in,
)
from tests.support.world import World

EMAIL = "admin@hospital.example"
COLLEAGUE = [("email", "ola@hospital.example"), ("name", "Ola Berg & <sønn>"), ("role", "monitor")]


def cookie_of(browser: PlainBrowser) -> str:
    """The staff's cookie as the browser holds it."""
    found = browser.client.get_cookie("btb-staff")
    assert found is not None
    return found.value


def with_cookie(world: World, value: str) -> PlainBrowser:
    """A browser into which somebody copied that cookie."""
    browser = world.browser()
    browser.client.set_cookie("btb-staff", value, domain="localhost")
    return browser


HOME = ("console-today", "console-staff")
"""Where the console begins: Today, or for an administrator the staff."""


def at_work(world: World, role: Role = Role.ADMIN) -> PlainBrowser:
    """A browser that has signed in by the pages."""
    email = add_with_password(world, role, email=EMAIL)
    phone = add_second_factor(world, email)
    browser = sign_in(world.browser(), email).fill("code", code_now(phone)).press()
    assert browser.page in HOME
    return browser


def test_a_copied_cookie_opens_nothing_after_signing_out(world: World) -> None:
    browser = at_work(world)
    copied = cookie_of(browser)
    assert with_cookie(world, copied).open("/console/").page in HOME
    assert browser.send("/console/sign-out", []).page == "console-sign-in"
    assert browser.open("/console/").page == "console-sign-in"
    assert with_cookie(world, copied).open("/console/").page == "console-sign-in"


def test_signing_in_takes_over_nothing_that_the_cookie_held_before(world: World) -> None:
    email = add_with_password(world, email=EMAIL)
    phone = add_second_factor(world, email)
    browser = world.browser().open("/console/sign-in")
    planted = cookie_of(browser)
    with_cookie(world, planted)
    sign_in(browser, email).fill("code", code_now(phone)).press()
    after = cookie_of(browser)
    serializer = SecureCookieSessionInterface().get_signing_serializer(world.app)
    assert serializer is not None
    old, new = serializer.loads(planted), serializer.loads(after)
    assert "_user_id" not in old
    assert "proven" not in new
    assert old["csrf_token"] != new.get("csrf_token")
    assert with_cookie(world, planted).open("/console/").page == "console-sign-in"


def test_the_secret_of_a_session_stands_nowhere_in_the_database(world: World) -> None:
    _, value = session_cookie(world, add_staff(world))
    serializer = SecureCookieSessionInterface().get_signing_serializer(world.app)
    assert serializer is not None
    secret = serializer.loads(value)["_user_id"].encode()
    for file in world.folder.glob("btb.db*"):
        assert secret not in file.read_bytes()


@pytest.mark.parametrize("address", ["http://localhost", "https://btb.hospital.example"])
def test_the_staffs_cookies_are_kept_from_scripts_and_in_production_from_the_clear(
    world: World, address: str
) -> None:
    settings = replace(world.runtime.settings, base_url=address, trusted_hosts=("localhost",))
    app = create_app(settings)
    response = app.test_client().get("/console/sign-in")
    cookie = response.headers["Set-Cookie"]
    app.extensions["btb_pro"].database.close()
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    is_production = address.startswith("https")
    assert ("Secure" in cookie) is is_production
    assert cookie.startswith("__Host-btb-staff=") is is_production


def change_role(world: World, browser: PlainBrowser, number: int) -> None:
    page = browser.open(f"/console/staff/{number}")
    page.fill("role", "investigator").press()


def disable(world: World, browser: PlainBrowser, number: int) -> None:
    browser.open(f"/console/staff/{number}").pick("state").press("act", "disable")


def sign_out_everywhere(world: World, browser: PlainBrowser, number: int) -> None:
    browser.open(f"/console/staff/{number}").pick("state").press("act", "sign-out")


def forget_phone(world: World, browser: PlainBrowser, number: int) -> None:
    browser.open(f"/console/staff/{number}").pick("link").press("act", "second-factor")


@pytest.mark.parametrize("act", [change_role, disable, sign_out_everywhere, forget_phone])
def test_what_an_admin_does_to_an_account_ends_its_sessions_at_once(
    world: World, act: Callable[[World, PlainBrowser, int], None]
) -> None:
    colleague = signed_in(world, Role.COORDINATOR, "oslo")
    assert colleague.open("/console/").page in HOME
    with world.reading() as session:
        number = session.execute(select(Staff.id).where(Staff.role == "coordinator")).scalar_one()
    act(world, signed_in(world, Role.ADMIN), number)
    assert colleague.open("/console/").page == "console-sign-in"


def test_a_new_name_signs_nobody_out(world: World) -> None:
    colleague = signed_in(world, Role.COORDINATOR, "oslo")
    with world.reading() as session:
        number = session.execute(select(Staff.id).where(Staff.role == "coordinator")).scalar_one()
    admin = signed_in(world, Role.ADMIN).open(f"/console/staff/{number}")
    assert admin.value("role") == ["coordinator"]
    assert admin.value("sites") == ["oslo"]
    admin.fill("name", "Kari  Nytt-Navn").press()
    assert "Kari Nytt-Navn" in admin.text
    assert "Kari Nytt-Navn" in colleague.open("/console/").text


def test_an_own_session_elsewhere_can_be_ended_and_nobody_elses(world: World) -> None:
    email = add_with_password(world, email=EMAIL)
    here, there = (with_cookie(world, session_cookie(world, email)[1]) for _ in range(2))
    stranger = signed_in(world, Role.MONITOR)
    with world.reading() as session:
        foreign = session.execute(select(StaffSession.id).order_by(StaffSession.id.desc())).scalars().first()
    page = here.open("/console/account").pick("sessions")
    token = page.value("csrf_token")[0]
    page.send("/console/account/sessions", [("csrf_token", token), ("session", str(foreign))])
    assert stranger.open("/console/").page in HOME
    here.open("/console/account").pick("sessions").press("session")
    assert there.open("/console/").page == "console-sign-in"
    assert here.open("/console/account").page == "console-account"
    assert here.pick("sessions").press("session", "all").page == "console-sign-in"


def test_a_changed_password_signs_out_every_other_browser(world: World) -> None:
    email = add_with_password(world, email=EMAIL)
    here, there = (with_cookie(world, session_cookie(world, email)[1]) for _ in range(2))
    copied = cookie_of(here)
    form = here.open("/console/account").pick("change-password")
    form.fill("password", "not this").fill("new_password", "fire katter på taket").press()
    assert here.status == 422
    here.pick("change-password").fill("password", PASSWORD).fill("new_password", "kort").press()
    assert "minst 12 tegn" in here.text
    assert there.open("/console/").page in HOME
    here.pick("change-password").fill("password", PASSWORD).fill(
        "new_password", "fire katter på taket"
    ).press()
    assert "Passordet er byttet" in here.text
    assert there.open("/console/").page == "console-sign-in"
    assert with_cookie(world, copied).open("/console/").page == "console-sign-in"
    assert sign_in(world.browser(), email, "fire katter på taket").page == "console-second-factor"


def test_a_confirmed_act_asks_for_the_password_when_it_was_given_long_ago(world: World) -> None:
    admin = at_work(world)
    assert admin.open("/console/staff/new").page == "console-staff-form"
    with clock.at(clock.now() + CONFIRMED_FOR):
        assert admin.open("/console/staff/new").page == "console-confirm"
        assert admin.address == "/console/confirm?next=/console/staff/new"
        assert admin.fill("password", "wrong").press().page == "console-confirm"
        copied = cookie_of(admin)
        assert admin.fill("password", PASSWORD).press().page == "console-staff-form"
        assert with_cookie(world, copied).open("/console/").page == "console-sign-in"
        assert admin.open("/console/").page in HOME


def test_giving_the_password_again_makes_no_working_day_longer(world: World) -> None:
    admin = at_work(world)
    begun = clock.now()
    for half_hour in range(1, 20):
        with clock.at(begun + half_hour * timedelta(minutes=29)):
            admin.open("/console/account/second-factor")
            if admin.page == "console-confirm":
                admin.fill("password", PASSWORD).press()
            assert admin.page == "console-second-factor"
    with clock.at(begun + timedelta(hours=9, minutes=30)):
        assert admin.open("/console/").page in HOME
    with clock.at(begun + timedelta(hours=10)):
        assert admin.open("/console/").page == "console-sign-in"


def fill_in(browser: PlainBrowser) -> PlainBrowser:
    """The form that invites a colleague, filled in and not sent."""
    browser.open("/console/staff/new")
    for name, value in COLLEAGUE:
        browser.fill(name, value)
    return browser.fill("sites", "oslo", "bergen")


def is_filled_in(browser: PlainBrowser) -> bool:
    return (
        browser.page == "console-staff-form"
        and all(browser.value(name) == [value] for name, value in COLLEAGUE)
        and browser.value("sites") == ["oslo", "bergen"]
        and browser.value("reach") == ["chosen"]
    )


def number_of_staff(world: World) -> int:
    with world.reading() as session:
        return session.query(Staff).count()


def test_what_was_typed_outlives_a_session_that_ended_and_nothing_is_done_unseen(world: World) -> None:
    admin = fill_in(at_work(world))
    before = number_of_staff(world)
    with world.reading() as session:
        staff = session.query(Staff).filter_by(email=EMAIL).one()
        secret = world.runtime.sealer.open(staff.totp_sealed or b"", f"staff/{staff.id}/totp")
    with clock.at(clock.now() + IDLE):
        admin.press()
        assert (admin.page, admin.status) == ("console-sign-in", 403)
        assert "Ola Berg" not in admin.html
        sign_in(admin, EMAIL, "wrong")
        sign_in(admin, EMAIL)
        assert admin.page == "console-code"
        admin.fill("code", "000000").press()
        admin.fill("code", code_now(pyotp.TOTP(secret))).press()
        assert admin.page == "console-kept"
        assert number_of_staff(world) == before
        admin.press()
        assert number_of_staff(world) == before
        assert is_filled_in(admin)
        admin.press()
    assert admin.page == "console-staff-link"
    assert number_of_staff(world) == before + 1


def test_what_was_typed_outlives_being_asked_for_the_password(world: World) -> None:
    admin = fill_in(at_work(world))
    with clock.at(clock.now() + CONFIRMED_FOR):
        assert admin.press().page == "console-confirm"
        admin.fill("password", "wrong").press()
        assert admin.fill("password", PASSWORD).press().page == "console-kept"
        assert is_filled_in(admin.press())
        assert admin.press().page == "console-staff-link"


def test_what_was_typed_is_given_to_nobody_else(world: World) -> None:
    admin = fill_in(at_work(world))
    other = add_with_password(world, Role.ADMIN, email="other@hospital.example")
    phone = add_second_factor(world, other)
    with clock.at(clock.now() + IDLE):
        admin.press()
        sign_in(admin, other).fill("code", code_now(phone)).press()
        assert admin.page in HOME
        assert "Ola Berg" not in admin.html


def test_a_kept_form_that_somebody_made_up_leads_nowhere(world: World) -> None:
    email = add_with_password(world, email=EMAIL)
    phone = add_second_factor(world, email)
    browser = world.browser().open("/console/sign-in")
    browser.values.append(("kept", "bm90IHNlYWxlZA=="))
    sign_in(browser, email).fill("code", code_now(phone)).press()
    assert browser.page in HOME


def test_a_stale_token_shows_the_form_again_with_all_that_was_typed(world: World) -> None:
    admin = fill_in(at_work(world))
    sent = [(name, value) for name, value in admin.values if name != "csrf_token"]
    before = number_of_staff(world)
    admin.send("/console/staff/new", [*sent, ("csrf_token", "old")])
    assert is_filled_in(admin)
    assert number_of_staff(world) == before
    assert admin.press().page == "console-staff-link"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_from_elsewhere_is_refused_even_with_its_token(world: World, headers: dict[str, str]) -> None:
    admin = fill_in(at_work(world))
    before = number_of_staff(world)
    response = admin.client.post("/console/staff/new", data=dict(admin.values), headers=headers)
    assert response.status_code == 403
    assert number_of_staff(world) == before


def test_whoever_signs_in_after_somebody_else_ends_that_ones_session(world: World) -> None:
    admin = at_work(world)
    copied = cookie_of(admin)
    other = add_with_password(world, Role.MONITOR, email="other@hospital.example")
    page = world.browser().open("/console/sign-in")
    token = page.value("csrf_token")[0]
    with admin.client.session_transaction() as cookie, page.client.session_transaction() as fresh:
        cookie["csrf_token"] = fresh["csrf_token"]
    sent = [("csrf_token", token), ("email", other), ("password", PASSWORD)]
    assert admin.send("/console/sign-in", sent).page == "console-second-factor"
    assert with_cookie(world, copied).open("/console/").page == "console-sign-in"
