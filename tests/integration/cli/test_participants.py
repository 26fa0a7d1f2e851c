"""Adding, importing, listing and withdrawing participants at the shell."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.participant import Contact, Participant
from tests.integration.cli.shell import Run, done, number_of_events, refused
from tests.support.world import World

DAY0 = clock.today().isoformat()
ALL_SAID = ["--language", "nb", "--email", "kari@hospital.example", "--phone", "40612345", "--day0", DAY0]


def test_an_added_participant_is_listed_without_contact_details(run: Run) -> None:
    assert done(run("participant", "add", "1-001", "--site", "oslo", *ALL_SAID)) == "Added 1-001.\n"
    told = done(run("participant", "list"))
    row = next(line for line in told.splitlines() if line.startswith("1-001"))
    assert re.split(r" {2,}", row)[:5] == ["1-001", "oslo", "nb", DAY0, "not invited"]
    assert "kari" not in told
    assert "406" not in told
    assert "screening" not in told


def test_contact_details_lie_sealed_in_the_database(run: Run, world: World) -> None:
    done(run("participant", "add", "1-001", "--site", "oslo", *ALL_SAID))
    with world.reading() as session:
        sealed = session.execute(select(Contact.sealed)).scalars().all()
        stored = session.execute(select(Participant.id)).scalar_one()
    assert len(sealed) == 2
    opened = {
        world.runtime.sealer.open(one, f"contact/{stored}/{kind}")
        for one, kind in zip(sealed, ("email", "phone"), strict=True)
    }
    assert opened == {"kari@hospital.example", "+4740612345"}
    for file in world.folder.glob("btb.db*"):
        assert b"kari@hospital" not in file.read_bytes()


def test_every_fault_of_a_participant_is_told_and_nothing_is_written(run: Run, world: World) -> None:
    before = number_of_events(world)
    told = refused(
        run("participant", "add", "01018012345", "--site", "paris", "--phone", "12", "--day0", "today")
    )
    assert len(told.splitlines()) == 4
    assert number_of_events(world) == before


def test_a_command_writes_who_did_it_into_the_audit_trail(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "kari")
    done(run("participant", "add", "1-001", "--site", "oslo"))
    with world.reading() as session:
        last = session.execute(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).scalar_one()
    assert (last.tag, last.actor_kind, last.actor, last.study_number) == (
        "participant:add",
        "command",
        "kari",
        "1-001",
    )
    assert last.request_id
    assert last.study_version == "1"


def test_a_file_is_imported_whole(run: Run, world: World, tmp_path: Path) -> None:
    path = tmp_path / "participants.csv"
    path.write_bytes("id;site;phone\r\n1-001;oslo;40612345\r\n6-001;tromso;\r\n".encode("utf-8-sig"))
    before = number_of_events(world)
    told = done(run("participant", "import", str(path), "--dry-run"))
    assert told.splitlines() == [
        "line 2: would add 1-001 (site oslo, no language, no day 0, phone)",
        "line 3: would add 6-001 (site tromso, no language, no day 0)",
        "Would import 2 participants. Nothing was changed.",
    ]
    assert number_of_events(world) == before
    assert done(run("participant", "import", str(path))) == "Imported 2 participants.\n"
    assert "There is a participant 1-001 already." in refused(run("participant", "import", str(path)))


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_bad_file_is_told_by_line_and_imports_nothing(
    run: Run, world: World, tmp_path: Path, more: list[str]
) -> None:
    path = tmp_path / "participants.csv"
    path.write_text("id,site,phone\n1-001,oslo,\n1-002,paris,123\n1-001,oslo,\n", encoding="utf-8")
    before = number_of_events(world)
    told = refused(run("participant", "import", str(path), *more)).splitlines()
    assert [line.split(": ")[0] for line in told[:-1]] == [f"{path}:{number}" for number in (3, 3, 4)]
    assert told[-1] == "Nothing was imported."
    assert number_of_events(world) == before


def test_a_file_of_50_mb_is_refused_unread(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "participants.csv"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    assert "larger than 1 MB" in refused(run("participant", "import", str(path)))


def test_a_withdrawn_participant_gets_no_link(run: Run, world: World) -> None:
    world.add("1-001")
    world.invite("1-001")
    assert "needs a reason" in refused(run("participant", "withdraw", "1-001", "--reason", " "))
    assert done(run("participant", "withdraw", "1-001", "--reason", "moved")) == "Withdrew 1-001.\n"
    assert "already" in refused(run("participant", "withdraw", "1-001", "--reason", "moved"))
    assert "is withdrawn" in refused(run("invite", "1-001", "baseline"))
