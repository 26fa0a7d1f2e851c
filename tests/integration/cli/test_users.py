"""Accounts of the staff at the shell: the first admin comes in this way."""

import re

import pytest

from btb_pro.roles import Role
from tests.integration.cli.shell import Run, done, number_of_events, refused
from tests.support.mail import mail_server
from tests.support.outgoing import mailing, work
from tests.support.staff import PASSWORD, add_with_password
from tests.support.world import World

ADD = ["user", "add", "Kari@Hospital.example", "--role", "admin", "--name", "Kari Berg"]


def test_the_first_admin_gets_in_by_a_link_from_the_shell(run: Run, world: World) -> None:
    told = done(run(*ADD))
    assert re.fullmatch(r"http://localhost/console/welcome/[\w-]{43}\n", told)
    browser = world.browser().open(told.strip().removeprefix("http://localhost"))
    assert "kari@hospital.example" in browser.text
    assert browser.fill("new_password", PASSWORD).press().page == "console-second-factor"


def test_a_fresh_instance_has_no_account(run: Run) -> None:
    assert "no accounts yet" in run("user", "list").stderr


def test_accounts_are_listed_with_role_sites_and_state(run: Run) -> None:
    done(run(*ADD))
    done(
        run("user", "add", "ola@hospital.example", "--role", "monitor", "--site", "oslo", "--site", "bergen")
    )
    rows = [re.split(r" {2,}", line) for line in done(run("user", "list")).splitlines()]
    assert rows[1:] == [
        ["kari@hospital.example", "Kari Berg", "admin", "all", "invited", "no"],
        ["ola@hospital.example", "ola", "monitor", "bergen oslo", "invited", "no"],
    ]
    history = done(run("user", "list", "--history"))
    assert re.search(r"ola@hospital.example +ola +monitor +bergen oslo +\d{4}-\S+ +-", history)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["user", "add", "kari", "--role", "admin"], "no e-mail address"),
        (["user", "add", "kari@hospital.example", "--role", "admin"], "already"),
        (["user", "add", "ola@hospital.example", "--role", "monitor", "--site", "paris"], "no site"),
        (["user", "link", "nobody@hospital.example"], "no account"),
        (["user", "disable", "kari@hospital.example"], "last admin"),
    ],
)
def test_what_is_refused_says_why_and_changes_nothing(
    run: Run, world: World, words: list[str], told: str
) -> None:
    add_with_password(world, Role.ADMIN, email="kari@hospital.example")
    before = number_of_events(world)
    assert told in refused(run(*words))
    assert number_of_events(world) == before


def test_an_account_is_disabled_and_enabled_and_gets_a_new_link(run: Run, world: World) -> None:
    first = done(run(*ADD)).strip()
    done(run("user", "add", "second@hospital.example", "--role", "admin"))
    add_with_password(world, Role.ADMIN, email="third@hospital.example")
    assert done(run("user", "disable", "kari@hospital.example")) == "Disabled kari@hospital.example.\n"
    assert "disabled" in done(run("user", "list"))
    assert done(run("user", "enable", "kari@hospital.example")) == "Enabled kari@hospital.example.\n"
    second = done(run("user", "link", "KARI@hospital.example", "--new-phone")).strip()
    assert world.browser().open(first.removeprefix("http://localhost")).status == 410
    assert world.browser().open(second.removeprefix("http://localhost")).page == "console-welcome"


def test_with_send_the_link_goes_by_email_and_is_not_printed(run: Run, world: World) -> None:
    with mail_server() as server:
        mailing(world, server.url)
        assert done(run(*ADD, "--send")) == ""
        work(world)
        (mail,) = server.mailbox.to("kari@hospital.example")
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(r"http://localhost(/console/welcome/[\w-]{43})", body.get_content())
    assert found
    assert "kari@hospital.example" in world.browser().open(found.group(1)).text


def test_without_a_mail_server_send_is_refused_and_nobody_is_added(run: Run, world: World) -> None:
    before = number_of_events(world)
    assert "BTB_SMTP_URL" in refused(run(*ADD, "--send"))
    assert number_of_events(world) == before
