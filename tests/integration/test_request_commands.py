"""What the hospital reads of participants' requests at the shell, and settling them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from btb_pro import clock
from btb_pro.__main__ import main
from btb_pro.models.base import AuditEvent
from btb_pro.models.participant import ParticipantRequest
from tests.integration.participant.steps import dump, invitation_row, session_address
from tests.support.world import World

Run = Callable[..., Result]


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the test's world."""
    monkeypatch.setenv("BTB_INSTANCE", str(world.folder))

    def in_world(*words: str) -> Result:
        return CliRunner().invoke(main, words, prog_name="btb-pro")

    return in_world


@dataclass(frozen=True, slots=True)
class Asked:
    """Four requests of four participants at two sites, in the order in which they came."""

    world: World
    lines: list[list[str]]
    """What the list should say, without the time."""


@pytest.fixture
def asked(world: World) -> Asked:
    """One request of each kind."""
    for number, site in (("1-001", "oslo"), ("1-002", "oslo"), ("2-001", "bergen"), ("2-002", "bergen")):
        world.add(number, site)
    browser = world.started(world.invite("1-001"))
    browser.open(f"{session_address(browser)}/review").press()
    browser.open(browser.link("feil")).fill("what", "hemmelig tekst").press()
    world.browser().open(f"{world.invite('1-002')}/stop").press()
    world.browser().open(f"{world.invite('2-001')}/not-me").press()
    link = world.invite("2-002")
    with clock.at(invitation_row(world, "2-002").expires_at):
        world.browser().open(link).press()
    lines = [
        ["1", "1-001", "oslo", "baseline", "mistake"],
        ["2", "1-002", "oslo", "baseline", "stop"],
        ["3", "2-001", "bergen", "baseline", "not_me"],
        ["4", "2-002", "bergen", "baseline", "new_link"],
    ]
    return Asked(world, lines)


def refusal(result: Result) -> str:
    """What a refused command said."""
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Traceback" not in result.stderr
    return result.stderr


def row(world: World, number: int) -> ParticipantRequest:
    """A request as it is stored."""
    with world.reading() as session:
        return session.execute(select(ParticipantRequest).where(ParticipantRequest.id == number)).scalar_one()


def test_the_list_tells_who_asks_for_what_since_when_and_never_the_text(asked: Asked, run: Run) -> None:
    result = run("request", "list")
    header, *lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert header.split() == ["number", "id", "site", "visit", "kind", "received"]
    assert [line.split()[:5] for line in lines] == asked.lines
    local = row(asked.world, 1).received_at.astimezone(clock.OSLO)
    assert lines[0].endswith(f"{local:%Y-%m-%d %H:%M}")
    assert "hemmelig" not in result.output


def test_the_list_of_one_site_leaves_the_others_out(asked: Asked, run: Run) -> None:
    lines = run("request", "list", "--site", "bergen").stdout.splitlines()[1:]
    assert [line.split()[:5] for line in lines] == asked.lines[2:]
    assert "no site of this study: use one of oslo" in refusal(run("request", "list", "--site", "bodo"))


def test_an_empty_list_says_so_and_looking_writes_nothing(world: World, run: Run) -> None:
    before = dump(world)
    result = run("request", "list")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No request is open.\n")
    assert dump(world) == before


def test_a_settled_request_leaves_the_list_and_the_trail_says_who_and_how(asked: Asked, run: Run) -> None:
    assert run("request", "settle", "4", "--note", "rang, a new link was sent").exit_code == 0
    lines = run("request", "list").stdout.splitlines()[1:]
    assert [line.split()[:5] for line in lines] == asked.lines[:3]
    with asked.world.reading() as session:
        told = session.execute(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).scalar_one()
    settled = row(asked.world, 4)
    assert (told.tag, told.study_number, told.reason) == (
        "request:settle",
        "2-002",
        "rang, a new link was sent",
    )
    assert (settled.settled_by, settled.settled_at, settled.is_lifted) == (told.actor, told.at, False)
    assert run("audit", "verify").exit_code == 0


def test_messages_may_be_resumed_only_where_they_were_stopped(asked: Asked, run: Run) -> None:
    assert "stopped no messages" in refusal(run("request", "settle", "1", "--note", "x", "--resume"))
    assert "stopped no messages" in refusal(run("request", "settle", "4", "--note", "x", "--resume"))
    for number in ("2", "3"):
        assert run("request", "settle", number, "--note", "x", "--resume").exit_code == 0
    assert [row(asked.world, number).is_lifted for number in (1, 2, 3, 4)] == [False, True, True, False]
    assert row(asked.world, 1).settled_at is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["9", "--note", "x"], "There is no request 9: see btb-pro request list."),
        (["2147483647", "--note", "x"], "There is no request 2147483647"),
        (["1", "--note", "  "], "needs a note"),
    ],
)
def test_what_cannot_be_settled_is_refused_with_the_reason(
    asked: Asked, run: Run, words: list[str], told: str
) -> None:
    before = dump(asked.world)
    assert told in refusal(run("request", "settle", *words))
    assert dump(asked.world) == before


def test_a_request_is_settled_once(asked: Asked, run: Run) -> None:
    assert run("request", "settle", "2", "--note", "first").exit_code == 0
    before = dump(asked.world)
    assert "settled by" in refusal(run("request", "settle", "2", "--note", "second"))
    assert dump(asked.world) == before


@pytest.mark.parametrize(
    "words", [["x", "--note", "y"], ["0", "--note", "y"], ["2147483648", "--note", "y"], ["1"]]
)
def test_bad_usage_is_told_with_exit_code_2(run: Run, words: list[str]) -> None:
    result = run("request", "settle", *words)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'pizza'",
        "what = NULL, salt = NULL",
        "kind = 'stop'",
        "what = ''",
        "why = ''",
        f"what = '{'x' * 1001}'",
        f"why = '{'x' * 1001}'",
        "salt = NULL",
        "settled_at = received_at",
        "settled_by = 'nobody'",
        "is_lifted = true",
        "is_lifted = true, settled_at = received_at, settled_by = 'somebody'",
        "invitation_id = 99",
        "received_at = NULL",
    ],
)
def test_the_database_itself_refuses_a_request_that_cannot_be(asked: Asked, change: str) -> None:
    with asked.world.runtime.database.writing() as session, pytest.raises(IntegrityError):
        session.execute(text(f"UPDATE participant_request SET {change} WHERE id = 1"))


def test_the_database_itself_keeps_one_open_request_of_a_kind_for_a_link(asked: Asked) -> None:
    copy = (
        "INSERT INTO participant_request (invitation_id, kind, received_at, is_lifted, event_seq) "
        "SELECT invitation_id, kind, received_at, is_lifted, event_seq FROM participant_request WHERE id = 4"
    )
    with asked.world.runtime.database.writing() as session, pytest.raises(IntegrityError):
        session.execute(text(copy))


def test_the_operators_and_the_coordinators_page_name_the_commands() -> None:
    docs = Path(__file__).parents[2] / "docs"
    for page in ("operator.md", "coordinator.md"):
        told = (docs / page).read_text(encoding="utf-8")
        assert "btb-pro request list" in told
        assert "btb-pro request settle" in told
