"""Every format holds what the store holds, and is the same wherever it is written."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from btb_pro.exports.formats import FORMATS, ExportFormat
from btb_pro.services.exporting import ExportRefused
from tests.integration.export_readers import READERS, stored
from tests.integration.export_world import ExportWorld, contents, told_world
from tests.integration.test_export_refusals import full_disk, left_beside, runs

pytestmark = pytest.mark.usefixtures("engine")

ROOT = Path(__file__).parents[2]
every_format = pytest.mark.parametrize("file_format", list(ExportFormat))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study with its whole story."""
    with told_world(tmp_path / "instance") as made:
        yield made


def test_every_format_has_a_reader() -> None:
    assert set(READERS) == set(FORMATS) == set(ExportFormat)


@every_format
def test_a_format_holds_what_the_store_holds(
    world: ExportWorld, tmp_path: Path, file_format: ExportFormat
) -> None:
    summary = world.take(file_format, tmp_path / "out")
    held = stored(world, summary.cutoff_seq)
    read = READERS[file_format](tmp_path / "out", world)
    assert read.values == held.values
    assert read.scores == held.scores
    assert len(held.values) > 50
    assert len(held.scores) == 2


@every_format
@pytest.mark.parametrize("language", ["nb", "en"])
def test_the_same_cutoff_gives_the_same_bytes_on_any_day(
    world: ExportWorld, tmp_path: Path, file_format: ExportFormat, language: str
) -> None:
    first = world.take(file_format, tmp_path / "first", language=language)
    world.now += timedelta(days=400)
    world.save("N-001", {"rain": "2", "rain_days": "1"}, visit="later")
    world.take(file_format, tmp_path / "second", language=language, until=f"{first.cutoff_seq}")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


ELSEWHERE = """
import sys
from pathlib import Path
from btb_pro.exports.formats import ExportFormat
from tests.integration.export_world import COMMAND, make_export_world
from btb_pro.services.exporting import ExportOrder, take_export
world = make_export_world(Path(sys.argv[1]), database_url=sys.argv[4])
for one in ExportFormat:
    take_export(world.runtime, COMMAND, one, Path(sys.argv[2]) / one.value, ExportOrder(until=sys.argv[3]))
"""


@pytest.mark.parametrize(
    ("zone", "locale", "umask"),
    [
        ("Pacific/Kiritimati", "C", 0o022),
        ("America/St_Johns", "C.UTF-8", 0o077),
        ("UTC", "nb_NO.UTF-8", 0o002),
    ],
)
def test_every_format_is_the_same_in_any_time_zone_and_locale(
    world: ExportWorld, tmp_path: Path, zone: str, locale: str, umask: int
) -> None:
    here = {one: world.take(one, tmp_path / one.value) for one in ExportFormat}
    cutoff = here[ExportFormat.CSV].cutoff_seq
    instance, database = world.runtime.settings.instance, world.runtime.settings.database_url
    environment = {"PATH": os.environ["PATH"], "TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": "7"}
    told = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, f"{instance}", f"{tmp_path / 'there'}", f"{cutoff}", database],
        cwd=ROOT,
        env=environment,
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    for one in ExportFormat:
        assert contents(tmp_path / "there" / one.value) == contents(tmp_path / one.value), one


@every_format
def test_a_full_disk_leaves_nothing_of_any_format(
    world: ExportWorld, tmp_path: Path, file_format: ExportFormat
) -> None:
    with full_disk(700), pytest.raises(ExportRefused, match="cannot be written"):
        world.take(file_format, tmp_path / "out")
    assert left_beside(world, tmp_path) == set()
    assert runs(world) == 0


def test_a_language_that_the_study_lacks_is_refused(world: ExportWorld, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="'de' is no language of this study: use one of nb, en"):
        world.take(ExportFormat.CSV, tmp_path / "out", language="de")
    assert left_beside(world, tmp_path) == set()
