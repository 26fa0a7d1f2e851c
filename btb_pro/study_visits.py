"""The visits of the study file: their windows, and what each asks. `docs/study-file.md` explains the keys."""

from collections.abc import Collection, Mapping, Sequence

from btb_pro.i18n import LANGUAGES
from btb_pro.instruments.model import Instrument
from btb_pro.study import Visit, VisitPart
from btb_pro.study_values import hint, listed, read_code, read_texts, refuse_twice, refuse_unknown_keys
from btb_pro.toml_lines import Table

VISIT_KEYS = (
    "code", "title", "day", "opens", "closes", "link_expires_after", "reminder_days", "minutes",
    "instruments",
)  # fmt: skip

_FARTHEST_DAY = 3650


def read_visits(
    document: Table, languages: Collection[str], instruments: Mapping[str, Instrument]
) -> tuple[Visit, ...]:
    """Every ``[[visit]]``, in the order of their days. Mistakes are noted in the document."""
    tables = document.tables("visit")
    visits = [_visit(table, languages, instruments) for table in tables]
    refuse_twice("visit", tables, [visit.code for visit in visits])
    latest = None
    for table, visit in zip(tables, visits, strict=True):
        if not table.is_sound("day"):
            continue
        if latest is not None and visit.day < latest.day:
            sentence = f'day = {visit.day} comes after "{latest.code}" with day = {latest.day}.'
            table.note(f"{sentence} Expected the visits in the order of their days.", "day")
        latest = visit
    return tuple(visits)


def _visit(table: Table, languages: Collection[str], instruments: Mapping[str, Instrument]) -> Visit:
    refuse_unknown_keys(table, VISIT_KEYS)
    parts = _parts(table, languages, instruments)
    visit = Visit(
        code=read_code(table),
        title=read_texts(table, "title", languages),
        day=table.whole_number("day", -_FARTHEST_DAY, _FARTHEST_DAY),
        opens=table.whole_number("opens", -_FARTHEST_DAY, _FARTHEST_DAY),
        closes=table.whole_number("closes", -_FARTHEST_DAY, _FARTHEST_DAY),
        link_expires_after=table.whole_number("link_expires_after", -_FARTHEST_DAY, _FARTHEST_DAY),
        reminder_days=tuple(table.whole_numbers("reminder_days", "a list of days such as [-7, -2]").values()),
        minutes=table.whole_number("minutes", 1, 240, default=None if parts else 0),
        parts=parts,
    )
    _check_window(table, visit)
    return visit


def _check_window(table: Table, visit: Visit) -> None:
    if table.is_sound("opens", "closes") and visit.closes < visit.opens:
        sentence = f"The window ends before it begins: closes = {visit.closes}, opens = {visit.opens}."
        table.note(f"{sentence} Expected closes to be {visit.opens} or later.", "closes")
    if table.is_sound("closes", "link_expires_after") and visit.link_expires_after < visit.closes:
        sentence = f"The link expires after day {visit.link_expires_after}, before the window closes."
        table.note(f"{sentence} Expected {visit.closes} or later.", "link_expires_after")
    if not table.is_sound("opens", "closes", "link_expires_after", "reminder_days"):
        return
    for position, day in enumerate(visit.reminder_days):
        if not visit.opens <= day <= visit.link_expires_after:
            sentence = f"No link works on reminder day {day}."
            expected = f"a day from {visit.opens} (opens) to {visit.link_expires_after} (link_expires_after)"
            table.note(f"{sentence} Expected {expected}.", "reminder_days", position)
        elif position and day <= visit.reminder_days[position - 1]:
            sentence = f"Reminder day {day} is not later than the one before it."
            table.note(f"{sentence} Expected each day once, in order.", "reminder_days", position)


def _parts(
    table: Table, languages: Collection[str], instruments: Mapping[str, Instrument]
) -> tuple[VisitPart, ...]:
    expected = 'a list of instruments such as ["hscl25", "pain/intensity"], or [] when nothing is asked'
    parts: list[VisitPart] = []
    for position, entry in table.texts("instruments", expected).items():
        code, slash, section = entry.partition("/")
        part = VisitPart(code, section if slash else None)
        if sentence := _why_refused(part, parts, languages, instruments):
            table.note(sentence, "instruments", position)
        parts.append(part)
    return tuple(parts)


def _why_refused(
    part: VisitPart,
    earlier: Sequence[VisitPart],
    languages: Collection[str],
    instruments: Mapping[str, Instrument],
) -> str:
    if part.instrument not in instruments:
        return f'Unknown instrument "{part.instrument}". {hint(part.instrument, instruments)}'
    instrument = instruments[part.instrument]
    sections = [section.code for section in instrument.sections]
    if part.section is not None and part.section not in sections:
        return f'{part.instrument} has no section "{part.section}". {hint(part.section, sections)}'
    for other in earlier:
        if other.instrument == part.instrument and (None in (other.section, part.section) or other == part):
            return f'"{part}" asks again what "{other}" asks. Expected each question once in a visit.'
    missing = [code for code in languages if code in LANGUAGES and code not in instrument.languages]
    if missing:
        return (
            f"{part.instrument} has no wording in {listed(missing)}."
            f" Expected one in each of the study's languages; it has {listed(instrument.languages)}."
        )
    return ""
