"""SPSS and Stata files as pyreadstat reads them: labels, value labels, missing values, times."""

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyreadstat
import pytest

from btb_pro.exports.formats import ExportFormat
from btb_pro.exports.writing import CannotBeWritten
from tests.integration.export_world import ExportWorld, make_export_world, told_world
from tests.integration.test_export_refusals import left_beside

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study with its whole story."""
    with told_world(tmp_path / "instance") as made:
        yield made


@pytest.mark.parametrize(
    ("language", "label", "value", "missing"),
    [("nb", "Regn", "Mye", "vil ikke svare"), ("en", "Rain", "Much", "prefers not to answer")],
)
def test_labels_come_in_the_language_asked_for(
    world: ExportWorld, tmp_path: Path, language: str, label: str, value: str, missing: str
) -> None:
    world.take(ExportFormat.SPSS, tmp_path / "spss", language=language)
    world.take(ExportFormat.STATA, tmp_path / "stata", language=language)
    _, spss = pyreadstat.read_sav(tmp_path / "spss" / "wide.sav", user_missing=True)
    _, stata = pyreadstat.read_dta(tmp_path / "stata" / "wide.dta", user_missing=True)
    for meta, declined in ((spss, -8.0), (stata, "b")):
        labels: dict[Any, str] = {**meta.variable_value_labels["rain"]}
        assert meta.column_names_to_labels["rain"] == label
        assert labels[2.0] == value
        assert labels[declined] == missing
    statuses: set[Any] = {*spss.variable_value_labels["status"]}
    assert statuses == {"started", "submitted", "expired"}


def test_every_column_has_its_label(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.SPSS, tmp_path / "out")
    frame, meta = pyreadstat.read_sav(tmp_path / "out" / "wide.sav")
    assert [name for name in frame.columns if not meta.column_names_to_labels[name]] == []


def test_spss_takes_missing_codes_for_missing(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.SPSS, tmp_path / "out")
    _, meta = pyreadstat.read_sav(tmp_path / "out" / "wide.sav", user_missing=True)
    assert meta.missing_ranges["wind"] == [{"lo": -9.0, "hi": -6.0}]
    frame, _ = pyreadstat.read_sav(tmp_path / "out" / "wide.sav")
    (stopped,) = frame[frame["participant"] == "N-002"].to_dict("records")
    assert stopped["wind"] != stopped["wind"]
    assert stopped["rain"] == 0.0


def test_times_are_times_to_the_millisecond(world: ExportWorld, tmp_path: Path) -> None:
    for file_format, read, name in (
        (ExportFormat.SPSS, pyreadstat.read_sav, "wide.sav"),
        (ExportFormat.STATA, pyreadstat.read_dta, "wide.dta"),
    ):
        world.take(file_format, tmp_path / file_format.value)
        frame, _ = read(tmp_path / file_format.value / name)
        (row, *_) = frame.to_dict("records")
        started_at = row["started_at"]
        assert abs((started_at - datetime(2026, 3, 27, 10, 0, 6)).total_seconds()) < 0.001
        (unsent,) = frame[frame["visit"] == "later"].to_dict("records")
        assert unsent["submitted_at"] != unsent["submitted_at"]


def test_the_files_bear_the_cutoffs_time(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.SPSS, tmp_path / "spss")
    world.take(ExportFormat.STATA, tmp_path / "stata")
    _, spss = pyreadstat.read_sav(tmp_path / "spss" / "wide.sav")
    _, stata = pyreadstat.read_dta(tmp_path / "stata" / "wide.dta")
    assert spss.creation_time == datetime(2026, 4, 1, 9, 0, 2)
    assert stata.creation_time == datetime(2026, 4, 1, 9, 0)


@pytest.mark.parametrize("file_format", [ExportFormat.SPSS, ExportFormat.STATA])
def test_without_the_library_the_sentence_says_what_to_install(
    world: ExportWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_format: ExportFormat
) -> None:
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(CannotBeWritten, match=r"pip install 'btb-pro\[statistics\]'"):
        world.take(file_format, tmp_path / "out")
    assert left_beside(world, tmp_path) == set()


@pytest.mark.parametrize("file_format", [ExportFormat.SPSS, ExportFormat.STATA])
def test_a_study_without_answers_is_a_table_without_rows(tmp_path: Path, file_format: ExportFormat) -> None:
    world = make_export_world(tmp_path / "instance")
    summary = world.take(file_format, tmp_path / "out")
    world.close()
    assert set(summary.rows.values()) == {0}
