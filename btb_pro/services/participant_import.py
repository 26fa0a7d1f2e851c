"""Adding many participants from a file: all of them, or none and every fault named by its line."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.participant import Participant
from btb_pro.services.audit import Context
from btb_pro.services.participant_checks import NewParticipant, find_faults_of_form
from btb_pro.services.participant_faults import Fault, FaultCode
from btb_pro.services.participant_tables import FileFault, ImportRefused, RawRow, read_rows
from btb_pro.services.participants import add_sound_participants
from btb_pro.services.runtime import Runtime

COLUMNS = ("id", "site", "language", "email", "phone", "day0")
REQUIRED_COLUMNS = ("id", "site")


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A participant as the file gives one, and the line that the row begins on."""

    line: int
    new: NewParticipant


def read_participants(content: bytes) -> tuple[ImportRow, ...]:
    """The participants of a CSV file or an .xlsx workbook's first sheet.

    The first line names the columns, in any order; cells are stripped of the space around them, and rows
    whose cells are all empty are passed over, since spreadsheets write them.

    Raises:
        ImportRefused: it is no such file, too large, or has cells without a column or with a formula.
    """
    if not content.strip():
        raise ImportRefused([FileFault(0, Fault(FaultCode.FILE_EMPTY, expected=COLUMNS))])
    records = read_rows(content)
    header = next(records, RawRow(0, ()))
    columns = _read_header(header)
    rows: list[ImportRow] = []
    faults: list[FileFault] = []
    for record in records:
        wrong = _faults_of_row(record, columns)
        faults += [FileFault(record.line, fault) for fault in wrong]
        if not wrong:
            values = dict(zip(columns, record.cells, strict=False))
            rows.append(ImportRow(record.line, _new_participant(values)))
    if faults:
        raise ImportRefused(faults)
    if not rows:
        raise ImportRefused([FileFault(0, Fault(FaultCode.FILE_WITHOUT_ROWS))])
    return tuple(rows)


def check_import(
    session: Session, runtime: Runtime, rows: Sequence[ImportRow], sites: Collection[str] | None = None
) -> None:
    """Pass when every row can be added as the database stands now. Reads only.

    `sites` are the codes that whoever imports may add to; None for all.

    Raises:
        ImportRefused: with every fault of every row, a study number that the file has twice included.
    """
    faults = []
    taken = set(session.execute(select(Participant.study_number)).scalars())
    first_lines: dict[str, int] = {}
    for row in rows:
        number = row.new.study_number
        wrong = find_faults_of_form(runtime.study, row.new, sites)
        if number in taken:
            wrong.append(Fault(FaultCode.STUDY_NUMBER_TAKEN, "id", number))
        first = first_lines.setdefault(number, row.line)
        if first != row.line:
            wrong.append(Fault(FaultCode.STUDY_NUMBER_TWICE, "id", number, (f"{first}",)))
        faults += [FileFault(row.line, fault) for fault in wrong]
    if faults:
        raise ImportRefused(faults)


def import_participants(
    session: Session,
    context: Context,
    runtime: Runtime,
    rows: Sequence[ImportRow],
    sites: Collection[str] | None = None,
) -> None:
    """Add every row's participant; the caller commits once.

    Raises:
        ImportRefused: as `check_import`; nothing was added.
    """
    check_import(session, runtime, rows, sites)
    add_sound_participants(session, context, runtime, [row.new for row in rows])


def _read_header(header: RawRow) -> tuple[str, ...]:
    columns = tuple(name.lower() for name in header.cells)
    wrong = [Fault(FaultCode.FORMULA) for _ in header.formulas]
    wrong += [
        Fault(FaultCode.COLUMN_UNKNOWN, given=name, expected=COLUMNS)
        for name in header.cells
        if name.lower() not in COLUMNS
    ]
    wrong += [
        Fault(FaultCode.COLUMN_MISSING, given=name, expected=COLUMNS)
        for name in REQUIRED_COLUMNS
        if name not in columns
    ]
    wrong += [Fault(FaultCode.COLUMN_TWICE, given=name) for name in COLUMNS if columns.count(name) > 1]
    if wrong:
        raise ImportRefused([FileFault(header.line, fault) for fault in wrong])
    return columns


def _faults_of_row(record: RawRow, columns: Sequence[str]) -> list[Fault]:
    if len(record.cells) > len(columns):
        return [Fault(FaultCode.CELLS_WITHOUT_COLUMN, "", f"{len(record.cells)}", (f"{len(columns)}",))]
    return [Fault(FaultCode.FORMULA, columns[at]) for at in sorted(record.formulas)]


def _new_participant(values: dict[str, str]) -> NewParticipant:
    return NewParticipant(
        study_number=values.get("id", ""),
        site=values.get("site", ""),
        language=values.get("language", ""),
        email=values.get("email", ""),
        phone=values.get("phone", ""),
        day0=values.get("day0", ""),
    )
