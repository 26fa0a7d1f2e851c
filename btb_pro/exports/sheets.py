"""The tables that a person or a program reads, whatever they are written into."""

from collections.abc import Callable, Mapping, Sequence

from btb_pro.exports.codebook import codebook_header, codebook_rows
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.tables import (
    CORRECTIONS_HEADER,
    HISTORY_HEADER,
    LATE_SAVES_HEADER,
    LONG_HEADER,
    SCORE_HISTORY_HEADER,
    SCORES_HEADER,
    TableStyle,
    TextRow,
    correction_row,
    history_row,
    late_save_row,
    long_rows,
    score_history_row,
    score_rows,
    wide_header,
    wide_row,
)
from btb_pro.exports.visit_tables import RESPONSES_HEADER, VISITS_HEADER, planned_row, response_rows
from btb_pro.exports.writing import WriteOptions

AddRow = Callable[[Sequence[str]], None]


def table_headers(dataset: Dataset, options: WriteOptions, style: TableStyle) -> Mapping[str, TextRow]:
    """Each table's columns, in the order in which the tables stand."""
    return {
        "visits": list(VISITS_HEADER),
        "responses": list(RESPONSES_HEADER),
        "wide": wide_header(dataset.variables, style),
        "long": list(LONG_HEADER),
        "history": list(HISTORY_HEADER),
        "scores": list(SCORES_HEADER),
        "score_history": list(SCORE_HISTORY_HEADER),
        "corrections": list(CORRECTIONS_HEADER),
        "late_saves": list(LATE_SAVES_HEADER),
        "codebook": codebook_header(options.codebook, style),
    }


def fill_tables(
    dataset: Dataset, options: WriteOptions, style: TableStyle, add: Mapping[str, AddRow]
) -> None:
    """Hand every row to its table, in one pass over the visits and one over the history."""
    variables = dataset.variables
    by_field = variables.by_field()
    for planned in dataset.planned_visits():
        add["visits"](planned_row(planned, style))
        if not (planned.is_begun and planned.is_new):
            continue
        visit = planned.record
        for row in response_rows(visit, style):
            add["responses"](row)
        add["wide"](wide_row(visit, variables, style))
        for row in long_rows(visit, by_field, style):
            add["long"](row)
        for row in score_rows(visit, style):
            add["scores"](row)
    for record in dataset.history():
        add["history"](history_row(record, style))
    for version in dataset.score_history():
        add["score_history"](score_history_row(version, style))
    for correction in dataset.corrections():
        add["corrections"](correction_row(correction, style))
    for late in dataset.late_saves():
        add["late_saves"](late_save_row(late, style))
    for row in codebook_rows(dataset.study, variables, options.codebook, style):
        add["codebook"](row)
