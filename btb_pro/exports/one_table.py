"""One table of a data set in a stream: as CSV, byte for byte what the export's file holds, or as NDJSON."""

import json
from collections.abc import Callable, Iterator, Sequence

from btb_pro.exports.codebook import codebook_rows
from btb_pro.exports.csv_files import csv_line
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.format_names import Table, TableFormat
from btb_pro.exports.sheets import table_headers
from btb_pro.exports.tables import TableStyle, TextRow, history_row, long_rows, score_rows, wide_row
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
    if table is Table.HISTORY:
        for record in dataset.history():
            yield history_row(record, names)
    elif table is Table.CODEBOOK:
        yield from codebook_rows(dataset.study, variables, options.codebook, names)
    else:
        by_field = variables.by_field()
        for visit in dataset.visits():
            if table is Table.WIDE:
                yield wide_row(visit, variables, names)
            elif table is Table.LONG:
                yield from long_rows(visit, by_field, names)
            else:
                yield from score_rows(visit, names)


def _json_line(header: TextRow, row: Sequence[str]) -> bytes:
    cells = dict(zip(header, row, strict=True))
    return (json.dumps(cells, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
