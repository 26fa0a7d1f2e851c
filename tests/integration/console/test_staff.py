"""Inviting colleagues, changing accounts, one-time links, and the list of who had which role when."""

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.message import Message
from btb_pro.models.staff import Staff, StaffLink
from btb_pro.roles import Role
from btb_pro.services.open_staff_links import find_link
from btb_pro.services.staff_accounts import StaffDetails, add_staff, change_staff, disable_staff, enable_staff
from btb_pro.services.staff_faults import StaffFault, StaffRefused
from btb_pro.services.staff_links import INVITE_LASTS, RESET_LASTS, issue_link, link_address
from btb_pro.services.staff_listing import list_staff_periods
from tests.integration.participant.steps import dump
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import PASSWORD, add_second_factor, add_with_password, code_now, sign_in, signed_in
from tests.support.world import COMMAND, World

EMAIL = "ola@hospital.example"
NEW = "seks hester i ei fjelløype"


def details(role: Role = Role.COORDINATOR, *sites: str, name: str = "Ola Berg") -> StaffDetails:
    return StaffDetails(name, role, frozenset(sites) or None)


def invite(admin: PlainBrowser, **more: str) -> PlainBrowser:
    """Fill in and send the form that invites a colleague."""
    admin.open("/console/staff/new")
    for name, value in {"email": EMAIL, "name": "Ola Berg", "role": "coordinator", **more}.items():
        admin.fill(name, value)
    return admin.fill("sites", "oslo").press()


def address_on(browser: PlainBrowser) -> str:
    """The path of the link that a page shows."""
    shown = next(text for text in browser.text.split() if "/console/welcome/" in text)
    return shown.removeprefix("http://localhost")


def number_of(world: World, email: str) -> int:
    with world.reading() as session:
        return session.execute(select(Staff.id).where(Staff.email == email)).scalar_one()


def test_an_invited_colleague_chooses_password_and_phone_and_is_at_work(world: World) -> None:
    page = invite(signed_in(world, Role.ADMIN))
    address = address_on(page)
    browser = world.browser()
    assert browser.open(address).page == "console-welcome"
    assert browser.open(address).page == "console-welcome"
    browser.fill("new_password", NEW).press()
    assert browser.page == "console-second-factor"
    assert browser.open("/console/").page == "console-sign-in"
    assert browser.open("/console/sign-in/second-factor").page == "console-second-factor"
    secret = next("".join(one.itertext()) for one in browser.document.iter("dd")).replace(" ", "")
    browser.fill("code", code_now(pyotp.TOTP(secret))).press()
    assert browser.page == "console-recovery-codes"
    assert "Ola Berg, Koordinator" in browser.open("/console/").text
    spent = world.browser().open(address)
    assert (spent.page, spent.status, spent.heading) == ("console-error", 410, "Denne lenken er brukt")


def test_opening_a_link_changes_nothing(world: World) -> None:
    address = address_on(invite(signed_in(world, Role.ADMIN)))
    before = dump(world)
    client = world.app.test_client()
    for _ in range(3):
        assert client.get(address).status_code == 200
        assert client.head(address).status_code == 200
    assert dump(world) == before


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("elleve tegn", "minst 12"),
        ("x" * 257, "høyst 256"),
        ("password1234", "første noen gjetter"),
        ("passordpassord", "første noen gjetter"),
        ("qwertyuiopå1", "første noen gjetter"),
        ("BackToBasic2026!", "ditt eget navn"),
        ("ola.berg.1987", "ditt eget navn"),
    ],
)
def test_a_weak_password_is_refused_and_the_link_stays_good(world: World, password: str, told: str) -> None:
    browser = world.browser().open(address_on(invite(signed_in(world, Role.ADMIN))))
    browser.fill("new_password", password).press()
    assert browser.status == 422
    assert told in browser.text
    assert password not in browser.html
    assert browser.fill("new_password", NEW).press().page == "console-second-factor"


def test_a_link_is_too_old_after_its_time_and_a_newer_one_ends_it(world: World) -> None:
    admin = signed_in(world, Role.ADMIN)
    first = address_on(invite(admin))
    number = number_of(world, EMAIL)
    second = address_on(admin.open(f"/console/staff/{number}").pick("link").press("act", "link"))
    assert first != second
    assert world.browser().open(first).heading == "Denne lenken er for gammel"
    with clock.at(clock.now() + INVITE_LASTS):
        late = world.browser().open(second)
        assert (late.status, late.heading) == (410, "Denne lenken er for gammel")
    assert world.browser().open(second).page == "console-welcome"
    assert world.browser().open("/console/welcome/nonsense").status == 404


def test_of_two_who_use_a_link_one_comes_too_late(world: World) -> None:
    address = address_on(invite(signed_in(world, Role.ADMIN)))
    one, other = world.browser().open(address), world.browser().open(address)
    one.fill("new_password", NEW).press()
    assert other.fill("new_password", PASSWORD).press().status == 410


def test_a_forgotten_password_is_chosen_anew_and_the_phone_still_counts(world: World) -> None:
    email = add_with_password(world, email=EMAIL)
    phone = add_second_factor(world, email)
    admin = signed_in(world, Role.ADMIN)
    page = admin.open(f"/console/staff/{number_of(world, email)}").pick("link").press("act", "link")
    assert f"innen {RESET_LASTS.days} dag." in page.text
    assert sign_in(world.browser(), email).page == "console-code"
    browser = world.browser().open(address_on(page)).fill("new_password", NEW).press()
    assert browser.page == "console-code"
    assert browser.fill("code", code_now(phone)).press().page == "console-today"
    assert sign_in(world.browser(), email).status == 422


def test_for_a_lost_phone_password_and_phone_are_gone_at_once(world: World) -> None:
    email = add_with_password(world, email=EMAIL)
    add_second_factor(world, email)
    admin = signed_in(world, Role.ADMIN)
    page = admin.open(f"/console/staff/{number_of(world, email)}").pick("link").press("act", "second-factor")
    assert sign_in(world.browser(), email).status == 422
    browser = world.browser().open(address_on(page)).fill("new_password", NEW).press()
    assert browser.page == "console-second-factor"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"email": "ola"}, "Skriv en e-postadresse"),
        ({"email": "ola@hospital.example\nBcc: x@y.no"}, "Skriv en e-postadresse"),
        ({"name": " "}, "Skriv et navn"),
        ({"name": "x" * 121}, "Skriv et navn"),
    ],
)
def test_a_wrong_invitation_says_what_is_wrong_and_keeps_the_rest(
    world: World, given: dict[str, str], told: str
) -> None:
    page = invite(signed_in(world, Role.ADMIN), **given)
    assert page.status == 422
    assert told in page.text
    assert page.value("role") == ["coordinator"]
    assert page.value("sites") == ["oslo"]


def test_an_address_has_one_account_however_it_is_written(world: World) -> None:
    admin = signed_in(world, Role.ADMIN)
    invite(admin)
    assert "finnes allerede" in invite(admin, email="OLA@Hospital.example").text


def test_an_account_needs_a_hospital_or_all(world: World) -> None:
    admin = signed_in(world, Role.ADMIN).open("/console/staff/new")
    admin.fill("email", EMAIL).fill("name", "Ola").fill("role", "monitor").press()
    assert "minst ett sykehus" in admin.text


@pytest.mark.parametrize("act", ["disable", "change"])
def test_the_last_admin_cannot_be_removed(world: World, act: str) -> None:
    email = add_with_password(world, Role.ADMIN, email=EMAIL)
    with world.writing() as session:
        add_staff(session, COMMAND, world.runtime, "invited@hospital.example", details(Role.ADMIN))
        staff = session.query(Staff).filter_by(email=email).one()

        def remove() -> None:
            if act == "disable":
                disable_staff(session, COMMAND, staff)
            else:
                change_staff(session, COMMAND, world.runtime, staff, details(Role.MONITOR))

        with pytest.raises(StaffRefused) as refused:
            remove()
        assert refused.value.fault is StaffFault.LAST_ADMIN
        session.rollback()
    add_with_password(world, Role.ADMIN, email="second@hospital.example")
    with world.writing() as session:
        staff = session.query(Staff).filter_by(email=email).one()
        remove()


def test_a_disabled_account_neither_signs_in_nor_uses_its_link(world: World) -> None:
    admin = signed_in(world, Role.ADMIN)
    address = address_on(invite(admin))
    number = number_of(world, EMAIL)
    admin.open(f"/console/staff/{number}").pick("state").press("act", "disable")
    assert "Stengt" in admin.text
    assert world.browser().open(address).status == 410
    admin.open(f"/console/staff/{number}").pick("state").press("act", "enable")
    assert "Stengt" not in admin.text


def test_no_page_and_no_row_tells_an_admin_a_password_or_a_link(world: World) -> None:
    admin = signed_in(world, Role.ADMIN)
    address = address_on(invite(admin))
    secret = address.rpartition("/")[2]
    world.browser().open(address).fill("new_password", NEW).press()
    number = number_of(world, EMAIL)
    for path in ("/console/staff", f"/console/staff/{number}", "/console/staff/periods"):
        page = admin.open(path)
        assert NEW not in page.html
        assert secret not in page.html
        assert not [one for one in page.document.iter("input") if one.get("type") == "password"]
    for file in world.folder.glob("btb.db*"):
        assert secret.encode() not in file.read_bytes()
        assert NEW.encode() not in file.read_bytes()


def test_a_link_by_mail_is_queued_with_it_and_can_be_made_again_for_sending(world: World) -> None:
    with world.writing() as session:
        staff = add_staff(session, COMMAND, world.runtime, EMAIL, details())
        link = issue_link(session, COMMAND, world.runtime, staff, sends_mail=True)
        address = link_address(world.runtime, link)
    with world.reading() as session:
        message = session.execute(select(Message)).scalar_one()
        assert (message.kind, message.channel, message.state) == ("staff_link", "email", "queued")
        again = session.get_one(StaffLink, int(message.subject_key))
        assert link_address(world.runtime, again) == address
        assert find_link(session, address.rpartition("/")[2]).link is again


def test_who_had_which_role_when_is_told_from_the_trail(world: World) -> None:
    start = clock.now()
    days = [start + timedelta(days=day) for day in range(6)]
    with world.writing() as session:
        with clock.at(days[0]):
            staff = add_staff(session, COMMAND, world.runtime, EMAIL, details(Role.COORDINATOR, "oslo"))
        with clock.at(days[1]):
            change_staff(
                session, COMMAND, world.runtime, staff, details(Role.COORDINATOR, "oslo", name="Ola Dal")
            )
        with clock.at(days[2]):
            change_staff(
                session, COMMAND, world.runtime, staff, details(Role.MONITOR, "bergen", name="Ola Dal")
            )
        with clock.at(days[3]):
            disable_staff(session, COMMAND, staff)
        with clock.at(days[4]):
            change_staff(session, COMMAND, world.runtime, staff, details(Role.INVESTIGATOR, name="Ola Dal"))
        with clock.at(days[5]):
            enable_staff(session, COMMAND, staff)
        periods = list_staff_periods(session)
    assert {one.name for one in periods} == {"Ola Dal"}
    assert [(one.role, one.sites, one.began_at, one.ended_at) for one in periods] == [
        (Role.COORDINATOR, frozenset({"oslo"}), days[0], days[2]),
        (Role.MONITOR, frozenset({"bergen"}), days[2], days[3]),
        (Role.INVESTIGATOR, None, days[5], None),
    ]
    assert "Ola Dal" in signed_in(world, Role.ADMIN).open("/console/staff/periods").text


def test_every_change_of_an_account_is_in_the_trail(world: World) -> None:
    admin = signed_in(world, Role.ADMIN)
    address = address_on(invite(admin))
    number = number_of(world, EMAIL)
    world.browser().open(address).fill("new_password", NEW).press()
    admin.open(f"/console/staff/{number}").fill("role", "monitor").press()
    admin.open(f"/console/staff/{number}").pick("link").press("act", "link")
    admin.open(f"/console/staff/{number}").pick("link").press("act", "second-factor")
    for act in ("disable", "enable"):
        admin.open(f"/console/staff/{number}").pick("state").press("act", act)
    with world.reading() as session:
        tags = [one for (one,) in session.execute(select(AuditEvent.tag).order_by(AuditEvent.seq))]
    assert tags[-8:] == [
        "staff:add",
        "staff:issue_link",
        "staff:choose_password",
        "staff:change",
        "staff:issue_link",
        "staff:forget_second_factor",
        "staff:disable",
        "staff:enable",
    ]
