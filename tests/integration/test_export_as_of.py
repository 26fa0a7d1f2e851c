"""A day that is moved afterwards changes no export up to an earlier cut-off."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from btb_pro import clock
from btb_pro.exports.as_of import AsOf
from btb_pro.services.known_participants import find_participant
from btb_pro.services.moving import VisitDay, move_visit, set_day0
from btb_pro.services.verification import verify
from tests.integration.export_world import ExportWorld, make_export_world, tell_story
from tests.support.world import COMMAND

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study; N-002 began on 27 March, and the link died on 30 March."""
    made = make_export_world(tmp_path / "instance")
    tell_story(made)
    yield made
    made.close()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of an export."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def move_day0(world: ExportWorld, study_number: str, day: date) -> None:
    """Count a participant's visits from another day."""
    world.now += timedelta(seconds=1)
    with clock.at(world.now), world.runtime.database.writing() as session:
        set_day0(session, COMMAND, world.runtime, find_participant(session, study_number), day)
        session.commit()


def move(world: ExportWorld, study_number: str, visit: str, day: date) -> None:
    """Set a visit's day by hand."""
    world.now += timedelta(seconds=1)
    with clock.at(world.now), world.runtime.database.writing() as session:
        participant = find_participant(session, study_number)
        move_visit(session, COMMAND, world.runtime, participant, visit, VisitDay(day))
        session.commit()


def test_a_visit_that_is_moved_is_no_longer_expired_from_then_on_and_not_before(
    world: ExportWorld, tmp_path: Path
) -> None:
    before = world.export(tmp_path / "before")
    assert b"N-002,north,start,expired," in contents(tmp_path / "before")["wide.csv"]
    move(world, "N-002", "start", date(2026, 4, 20))
    world.export(tmp_path / "now")
    world.export(tmp_path / "as-of", until=f"{before.cutoff_seq}")
    assert b"N-002,north,start,started," in contents(tmp_path / "now")["wide.csv"]
    assert contents(tmp_path / "as-of") == contents(tmp_path / "before")
    with world.runtime.database.reading() as session:
        verify(session)


def test_every_earlier_cutoff_gives_its_bytes_after_moves_new_links_and_moves_of_those(
    world: ExportWorld, tmp_path: Path
) -> None:
    move_day0(world, "N-002", date(2026, 4, 10))
    last = world.export(tmp_path / "last").cutoff_seq
    for seq in range(1, last + 1, 2):
        world.export(tmp_path / f"early-{seq}", until=f"{seq}")
    move(world, "N-002", "start", date(2026, 4, 6))
    move_day0(world, "N-001", date(2026, 4, 3))
    world.invite("N-002", "start")
    move(world, "N-002", "start", date(2026, 4, 7))
    move_day0(world, "N-002", date(2026, 4, 12))
    move(world, "N-001", "later", date(2026, 5, 2))
    world.export(tmp_path / "between")
    for seq in range(1, last + 1, 2):
        world.export(tmp_path / f"late-{seq}", until=f"{seq}")
        assert contents(tmp_path / f"late-{seq}") == contents(tmp_path / f"early-{seq}"), seq


def test_a_link_that_replaced_another_and_was_moved_leaves_the_first_as_it_was(
    world: ExportWorld, tmp_path: Path
) -> None:
    before = world.export(tmp_path / "before")
    move(world, "N-002", "start", date(2026, 4, 2))
    between = world.export(tmp_path / "between")
    world.invite("N-002", "start", replace=True)
    move(world, "N-002", "start", date(2026, 6, 1))
    for name, cutoff in (("before", before), ("between", between)):
        world.export(tmp_path / f"{name}-again", until=f"{cutoff.cutoff_seq}")
        assert contents(tmp_path / f"{name}-again") == contents(tmp_path / name)


def test_days_and_texts_too_are_told_as_they_stood(world: ExportWorld) -> None:
    with world.runtime.database.reading() as session:
        old = find_participant(session, "S-002").day0
    assert old is not None
    seq = world.export(world.runtime.settings.instance / "out").cutoff_seq
    move_day0(world, "S-002", date(2026, 4, 20))
    move_day0(world, "S-002", date(2026, 4, 21))
    with world.runtime.database.reading() as session:
        as_of = AsOf(session, seq, ("day0", "planned_on"))
        assert as_of.day("participant", "S-002", "day0", date(2026, 4, 21)) == old
        assert as_of.text("participant", "S-002", "day0", "2026-04-21") == old.isoformat()
        assert as_of.day("visit", "S-002/start", "planned_on", None) == old
        assert as_of.day("visit", "S-001/start", "planned_on", old) == old
