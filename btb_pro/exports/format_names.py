"""What tables and formats are called, for whoever speaks of one and writes none."""

from enum import StrEnum


class ExportFormat(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    CSV_EXCEL = "csv-excel"
    XLSX = "xlsx"
    REDCAP = "redcap"
    ODM = "odm"
    ODM_TRANSACTIONAL = "odm-transactional"
    FHIR = "fhir"
    SPSS = "spss"
    STATA = "stata"


class Table(StrEnum):
    """Which table."""

    VISITS = "visits"
    RESPONSES = "responses"
    WIDE = "wide"
    LONG = "long"
    HISTORY = "history"
    SCORES = "scores"
    SCORE_HISTORY = "score_history"
    CORRECTIONS = "corrections"
    LATE_SAVES = "late_saves"
    CODEBOOK = "codebook"


class TableFormat(StrEnum):
    """How its rows are written."""

    CSV = "csv"
    NDJSON = "ndjson"
    """One JSON object a line, column to text: the cells of the CSV file."""
