"""A data set as CSV files: UTF-8 without a mark, RFC 4180 quoting, line ends LF, no cell altered."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from btb_pro.exports.codebook import codebook_header, codebook_rows
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.tables import (
    HISTORY_HEADER,
    LONG_HEADER,
    SCORES_HEADER,
    history_row,
    long_rows,
    score_rows,
    wide_header,
    wide_row,
)

_LINE_ENDS_AND_QUOTES = frozenset('"\r\n')
_NEEDS_QUOTES = _LINE_ENDS_AND_QUOTES | {","}


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that lies on the disk: its name, its rows without the header, the SHA-256 of its bytes."""

    name: str
    rows: int
    sha256: str


def csv_line(cells: Sequence[str]) -> bytes:
    """One record in UTF-8 with its line end.

    The csv module's writer is not used: from one Python version to the next it differs in whether a lone CR
    is quoted, and the same cut-off must give the same bytes.
    """
    line = ",".join(cells)
    if line.count(",") >= len(cells) or not _LINE_ENDS_AND_QUOTES.isdisjoint(line):
        line = ",".join(map(_cell, cells))
    return f"{line}\n".encode()


def write_csv_files(dataset: Dataset, folder: Path) -> tuple[WrittenFile, ...]:
    """Write wide, long, history, scores and code book into a folder, in one pass over the visits and one over
    the history.

    Raises:
        OSError: the folder cannot be written, or is full.
    """
    variables = dataset.variables
    by_field = variables.by_field()
    with ExitStack() as stack:
        wide, long, history, scores, codebook = (
            stack.enter_context(_new_table(folder / name, header))
            for name, header in (
                ("wide.csv", wide_header(variables)),
                ("long.csv", LONG_HEADER),
                ("history.csv", HISTORY_HEADER),
                ("scores.csv", SCORES_HEADER),
                ("codebook.csv", codebook_header()),
            )
        )
        for visit in dataset.visits():
            wide.add(wide_row(visit, variables))
            for row in long_rows(visit, by_field):
                long.add(row)
            for row in score_rows(visit):
                scores.add(row)
        for record in dataset.history():
            history.add(history_row(record))
        for row in codebook_rows(dataset.study, variables):
            codebook.add(row)
        return tuple(table.finish() for table in (wide, long, history, scores, codebook))


def write_file(path: Path, content: bytes) -> None:
    """Write one whole file, readable by its owner alone, and wait until the disk has it.

    Raises:
        OSError: it cannot be written.
    """
    with open(path, "xb", opener=_private) as file:
        file.write(content)
        _wait_for_disk(file)


class _Table:
    """A CSV file in the making."""

    def __init__(self, path: Path, file: BinaryIO, header: Sequence[str]) -> None:
        self._name = path.name
        self._file = file
        self._digest = hashlib.sha256()
        self._rows = -1
        self.add(header)

    def add(self, cells: Sequence[str]) -> None:
        line = csv_line(cells)
        self._digest.update(line)
        self._file.write(line)
        self._rows += 1

    def finish(self) -> WrittenFile:
        _wait_for_disk(self._file)
        return WrittenFile(self._name, self._rows, self._digest.hexdigest())


@contextmanager
def _new_table(path: Path, header: Sequence[str]) -> Iterator[_Table]:
    with open(path, "xb", opener=_private) as file:
        yield _Table(path, file, header)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _wait_for_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _cell(text: str) -> str:
    if _NEEDS_QUOTES.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'
