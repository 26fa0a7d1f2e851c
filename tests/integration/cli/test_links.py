"""Inviting, revoking, and approving what is asked."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro.models.base import AuditEvent
from btb_pro.models.message import Message
from tests.integration.cli.shell import Run, done, refused, run_in
from tests.support.world import World, make_world


def test_invite_prints_the_link_alone_and_it_opens_the_visit(run: Run, world: World) -> None:
    world.add("1-001")
    result = run("invite", "1-001", "baseline")
    link = done(result).removesuffix("\n")
    assert re.fullmatch(r"http://localhost/s/[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{22}", link)
    assert "Norwegian time" in result.stderr
    assert world.browser().open(link.removeprefix("http://localhost")).page == "start"


def test_inviting_again_gives_the_same_live_link(run: Run, world: World) -> None:
    world.add("1-001")
    first = done(run("invite", "1-001", "baseline"))
    assert done(run("invite", "1-001", "baseline", "--send", "none")) == first
    second = done(run("invite", "1-001", "baseline", "--replace"))
    assert second != first
    assert done(run("invite", "1-001", "baseline")) == second
    assert world.browser().open(first.strip().removeprefix("http://localhost")).status == 410


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["1-009", "baseline"], "No participant has the study number 1-009"),
        (["1-001", "screening"], "asks no questions"),
        (["1-001", "day15"], "no visit of this study"),
    ],
)
def test_an_invitation_that_cannot_be_is_refused_with_the_reason(
    run: Run, world: World, words: list[str], told: str
) -> None:
    world.add("1-001")
    assert told in refused(run("invite", *words))


def test_a_revoked_link_is_dead(run: Run, world: World) -> None:
    world.add("1-001")
    link = world.invite("1-001")
    assert "Revoked" in done(run("revoke", "1-001", "baseline"))
    assert world.browser().open(link).status == 410
    assert "no live link" in refused(run("revoke", "1-001", "baseline"))


@pytest.mark.usefixtures("engine")
def test_an_unapproved_wording_stops_the_invitation_until_each_is_approved(tmp_path: Path) -> None:
    world = make_world(tmp_path / "strict", allow_unapproved=False)
    world.add("1-001")
    told = refused(run_in(world.folder, "invite", "1-001", "baseline"))
    assert "btb-pro instruments approve" in told
    named = re.findall(r"(\w+) 1 (nb|en)", told)
    assert len(named) == 12
    for code, language in named:
        words = ["--by", "Kari Nordmann", "--evidence", "letter of 31 January"]
        done(run_in(world.folder, "instruments", "approve", code, "--language", language, *words))
    done(run_in(world.folder, "invite", "1-001", "baseline"))
    with world.reading() as session:
        events = (
            session.execute(select(AuditEvent).where(AuditEvent.tag == "wording:approve")).scalars().all()
        )
    assert len(events) == 12
    assert {change["new"] for one in events for change in json.loads(one.changes)} >= {"Kari Nordmann"}
    assert {one.reason for one in events} == {"letter of 31 January"}
    world.close()


@pytest.mark.parametrize(
    ("code", "language", "by", "told"),
    [
        ("hscl26", "nb", "Kari", "no instrument"),
        ("hscl25", "fi", "Kari", "no wording in fi"),
        ("hscl25", "nb", " ", "name of a person"),
    ],
)
def test_an_approval_of_nothing_or_by_nobody_is_refused(
    run: Run, code: str, language: str, by: str, told: str
) -> None:
    words = ["--language", language, "--by", by, "--evidence", "letter"]
    assert told in refused(run("instruments", "approve", code, *words))


def test_a_letter_is_written_as_pdf_and_counts_as_sent(run: Run, world: World) -> None:
    world.add("1-001")
    out = world.folder / "letter.pdf"
    done(run("letter", "1-001", "baseline", "--out", str(out)))
    assert out.read_bytes().startswith(b"%PDF-")
    done(run("letter", "1-001", "baseline", "--card", "--both", "--out", str(out)))
    with world.reading() as session:
        states = session.execute(select(Message.channel, Message.state)).all()
    assert [tuple(row) for row in states] == [("paper", "sent")] * 2


def test_a_letter_that_cannot_be_written_was_not_sent(run: Run, world: World) -> None:
    world.add("1-001")
    told = refused(run("letter", "1-001", "baseline", "--out", str(world.folder / "none" / "letter.pdf")))
    assert "Nothing was noted as sent" in told
    with world.reading() as session:
        assert session.execute(select(Message)).first() is None
