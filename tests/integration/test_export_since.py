"""What came or changed since an earlier export: no gap, no double, also while others write."""

import csv
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from btb_pro import clock
from btb_pro.exports.formats import ExportFormat
from btb_pro.exports.tables import HISTORY_HEADER
from btb_pro.models.base import REDACTED
from btb_pro.services.answers import PageSave, save_page
from btb_pro.services.audit import Context
from btb_pro.services.exporting import ExportOrder, ExportRefused, take_export
from btb_pro.services.redaction import RedactionRefused, redact_answer_text
from btb_pro.services.sessions import find_session, participant_actor
from tests.integration.export_world import COMMAND, ExportWorld, make_export_world, told_world

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study with its whole story."""
    with told_world(tmp_path / "instance") as made:
        yield made


def lines(path: Path) -> list[tuple[str, ...]]:
    """The rows of a CSV file."""
    with open(path, encoding="utf-8", newline="") as file:
        return [tuple(row) for row in csv.reader(file)][1:]


_ROW = tuple(HISTORY_HEADER.index(name) for name in ("participant", "visit", "item", "seq"))
"""What makes a row of the history the same one."""


class Receiver:
    """A database that takes each follow-up in: rows of a visit take the place of the visit's rows before."""

    def __init__(self) -> None:
        self.wide: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.long: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        self.scores: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        self.history: dict[tuple[str, ...], tuple[str, ...]] = {}

    def take(self, folder: Path) -> None:
        for row in lines(folder / "wide.csv"):
            key = (row[0], row[2])
            self.wide[key] = row
            self.long[key], self.scores[key] = [], []
        for row in lines(folder / "long.csv"):
            self.long[row[0], row[2]].append(row)
        for row in lines(folder / "scores.csv"):
            self.scores[row[0], row[2]].append(row)
        new = {tuple(row[place] for place in _ROW): row for row in lines(folder / "history.csv")}
        redacted = {key[:-1] for key, row in new.items() if REDACTED in row}
        assert [key for key in new if key in self.history and key[:-1] not in redacted] == []
        self.history |= new

    def assert_holds(self, folder: Path) -> None:
        """All that a full export holds; each stored answer came once, and once more where words went."""
        full = Receiver()
        full.take(folder)
        assert self.wide == full.wide
        assert self.long == full.long
        assert self.scores == full.scores
        assert self.history == full.history


def test_nothing_is_new_when_nothing_happened(world: ExportWorld, tmp_path: Path) -> None:
    first = world.take(ExportFormat.CSV, tmp_path / "first")
    second = world.take(ExportFormat.CSV, tmp_path / "second", since=first.number)
    assert {name: rows for name, rows in second.rows.items() if rows} == {
        "codebook.csv": first.rows["codebook.csv"]
    }


def test_only_the_visit_that_changed_comes_again_and_whole(world: ExportWorld, tmp_path: Path) -> None:
    first = world.take(ExportFormat.CSV, tmp_path / "first")
    world.save("N-001", {"wind": "2"}, visit="later")
    world.take(ExportFormat.CSV, tmp_path / "second", since=first.number)
    assert [row[:3] for row in lines(tmp_path / "second" / "wide.csv")] == [("N-001", "north", "later")]
    assert len(lines(tmp_path / "second" / "long.csv")) == 3
    assert [row[5:7] for row in lines(tmp_path / "second" / "history.csv")] == [("wind", "2")]


def test_a_link_that_died_meanwhile_is_a_change(world: ExportWorld, tmp_path: Path) -> None:
    first = world.take(ExportFormat.CSV, tmp_path / "first")
    world.now += timedelta(days=60)
    world.add("N-009", day0="")
    world.take(ExportFormat.CSV, tmp_path / "second", since=first.number)
    (row,) = lines(tmp_path / "second" / "wide.csv")
    assert row[:4] == ("N-001", "north", "later", "expired")


def test_a_visit_that_was_left_out_until_it_was_sent_in_comes_with_all_its_history(
    world: ExportWorld, tmp_path: Path
) -> None:
    receiver = Receiver()
    first = world.take(ExportFormat.CSV, tmp_path / "first", submitted_only=True)
    receiver.take(tmp_path / "first")
    world.submit("N-001", "later")
    world.take(ExportFormat.CSV, tmp_path / "second", submitted_only=True, since=first.number)
    receiver.take(tmp_path / "second")
    world.take(ExportFormat.CSV, tmp_path / "full", submitted_only=True)
    receiver.assert_holds(tmp_path / "full")


def test_the_end_may_not_lie_before_the_beginning(world: ExportWorld, tmp_path: Path) -> None:
    first = world.take(ExportFormat.CSV, tmp_path / "first")
    with pytest.raises(ExportRefused, match="which is after event 5"):
        world.take(ExportFormat.CSV, tmp_path / "second", since=first.number, until="5")


MOVES = st.sampled_from(
    ["rain", "wind", "clear", "submit", "start", "replace", "days", "words", "redact", "export"]
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@example(moves=["words", "export", "redact", "export"], submitted_only=False)
@example(moves=["words", "clear", "submit", "export", "redact"], submitted_only=True)
@given(moves=st.lists(MOVES, min_size=3, max_size=14), submitted_only=st.booleans())
def test_any_follow_ups_together_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, moves: list[str], submitted_only: bool
) -> None:
    folder = tmp_path_factory.mktemp("since")
    world = make_export_world(folder / "instance")
    receiver = Receiver()
    number: int | None = None
    world.add("N-001")
    world.start("N-001")
    sent_in = False
    for count, move in enumerate([*moves, "export"]):
        if move == "export":
            out = folder / f"{count}"
            number = world.take(ExportFormat.CSV, out, since=number, submitted_only=submitted_only).number
            receiver.take(out)
        elif move == "days":
            world.now += timedelta(days=2)
        elif move == "redact":
            redact(world)
        elif not sent_in and world.now < datetime.fromisoformat("2026-03-29T00:00:00+00:00"):
            sent_in = play(world, move, count)
    world.take(ExportFormat.CSV, folder / "full", submitted_only=submitted_only)
    world.close()
    receiver.assert_holds(folder / "full")


def redact(world: ExportWorld) -> None:
    """Take what was written in free text out, if anything was."""
    with clock.at(world.now), world.runtime.database.writing() as session, suppress(RedactionRefused):
        redact_answer_text(session, COMMAND, world.runtime, "N-001", "start", "words", "named a relative")
        session.commit()


def play(world: ExportWorld, move: str, count: int) -> bool:
    """One thing that a participant or a coordinator does; whether the visit was sent in."""
    if move in ("rain", "wind"):
        world.save("N-001", {move: f"{count % 3}"})
    elif move == "words":
        world.save("N-001", {"words": f"with Kari {count % 3}"}, instrument="walks")
    elif move == "clear":
        world.save("N-001", {"rain": None})
        world.save("N-001", {"words": None}, instrument="walks")
    elif move == "start":
        world.start("N-001", language="en")
    elif move == "replace":
        world.invite("N-001", replace=True)
        world.start("N-001")
    else:
        world.submit("N-001")
    return move == "submit"


def test_no_gap_and_no_double_while_participants_write(world: ExportWorld, tmp_path: Path) -> None:
    numbers = [f"W-{count}" for count in range(3)]
    for number in numbers:
        world.add(number, day0="2026-04-01")
        world.start(number)
    moment = world.now + timedelta(seconds=1)
    stop = threading.Event()
    errors: list[BaseException] = []

    def write(number: str) -> None:
        asked = world.runtime.instruments["weather"]
        count = 0
        try:
            while not stop.is_set() and count < 200:
                count += 1
                save = PageSave(
                    instrument=asked,
                    items=asked.items[:2],
                    values={"rain": f"{count % 3}", "wind": f"{(count + 1) % 3}"},
                    client_key=f"{number}-{count}",
                    language="nb",
                )
                with clock.at(moment), world.runtime.database.writing() as session:
                    answering = find_session(session, *world.started[number, "start"])
                    assert answering is not None
                    actor = Context(participant_actor(answering.participant))
                    save_page(session, actor, world.runtime, answering, save)
                    session.commit()
        except BaseException as error:
            errors.append(error)
            raise

    def take(name: str, since: int | None) -> int:
        with clock.at(moment + timedelta(seconds=1)):
            order = ExportOrder(since=since)
            summary = take_export(world.runtime, COMMAND, ExportFormat.CSV, tmp_path / name, order)
        return summary.number

    writers = [threading.Thread(target=write, args=(number,)) for number in numbers]
    receiver = Receiver()
    last: int | None = None
    for writer in writers:
        writer.start()
    for count in range(8):
        last = take(f"part-{count}", last)
        receiver.take(tmp_path / f"part-{count}")
    stop.set()
    for writer in writers:
        writer.join()
    assert errors == []
    take("rest", last)
    receiver.take(tmp_path / "rest")
    take("full", None)
    receiver.assert_holds(tmp_path / "full")
    assert len(receiver.history) > 30
