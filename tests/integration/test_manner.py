"""What makes a visit worth a look, and what does not: told by stored rows of the real services."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from btb_pro.services.quality import count_quality
from tests.integration.export_world import ExportWorld, make_export_world

pytestmark = pytest.mark.usefixtures("engine")

Page = tuple[str, Mapping[str, str | None]]
PAGES: Sequence[Page] = (
    ("weather", {"rain": "1", "wind": "2"}),
    ("weather", {"mood": "5"}),
    ("walks", {"clothes": "boots", "dog": "0"}),
    ("walks", {"since_years": "2"}),
    ("walks", {"words": "fine"}),
)
"""Seven questions."""
NOON = datetime.fromisoformat("2026-03-27T11:00:00+00:00")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """A study in which one person may answer."""
    made = make_export_world(tmp_path / "instance")
    made.add("N-001")
    made.now = NOON
    yield made
    made.close()


def answer(
    world: ExportWorld,
    seconds: float = 20,
    *,
    device: float | None = None,
    pages: Sequence[Page] = PAGES,
    mode: str = "own_phone",
) -> None:
    """Answer page by page, each so many seconds after the one before; by the phone's clock so many."""
    world.start("N-001", mode=mode)
    shown_at, told = world.now, world.now
    for instrument, values in pages:
        world.now = shown_at + timedelta(seconds=seconds - 1)
        told += timedelta(seconds=seconds if device is None else device)
        world.save(
            "N-001", values, instrument=instrument, shown_at=shown_at, device_at=told.isoformat()
        )
        shown_at = world.now


def found(world: ExportWorld) -> list[dict[str, Any]]:
    """What a count finds worth a look once the visit is sent in."""
    world.submit("N-001")
    looks: list[dict[str, Any]] = count_quality(world.runtime, lambda *_: None)["looks"]
    return looks


def test_an_ordinary_visit_is_not_listed(world: ExportWorld) -> None:
    answer(world)
    assert found(world) == []


def test_a_visit_answered_faster_than_anybody_reads_is_listed_with_its_pages(world: ExportWorld) -> None:
    answer(world, 1.5)
    (look,) = found(world)
    assert (look["participant"], look["visit"], look["pages"]) == ("N-001", "start", [5, 5])
    assert (look["night"], look["changes"], look["answered"]) == (None, [0, 0], 7)


def test_two_quick_pages_of_five_are_no_quick_visit(world: ExportWorld) -> None:
    answer(world, 1.5, pages=PAGES[:2])
    answer(world, 20, pages=PAGES[2:])
    assert found(world) == []


def test_three_quick_pages_of_five_are_a_quick_visit(world: ExportWorld) -> None:
    answer(world, 1.5, pages=PAGES[:3])
    answer(world, 20, pages=PAGES[3:])
    assert [look["pages"] for look in found(world)] == [[3, 5]]


def test_what_waited_on_a_phone_for_coverage_and_came_in_at_once_is_not_quick(world: ExportWorld) -> None:
    answer(world, 1, device=20)
    assert [look["pages"] for look in found(world)] == []


def test_of_few_pages_nothing_is_said_of_how_quick_they_were(world: ExportWorld) -> None:
    answer(world, 1, pages=PAGES[:4])
    assert found(world) == []


@pytest.mark.parametrize(
    ("first", "at_night"),
    [
        ("2026-03-27T22:58:00+00:00", 1),
        ("2026-03-28T03:58:30+00:00", 5),
        ("2026-03-28T04:00:00+00:00", 0),
        # Summer time began at two o'clock.
        ("2026-03-29T02:58:30+00:00", 5),
        ("2026-03-29T03:00:00+00:00", 0),
    ],
)
def test_answers_between_midnight_and_five_in_norway_are_counted(
    world: ExportWorld, first: str, at_night: int
) -> None:
    world.now = datetime.fromisoformat(first)
    answer(world, 29)
    looks = found(world)
    assert [look["night"][0] for look in looks] == ([at_night] if at_night else [])


def test_what_somebody_comes_back_to_and_changes_is_listed(world: ExportWorld) -> None:
    answer(world)
    for values in ({"rain": "2"}, {"wind": "1"}, {"rain": "1"}):
        world.save("N-001", values, shown_at=world.now)
    world.save("N-001", {"mood": "6"}, shown_at=world.now)
    (look,) = found(world)
    assert look["changes"] == [4, 3]


def test_two_changed_answers_are_nothing_to_look_at(world: ExportWorld) -> None:
    answer(world)
    for values in ({"rain": "2"}, {"wind": "1"}):
        world.save("N-001", values, shown_at=world.now)
    assert found(world) == []


def test_what_is_saved_on_the_way_to_an_answer_is_no_change(world: ExportWorld) -> None:
    answer(world)
    for words in ("f", "fi", "fine today", "fine today, thanks"):
        world.save("N-001", {"words": words}, instrument="walks", shown_at=world.now)
    for clothes in ("boots", "boots coat", "coat", "boots"):
        world.save("N-001", {"clothes": clothes}, instrument="walks", shown_at=world.now)
    for wind in ("1", "2", "1", "2"):
        world.save("N-001", {"wind": wind}, shown_at=world.now)
    for mood in ("6", "5"):
        world.save("N-001", {"mood": mood}, shown_at=world.now)
    assert found(world) == []


def test_what_staff_type_in_from_paper_is_not_looked_at(world: ExportWorld) -> None:
    world.now = datetime.fromisoformat("2026-03-27T23:30:00+00:00")
    answer(world, 1.5, mode="paper")
    assert found(world) == []
