"""What the formats are called, for whoever speaks of one and writes none."""

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
