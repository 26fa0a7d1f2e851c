"""Bad input to every format: hard texts, disks that take no file, what is there already, a cut-off ahead."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from btb_pro.exports.formats import ExportFormat
from btb_pro.services.bundling import take_bundle
from btb_pro.services.exporting import ExportOrder, ExportRefused
from tests.integration.export_readers import READERS
from tests.integration.export_world import COMMAND, ExportWorld, make_export_world, told_world
from tests.integration.test_export_refusals import left_beside, runs

pytestmark = pytest.mark.usefixtures("engine")

ROOT = Path(__file__).parents[2]
HARD = {
    "a formula": "=1+1",
    "a formula in full width": "\uff1d1+1",
    "another formula": "@SUM(A1:A9)",
    "a minus": "-9",
    "a plus": "+47 900 00 000",
    "a tab": "\tx",
    "a line end": "a\nb",
    "line ends": "a\r\nb\rc",
    "at the ends": "\na\n",
    "quotes": 'a "quoted" word',
    "a quote": "'",
    "an end of CDATA": "<![CDATA[x]]>",
    "markup": "<b>&amp;</b> & <",
    "an entity": "&#0; &quot;",
    "an emoji": "🙂 👩🏽‍⚕️",
    "an accent apart": "e\u0301",
    "commas": "a,b;c|d",
    "an escape of Excel's": "_x0041_ _x000D_",
    "a leading zero": "007",
    "a word for nothing": "NULL",
    "another": "NA",
    "right to left": "\u202eabc\u202c שלום",
    "no-break": "a\u00a0b\u200bc\u2028d\u0085e",
    "long": "æ" * 500,
}
IN_THE_LIBRARYS_WORDS = {ExportFormat.SPSS, ExportFormat.STATA}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study with its whole story."""
    with told_world(tmp_path / "instance") as made:
        yield made


@pytest.fixture
def hard(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study, each text answered by another participant."""
    made = make_export_world(tmp_path / "instance")
    for count, words in enumerate(HARD.values()):
        made.add(f"X-{count:02d}")
        made.start(f"X-{count:02d}")
        made.save(f"X-{count:02d}", {"words": words}, instrument="walks")
        made.submit(f"X-{count:02d}")
    yield made
    made.close()


def test_a_hard_text_comes_back_from_every_format_as_it_was_typed(hard: ExportWorld, tmp_path: Path) -> None:
    for file_format in ExportFormat:
        hard.take(file_format, tmp_path / file_format.value)
        read = READERS[file_format](tmp_path / file_format.value, hard)
        for count, (name, words) in enumerate(HARD.items()):
            held = read.values[f"X-{count:02d}", "start", "words"]
            assert held == ("answered", words), (file_format, name)


def test_a_disk_that_is_full_or_read_only_holds_nothing_of_any_format_and_a_sentence_says_so(
    world: ExportWorld, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    settings = world.runtime.settings
    command = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    command += [sys.executable, "-m", "tests.integration.small_disk"]
    told = subprocess.run(
        [*command, f"{settings.instance}", settings.database_url, f"{disk}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    tries = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(tries) == 4 * (len(ExportFormat) + 1)
    for one in tries:
        assert one["left"] == [], one
        assert f"cannot be written to {disk / 'out'}" in one["said"], one
        if one["name"] not in IN_THE_LIBRARYS_WORDS:
            reason = "Read-only file system" if one["fault"] == "read-only" else "No space left on device"
            assert reason in one["said"], one
    # One that was the first, and one of each with room enough.
    assert runs(world) == len(ExportFormat) + 2


def test_what_lies_there_already_is_left_as_it_was(world: ExportWorld, tmp_path: Path) -> None:
    out = tmp_path / "out"
    world.take(ExportFormat.CSV, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    for one in ExportFormat:
        with pytest.raises(
            ExportRefused, match="holds something already: name a folder that is new or empty"
        ):
            world.take(one, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert left_beside(world, tmp_path) == {"out"}
    assert runs(world) == 1


@pytest.mark.parametrize(
    ("until", "told"),
    [("2031-01-01T00:00:00+01:00", "lies in the future"), ("99999", "There is no event 99999 yet")],
)
def test_a_cutoff_that_lies_ahead_is_refused_by_every_format_and_the_bundle(
    world: ExportWorld, tmp_path: Path, until: str, told: str
) -> None:
    for one in ExportFormat:
        with pytest.raises(ExportRefused, match=told):
            world.take(one, tmp_path / "out", until=until)
        with pytest.raises(ExportRefused, match=told):
            take_bundle(world.runtime, COMMAND, tmp_path / "b.zip", ExportOrder(until=until), (one,))
    assert left_beside(world, tmp_path) == set()
    assert runs(world) == 0
