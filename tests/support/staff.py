"""Members of staff who are signed in, for tests of the console."""

import json
from datetime import timedelta
from functools import cache

import pyotp
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.staff import Staff, StaffSite
from btb_pro.roles import Role
from btb_pro.services.audit import Tag, step
from btb_pro.services.passwords import hash_password
from btb_pro.services.second_factor import new_secret, set_secret
from btb_pro.services.staff_sessions import begin_session
from tests.support.plain_browser import PlainBrowser
from tests.support.world import COMMAND, World


def add_staff(
    world: World, role: Role = Role.COORDINATOR, *sites: str, email: str = "", language: str | None = "nb"
) -> str:
    """An account, for all sites if none is named; its e-mail address. It has no password yet."""
    email = email or f"{role.value}-{'-'.join(sites) or 'all'}@hospital.example"
    with world.writing() as session, step(session, COMMAND, Tag.STAFF_SIGN_IN) as event:
        staff = Staff(
            email=email,
            name=f"Kari {role.value}",
            role=role.value,
            is_for_all_sites=not sites,
            language=language,
            created_at=clock.now(),
            event_seq=event.seq,
        )
        session.add(staff)
        session.flush()
        session.add_all(StaffSite(staff_id=staff.id, site_code=site, event_seq=event.seq) for site in sites)
        event.change("staff", email, "role", None, role.value)
    return email


def session_cookie(world: World, email: str) -> tuple[str, str]:
    """Name and value of a cookie that is signed in as that account."""
    with world.writing() as session:
        staff = session.query(Staff).filter_by(email=email).one()
        secret = begin_session(session, COMMAND, staff)
    signer = SecureCookieSessionInterface().get_signing_serializer(world.app)
    assert signer is not None
    return world.app.config["SESSION_COOKIE_NAME"], str(signer.dumps({"_user_id": secret, "_fresh": True}))


def signed_in(world: World, role: Role = Role.COORDINATOR, *sites: str, language: str = "nb") -> PlainBrowser:
    """A browser in which a new member of staff is signed in."""
    browser = world.browser(language)
    name, value = session_cookie(world, add_staff(world, role, *sites, language=language))
    browser.client.set_cookie(name, value, domain="localhost")
    return browser


def refused_access(world: World) -> list[tuple[str, str, str, str]]:
    """Who was refused a page, as the trail tells it: role, route, why, study number."""
    with world.reading() as session:
        query = select(AuditEvent).where(AuditEvent.tag == Tag.STAFF_ACCESS_REFUSED).order_by(AuditEvent.seq)
        return [
            (event.actor_role, change["key"], change["field"], event.study_number)
            for event in session.execute(query).scalars()
            for change in json.loads(event.changes)
        ]


PASSWORD = "kaffe ved stille vann"
"""What every member of staff signs in with whom `add_with_password` made."""


def add_with_password(world: World, role: Role = Role.COORDINATOR, *sites: str, email: str = "") -> str:
    """An account that can sign in with `PASSWORD` and has no second factor yet; its e-mail address."""
    email = add_staff(world, role, *sites, email=email)
    with world.writing() as session, step(session, COMMAND, Tag.STAFF_PASSWORD) as event:
        event.change("staff", email, "password", None, "set anew")
        session.query(Staff).filter_by(email=email).one().password_hash = _password_hash()
    return email


def add_second_factor(world: World, email: str) -> pyotp.TOTP:
    """Give an account a second factor; what the app on the phone would show."""
    secret = new_secret()
    with world.writing() as session, step(session, COMMAND, Tag.STAFF_SECOND_FACTOR) as event:
        staff = session.query(Staff).filter_by(email=email).one()
        set_secret(event, world.runtime.sealer, staff, secret, 0)
    return pyotp.TOTP(secret)


def code_now(app: pyotp.TOTP, steps: int = 0) -> str:
    """What the app shows at the tests' own time, or so many steps later."""
    return app.at(clock.now() + steps * timedelta(seconds=30))


def sign_in(browser: PlainBrowser, email: str, password: str = PASSWORD) -> PlainBrowser:
    """Fill in the sign-in page that is shown, or open it first."""
    if not browser.address or browser.page != "console-sign-in":
        browser.open("/console/sign-in")
    return browser.fill("email", email).fill("password", password).press()


@cache
def _password_hash() -> str:
    return hash_password(PASSWORD)
