"""btb-pro work and invite --send, as a person at the shell uses them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from btb_pro import clock
from btb_pro.services.verification import verify
from tests.integration.cli.shell import Run, done, number_of_events, refused
from tests.support.mail import MailServerHere, mail_server
from tests.support.outgoing import NOON, link_in, mailing, states
from tests.support.world import World


@pytest.fixture
def mail(world: World) -> Iterator[MailServerHere]:
    with clock.at(NOON), mail_server() as server:
        mailing(world, server.url)
        yield server


def add(world: World, number: str = "1-001") -> None:
    world.add(
        number,
        language="nb",
        email=f"{number}@example.org",
        day0=(NOON.date() + timedelta(days=7)).isoformat(),
    )


def test_an_invitation_is_queued_by_one_command_and_sent_by_another(
    run: Run, world: World, mail: MailServerHere
) -> None:
    add(world)
    link = done(run("invite", "1-001", "baseline", "--send", "email")).strip()
    assert done(run("invite", "1-001", "baseline", "--send", "email")).strip() == link
    assert mail.mailbox.received == []
    result = run("work", "--once")
    assert done(result) == ""
    assert "invitation by email: sent" in result.stderr
    (message,) = mail.mailbox.to("1-001@example.org")
    assert link.endswith(link_in(message))
    assert "1-001" not in result.stderr
    assert "/s/" not in result.stderr
    run("work", "--once")
    assert len(mail.mailbox.received) == 1
    with world.reading() as session:
        verify(session)


def test_a_dry_run_tells_what_would_go_out_without_addresses_and_sends_nothing(
    run: Run, world: World, mail: MailServerHere
) -> None:
    add(world)
    run("invite", "1-001", "baseline", "--send", "email")
    before = number_of_events(world)
    told = done(run("work", "--dry-run"))
    assert "would send: invitation by email to 1-001 baseline" in told
    assert "1 would go out now. Nothing was sent." in told
    assert "@" not in told
    assert "/s/" not in told
    assert (mail.mailbox.received, states(world)) == ([], ["queued"])
    assert number_of_events(world) == before
    with clock.at(NOON.replace(hour=22)):
        assert done(run("work", "--dry-run")) == "0 would go out now. Nothing was sent.\n"


def test_a_dry_run_tells_of_reminders_too(run: Run, world: World, mail: MailServerHere) -> None:
    add(world)
    with clock.at(NOON - timedelta(days=3)):
        run("invite", "1-001", "baseline", "--send", "email")
        run("work", "--once")
    assert "would send: reminder by email to 1-001 baseline" in done(run("work", "--dry-run"))


def test_without_a_server_work_and_send_are_refused_with_the_settings_name(run: Run, world: World) -> None:
    world.add("1-001", email="a@example.org")
    assert "BTB_SMTP_URL" in refused(run("work", "--once"))
    assert "BTB_SMTP_URL" in refused(run("invite", "1-001", "baseline", "--send", "email"))
    assert states(world) == []


def test_whoever_has_no_address_is_named(run: Run, world: World, mail: MailServerHere) -> None:
    world.add("1-002")
    assert "1-002 has no address for email" in refused(run("invite", "1-002", "baseline", "--send", "email"))


def test_a_gateway_without_a_template_stops_the_start(run: Run) -> None:
    settings = {"BTB_SMS_URL": "nobody+https://x.example/", "BTB_SMS_FROM": "Sykehuset"}
    assert "BTB_SMS_URL names the gateway 'nobody'" in refused(run("participant", "list", **settings))


def test_the_loop_ends_at_sigterm(world: World, mail: MailServerHere) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BTB_")}
    environ["BTB_INSTANCE"] = str(world.folder)
    command = [sys.executable, "-m", "btb_pro", "work", "--every", "1"]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "Stop with Ctrl-C" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
