"""Exports and the audit trail at the shell."""

from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro.models.base import AuditEvent
from tests.integration.cli.shell import Run, done, number_of_events, refused
from tests.integration.export_readers import TABLES
from tests.support.behind import change, guards_off
from tests.support.world import World


def answer_first_page(world: World, study_number: str, site: str) -> None:
    world.add(study_number, site, "nb")
    browser = world.browser().open(world.invite(study_number)).press().press()
    name = browser.names()[0]
    browser.fill(name, browser.inputs(name)[0].get("value") or "40").press()


def rows_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()[1:]


def test_an_export_writes_its_files_and_says_up_to_which_event(
    run: Run, world: World, tmp_path: Path
) -> None:
    answer_first_page(world, "1-001", "oslo")
    seq = number_of_events(world)
    told = done(run("export", "csv", "--out", str(tmp_path / "out")))
    assert f"up to event {seq}" in told
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {*TABLES, "read_in.R", "manifest.json"}
    assert "1-001" in rows_of(tmp_path / "out" / "wide.csv")[0]


def test_an_exports_options_leave_out_what_they_say(run: Run, world: World, tmp_path: Path) -> None:
    answer_first_page(world, "1-001", "oslo")
    before = number_of_events(world)
    answer_first_page(world, "4-001", "bergen")

    def participants(folder: str, *words: str) -> list[str]:
        done(run("export", "csv", "--out", str(tmp_path / folder), *words))
        return [row.split(",")[0] for row in rows_of(tmp_path / folder / "wide.csv")]

    assert participants("all") == ["1-001", "4-001"]
    assert participants("site", "--site", "bergen") == ["4-001"]
    assert participants("sites", "--site", "bergen", "--site", "oslo") == ["1-001", "4-001"]
    assert participants("visit", "--visit", "day14") == []
    assert participants("until", "--until", str(before)) == ["1-001"]
    assert participants("submitted", "--submitted-only") == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--visit", "day15"], "no visit of this study"),
        (["--site", "paris"], "no site of this study"),
        (["--until", "yesterday"], "neither an event's number nor an instant"),
        (["--until", "9999"], "no event 9999"),
    ],
)
def test_an_export_of_what_is_not_there_is_refused_and_leaves_no_file(
    run: Run, world: World, tmp_path: Path, words: list[str], told: str
) -> None:
    before = number_of_events(world)
    assert told in refused(run("export", "csv", "--out", str(tmp_path / "out"), *words))
    assert not (tmp_path / "out").exists()
    assert number_of_events(world) == before


def test_an_export_into_a_folder_that_cannot_be_written_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = refused(run("export", "csv", "--out", str(tmp_path / "file" / "out")))
    assert str(tmp_path / "file" / "out") in told
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("")
    assert "holds something already" in refused(run("export", "csv", "--out", str(tmp_path / "full")))


def test_audit_verify_prints_the_head_that_a_later_proof_can_be_compared_with(run: Run, world: World) -> None:
    world.add("1-001")
    told = done(run("audit", "verify"))
    with world.reading() as session:
        head = session.execute(select(AuditEvent.hash).order_by(AuditEvent.seq.desc()).limit(1)).scalar_one()
    assert f"{number_of_events(world)} events" in told
    assert head in told


@pytest.mark.spoilt
def test_audit_verify_names_the_first_event_that_was_tampered_with(run: Run, world: World) -> None:
    for number in ("1-001", "1-002", "1-003"):
        world.add(number)
    # Whoever has the database in hand can take its triggers away.
    guards_off(world)
    change(world, "UPDATE audit_event SET reason = 'x' WHERE seq IN (3, 4)")
    assert "Event 3 was changed" in refused(run("audit", "verify"))
