"""One table of a data set in a stream: as CSV, byte for byte what the export's file holds, or as NDJSON."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from btb_pro.exports.codebook import codebook_rows
from btb_pro.exports.csv_files import csv_line
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.format_names import Table, TableFormat
from btb_pro.exports.sheets import table_headers
from btb_pro.exports.tables import (
    TableStyle,
    TextRow,
    correction_row,
    history_row,
    late_save_row,
    long_rows,
    score_history_row,
    score_rows,
    wide_row,
)
from btb_pro.exports.visit_tables import planned_row, response_rows
from btb_pro.exports.writing import WriteOptions


def write_table(
    dataset: Dataset,
    table: Table,
    style: TableFormat,
    options: WriteOptions,
    write: Callable[[bytes], object],
) -> int:
    """Hand a table over line by line; how many rows it has, without the header."""
    names = TableStyle(options.names)
    header = table_headers(dataset, options, names)[table.value]
    if style is TableFormat.CSV:
        write(csv_line(header))
    rows = 0
    for row in _rows(dataset, table, options, names):
        write(csv_line(row) if style is TableFormat.CSV else _json_line(header, row))
        rows += 1
    return rows


def _rows(
    dataset: Dataset, table: Table, options: WriteOptions, names: TableStyle
) -> Iterator[Sequence[str]]:
    variables = dataset.variables
    by_field = variables.by_field()
    of_all: Mapping[Table, Callable[[], Iterator[Sequence[str]]]] = {
        Table.VISITS: lambda: (planned_row(one, names) for one in dataset.planned_visits()),
        Table.HISTORY: lambda: (history_row(one, names) for one in dataset.history()),
        Table.SCORE_HISTORY: lambda: (score_history_row(one, names) for one in dataset.score_history()),
        Table.CORRECTIONS: lambda: (correction_row(one, names) for one in dataset.corrections()),
        Table.LATE_SAVES: lambda: (late_save_row(one, names) for one in dataset.late_saves()),
        Table.CODEBOOK: lambda: codebook_rows(dataset.study, variables, options.codebook, names),
    }
    if table in of_all:
        yield from of_all[table]()
        return
    for visit in dataset.visits():
        if table is Table.RESPONSES:
            yield from response_rows(visit, names)
        elif table is Table.WIDE:
            yield wide_row(visit, variables, names)
        elif table is Table.LONG:
            yield from long_rows(visit, by_field, names)
        else:
            yield from score_rows(visit, names)


def _json_line(header: TextRow, row: Sequence[str]) -> bytes:
    cells = dict(zip(header, row, strict=True))
    return (json.dumps(cells, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
