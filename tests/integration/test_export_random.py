"""500 random participants in both languages: every format, read back by another program, equals the store.

They are told once and copied to the other engine: there each format is the same byte by byte, so that it is
read back once.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from btb_pro import clock
from btb_pro.db import Database
from btb_pro.exports.formats import ExportFormat
from btb_pro.services.copying import copy_database
from tests.integration.export_readers import READERS, Content, number, read_pandas, stored
from tests.integration.export_world import MADE_UP_STUDY, ExportWorld, make_export_world
from tests.integration.test_export_round_trip import BASELINE, answers, columns, expected
from tests.support.engines import EngineName, drop_database, empty_database

HOW_MANY = 500
EACH_ONCE = {
    "database": None,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}
STATES = {"-7": "not_reached", "-6": "not_applicable"}


@dataclass
class Told:
    """What was entered, and the two databases that hold it."""

    world: ExportWorld
    copied: ExportWorld
    visit: str
    entered: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of each participant: the stored value by the field's code."""
    languages: set[str] = field(default_factory=set)
    submitted: set[str] = field(default_factory=set)


@contextmanager
def told(
    folder: Path, study: Path | None, visit: str, asked: tuple[str, ...], how_many: int
) -> Iterator[Told]:
    """Let so many participants answer what Hypothesis thinks of; every third leaves it unsent."""
    with ExitStack() as closing:
        world = make_export_world(folder / "instance", study, engine=EngineName.SQLITE)
        closing.callback(world.close)
        (folder / "copy").mkdir()
        url = empty_database(folder / "copy", EngineName.POSTGRESQL)
        there = Database(url)
        closing.callback(drop_database, url)
        closing.callback(there.close)
        found = Told(world, replace(world, runtime=replace(world.runtime, database=there)), visit)
        _fill(found, "made up" if study else "packaged", asked, how_many)
        copy_database(world.runtime.database, there)
        yield found


def _fill(found: Told, study: str, asked: tuple[str, ...], how_many: int) -> None:
    world = found.world

    @settings(max_examples=how_many, **EACH_ONCE)  # type: ignore[arg-type] # Each is what its name takes.
    @given(entered=answers(study), language=st.sampled_from(["nb", "en"]))
    def answer(entered: dict[str, str], language: str) -> None:
        count = len(found.entered)
        who = f"R-{count:04d}"
        found.entered[who] = entered
        found.languages.add(language)
        world.add(who, world.runtime.study.sites[count % 2].code, day0=world.now.date().isoformat())
        world.start(who, found.visit, language)
        for code in asked:
            fields = world.runtime.instruments[code].fields
            values = {one.code: entered[one.code] for one in fields if one.code in entered}
            world.save(who, values, visit=found.visit, instrument=code, language=language)
        if count % 3:
            world.submit(who, found.visit)
            found.submitted.add(who)

    answer()
    assert len(found.entered) >= how_many
    assert found.languages == {"nb", "en"}


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The made-up study with 500 participants."""
    folder = tmp_path_factory.mktemp("made-up")
    with told(folder, MADE_UP_STUDY, "start", ("weather", "walks"), HOW_MANY) as found:
        yield found


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The packaged study with a few."""
    codes = tuple(dict.fromkeys(part.instrument for part in BASELINE.parts))
    with told(tmp_path_factory.mktemp("packaged"), None, "baseline", codes, 12) as found:
        yield found


def as_entered(found: Told) -> Mapping[tuple[str, str, str], tuple[str, str]]:
    """State and value of each variable, worked out from what was entered and from nothing else."""
    values = {}
    asked = {part.instrument for part in found.world.runtime.study.visit(found.visit).parts}
    for who, entered in found.entered.items():
        for code in asked if entered or who in found.submitted else ():
            for one in found.world.runtime.instruments[code].fields:
                for column, cell in columns(one, expected(one, entered)).items():
                    is_missing = isinstance(expected(one, entered), int)
                    values[who, found.visit, column] = (
                        (STATES[cell], "") if is_missing else ("answered", cell)
                    )
    return values


def scores_in_the_database(found: Told) -> Mapping[tuple[str, str, str], str]:
    """The newest row of each score that was computed."""
    query = """
        SELECT p.study_number, v.code, s.code, s.value FROM score s JOIN response r ON r.id = s.response_id
        JOIN visit v ON v.id = r.visit_id JOIN participant p ON p.id = v.participant_id ORDER BY s.id
    """
    with found.world.runtime.database.reading() as session:
        rows = {(row[0], row[1], row[2]): row[3] for row in session.execute(text(query))}
    return {key: number(value) for key, value in rows.items() if value is not None}


def check(found: Told, out: Path) -> None:
    """Take every format from both databases, compare the bytes, read them back, compare the values."""
    held = stored(found.world, _newest(found))
    assert held.values == as_entered(found)
    assert held.scores == scores_in_the_database(found)
    for one in ExportFormat:
        cutoff = found.world.take(one, out / one.value)
        found.copied.take(one, out / "copy" / one.value, until=f"{cutoff.cutoff_seq}")
        assert _contents(out / "copy" / one.value) == _contents(out / one.value), one
        read = READERS[one](out / one.value, found.world)
        is_spss = one is ExportFormat.SPSS
        assert _plain(read, is_spss) == _plain(held, is_spss), one
    assert read_pandas(out / "csv") == held


def _newest(found: Told) -> int:
    with found.world.runtime.database.reading() as session:
        return int(session.execute(text("SELECT max(seq) FROM audit_event")).scalar_one())


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _plain(content: Content, is_spss: bool) -> Content:
    """SPSS fills every text up with spaces, and so knows none at its end."""
    if not is_spss:
        return content
    values = {key: (state, value.rstrip(" ")) for key, (state, value) in content.values.items()}
    return Content(values, content.scores)


# One test for all formats, so that two workers do not both make the participants.
def test_500_participants_come_back_from_every_format(made_up: Told, tmp_path: Path) -> None:
    check(made_up, tmp_path)
    _check_history(made_up, tmp_path / "csv")


def test_the_packaged_study_comes_back_from_every_format(packaged: Told, tmp_path: Path) -> None:
    check(packaged, tmp_path)


def _check_history(found: Told, folder: Path) -> None:
    """Every row of the table of answers, with which wording, when, how and in which event it came."""
    query = """
        SELECT p.study_number, p.site_code, v.code, r.instrument, r.instrument_version, a.item, a.value,
            a.state, a.language, a.wording_sha256, a.mode, a.shown_at, a.device_at, a.received_at, a.event_seq
        FROM answer a JOIN response r ON r.id = a.response_id JOIN visit v ON v.id = r.visit_id
        JOIN participant p ON p.id = v.participant_id ORDER BY a.event_seq, a.id
    """
    with found.copied.runtime.database.reading() as session:
        rows = [list(row) for row in session.execute(text(query))]
    read = pandas.read_csv(folder / "history.csv", dtype=str, keep_default_na=False)
    assert len(rows) == len(read) > HOW_MANY
    for (*row, shown_at, device_at, received_at, seq), line in zip(rows, read.itertuples(), strict=True):
        times = [clock.utc_text(one) if one else "" for one in (shown_at, received_at)]
        assert [*(cell or "" for cell in row), times[0], device_at or "", times[1], f"{seq}"] == [
            line.participant, line.site, line.visit, line.instrument, line.instrument_version, line.item,
            line.value, line.state, line.language, line.wording_sha256, line.mode, line.shown_at,
            line.device_at, line.received_at, line.seq,
        ]  # fmt: skip
