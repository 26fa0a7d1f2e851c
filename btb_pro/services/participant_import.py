"""Adding many participants from a CSV file: all of them, or none and every fault named by its line."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from btb_pro.refusals import PlainRefusal
from btb_pro.services.audit import Context
from btb_pro.services.participants import NewParticipant, add_participant, find_faults
from btb_pro.services.runtime import Runtime

COLUMNS = ("id", "site", "language", "email", "phone", "day0")
REQUIRED_COLUMNS = ("id", "site")
LARGEST_FILE = 1_000_000
"""Bytes; a list of 10,000 participants is smaller."""

_HEADER_EXPECTED = f"expected a first line that names columns out of {','.join(COLUMNS)}"


@dataclass(frozen=True, slots=True)
class FileFault:
    """Something wrong in a file of participants. `line` counts from 1; 0 is the file as a whole."""

    line: int
    message: str


class ImportRefused(PlainRefusal):
    """A file of participants cannot be imported; `faults` holds every one found, in the order of lines."""

    def __init__(self, faults: Sequence[FileFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"line {fault.line}: {fault.message}" for fault in self.faults))


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A participant as the file gives one, and the line that the row begins on."""

    line: int
    new: NewParticipant


def read_participants(content: bytes) -> tuple[ImportRow, ...]:
    """The rows of a file: UTF-8 with or without a byte order mark, cells parted by commas or semicolons.

    The first line names the columns, in any order; cells are stripped of the space around them, and rows
    whose cells are all empty are passed over, since spreadsheets write them.

    Raises:
        ImportRefused: it is no such file, or rows have cells without a column.
    """
    text = _decode(content)
    header, _, _ = text.lstrip("\r\n").partition("\n")
    delimiter = ";" if header.count(";") > header.count(",") else ","
    records = _records(text, delimiter)
    line, names = next(records, (0, []))
    columns = _read_header(line, names)
    rows, faults = [], []
    for line, cells in records:
        if len(cells) > len(columns):
            message = f"{len(cells)} cells, but the first line names {len(columns)} columns."
            faults.append(FileFault(line, message))
            continue
        values = dict(zip(columns, cells, strict=False))
        rows.append(ImportRow(line, _new_participant(values)))
    if faults:
        raise ImportRefused(faults)
    if not rows:
        raise ImportRefused([FileFault(0, "The file has its first line but no participants below it.")])
    return tuple(rows)


def check_import(session: Session, runtime: Runtime, rows: Sequence[ImportRow]) -> None:
    """Pass when every row can be added as the database stands now. Reads only.

    Raises:
        ImportRefused: with every fault of every row, a study number that the file has twice included.
    """
    faults = []
    first_lines: dict[str, int] = {}
    for row in rows:
        messages = find_faults(session, runtime, row.new)
        first = first_lines.setdefault(row.new.study_number, row.line)
        if first != row.line:
            messages.append(f"{row.new.study_number!r} stands in line {first} already.")
        faults += [FileFault(row.line, message) for message in messages]
    if faults:
        raise ImportRefused(faults)


def import_participants(
    session: Session, context: Context, runtime: Runtime, rows: Sequence[ImportRow]
) -> None:
    """Add every row's participant; the caller commits once.

    Raises:
        ImportRefused: as `check_import`; nothing was added.
    """
    check_import(session, runtime, rows)
    for row in rows:
        add_participant(session, context, runtime, row.new)


def _decode(content: bytes) -> str:
    if len(content) > LARGEST_FILE:
        message = f"The file is larger than {LARGEST_FILE // 1_000_000} MB: this is no list of participants."
        raise ImportRefused([FileFault(0, message)])
    if not content.strip():
        raise ImportRefused([FileFault(0, f"The file is empty: {_HEADER_EXPECTED}.")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = 'This is not UTF-8. In Excel, choose "Save as", then the type "CSV UTF-8".'
        raise ImportRefused([FileFault(line, message)]) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        message = 'There is a NUL character. Save the file as "CSV UTF-8" and look at this line.'
        raise ImportRefused([FileFault(line, message)])
    return text


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record that holds something, with the line that it begins on; a quoted cell may span lines."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins_on = 1
    try:
        for record in reader:
            cells = _without_empty_end([cell.strip() for cell in record])
            if cells:
                yield begins_on, cells
            begins_on = reader.line_num + 1
    except csv.Error as error:
        message = f"The quotation marks do not close as they should ({error})."
        raise ImportRefused([FileFault(begins_on, message)]) from error


def _without_empty_end(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _read_header(line: int, names: Sequence[str]) -> tuple[str, ...]:
    columns = tuple(name.lower() for name in names)
    unknown = [name for name in names if name.lower() not in COLUMNS]
    missing = [name for name in REQUIRED_COLUMNS if name not in columns]
    messages = [f"Unknown column {name!r}: {_HEADER_EXPECTED}." for name in unknown]
    messages += [f"The column {name!r} is missing: {_HEADER_EXPECTED}." for name in missing]
    messages += [f"The column {name!r} stands here twice." for name in COLUMNS if columns.count(name) > 1]
    if messages:
        raise ImportRefused([FileFault(line, message) for message in messages])
    return columns


def _new_participant(values: dict[str, str]) -> NewParticipant:
    return NewParticipant(
        study_number=values.get("id", ""),
        site=values.get("site", ""),
        language=values.get("language", ""),
        email=values.get("email", ""),
        phone=values.get("phone", ""),
        day0=values.get("day0", ""),
    )
