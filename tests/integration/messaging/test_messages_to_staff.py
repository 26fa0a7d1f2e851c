"""Messages to the staff: a safety alert and a link to choose a password go out at once, whatever the hour."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.message import Message
from btb_pro.models.staff import Staff
from btb_pro.roles import Role
from btb_pro.services.staff_accounts import disable_staff
from tests.support.engines import EngineName
from tests.support.mail import MailServerHere, mail_server
from tests.support.outgoing import NOON, mailing, states, work
from tests.support.staff import signed_in
from tests.support.watched import WATCHED_STUDY
from tests.support.world import COMMAND, World, make_world

NIGHT = NOON.replace(hour=23)
COLLEAGUE = "ola@hospital.example"


@pytest.fixture
def mail(tmp_path: Path, engine: EngineName) -> Iterator[tuple[World, MailServerHere]]:
    """A study whose protocol has a safety procedure, and its mail server."""
    made = make_world(tmp_path / "watched", study=WATCHED_STUDY)
    with clock.at(NOON), mail_server() as server:
        yield mailing(made, server.url), server
    made.close()


def raise_alert(world: World, number: str = "BTB-001") -> None:
    """Answer the watched question."""
    day0 = (clock.today() - timedelta(days=14)).isoformat()
    world.add(number, "oslo", language="nb", day0=day0, email="kari@example.org")
    world.browser().open(world.invite(number, "day14")).press().press().fill("pain_now", "9").press("next")


def test_the_safety_contact_is_told_who_needs_a_call_and_never_the_answer(
    mail: tuple[World, MailServerHere],
) -> None:
    world, server = mail
    raise_alert(world)
    work(world)
    (message,) = server.mailbox.to("safety@oslo.example")
    body = message.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "BTB-001" in text
    assert "pain_now" not in text
    assert "9" not in text.replace("BTB-001", "")
    page = signed_in(world).open(text[text.index("http://localhost/console/") :].split()[0])
    assert (page.status, page.page) == (200, "console-safety")
    assert "List-Unsubscribe" not in message


def test_an_alert_waits_for_no_quiet_hours_no_cap_and_no_stop(mail: tuple[World, MailServerHere]) -> None:
    world, server = mail
    raise_alert(world)
    link = world.invite("BTB-001", "day14")
    world.browser().open(f"{link}/stop").press()
    with clock.at(NIGHT):
        work(world)
    assert len(server.mailbox.to("safety@oslo.example")) == 1


def test_an_alert_goes_to_whom_the_study_file_names_when_it_is_sent(
    mail: tuple[World, MailServerHere],
) -> None:
    world, server = mail
    raise_alert(world)
    with world.writing() as session:
        session.execute(select(Message)).scalar_one().channel = "sms"
    work(world)
    assert len(server.mailbox.to("safety@oslo.example")) == 1


@contextmanager
def invited(world: World) -> Iterator[str]:
    """A colleague whom the administrator has just invited; what the page said."""
    admin = signed_in(world, Role.ADMIN).open("/console/staff/new")
    for name, value in {
        "email": COLLEAGUE,
        "name": "Ola Berg",
        "role": "coordinator",
        "language": "nb",
    }.items():
        admin.fill(name, value)
    yield admin.fill("reach", "all").press().text


def test_an_invited_colleague_gets_the_link_by_email_at_night_too(
    mail: tuple[World, MailServerHere],
) -> None:
    world, server = mail
    with clock.at(NIGHT):
        with invited(world) as said:
            assert f"Den går nå på e-post til {COLLEAGUE}." in said
        work(world)
    (message,) = server.mailbox.to(COLLEAGUE)
    body = message.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    address = text[text.index("http://localhost/console/welcome/") :].split()[0]
    assert address in said
    assert world.browser().open(address.removeprefix("http://localhost")).page == "console-welcome"


def test_a_link_that_opens_nothing_any_more_is_not_sent(mail: tuple[World, MailServerHere]) -> None:
    world, server = mail
    with invited(world):
        pass
    with world.writing() as session:
        disable_staff(session, COMMAND, session.query(Staff).filter_by(email=COLLEAGUE).one())
    work(world)
    assert server.mailbox.to(COLLEAGUE) == []
    assert states(world) == ["cancelled"]


def test_without_a_mail_server_the_page_alone_hands_out_the_link(world: World) -> None:
    with invited(world) as said:
        assert "/console/welcome/" in said
    assert "på e-post" not in said
    assert states(world) == []
