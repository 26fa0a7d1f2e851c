"""Inviting from the console: what is shown before it is sent, and what happens with each press."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from btb_pro import clock
from btb_pro.models.participant import Contact
from btb_pro.roles import Role
from btb_pro.services.sending import claim_next
from tests.support.mail import MailServerHere, mail_server
from tests.support.outgoing import NOON, link_in, mailing, message_of, send_invitation, states, work
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import refused_access, signed_in
from tests.support.world import COMMAND, World

DAY0 = (NOON.date() + timedelta(days=7)).isoformat()
INVITE = "/console/participants/BTB-001/invite/baseline"
LINK = "/console/participants/BTB-001/link/baseline"


@pytest.fixture
def mail(world: World) -> Iterator[MailServerHere]:
    """A Tuesday at noon, and a mail server."""
    with clock.at(NOON), mail_server() as server:
        mailing(world, server.url)
        yield server


def add(world: World, number: str = "BTB-001", site: str = "oslo", **more: str) -> str:
    more.setdefault("email", f"{number.lower()}@example.org")
    return world.add(number, site, more.pop("language", "nb"), day0=DAY0, **more)


def send(browser: PlainBrowser, address: str = INVITE) -> PlainBrowser:
    return browser.open(f"{address}{'&' if '?' in address else '?'}channel=email").pick("send").press()


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_what_is_shown_is_exactly_what_is_received_but_for_the_link(
    world: World, mail: MailServerHere
) -> None:
    add(world, language="en")
    browser = signed_in(world, Role.COORDINATOR, "oslo").open(f"{INVITE}?channel=email")
    assert states(world) == []
    shown = browser.text
    send(browser)
    work(world)
    (message,) = mail.mailbox.to("btb-001@example.org")
    body = message.get_body(("plain",))
    assert body is not None
    masked = re.sub(r"/s/[\w.-]{45}", f"/s/{'x' * 22}.{'x' * 22}", body.get_content())
    assert squeezed(masked) in shown
    assert str(message["Subject"]) in shown


def test_an_invitation_is_sent_with_two_presses_and_shows_as_sent(world: World, mail: MailServerHere) -> None:
    add(world)
    browser = send(signed_in(world, Role.COORDINATOR, "oslo"))
    assert browser.page == "console-link"
    assert "Venter på å bli sendt" in browser.text
    work(world)
    assert "Sendt" in browser.open(LINK).text
    (message,) = mail.mailbox.to("btb-001@example.org")
    assert world.browser().open(link_in(message)).page == "start"


def test_a_double_press_and_a_page_left_open_send_one_message(world: World, mail: MailServerHere) -> None:
    add(world)
    browser = signed_in(world).open(f"{INVITE}?channel=email").pick("send")
    old_form = list(browser.values)
    browser.press()
    work(world)
    browser.send(INVITE, old_form)
    work(world)
    assert len(mail.mailbox.received) == 1
    send(browser)
    work(world)
    assert len(mail.mailbox.received) == 2


def test_replacing_sends_a_new_link_and_the_old_one_says_so(world: World, mail: MailServerHere) -> None:
    add(world)
    browser = send(signed_in(world))
    work(world)
    browser.open(LINK)
    send(browser, browser.link("Bytt ut lenken"))
    work(world)
    old, new = (link_in(message) for message in mail.mailbox.to("btb-001@example.org"))
    assert "nyere" in world.browser().open(old).text
    assert world.browser().open(new).page == "start"


def test_ending_a_link_asks_first_and_looking_ends_nothing(world: World, mail: MailServerHere) -> None:
    add(world)
    link = world.invite("BTB-001")
    browser = signed_in(world).open(LINK)
    browser.open(browser.link("Avslutt lenken"))
    assert world.browser().open(link).status == 200
    assert browser.press().page == "console-link"
    assert world.browser().open(link).status == 410
    browser.open("/console/participants/BTB-001/revoke/baseline").press()
    assert (browser.status, "ingen lenke som virker" in browser.text) == (409, True)


def test_whoever_cannot_be_written_to_is_told_why_and_nothing_is_queued(
    world: World, mail: MailServerHere
) -> None:
    add(world, email="", phone="41234567")
    browser = signed_in(world)
    assert "Det finnes ingen adresse" in browser.open(f"{INVITE}?channel=email").text
    assert (
        "Det finnes ingen adresse"
        in signed_in(world, Role.COORDINATOR, "oslo").open(f"{INVITE}?channel=email").text
    )
    page = browser.open(INVITE)
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.open("/console/invitations").html)
    assert token
    page.send(INVITE, [("csrf_token", token[1]), ("channel", "email")])
    assert page.status == 409
    page.send(INVITE, [("csrf_token", token[1]), ("channel", "sms")])
    assert (page.status, states(world)) == (409, [])


def test_a_visit_that_asks_nothing_is_refused_in_words(world: World, mail: MailServerHere) -> None:
    add(world)
    browser = signed_in(world)
    told = browser.open("/console/participants/BTB-001/invite/screening?channel=email").text
    assert "Dette besøket har ingen spørsmål" in told
    assert browser.open("/console/participants/BTB-001/invite/day15").status == 404


def test_a_stale_form_sends_nothing_and_says_so(world: World, mail: MailServerHere) -> None:
    add(world)
    browser = signed_in(world).open(f"{INVITE}?channel=email")
    browser.send(INVITE, [("csrf_token", "old"), ("channel", "email")])
    assert (browser.status, states(world)) == (409, [])
    assert "Trykk på knappen en gang til" in browser.text
    assert browser.pick("send").press().page == "console-link"


def test_all_who_are_due_are_invited_and_nobody_else(world: World, mail: MailServerHere) -> None:
    add(world, "BTB-001")
    add(world, "BTB-002", language="en")
    add(world, "BTB-003", site="bergen")
    add(world, "BTB-004")
    world.withdraw("BTB-004")
    add(world, "BTB-005")
    world.invite("BTB-005")
    browser = signed_in(world, Role.COORDINATOR, "oslo").open("/console/invitations")
    keys = [one.get("value") for one in browser.inputs("pick")]
    assert keys == ["BTB-001/baseline", "BTB-002/baseline"]
    assert "Questions for you from Oslo University Hospital" in browser.text
    assert "Spørsmål til deg fra Oslo universitetssykehus" in browser.text
    browser.fill("pick", "BTB-001/baseline", "BTB-002/baseline", "BTB-003/baseline").fill(
        "channel", "email"
    ).press()
    assert "2 invitasjoner" in browser.text
    work(world)
    assert sorted(address for address, _ in mail.mailbox.received) == [
        "btb-001@example.org",
        "btb-002@example.org",
    ]
    assert "Ingen venter på en invitasjon nå" in browser.open("/console/invitations").text


def test_of_many_the_ones_that_cannot_be_invited_are_named_and_the_others_are_invited(
    world: World, mail: MailServerHere
) -> None:
    add(world, "BTB-001")
    add(world, "BTB-002", email="", phone="41234567")
    browser = signed_in(world).open("/console/invitations")
    browser.fill("pick", "BTB-001/baseline", "BTB-002/baseline").fill("channel", "email").press()
    assert browser.status == 409
    assert "BTB-002, baseline: Det finnes ingen adresse" in browser.text
    assert states(world) == ["queued"]
    assert browser.open("/console/invitations").press().status == 422


def unknown_message(world: World) -> int:
    number = send_invitation(world, add(world))
    with world.writing() as session:
        claim_next(session, COMMAND, world.runtime, "dead")
    with clock.at(NOON + timedelta(hours=1)):
        work(world)
    assert message_of(world, number).state == "unknown"
    return number


@pytest.mark.parametrize(
    ("pressed", "state", "sent"),
    [("send_again", "unknown", 1), ("arrived", "delivered", 0), ("called_off", "unknown", 0)],
)
def test_what_nobody_can_know_is_settled_by_a_person(
    world: World, mail: MailServerHere, pressed: str, state: str, sent: int
) -> None:
    number = unknown_message(world)
    browser = signed_in(world, Role.COORDINATOR, "oslo").open(f"/console/messages/{number}")
    assert "Vi kan ikke vite" in browser.text
    old_form = list(browser.values)
    assert "Saken er avsluttet" in browser.press("settle", pressed).text
    assert message_of(world, number).state == state
    assert message_of(world, number).settled_by == "coordinator-oslo@hospital.example"
    assert browser.send(f"/console/messages/{number}", [*old_form, ("settle", "send_again")]).status == 409
    work(world)
    assert len(mail.mailbox.received) == sent


def test_a_waiting_message_can_be_stopped(world: World, mail: MailServerHere) -> None:
    number = send_invitation(world, add(world))
    signed_in(world).open(f"/console/messages/{number}").press("settle", "called_off")
    assert message_of(world, number).state == "cancelled"
    assert work(world) == []


def test_a_bounce_says_why_and_is_not_sent_again_to_an_address_that_is_none(
    world: World, mail: MailServerHere
) -> None:
    mail.mailbox.answers["btb-001@example.org"] = "552 5.2.2 full"
    number = send_invitation(world, add(world))
    work(world)
    browser = signed_in(world).open(f"/console/messages/{number}")
    assert "Kom i retur: postkassen er full" in browser.text
    with world.writing() as session:
        session.query(Contact).update({"failed_at": clock.now()})
    browser.press("settle", "send_again")
    assert browser.status == 409
    assert message_of(world, number).settled_at is None


@pytest.mark.parametrize("address", [INVITE, LINK, INVITE.replace("invite", "revoke"), "/console/messages/1"])
def test_another_hospitals_participant_is_not_found(world: World, mail: MailServerHere, address: str) -> None:
    send_invitation(world, add(world))
    stranger = signed_in(world, Role.COORDINATOR, "bergen")
    assert stranger.open(address).status == 404
    assert [told[2:] for told in refused_access(world)] == [("hospital", "BTB-001")]
    token = re.search(
        r'name="csrf_token" value="([^"]+)"', signed_in(world).open("/console/invitations").html
    )
    assert stranger.send(
        address, [("csrf_token", token[1] if token else ""), ("settle", "called_off")]
    ).status in (404, 405)
    assert states(world) == ["queued"]


@pytest.mark.parametrize("role", [Role.INVESTIGATOR, Role.DATA_MANAGER, Role.MONITOR, Role.ADMIN])
def test_only_a_coordinator_invites(world: World, mail: MailServerHere, role: Role) -> None:
    number = send_invitation(world, add(world))
    browser = signed_in(world, role)
    for address in (INVITE, LINK, "/console/invitations", f"/console/messages/{number}"):
        assert browser.open(address).status == 404


def test_no_address_of_a_participant_stands_on_these_pages(world: World, mail: MailServerHere) -> None:
    number = send_invitation(world, add(world))
    work(world)
    browser = signed_in(world)
    for address in (f"{INVITE}?channel=email", LINK, "/console/invitations", f"/console/messages/{number}"):
        assert "@example.org" not in browser.open(address).html
