"""Words for exports and for long work: formats, states, and what went wrong."""

from flask_babel import format_datetime, format_decimal, gettext

from btb_pro.services.jobs import JobFault, JobState


def format_names() -> dict[str, str]:
    """Every format by its code, as a data manager knows it."""
    return {
        "csv": gettext("CSV, for any program"),
        "csv-excel": gettext("CSV for Norwegian Excel"),
        "xlsx": gettext("Excel workbook (XLSX)"),
        "redcap": "REDCap",
        "odm": gettext("CDISC ODM 1.3.2, Viedoc"),
        "odm-transactional": gettext("CDISC ODM 1.3.2 with every change"),
        "fhir": "FHIR R4",
        "spss": "SPSS",
        "stata": "Stata",
        "bundle": gettext("Bundle: CSV and more in one file, with its proof"),
    }


def format_name(code: str) -> str:
    """The name of a format; what is none of ours, such as what was pushed, by its code."""
    return format_names().get(code, code)


def job_state_phrase(state: str) -> tuple[str, str]:
    """A state in words, and its colour."""
    return {
        JobState.WAITING.value: (gettext("Waiting"), "neutral"),
        JobState.RUNNING.value: (gettext("Under way"), "info"),
        JobState.DONE.value: (gettext("Ready"), "success"),
        JobState.FAILED.value: (gettext("Failed"), "danger"),
        JobState.GIVEN_UP.value: (gettext("Given up"), "neutral"),
    }[state]


def fault_sentence(code: str) -> str:
    """Why work failed, and what to do."""
    sentences: dict[JobFault, str] = {
        JobFault.NOT_ALLOWED: gettext("Your account may not do this any more. Nothing was made."),
        JobFault.REFUSED: gettext("It cannot be made as asked. Nothing was made. The program says:"),
        JobFault.NO_ROOM: gettext(
            "The file could not be written: the disk is full, or the folder cannot be written. "
            "Nothing was left. Tell whoever runs btb_pro."
        ),
        JobFault.DIED: gettext(
            "The process that worked on it was ended three times, perhaps for want of memory. "
            "Nothing was left. Tell whoever runs btb_pro, whose log says more."
        ),
    }
    return sentences[JobFault(code)]


def size_words(size: int) -> str:
    """Bytes as people read them."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        if size >= 1000**power:
            return f"{format_decimal(round(size / 1000**power, 1))} {unit}"
    return f"{format_decimal(size)} B"


def moment(instant: object) -> str:
    """Day and time in Norway."""
    return str(format_datetime(instant, "d. MMM y, HH:mm"))
