"""Today's one press: the message is in the queue, the page says what goes out, and takes it back."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.message import Message
from btb_pro.roles import Role
from btb_pro.services.reminding import GRACE
from tests.integration.console import work as waiting
from tests.support.mail import MailServerHere, mail_server
from tests.support.outgoing import NOON, link_in, mailing, send_invitation, states, work
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import World

DAY0 = (NOON.date() + timedelta(days=5)).isoformat()
LATER = NOON + timedelta(days=2)
EMAIL = "btb-001@example.org"
REMIND = "/console/participants/BTB-001/remind/baseline"


@pytest.fixture
def mail(world: World) -> Iterator[MailServerHere]:
    """A Tuesday at noon, and a mail server."""
    with clock.at(NOON), mail_server() as server:
        mailing(world, server.url)
        yield server


def press(browser: PlainBrowser, address: str) -> PlainBrowser:
    """Press the one button that posts to an address, as whoever looks at the page does."""
    (form,) = [one for one in browser.document.iter("form") if one.get("action") == address]
    sent = [(one.get("name", ""), one.get("value", "")) for one in form.iter("input")]
    return browser.send(address, sent)


def invited(world: World, number: str = "BTB-001", **more: str) -> str:
    """A participant who was invited by e-mail two days before `LATER`."""
    world.add(number, "oslo", "nb", day0=DAY0, email=f"{number.lower()}@example.org", **more)
    send_invitation(world, number)
    work(world)
    return number


def kinds(world: World) -> list[tuple[str, str, str]]:
    with world.reading() as session:
        wanted = select(Message.kind, Message.channel, Message.state).order_by(Message.id)
        return [(kind, channel, state) for kind, channel, state in session.execute(wanted)]


def test_one_press_reminds_by_the_way_of_the_invitation_and_says_what_goes_out(
    world: World, mail: MailServerHere
) -> None:
    invited(world, phone="41234567")
    with clock.at(LATER):
        browser = press(signed_in(world, Role.COORDINATOR, "oslo").open("/console/"), REMIND)
        assert browser.page == "console-today"
        assert (
            "BTB-001, Før behandlingen starter: Påminnelse (E-post) går ut 12. mars 2026 12:01."
            in browser.text
        )
        assert kinds(world)[-1] == ("reminder", "email", "queued")
    with clock.at(LATER + GRACE):
        work(world)
    first, second = mail.mailbox.to(EMAIL)
    assert link_in(first) == link_in(second)
    assert first["Subject"] != second["Subject"]


def test_whoever_was_never_invited_is_invited_with_one_press(world: World, mail: MailServerHere) -> None:
    world.add("BTB-001", "oslo", "nb", day0=DAY0, email=EMAIL)
    press(signed_in(world).open("/console/"), REMIND)
    assert kinds(world) == [("invitation", "email", "queued")]


def test_a_press_can_be_undone_and_made_again(world: World, mail: MailServerHere) -> None:
    invited(world)
    with clock.at(LATER):
        browser = press(signed_in(world).open("/console/"), REMIND)
        press(browser, "/console/messages/2")
        assert browser.page == "console-today"
        assert "Den blir ikke sendt." in browser.text
        assert states(world)[-1] == "cancelled"
        press(browser, REMIND)
        assert states(world) == ["sent", "cancelled", "queued"]
    with clock.at(LATER + GRACE):
        work(world)
    assert len(mail.mailbox.to(EMAIL)) == 2


def test_a_double_press_and_two_coordinators_send_one_message(world: World, mail: MailServerHere) -> None:
    invited(world)
    with clock.at(LATER):
        one = signed_in(world, Role.COORDINATOR, "oslo").open("/console/")
        other = signed_in(world).open("/console/")
        press(one, REMIND)
        press(other, REMIND)
        assert states(world) == ["sent", "queued"]


def test_what_waits_in_the_queue_already_is_not_sent_beside_a_press(
    world: World, mail: MailServerHere
) -> None:
    world.add("BTB-001", "oslo", "nb", day0=DAY0, email=EMAIL)
    browser = signed_in(world).open("/console/")
    send_invitation(world, "BTB-001")
    press(browser, REMIND)
    assert "Invitasjon (E-post) går ut" in browser.text
    assert states(world) == ["queued"]


def test_who_was_written_to_today_comes_last_and_has_no_button(world: World, mail: MailServerHere) -> None:
    invited(world)
    invited(world, "BTB-002")
    with clock.at(LATER):
        browser = press(signed_in(world).open("/console/"), REMIND)
        heads = [one for one in browser.document.iter("th") if one.get("scope") == "row"]
        assert ["".join(one.itertext()).strip() for one in heads][:2] == ["BTB-002", "BTB-001"]
        assert [one for one in browser.document.iter("form") if one.get("action") == REMIND] == []
        assert browser.link("Allerede skrevet til").endswith("/link/baseline")
    with clock.at(LATER + timedelta(days=1)):
        work(world)
    with clock.at(LATER + timedelta(days=2)):
        browser = signed_in(world, Role.COORDINATOR, "oslo").open("/console/")
        assert [one for one in browser.document.iter("form") if one.get("action") == REMIND]


def test_the_message_that_waits_shows_what_it_says_and_never_the_link(
    world: World, mail: MailServerHere
) -> None:
    invited(world)
    with clock.at(LATER):
        browser = press(signed_in(world).open("/console/"), REMIND).open("/console/messages/2")
        assert "Dette blir sendt" in browser.text
        assert "x" * 22 in browser.text
        work_text = browser.text
    with clock.at(LATER + GRACE):
        work(world)
        assert "Dette blir sendt" not in browser.open("/console/messages/2").text
    assert str(mail.mailbox.to(EMAIL)[-1]["Subject"]) in work_text


@pytest.mark.parametrize("has_address", [True, False])
def test_who_cannot_be_reached_is_told_of_and_nothing_is_queued(world: World, has_address: bool) -> None:
    with clock.at(NOON):
        world.add("BTB-001", "oslo", "nb", day0=DAY0, **({"email": EMAIL} if has_address else {}))
        if not has_address:
            mailing(world, "smtp://127.0.0.1:9")
        browser = press(signed_in(world).open("/console/"), REMIND)
        assert browser.page == "console-invite"
        said = "Denne sendemåten er ikke satt opp." if has_address else "Det finnes ingen adresse for dette."
        assert said in browser.text
        assert states(world) == []


def test_another_hospitals_participant_is_not_reminded(world: World, mail: MailServerHere) -> None:
    invited(world)
    waiting.person(world, "BERGEN", 5, site="bergen")
    browser = signed_in(world, Role.COORDINATOR, "bergen").open("/console/")
    (form,) = [one for one in browser.document.iter("form") if "/remind/" in one.get("action", "")]
    sent = [(one.get("name", ""), one.get("value", "")) for one in form.iter("input")]
    assert browser.send(REMIND, sent).status == 404
    assert states(world) == ["sent"]


def test_a_stale_page_sends_nothing_and_says_so(world: World, mail: MailServerHere) -> None:
    invited(world)
    with clock.at(LATER):
        browser = signed_in(world).open("/console/").send(REMIND, [("csrf_token", "old")])
        assert "Ingenting har skjedd ennå. Trykk på knappen en gang til." in browser.text
        assert states(world) == ["sent"]


def test_the_trail_says_who_pressed(world: World, mail: MailServerHere) -> None:
    invited(world)
    with clock.at(LATER):
        press(signed_in(world).open("/console/"), REMIND)
    with world.reading() as session:
        newest = (
            session.execute(
                select(AuditEvent).where(AuditEvent.tag == "message:queue").order_by(AuditEvent.seq.desc())
            )
            .scalars()
            .first()
        )
        assert newest is not None
        assert newest.actor_kind == "staff"
