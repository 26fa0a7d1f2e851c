"""Changing, moving and erasing at the shell."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.participant import Contact, Participant, Visit
from tests.integration.cli.shell import Run, done, number_of_events, refused
from tests.support.world import World


@pytest.fixture(autouse=True)
def known(world: World) -> Iterator[None]:
    """One participant with an address, a week before day 0."""
    with clock.at(datetime(2026, 11, 13, 12, tzinfo=UTC)):
        world.add("1-001", day0="2026-11-20", email="kari@hospital.example")
        yield


def test_day0_language_and_phone_are_changed_and_every_moved_visit_is_told(run: Run, world: World) -> None:
    told = done(
        run(
            "participant",
            "change",
            "1-001",
            "--language",
            "en",
            "--phone",
            "40612345",
            "--day0",
            "27.11.2026",
        )
    )
    assert told.startswith("Changed 1-001.\n")
    assert "day14: 2026-12-04 -> 2026-12-11, open from 2026-12-08 to 2026-12-14" in told
    with world.reading() as session:
        found = session.execute(select(Participant)).scalar_one()
        assert (found.language, f"{found.day0}") == ("en", "2026-11-27")
        kinds = set(session.execute(select(Contact.kind)).scalars())
    assert kinds == {"email", "phone"}


def test_a_new_address_tells_which_link_died(run: Run, world: World) -> None:
    world.invite("1-001")
    told = done(run("participant", "change", "1-001", "--email", "ny@hospital.example"))
    assert "baseline: the old link is dead, nobody has a new one." in told


def test_a_visit_is_moved_by_hand_stays_when_day0_changes_and_is_counted_again(
    run: Run, world: World
) -> None:
    told = done(run("participant", "move", "1-001", "day14", "--on", "2026-12-07", "--at", "9:30"))
    assert told == "day14: 2026-12-04 -> 2026-12-07, open from 2026-12-04 to 2026-12-10\n"
    told = done(run("participant", "change", "1-001", "--day0", "2026-11-21"))
    assert "day14 stays where it is (set_by_hand)." in told
    done(run("participant", "move", "1-001", "day14"))
    with world.reading() as session:
        row = session.execute(select(Visit).where(Visit.code == "day14")).scalar_one()
        assert (f"{row.planned_on}", row.is_moved, row.begins_at) == ("2026-12-05", False, None)
    assert done(run("participant", "move", "1-001", "day14")) == "day14 stays where it is.\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["move", "1-001", "day999", "--on", "2026-12-01"], "no visit of this study"),
        (["move", "1-001", "day14", "--on", "2026-01-01"], "before the participant was included"),
        (["move", "1-001", "day14", "--on", "tomorrow"], "is no day"),
        (["move", "1-001", "day14", "--on", "2026-12-01", "--at", "noon"], "no such hour"),
        (["change", "1-001", "--phone", "+46701234567"], "another country"),
        (["change", "1-001", "--day0", "1026-11-20"], "look at the year"),
        (["change", "1-999", "--language", "en"], "No participant"),
        (["withdraw", "1-001", "--reason", "ring 40612345"], "name nobody"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_written(
    run: Run, world: World, words: list[str], told: str
) -> None:
    before = number_of_events(world)
    assert told in refused(run("participant", *words))
    assert number_of_events(world) == before


def test_nothing_to_change_is_bad_usage(run: Run) -> None:
    assert run("participant", "change", "1-001").exit_code == 2


@pytest.mark.parametrize(
    "words", [["erase-contact", "1-001"], ["withdraw", "1-001", "--reason", "moved", "--erase-contact"]]
)
def test_erased_addresses_leave_no_byte_in_any_file_of_the_database(
    run: Run, world: World, words: list[str]
) -> None:
    with world.reading() as session:
        sealed = session.execute(select(Contact.sealed)).scalar_one()
    done(run("participant", *words))
    assert not any(sealed in file.read_bytes() for file in world.folder.glob("btb.db*"))
    with world.reading() as session:
        assert session.execute(select(Contact)).first() is None
