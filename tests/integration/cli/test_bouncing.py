"""btb-pro bounce: an e-mail that a server sent back, as a mailbox's filter hands it on."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from btb_pro import clock
from btb_pro.__main__ import main
from tests.integration.cli.shell import number_of_events, refused
from tests.support.mail import mail_server
from tests.support.outgoing import NOON, mailing, message_of, send_invitation, work
from tests.support.staff import signed_in
from tests.support.world import World
from tests.unit.messaging.test_bounces import failed, notification


@pytest.fixture
def sent(world: World) -> Iterator[int]:
    """A Tuesday at noon, and an invitation that the mail server took."""
    with clock.at(NOON), mail_server() as server:
        mailing(world, server.url)
        world.add("BTB-001", "oslo", "nb", day0="2026-03-14", email="kari@example.org")
        number = send_invitation(world, "BTB-001")
        work(world)
        (mail,) = server.mailbox.to("kari@example.org")
        assert str(mail["Message-ID"]) == message_of(world, number).provider_id
        yield number


def bounce(world: World, content: bytes) -> Result:
    return CliRunner().invoke(main, ["bounce"], input=content, env={"BTB_INSTANCE": str(world.folder)})


def returned(world: World, number: int, status: str) -> bytes:
    """The notification about a message of ours."""
    name = message_of(world, number).provider_id
    return notification(failed(status), original=f"Message-ID: {name}")


def test_a_bounce_in_the_mailbox_is_shown_on_today(world: World, sent: int) -> None:
    assert bounce(world, returned(world, sent, "5.2.2")).exit_code == 0
    message = message_of(world, sent)
    assert (message.state, message.reason) == ("bounced", "mailbox_full")
    assert "Kom i retur: postkassen er full" in signed_in(world).open("/console/").text


def test_the_same_bounce_again_changes_nothing(world: World, sent: int) -> None:
    content = returned(world, sent, "5.1.1")
    bounce(world, content)
    before = number_of_events(world)
    assert bounce(world, content).exit_code == 0
    assert number_of_events(world) == before


def test_after_no_such_address_nothing_more_goes_there(world: World, sent: int) -> None:
    bounce(world, returned(world, sent, "5.1.1"))
    browser = signed_in(world).open("/console/participants/BTB-001/invite/baseline?channel=email")
    assert "Den siste meldingen til den adressen kom i retur." in browser.text


@pytest.mark.parametrize(
    "content",
    [
        b"From: kari@example.org\r\nSubject: Re: Hei\r\n\r\nJeg kommer ikke.\r\n",
        notification(failed("5.1.1"), original="Message-ID: <1.0123456789abcdef@localhost>"),
        b"x" * 10_000_001,
    ],
)
def test_any_other_mail_is_left_to_a_person(world: World, sent: int, content: bytes) -> None:
    before = number_of_events(world)
    said = refused(bounce(world, content))
    assert "keep it" in said or "Larger than 10 MB" in said
    assert number_of_events(world) == before
    assert message_of(world, sent).state == "sent"


def test_a_delay_is_no_bounce(world: World, sent: int) -> None:
    name = message_of(world, sent).provider_id
    content = notification(failed("4.4.1", "delayed"), original=f"Message-ID: {name}")
    assert bounce(world, content).exit_code == 0
    assert message_of(world, sent).state == "sent"
