"""500 random participants in both languages: every format, read back by another program, equals the store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from btb_pro.exports.formats import ExportFormat
from tests.integration.export_readers import READERS, Content, stored
from tests.integration.export_world import MADE_UP_STUDY, ExportWorld, make_export_world
from tests.integration.test_export_round_trip import BASELINE, answers

pytestmark = pytest.mark.usefixtures("engine")

HOW_MANY = 500
EACH_ONCE = {
    "database": None,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}


def fill(world: ExportWorld, study: str, visit: str, asked: tuple[str, ...], how_many: int) -> None:
    """Let so many participants answer what Hypothesis thinks of; every third leaves it unsent."""
    count = 0

    @settings(max_examples=how_many, **EACH_ONCE)  # type: ignore[arg-type] # Each is what its name takes.
    @given(entered=answers(study), language=st.sampled_from(["nb", "en"]))
    def answer(entered: dict[str, str], language: str) -> None:
        nonlocal count
        count += 1
        number = f"R-{count:04d}"
        world.add(number, world.runtime.study.sites[count % 2].code, day0=world.now.date().isoformat())
        world.start(number, visit, language)
        for code in asked:
            fields = world.runtime.instruments[code].fields
            values = {field.code: entered[field.code] for field in fields if field.code in entered}
            world.save(number, values, visit=visit, instrument=code, language=language)
        if count % 3:
            world.submit(number, visit)

    answer()
    assert count >= how_many


@pytest.fixture
def made_up(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study with 500 participants."""
    world = make_export_world(tmp_path / "instance", MADE_UP_STUDY)
    fill(world, "made up", "start", ("weather", "walks"), HOW_MANY)
    yield world
    world.close()


@pytest.fixture
def packaged(tmp_path: Path) -> Iterator[ExportWorld]:
    """The packaged study with a few."""
    world = make_export_world(tmp_path / "instance", None)
    codes = tuple(dict.fromkeys(part.instrument for part in BASELINE.parts))
    fill(world, "packaged", "baseline", codes, 12)
    yield world
    world.close()


def check(world: ExportWorld, file_format: ExportFormat, out: Path, least: int) -> None:
    """Take an export, read it back, compare."""
    summary = world.take(file_format, out)
    held, read = stored(world, summary.cutoff_seq), READERS[file_format](out, world)
    if file_format is ExportFormat.SPSS:
        held = without_spaces_at_the_end(held)
        read = without_spaces_at_the_end(read)
    assert read.values == held.values
    assert read.scores == held.scores
    assert len(held.values) >= least


def without_spaces_at_the_end(content: Content) -> Content:
    """SPSS fills every text up with spaces, and so knows none at its end."""
    values = {key: (state, value.rstrip(" ")) for key, (state, value) in content.values.items()}
    return Content(values, content.scores)


# One test for all formats, so that two workers do not both make the participants.
def test_500_participants_come_back_from_every_format(made_up: ExportWorld, tmp_path: Path) -> None:
    for file_format in ExportFormat:
        check(made_up, file_format, tmp_path / file_format.value, HOW_MANY * 10)


def test_the_packaged_study_comes_back_from_every_format(packaged: ExportWorld, tmp_path: Path) -> None:
    for file_format in ExportFormat:
        check(packaged, file_format, tmp_path / file_format.value, 12 * 100)
