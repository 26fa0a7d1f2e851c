"""What can be wrong with what is said of a participant, or with a file of them: facts, and English sentences.

The command line tells the sentences; the console makes its own from the facts, in the reader's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class FaultCode(StrEnum):
    """What is wrong. `Fault.expected` holds what the comment here names."""

    STUDY_NUMBER_ILLEGAL = "study_number_illegal"
    STUDY_NUMBER_PERSONAL = "study_number_personal"
    STUDY_NUMBER_TAKEN = "study_number_taken"
    STUDY_NUMBER_TWICE = "study_number_twice"
    """Expected: the row that has it first."""
    SITE_UNKNOWN = "site_unknown"
    """Expected: the codes of the sites."""
    LANGUAGE_UNKNOWN = "language_unknown"
    """Expected: the languages."""
    EMAIL_ILLEGAL = "email_illegal"
    EMAIL_HAS_LINE_BREAK = "email_has_line_break"
    PHONE_ILLEGAL = "phone_illegal"
    PHONE_UNKNOWN = "phone_unknown"
    PHONE_ABROAD = "phone_abroad"
    """Expected: the country codes that are taken, ``+47``."""
    DAY_ILLEGAL = "day_illegal"
    DAY_FAR = "day_far"
    FORMULA = "formula"
    """A workbook's cell is computed."""
    FILE_EMPTY = "file_empty"
    FILE_TOO_LARGE = "file_too_large"
    """Expected: bytes."""
    FILE_NOT_READABLE = "file_not_readable"
    FILE_HAS_NUL = "file_has_nul"
    FILE_WITHOUT_ROWS = "file_without_rows"
    FILE_TOO_MANY_ROWS = "file_too_many_rows"
    """Expected: how many rows at most."""
    QUOTES_OPEN = "quotes_open"
    CELLS_WITHOUT_COLUMN = "cells_without_column"
    """Given: how many cells; expected: how many columns."""
    COLUMN_UNKNOWN = "column_unknown"
    """Expected, as for the next two: the columns."""
    COLUMN_MISSING = "column_missing"
    COLUMN_TWICE = "column_twice"
    WORKBOOK_OLD = "workbook_old"
    WORKBOOK_BROKEN = "workbook_broken"
    WORKBOOK_HAS_MACROS = "workbook_has_macros"
    WORKBOOK_TOO_LARGE = "workbook_too_large"
    WORKBOOK_HAS_SHEETS = "workbook_has_sheets"


class RefusalCode(StrEnum):
    """Why a participant cannot be changed."""

    WITHDRAWN = "withdrawn"
    REASON_MISSING = "reason_missing"
    REASON_TOO_LONG = "reason_too_long"
    REASON_PERSONAL = "reason_personal"
    """It holds what looks like an address, a telephone or a birth number."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: in which column, what was given there, and what was expected."""

    code: FaultCode
    column: str = ""
    given: str = ""
    expected: tuple[str, ...] = ()


_HEADER = "expected a first line that names columns out of {expected}"
_SENTENCES: Mapping[FaultCode, str] = {
    FaultCode.STUDY_NUMBER_ILLEGAL: (
        "{given!r} is no study number: use 1 to 26 letters a to z, digits, hyphens or underscores, "
        "beginning and ending with a letter or digit."
    ),
    FaultCode.STUDY_NUMBER_PERSONAL: (
        "{given!r} holds eight digits or more in a row, like a phone or birth number: "
        "a study number must not tell who somebody is."
    ),
    FaultCode.STUDY_NUMBER_TAKEN: "There is a participant {given} already.",
    FaultCode.STUDY_NUMBER_TWICE: "{given!r} stands in line {expected} already.",
    FaultCode.SITE_UNKNOWN: "{given!r} is no site of this study: use one of {expected}.",
    FaultCode.LANGUAGE_UNKNOWN: "{given!r} is no language of this study: use one of {expected}.",
    FaultCode.EMAIL_ILLEGAL: "{given!r} is no e-mail address: write one, like name@hospital.example.",
    FaultCode.EMAIL_HAS_LINE_BREAK: "{given!r} has a line break in it: write one e-mail address on one line.",
    FaultCode.PHONE_ILLEGAL: "{given!r} is no phone number: write eight digits, or +47 first.",
    FaultCode.PHONE_UNKNOWN: "{given!r} is no phone number that exists: write eight digits, or +47 first.",
    FaultCode.PHONE_ABROAD: (
        "{given!r} is a phone number of another country: this study sends to numbers in {expected} only."
    ),
    FaultCode.DAY_ILLEGAL: "{given!r} is no day: write it as 2026-01-31.",
    FaultCode.DAY_FAR: "{given!r} lies more than ten years away: look at the year.",
    FaultCode.FORMULA: "This cell holds a formula: type in what it shows.",
    FaultCode.FILE_EMPTY: f"The file is empty: {_HEADER}.",
    FaultCode.FILE_TOO_LARGE: "The file is larger than {expected} MB: this is no list of participants.",
    FaultCode.FILE_NOT_READABLE: 'This is no text. In Excel, choose "Save as", then the type "CSV UTF-8".',
    FaultCode.FILE_HAS_NUL: ('There is a NUL character. Save the file as "CSV UTF-8" and look at this line.'),
    FaultCode.FILE_WITHOUT_ROWS: "The file has its first line but no participants below it.",
    FaultCode.FILE_TOO_MANY_ROWS: "The file has more than {expected} participants: divide it.",
    FaultCode.QUOTES_OPEN: "The quotation marks do not close as they should ({given}).",
    FaultCode.CELLS_WITHOUT_COLUMN: "{given} cells, but the first line names {expected} columns.",
    FaultCode.COLUMN_UNKNOWN: f"Unknown column {{given!r}}: {_HEADER}.",
    FaultCode.COLUMN_MISSING: f"The column {{given!r}} is missing: {_HEADER}.",
    FaultCode.COLUMN_TWICE: "The column {given!r} stands here twice.",
    FaultCode.WORKBOOK_OLD: (
        "This is a workbook of an old kind, or protected by a password: save it as .xlsx or as CSV UTF-8."
    ),
    FaultCode.WORKBOOK_BROKEN: "This workbook cannot be read: save it anew as .xlsx or as CSV UTF-8.",
    FaultCode.WORKBOOK_HAS_MACROS: "This workbook holds macros: save it as .xlsx without them.",
    FaultCode.WORKBOOK_TOO_LARGE: "This workbook unpacks to far more than a list of participants.",
    FaultCode.WORKBOOK_HAS_SHEETS: "More than one sheet holds something: leave the list alone in the file.",
}


def told(fault: Fault) -> str:
    """The fault as a sentence: what is wrong and what is expected."""
    return _SENTENCES[fault.code].format(given=fault.given, expected=", ".join(fault.expected))
