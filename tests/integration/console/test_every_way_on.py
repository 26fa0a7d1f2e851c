"""Every link and button of Today and of a participant's page leads somewhere."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.message import Message
from btb_pro.roles import Role
from tests.integration.console import work
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import World


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    """Hours and days that do not depend on when the test runs."""
    with clock.at(work.NOON):
        yield


@pytest.fixture
def busy(world: World) -> World:
    """A study in which everything waits."""
    for number in ("ALERT", "FAILED", "STOPPED", "REPLY", "PAPER"):
        work.person(world, number, days=11)
    work.person(world, "AHEAD", days=5)
    work.person(world, "SOON", days=-1)
    work.failed_safety_message(world, work.alert(world, "ALERT"))
    for number in ("FAILED", "SOON"):
        world.invite(number)
    work.message(world, "FAILED", "bounced", "mailbox_full")
    with clock.at(work.NOON - timedelta(days=3)):
        work.start(world, "STOPPED")
    world.browser().open(f"{world.invite('REPLY')}/stop").press()
    work.paper(world, "PAPER")
    return world


def ways_on(browser: PlainBrowser) -> tuple[set[str], list[tuple[str, list[tuple[str, str]]]]]:
    """Addresses of all links of the page that is shown, and its forms: address and fields."""
    links = {one.get("href", "") for one in browser.document.iter("a")}
    forms = [
        (
            one.get("action") or browser.address,
            [(field.get("name", ""), field.get("value", "")) for field in one.iter("input")],
        )
        for one in next(browser.document.iter("main")).iter("form")
        if one.get("method") == "post"
    ]
    return {link for link in links if link.startswith("/console")}, forms


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.INVESTIGATOR, Role.MONITOR])
def test_everything_on_today_and_on_a_participants_page_leads_somewhere(busy: World, role: Role) -> None:
    browser = signed_in(busy, role, "oslo")
    pages = ["/console/", "/console/participants"]
    pages += [f"/console/participants/{number}" for number in ("ALERT", "REPLY", "PAPER", "AHEAD")]
    followed: set[str] = set()
    for page in pages:
        assert browser.open(page).status == 200
        links, forms = ways_on(browser)
        for link in links - followed:
            assert browser.open(link).status == 200, link
        for address, fields in forms:
            # Shown anew for the password where it is asked for again.
            assert browser.send(address, fields).status in (200, 303), address
        followed |= links
    assert len(followed) > (30 if role is Role.COORDINATOR else 8)


def test_a_coordinator_finds_the_way_to_all_that_is_done_for_a_visit(busy: World) -> None:
    browser = signed_in(busy, Role.COORDINATOR, "oslo").open("/console/participants/AHEAD")
    links, _ = ways_on(browser)
    at = "/console/participants/AHEAD"
    assert {f"{at}/{way}/baseline" for way in ("invite", "link", "at-hand", "visits")} <= links
    assert {"/console/invitations", "/console/letters"} <= links
    assert f"{at}/paper/baseline" in ways_on(browser.open(f"{at}/at-hand/baseline"))[0]
    lists = ways_on(browser.open("/console/participants"))[0]
    assert {"/console/participants/new", "/console/participants/import"} <= lists


def test_who_only_reads_is_shown_no_way_to_change_anything(busy: World) -> None:
    browser = signed_in(busy, Role.MONITOR).open("/console/participants/AHEAD")
    for link in ways_on(browser)[0]:
        assert not any(word in link for word in ("invite", "invitations", "letters", "at-hand", "visits"))


def test_a_safety_message_that_failed_is_sent_again_from_today(busy: World) -> None:
    browser = signed_in(busy, Role.COORDINATOR, "oslo").open("/console/")
    browser.open(browser.link("Følg opp ALERT"))
    assert (browser.page, "Sikkerhetsmelding" in browser.heading) == ("console-message", True)
    browser.press("settle", "send_again")
    with busy.reading() as session:
        newest = session.execute(select(Message).order_by(Message.id.desc())).scalars().first()
        assert newest is not None
        assert (newest.kind, newest.state, newest.subject_key) == ("safety", "queued", "1")


def test_another_hospitals_safety_message_is_not_there(busy: World) -> None:
    number = "/console/messages/1"
    assert signed_in(busy, Role.COORDINATOR, "oslo").open(number).page == "console-message"
    stranger = signed_in(busy, Role.COORDINATOR, "bergen")
    assert stranger.open(number).status == 404
    assert stranger.open(f"/console/messages/{2**40}").status == 404


def test_an_administrator_lands_on_the_staff(world: World) -> None:
    browser = signed_in(world, Role.ADMIN).open("/console/")
    assert (browser.status, browser.page) == (200, "console-staff")
