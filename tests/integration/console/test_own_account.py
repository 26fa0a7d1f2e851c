"""What members of staff change of their own account works at once, and the trail tells it."""

import json

import pyotp
from sqlalchemy import select

from btb_pro.models.base import AuditEvent
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import add_second_factor, add_with_password, code_now, sign_in
from tests.support.world import World

ACCOUNT = "/console/account"


def at_work(world: World) -> tuple[PlainBrowser, str]:
    """A browser that has just signed in by the pages, and whose it is."""
    email = add_with_password(world)
    phone = add_second_factor(world, email)
    return sign_in(world.browser(), email).fill("code", code_now(phone)).press().open(ACCOUNT), email


def last_event(world: World) -> tuple[str, str, set[str]]:
    """The newest event: its tag, who did it, the fields that it tells."""
    with world.reading() as session:
        event = session.execute(select(AuditEvent).order_by(AuditEvent.seq.desc())).scalars().first()
        assert event is not None
        return event.tag, event.actor, {change["field"] for change in json.loads(event.changes)}


def test_the_language_is_that_of_every_page_from_then_on(world: World) -> None:
    browser, email = at_work(world)
    assert browser.heading == "Min konto"
    assert browser.pick("language").press("language", "en").heading == "My account"
    assert last_event(world) == ("staff:change", email, {"language"})


def test_new_recovery_codes_take_the_place_of_the_old_ones(world: World) -> None:
    browser, email = at_work(world)
    shown = set()
    for _ in range(2):
        page = browser.open(ACCOUNT).pick("codes").press()
        assert page.page == "console-recovery-codes"
        shown.add("".join("".join(one.itertext()) for one in page.document.iter("li")))
    assert len(shown) == 2
    tag, actor, _ = last_event(world)
    assert (tag, actor) == ("staff:renew_recovery_codes", email)


def test_another_phone_counts_from_its_first_code_on(world: World) -> None:
    browser, email = at_work(world)
    browser.open(f"{ACCOUNT}/second-factor")
    secret = next("".join(one.itertext()) for one in browser.document.iter("dd")).replace(" ", "")
    assert browser.fill("code", code_now(pyotp.TOTP(secret))).press().page == "console-recovery-codes"
    with world.reading() as session:
        query = select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(3)
        assert ("staff:set_second_factor", email) in {
            (event.tag, event.actor) for event in session.execute(query).scalars()
        }
