"""A data set as CSV files: UTF-8, RFC 4180 quoting, no cell altered; and as Norwegian Excel opens them."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from btb_pro.exports.dataset import Dataset
from btb_pro.exports.files import NewFile, WrittenFile, new_file, write_file
from btb_pro.exports.r_script import R_SCRIPT, r_script
from btb_pro.exports.sheets import fill_tables, table_headers
from btb_pro.exports.tables import TableStyle
from btb_pro.exports.writing import WriteOptions

_QUOTED = '"\r\n'


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written."""

    delimiter: str = ","
    line_end: str = "\n"
    mark: bytes = b""
    """What stands before the first line."""
    decimal: str = "."
    is_guarded: bool = False
    """Whether a text that a spreadsheet would take for a formula gets an apostrophe before it."""


MACHINE = Dialect()
EXCEL = Dialect(";", "\r\n", b"\xef\xbb\xbf", ",", is_guarded=True)
"""What Excel opens rightly by a double click where the comma is the decimal sign."""

# Full-width signs are formulas to some spreadsheets; an apostrophe, so that taking one away gives the text.
_LOOKS_LIKE_A_FORMULA = re.compile("['=+\\-@\t\r＝＋－＠]")  # noqa: RUF001
_IS_A_NUMBER = re.compile(r"-?[0-9]+(,[0-9]+)?")


def csv_line(cells: Sequence[str], dialect: Dialect = MACHINE) -> bytes:
    """One record in UTF-8 with its line end.

    The csv module's writer is not used: from one Python version to the next it differs in whether a lone CR
    is quoted, and the same cut-off must give the same bytes.
    """
    if dialect.is_guarded:
        cells = [_guarded(cell) for cell in cells]
    line = dialect.delimiter.join(cells)
    if line.count(dialect.delimiter) >= len(cells) or any(sign in line for sign in _QUOTED):
        line = dialect.delimiter.join([_cell(cell, dialect.delimiter) for cell in cells])
    return f"{line}{dialect.line_end}".encode()


def write_csv_files(
    dataset: Dataset, folder: Path, options: WriteOptions, dialect: Dialect = MACHINE
) -> tuple[WrittenFile, ...]:
    """Write wide, long, history, scores and code book into a folder, in one pass over the visits and one over
    the history, and for a program the script that reads them into R.

    Raises:
        OSError: the folder cannot be written, or is full.
    """
    style = TableStyle(options.names, dialect.decimal)
    with ExitStack() as stack:
        tables = {
            name: stack.enter_context(_new_table(folder / f"{name}.csv", header, dialect))
            for name, header in table_headers(dataset, options, style).items()
        }
        fill_tables(dataset, options, style, {name: table.add for name, table in tables.items()})
        files = tuple(table.finish() for table in tables.values())
    if dialect is not MACHINE:
        return files
    return *files, write_file(folder / R_SCRIPT, r_script(dataset, options))


write_excel_csv_files = partial(write_csv_files, dialect=EXCEL)


class _Table:
    """A CSV file in the making."""

    def __init__(self, file: NewFile, header: Sequence[str], dialect: Dialect) -> None:
        self._file = file
        self._dialect = dialect
        self._rows = -1
        file.write(dialect.mark)
        self.add(header)

    def add(self, cells: Sequence[str]) -> None:
        self._file.write(csv_line(cells, self._dialect))
        self._rows += 1

    def finish(self) -> WrittenFile:
        return self._file.finish(self._rows)


@contextmanager
def _new_table(path: Path, header: Sequence[str], dialect: Dialect) -> Iterator[_Table]:
    with new_file(path) as file:
        yield _Table(file, header, dialect)


def _cell(text: str, delimiter: str) -> str:
    if delimiter not in text and not any(sign in text for sign in _QUOTED):
        return text
    return '"' + text.replace('"', '""') + '"'


def _guarded(cell: str) -> str:
    if _LOOKS_LIKE_A_FORMULA.match(cell) is None or _IS_A_NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"
