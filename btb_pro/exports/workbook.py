"""A data set as an Excel workbook: a sheet for each table, every cell a text and none a formula."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

from btb_pro.exports.dataset import Dataset
from btb_pro.exports.files import WrittenFile, settled_file, write_zip
from btb_pro.exports.sheets import fill_tables, table_headers
from btb_pro.exports.tables import TableStyle
from btb_pro.exports.writing import CannotBeWritten, WriteOptions

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

WORKBOOK = "export.xlsx"
_MOST_ROWS = 1_048_576
_LONGEST_TEXT = 32_767
"""Both are Excel's own."""


def write_workbook(dataset: Dataset, folder: Path, options: WriteOptions) -> tuple[WrittenFile, ...]:
    """Write one workbook. A table with more rows than a sheet takes goes on in `long 2` and so on.

    Raises:
        OSError: the folder cannot be written, or is full.
        CannotBeWritten: a text is longer than a cell takes.
    """
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    style = TableStyle(options.names)
    draft = folder / "draft.xlsx"
    # In constant memory a row goes to the disk when the next one begins, into a file of its sheet beside it.
    book = Workbook(draft, {"constant_memory": True, "tmpdir": f"{folder}", "default_date_format": ""})
    book.set_properties({"created": dataset.cutoff.at.replace(tzinfo=None)})
    try:
        sheets = {
            name: _Sheets(book, name, header)
            for name, header in table_headers(dataset, options, style).items()
        }
        fill_tables(dataset, options, style, {name: sheet.add for name, sheet in sheets.items()})
        book.close()
    except FileCreateError as error:
        raise OSError(f"{error}") from error
    finally:
        _let_go(book)
    _settle(draft, folder, dataset)
    return (settled_file(folder / WORKBOOK, sum(sheet.rows for sheet in sheets.values())),)


class _Sheets:
    """One table: a sheet, and another whenever that is full."""

    def __init__(self, book: "Workbook", name: str, header: Sequence[str]) -> None:
        self.rows = 0
        self._book = book
        self._name = name
        self._header = header
        self._count = 0
        self._line = 0
        self._sheet = self._new_sheet()

    def add(self, cells: Sequence[str]) -> None:
        if self._line == _MOST_ROWS:
            self._sheet = self._new_sheet()
        self._write(cells)
        self.rows += 1

    def _new_sheet(self) -> "Worksheet":
        self._count += 1
        name = self._name if self._count == 1 else f"{self._name} {self._count}"
        self._sheet = self._book.add_worksheet(name)
        self._sheet.freeze_panes(1, 0)
        # A code is a text here: Excel need not offer to make a number of it.
        self._sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        self._line = 0
        self._write(self._header)
        return self._sheet

    def _write(self, cells: Sequence[str]) -> None:
        for column, cell in enumerate(cells):
            if not cell:
                continue
            if len(cell.encode("utf-16-le")) // 2 > _LONGEST_TEXT:
                raise CannotBeWritten(
                    f"A text in {self._name} is longer than the {_LONGEST_TEXT} characters that a cell of "
                    "Excel takes: take the export as csv."
                )
            self._sheet.write_string(self._line, column, cell)
        self._line += 1


def _let_go(book: "Workbook") -> None:
    """Close the sheets' files; the library does so only when all goes well."""
    book.fileclosed = True
    for sheet in book.worksheets():
        # What cannot be written any more at closing goes with the folder.
        with suppress(OSError):
            sheet.row_data_fh.close()


def _settle(draft: Path, folder: Path, dataset: Dataset) -> None:
    """Pack the workbook anew, since the library's zip tells of the machine that it was made on."""
    parts = folder / "parts"
    with ZipFile(draft) as archive:
        names = archive.namelist()
        archive.extractall(parts)
    draft.unlink()
    entries = [(name, parts / name) for name in names]
    write_zip(folder / WORKBOOK, entries, dataset.cutoff.at, is_deflated=True)
    for path in sorted(parts.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    parts.rmdir()
