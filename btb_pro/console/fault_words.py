"""What is wrong with what was said of a participant, or with a file of them, as a sentence for the reader."""

from collections.abc import Callable, Mapping

from flask_babel import gettext

from btb_pro.services.participant_faults import Fault, FaultCode


def fault_text(fault: Fault) -> str:
    """What is wrong and what is expected."""
    expected = ", ".join(fault.expected)
    return str(_SENTENCES[fault.code](fault.given, expected))


_SENTENCES: Mapping[FaultCode, Callable[[str, str], str]] = {
    FaultCode.STUDY_NUMBER_ILLEGAL: lambda given, expected: gettext(
        "A study number has 1 to 26 letters a to z, digits, hyphens or underscores, and begins and ends with "
        "a letter or digit."
    ),
    FaultCode.STUDY_NUMBER_PERSONAL: lambda given, expected: gettext(
        "Eight digits or more in a row look like a phone or birth number. A study number must not tell who "
        "somebody is."
    ),
    FaultCode.STUDY_NUMBER_TAKEN: lambda given, expected: gettext(
        "There is a participant %(number)s already.", number=given
    ),
    FaultCode.STUDY_NUMBER_TWICE: lambda given, expected: gettext(
        "%(number)s stands in row %(row)s already.", number=given, row=expected
    ),
    FaultCode.SITE_UNKNOWN: lambda given, expected: gettext(
        "Choose a hospital that you work for: %(codes)s.", codes=expected
    ),
    FaultCode.LANGUAGE_UNKNOWN: lambda given, expected: gettext(
        "Choose a language of the study: %(codes)s.", codes=expected
    ),
    FaultCode.EMAIL_ILLEGAL: lambda given, expected: gettext(
        "Write one e-mail address, like name@hospital.example."
    ),
    FaultCode.EMAIL_HAS_LINE_BREAK: lambda given, expected: gettext(
        "There is a line break in it. Write one e-mail address, on one line."
    ),
    FaultCode.PHONE_ILLEGAL: lambda given, expected: gettext(
        "This is no phone number. Write eight digits, or +47 first."
    ),
    FaultCode.PHONE_UNKNOWN: lambda given, expected: gettext(
        "There is no such phone number. Write eight digits, or +47 first."
    ),
    FaultCode.PHONE_ABROAD: lambda given, expected: gettext(
        "This is a phone number of another country. The study sends to numbers in %(codes)s only.",
        codes=expected,
    ),
    FaultCode.DAY_ILLEGAL: lambda given, expected: gettext("Write the day as 31.01.2026."),
    FaultCode.DAY_FAR: lambda given, expected: gettext(
        "The day lies more than ten years away. Look at the year."
    ),
    FaultCode.FORMULA: lambda given, expected: gettext("The cell holds a formula. Type in what it shows."),
    FaultCode.FILE_EMPTY: lambda given, expected: gettext("The file is empty."),
    FaultCode.FILE_TOO_LARGE: lambda given, expected: gettext(
        "The file is larger than %(size)s MB. This is no list of participants.", size=expected
    ),
    FaultCode.FILE_NOT_READABLE: lambda given, expected: gettext(
        "This is no text. In Excel, choose “Save as”, then the type “CSV UTF-8”."
    ),
    FaultCode.FILE_HAS_NUL: lambda given, expected: gettext(
        "There is a sign in it that belongs in no text. In Excel, choose “Save as”, then the type "
        "“CSV UTF-8”."
    ),
    FaultCode.FILE_WITHOUT_ROWS: lambda given, expected: gettext(
        "There are no participants below the first row."
    ),
    FaultCode.FILE_TOO_MANY_ROWS: lambda given, expected: gettext(
        "There are more than %(count)s participants in the file. Divide it.", count=expected
    ),
    FaultCode.QUOTES_OPEN: lambda given, expected: gettext(
        "The quotation marks do not close as they should."
    ),
    FaultCode.CELLS_WITHOUT_COLUMN: lambda given, expected: gettext(
        "The row has %(cells)s cells, but the first row names %(columns)s columns.",
        cells=given,
        columns=expected,
    ),
    FaultCode.COLUMN_UNKNOWN: lambda given, expected: gettext(
        "The column “%(name)s” is unknown. The first row names columns out of %(columns)s.",
        name=given,
        columns=expected,
    ),
    FaultCode.COLUMN_MISSING: lambda given, expected: gettext(
        "The column “%(name)s” is missing. The first row names columns out of %(columns)s.",
        name=given,
        columns=expected,
    ),
    FaultCode.COLUMN_TWICE: lambda given, expected: gettext(
        "The column “%(name)s” is there twice.", name=given
    ),
    FaultCode.WORKBOOK_OLD: lambda given, expected: gettext(
        "The workbook is of an old kind, or has a password. Save it as .xlsx without a password, or as CSV "
        "UTF-8."
    ),
    FaultCode.WORKBOOK_BROKEN: lambda given, expected: gettext(
        "The workbook cannot be read. Save it anew as .xlsx or as CSV UTF-8."
    ),
    FaultCode.WORKBOOK_HAS_MACROS: lambda given, expected: gettext(
        "The workbook holds macros. Save it as .xlsx without them."
    ),
    FaultCode.WORKBOOK_TOO_LARGE: lambda given, expected: gettext(
        "The workbook unpacks to far more than a list of participants."
    ),
    FaultCode.WORKBOOK_HAS_SHEETS: lambda given, expected: gettext(
        "More than one sheet holds something. Leave the list alone in the file."
    ),
}
