"""The formats by name."""

from collections.abc import Mapping
from dataclasses import dataclass

from btb_pro.exports.csv_files import write_csv_files, write_excel_csv_files
from btb_pro.exports.fhir import write_fhir_bundle
from btb_pro.exports.format_names import ExportFormat
from btb_pro.exports.names import Target
from btb_pro.exports.odm import write_odm, write_transactional_odm
from btb_pro.exports.redcap import write_redcap_files
from btb_pro.exports.statistics import write_spss, write_stata
from btb_pro.exports.workbook import write_workbook
from btb_pro.exports.writing import Writer

__all__ = ["FORMATS", "ExportFormat", "FormatRules"]


@dataclass(frozen=True, slots=True)
class FormatRules:
    """How a format is written, and whose names it takes."""

    write: Writer
    target: Target = Target.CSV
    takes_mapping: bool = True
    passes: int = 1
    """How often the writer reads the data set through; what says how far it has come."""


FORMATS: Mapping[ExportFormat, FormatRules] = {
    ExportFormat.CSV: FormatRules(write_csv_files, passes=2),
    ExportFormat.CSV_EXCEL: FormatRules(write_excel_csv_files, passes=2),
    ExportFormat.XLSX: FormatRules(write_workbook, passes=2),
    ExportFormat.REDCAP: FormatRules(write_redcap_files, Target.REDCAP),
    ExportFormat.ODM: FormatRules(write_odm, Target.ODM),
    ExportFormat.ODM_TRANSACTIONAL: FormatRules(write_transactional_odm, Target.ODM, passes=2),
    ExportFormat.FHIR: FormatRules(write_fhir_bundle, takes_mapping=False),
    ExportFormat.SPSS: FormatRules(write_spss, takes_mapping=False),
    ExportFormat.STATA: FormatRules(write_stata, takes_mapping=False),
}
