"""What a spreadsheet is given: texts stay texts, nothing is computed, a double click shows it rightly."""

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pandas
import pytest

from btb_pro.exports import workbook
from btb_pro.exports.csv_files import EXCEL, csv_line
from btb_pro.exports.formats import ExportFormat
from btb_pro.exports.writing import CannotBeWritten
from btb_pro.services.exporting import ExportRefused
from tests.integration.export_world import ExportWorld, make_export_world, told_world
from tests.integration.test_export_refusals import left_beside, runs

pytestmark = pytest.mark.usefixtures("engine")

FULL_WIDTH = "\uff1d1+1"
NASTY = ["=1+1", "+47 900", "-9 grader", "@SUM(A1)", "\tx", FULL_WIDTH, "'quoted'", "007", "1-2", "]]>"]
NASTY += ['a"b', "a;b"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study with its whole story."""
    with told_world(tmp_path / "instance") as made:
        yield made


@pytest.fixture
def nasty(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study, answered with what spreadsheets stumble over."""
    made = make_export_world(tmp_path / "instance")
    for count, words in enumerate(NASTY):
        made.add(f"X-{count:02d}")
        made.start(f"X-{count:02d}")
        made.save(f"X-{count:02d}", {"words": words}, instrument="walks")
    yield made
    made.close()


def test_a_workbook_holds_texts_and_no_formula(nasty: ExportWorld, tmp_path: Path) -> None:
    nasty.take(ExportFormat.XLSX, tmp_path / "out")
    book = openpyxl.load_workbook(tmp_path / "out" / "export.xlsx")
    assert book.sheetnames == [
        "visits", "responses", "wide", "long", "history", "scores", "score_history",
        "corrections", "late_saves", "codebook",
    ]  # fmt: skip
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row if cell.value}
    assert kinds <= {"s", "inlineStr"}
    words = [
        cell.value for column in book["wide"].columns if column[0].value == "words" for cell in column[1:]
    ]
    assert words == NASTY
    assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    with ZipFile(tmp_path / "out" / "export.xlsx") as archive:
        assert not [name for name in archive.namelist() if b"<f>" in archive.read(name)]


def test_a_workbook_bears_the_cutoffs_time(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.XLSX, tmp_path / "out")
    book = openpyxl.load_workbook(tmp_path / "out" / "export.xlsx")
    assert book.properties.created == datetime(2026, 4, 1, 9, 0, 2)
    with ZipFile(tmp_path / "out" / "export.xlsx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2026, 4, 1, 9, 0, 2)}


def test_a_code_book_in_one_language_has_no_other(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.XLSX, tmp_path / "out", language="nb")
    sheet = openpyxl.load_workbook(tmp_path / "out" / "export.xlsx")["codebook"]
    header = [cell.value for cell in next(sheet.iter_rows(max_row=1))]
    assert "label_nb" in header
    assert "label_en" not in header


def test_a_table_with_more_rows_than_a_sheet_takes_goes_on_in_another(
    world: ExportWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "_MOST_ROWS", 40)
    world.take(ExportFormat.XLSX, tmp_path / "out")
    book = openpyxl.load_workbook(tmp_path / "out" / "export.xlsx")
    assert [name for name in book.sheetnames if name.startswith("long")] == ["long", "long 2"]
    header = [cell.value for cell in next(book["long"].iter_rows(max_row=1))]
    assert [cell.value for cell in next(book["long 2"].iter_rows(max_row=1))] == header
    assert book["long"].max_row == 40


def test_a_text_that_a_cell_does_not_take_is_refused(
    world: ExportWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "_LONGEST_TEXT", 5)
    with pytest.raises(CannotBeWritten, match="take the export as csv"):
        world.take(ExportFormat.XLSX, tmp_path / "out")
    assert left_beside(world, tmp_path) == set()
    assert runs(world) == 0


def test_a_double_click_runs_nothing_and_hides_nothing(nasty: ExportWorld, tmp_path: Path) -> None:
    nasty.take(ExportFormat.CSV_EXCEL, tmp_path / "out")
    content = (tmp_path / "out" / "wide.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfparticipant;site;visit;")
    with open(tmp_path / "out" / "wide.csv", encoding="utf-8-sig", newline="") as file:
        words = [row["words"] for row in csv.DictReader(file, delimiter=";", strict=True)]
    assert [word.removeprefix("'") for word in words] == NASTY
    assert not [word for word in words if word[0] in "=+-@\t\uff1d"]


@pytest.mark.parametrize(
    ("cell", "written"),
    [("-9", "-9"), ("-1,5", "-1,5"), ("=1", "'=1"), ("-x", "'-x"), ("'", "''"), ("a=1", "a=1"), ("", "")],
)
def test_a_number_needs_no_guard_and_a_formula_does(cell: str, written: str) -> None:
    assert csv_line([cell, "b"], EXCEL) == f"{written};b\r\n".encode()


def test_norwegian_excel_gets_decimal_commas(world: ExportWorld, tmp_path: Path) -> None:
    world.add("N-005", day0="2026-04-01")
    world.start("N-005")
    world.save("N-005", {"rain": "1", "wind": "0", "mood": "0"})
    world.submit("N-005")
    world.take(ExportFormat.CSV_EXCEL, tmp_path / "out")
    assert ";weather_mean;0,3333;" in (tmp_path / "out" / "scores.csv").read_text(encoding="utf-8-sig")


def test_pandas_reads_the_csv_as_it_was_typed(nasty: ExportWorld, tmp_path: Path) -> None:
    nasty.take(ExportFormat.CSV, tmp_path / "out")
    wide = pandas.read_csv(tmp_path / "out" / "wide.csv", dtype=str, keep_default_na=False)
    assert list(wide["words"]) == NASTY
    long = pandas.read_csv(tmp_path / "out" / "long.csv", dtype=str, keep_default_na=False)
    assert list(long[long["item"] == "words"]["value"]) == NASTY


@pytest.mark.parametrize(("language", "label"), [("nb", "Regn"), ("en", "Rain")])
def test_the_script_for_r_names_every_column_once_with_its_label(
    world: ExportWorld, tmp_path: Path, language: str, label: str
) -> None:
    world.take(ExportFormat.CSV, tmp_path / "out", language=language)
    lines = (tmp_path / "out" / "read_in.R").read_text(encoding="utf-8").splitlines()
    calls = [line for line in lines if line.startswith("as_") and " <- " not in line]
    header = (tmp_path / "out" / "wide.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert sorted(call.split('"')[1] for call in calls) == sorted({*header} - {"participant"})
    assert any(call.startswith(f'as_choice("rain", "{label}", c("0" = ') for call in calls)
    assert all(call.count('"') % 2 == 0 and call.endswith(")") for call in calls)


def test_a_place_that_cannot_be_written_is_named(world: ExportWorld) -> None:
    with pytest.raises(ExportRefused, match="cannot be written to /proc/export"):
        world.take(ExportFormat.ODM, Path("/proc/export"))
    assert runs(world) == 0
