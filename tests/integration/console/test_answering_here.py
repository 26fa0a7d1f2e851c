"""The clinic's tablet: staff signed out first, one session, and nothing left when it is handed back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.response import Answer, ParticipantSession
from btb_pro.services.tablet import LIFETIME
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import World

NUMBER = "BTB-001"
AT_HAND = f"/console/participants/{NUMBER}/at-hand/baseline"


@pytest.fixture
def tablet(world: World) -> PlainBrowser:
    """A tablet on which a coordinator has pressed "answer here"."""
    world.add(NUMBER, language="nb")
    browser = signed_in(world).open(AT_HAND).press()
    assert browser.page == "start"
    return browser


def cookies(browser: PlainBrowser) -> set[str]:
    """Names of the cookies that the browser holds."""
    return {key[2] for key in browser.client._cookies or ()}


def answered(browser: PlainBrowser) -> PlainBrowser:
    """Start, and one page answered."""
    return browser.press().press().fill("bg_age", "44").press("next")


def leave(browser: PlainBrowser) -> PlainBrowser:
    """Press "hand the tablet back", which stands on every page."""
    forms = [one for one in browser.document.iter("form") if one.get("class") == "leave"]
    return browser.send(forms[0].get("action") or "", [])


def test_the_member_of_staff_is_signed_out_before_the_participants_pages_open(
    world: World, tablet: PlainBrowser
) -> None:
    assert cookies(tablet) == set()
    assert tablet.open("/console/").page == "console-sign-in"


def test_the_staffs_old_cookie_opens_nothing_either(world: World) -> None:
    world.add(NUMBER)
    browser = signed_in(world).open(AT_HAND)
    cookie = browser.client.get_cookie(world.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    browser.press()
    browser.client.set_cookie(cookie.key, cookie.value, domain="localhost")
    assert browser.open("/console/").page == "console-sign-in"


def test_every_answer_says_that_it_was_given_on_the_clinics_tablet(
    world: World, tablet: PlainBrowser
) -> None:
    answered(tablet)
    with world.reading() as session:
        assert set(session.execute(select(Answer.mode)).scalars()) == {"clinic_tablet"}


def test_handing_it_back_leaves_no_cookie_and_a_page_that_says_nothing_of_anybody(
    world: World, tablet: PlainBrowser
) -> None:
    address = answered(tablet).address
    end = leave(tablet)
    assert (end.page, end.address.partition("?")[0]) == ("receipt", "/done")
    assert cookies(end) == set()
    assert NUMBER not in end.html
    assert "/s/" not in end.html
    assert "/q/" not in end.html
    assert end.open(address).address == "/"


def test_the_sessions_cookie_kept_by_somebody_opens_nothing_after_it_was_handed_back(
    world: World, tablet: PlainBrowser
) -> None:
    answered(tablet)
    handle = tablet.address.split("/")[2]
    cookie = tablet.client.get_cookie(f"btb-{handle}")
    assert cookie is not None
    assert cookie.max_age is None
    leave(tablet)
    tablet.client.set_cookie(cookie.key, cookie.value, domain="localhost")
    assert tablet.open(f"/q/{handle}/").address == "/"


def test_sending_in_ends_with_the_neutral_page_and_shows_no_receipt_code(
    world: World, tablet: PlainBrowser
) -> None:
    answered(tablet)
    handle = tablet.address.split("/")[2]
    end = tablet.open(f"/q/{handle}/review").press()
    assert end.address.startswith("/done")
    assert "Svarene er kommet fram" in end.text
    assert 'class="receipt-code"' not in end.html
    assert cookies(end) == set()
    assert end.open(f"/q/{handle}/receipt").address == "/"


def test_a_ticket_starts_once(world: World, tablet: PlainBrowser) -> None:
    ticket = tablet.address
    answered(tablet)
    other = world.browser().open(ticket)
    assert other.address.startswith("/done")
    assert other.client.post(ticket.partition("?")[0]).headers["Location"] == "/done"
    with world.reading() as session:
        assert len(session.execute(select(ParticipantSession.id)).all()) == 1


def test_a_ticket_that_was_handed_back_before_start_starts_nothing(
    world: World, tablet: PlainBrowser
) -> None:
    ticket = tablet.address
    assert leave(tablet).address.startswith("/done")
    assert cookies(tablet) == set()
    assert tablet.open(ticket).address.startswith("/done")


def test_a_ticket_lasts_half_an_hour(world: World, tablet: PlainBrowser) -> None:
    with clock.at(clock.now() + LIFETIME - timedelta(minutes=1)):
        assert world.browser().open(tablet.address).page == "start"
    with clock.at(clock.now() + LIFETIME + timedelta(seconds=1)):
        assert world.browser().open(tablet.address).address.startswith("/done")


@pytest.mark.parametrize("change", ["x", "", "A.B.C"])
def test_a_ticket_that_is_none_of_ours_is_a_link_that_we_do_not_know(
    world: World, tablet: PlainBrowser, change: str
) -> None:
    ticket = tablet.address.partition("?")[0].rpartition("/")[2]
    forged = ticket[:-1] + change if len(change) < 2 else change
    assert world.app.test_client().get(f"/tablet/{forged}").status_code == 404


def test_a_links_own_signature_is_no_ticket(world: World, tablet: PlainBrowser) -> None:
    token = world.invite(NUMBER).rpartition("/")[2]
    assert world.app.test_client().get(f"/tablet/{token}").status_code == 404


def test_the_tablet_shows_no_way_to_the_link_itself(world: World, tablet: PlainBrowser) -> None:
    assert "/s/" not in tablet.html
    page = answered(tablet)
    assert "/s/" not in page.html
    with clock.at(clock.now() + timedelta(hours=25)):
        assert page.open(page.address).address == "/done"


def test_a_visit_that_is_not_open_yet_keeps_the_coordinator_signed_in_and_says_so(world: World) -> None:
    world.add(NUMBER, day0=(clock.today() + timedelta(days=60)).isoformat())
    browser = signed_in(world).open(AT_HAND)
    assert "Det er for tidlig" in browser.text
    token = browser.value("csrf_token")
    again = browser.send(f"/console/participants/{NUMBER}/answer-here/baseline", [("csrf_token", token[0])])
    assert again.status == 409
    assert again.open("/console/").page == "console-today"


def test_somebody_else_uses_this_phone(world: World) -> None:
    world.add(NUMBER)
    link = world.invite(NUMBER)
    phone = answered(world.browser().open(link))
    address = phone.address
    start = phone.open(link)
    leaving = start.open(start.link("Noen andre bruker denne telefonen"))
    assert leaving.page == "step"
    end = leaving.press()
    assert end.address.startswith("/done")
    assert cookies(end) == set()
    assert end.open(address).address == "/"


def test_leaving_one_link_keeps_the_session_of_another(world: World) -> None:
    world.add(NUMBER)
    world.add("BTB-002")
    phone = world.browser().open(world.invite("BTB-002")).press()
    kept = phone.address
    link = world.invite(NUMBER)
    phone.open(link).press()
    phone.open(f"{link}/leave").press()
    assert phone.open(kept).page == "parts"


def test_the_receipt_offers_to_leave_nothing_on_the_phone(world: World) -> None:
    phone = answered(world.browser().open(world.invite(world.add(NUMBER))))
    handle = phone.address.split("/")[2]
    receipt = phone.open(f"/q/{handle}/review").press()
    end = receipt.open(receipt.link("Noen andre bruker denne telefonen")).press()
    assert end.address.startswith("/done")
    assert cookies(end) == set()
