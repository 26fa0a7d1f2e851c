"""Files of participants as rows of texts: CSV as spreadsheets save it, and .xlsx workbooks.

Nothing of a file is run, looked up or trusted: a workbook's formulas are refused and not computed, and it may
unpack to a few megabytes only.
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from btb_pro.refusals import PlainRefusal
from btb_pro.services.participant_faults import Fault, FaultCode, told

LARGEST_FILE = 1_000_000
"""Bytes; a list of 10,000 participants is smaller."""
MOST_ROWS = 2000
"""A hospital's whole share of a large trial; more than that in one file is a mistake or an attack."""

_LARGEST_UNPACKED = 20_000_000
_MOST_PARTS = 1000
_MOST_COLUMNS = 60
_FORMULA = "f"
"""What openpyxl calls the type of a cell that is computed."""
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# openpyxl tells of a spoiled workbook by whatever its inside trips over; each of these means just that.
_SPOILED = (
    zipfile.BadZipFile,
    zlib.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class FileFault:
    """Something wrong in a file of participants. `line` counts from 1; 0 is the file as a whole."""

    line: int
    fault: Fault

    @property
    def message(self) -> str:
        """The fault as an English sentence."""
        return told(self.fault)


class ImportRefused(PlainRefusal):
    """A file of participants cannot be imported; `faults` holds every one found, in the order of lines."""

    def __init__(self, faults: Sequence[FileFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"line {fault.line}: {fault.message}" for fault in self.faults))


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row that holds something: the line or row number that it begins on, and its cells, stripped."""

    line: int
    cells: tuple[str, ...]
    formulas: frozenset[int] = frozenset()
    """Positions of cells that are computed; what stands in `cells` there is empty."""


def read_rows(content: bytes) -> Iterator[RawRow]:
    """The rows of a file that hold something, its first line first.

    CSV: UTF-8 with or without a byte order mark, else Windows-1252; cells parted by commas or semicolons.

    Raises:
        ImportRefused: it is no such file.
    """
    if len(content) > LARGEST_FILE:
        raise _refused(FaultCode.FILE_TOO_LARGE, expected=(f"{LARGEST_FILE // 1_000_000}",))
    if content.startswith(_OLE):
        raise _refused(FaultCode.WORKBOOK_OLD)
    rows = _workbook_rows(content) if content.startswith(_ZIP) else _csv_rows(_decode(content))
    for count, row in enumerate(rows):
        if count > MOST_ROWS:
            raise _refused(FaultCode.FILE_TOO_MANY_ROWS, expected=(f"{MOST_ROWS}",))
        yield row


def _refused(
    code: FaultCode, line: int = 0, given: str = "", expected: tuple[str, ...] = ()
) -> ImportRefused:
    return ImportRefused([FileFault(line, Fault(code, "", given, expected))])


def _decode(content: bytes) -> str:
    if content.startswith(_UTF16):
        raise _refused(FaultCode.FILE_NOT_READABLE, 1)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise _refused(FaultCode.FILE_NOT_READABLE, line) from error
    if "\0" in text:
        raise _refused(FaultCode.FILE_HAS_NUL, text[: text.index("\0")].count("\n") + 1)
    return text


def _csv_rows(text: str) -> Iterator[RawRow]:
    """Each record that holds something, with the line that it begins on; a quoted cell may span lines."""
    header, _, _ = text.lstrip("\r\n").partition("\n")
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins_on = 1
    try:
        for record in reader:
            cells = _without_empty_end([cell.strip() for cell in record])
            if cells:
                yield RawRow(begins_on, cells)
            begins_on = reader.line_num + 1
    except csv.Error as error:
        raise _refused(FaultCode.QUOTES_OPEN, begins_on, given=str(error)) from error


def _without_empty_end(cells: list[str]) -> tuple[str, ...]:
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def _workbook_rows(content: bytes) -> Iterator[RawRow]:
    try:
        _require_small_and_plain(content)
        # Read whole before the first row is given on: a fault in the middle is one of the file.
        return iter(_first_sheet(content))
    except ImportRefused:
        raise
    except _SPOILED as error:
        raise _refused(FaultCode.WORKBOOK_BROKEN) from error


def _require_small_and_plain(content: bytes) -> None:
    """Refuse macros, what declares entities, and what unpacks to too much, before anything is parsed.

    No part gives more than the size that its header states, so the sum bounds what reading can take.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        entries = parts.infolist()
        if len(entries) > _MOST_PARTS or sum(one.file_size for one in entries) > _LARGEST_UNPACKED:
            raise _refused(FaultCode.WORKBOOK_TOO_LARGE)
        for one in entries:
            body = parts.read(one).replace(b"\0", b"")
            if "vbaproject" in one.filename.lower() or b"macroEnabled" in body:
                raise _refused(FaultCode.WORKBOOK_HAS_MACROS)
            if one.filename.lower().endswith((".xml", ".rels")) and b"<!DOCTYPE" in body:
                raise _refused(FaultCode.WORKBOOK_BROKEN)


def _first_sheet(content: bytes) -> list[RawRow]:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
    try:
        first, *others = book.worksheets
        rows = list(_sheet_rows(first, MOST_ROWS + 2))
        if any(True for other in others for _ in _sheet_rows(other, MOST_ROWS)):
            raise _refused(FaultCode.WORKBOOK_HAS_SHEETS)
        return rows
    finally:
        book.close()


def _sheet_rows(sheet: Any, most: int) -> Iterator[RawRow]:
    # What a sheet says of its own size may be wrong either way.
    sheet.reset_dimensions()
    for line, cells in enumerate(sheet.iter_rows(max_row=most, max_col=_MOST_COLUMNS), start=1):
        formulas = {at for at, cell in enumerate(cells) if cell.data_type == _FORMULA}
        texts = ["" if at in formulas else _text(cell.value) for at, cell in enumerate(cells)]
        kept = _without_empty_end(texts)
        if kept or formulas:
            filled = (*kept, *[""] * (max(formulas, default=-1) + 1 - len(kept)))
            yield RawRow(line, filled, frozenset(formulas))


def _text(value: object) -> str:
    """What a cell shows, as it would stand in a CSV file."""
    if value is None:
        return ""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return f"{int(value)}"
    return str(value).strip()
