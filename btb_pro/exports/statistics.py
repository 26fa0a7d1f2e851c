"""The wide table for SPSS and Stata, with labels, value labels and declared missing values.

The whole table is in memory meanwhile: about ten times the size of wide.csv. A text has no room for a missing
code, so each text has a companion `<field>_st` that says what kind of answer it is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from btb_pro.exports.codebook import (
    choice_labels,
    count_label,
    key_codes,
    key_label,
    score_label,
    variable_label,
)
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.extras import extra_library
from btb_pro.exports.files import WrittenFile, settled_file
from btb_pro.exports.names import state_code
from btb_pro.exports.records import FieldRecord, VisitRecord
from btb_pro.exports.variables import WIDE_KEYS, FieldVariable
from btb_pro.exports.writing import CannotBeWritten, WriteOptions
from btb_pro.instruments.answers import MISSING_CODES, ItemState
from btb_pro.instruments.model import FieldKind

SPSS_FILE, STATA_FILE = "wide.sav", "wide.dta"
_LONGEST_SPSS_TEXT, _LONGEST_STATA_TEXT = 32_767, 2_045
"""In bytes of UTF-8."""
_EXACT = 2**53
"""A greater whole number has no place of its own among the numbers of SPSS."""

_STATE_WORDS: Mapping[str, Mapping[ItemState, str]] = {
    "nb": {
        ItemState.ANSWERED: "besvart",
        ItemState.LEFT_BLANK: "ikke besvart",
        ItemState.DECLINED: "vil ikke svare",
        ItemState.NOT_REACHED: "ikke vist",
        ItemState.NOT_APPLICABLE: "ikke aktuelt",
    },
    "en": {
        ItemState.ANSWERED: "answered",
        ItemState.LEFT_BLANK: "left blank",
        ItemState.DECLINED: "prefers not to answer",
        ItemState.NOT_REACHED: "not reached",
        ItemState.NOT_APPLICABLE: "not applicable",
    },
}
_KIND_OF_ANSWER: Mapping[str, str] = {"nb": "hva slags svar", "en": "kind of answer"}
_STATA_CODES: Mapping[ItemState, str] = {
    ItemState.LEFT_BLANK: "a",
    ItemState.DECLINED: "b",
    ItemState.NOT_REACHED: "c",
    ItemState.NOT_APPLICABLE: "d",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(slots=True)
class _Column:
    """One column in the making."""

    name: str
    label: str
    is_text: bool
    cell: Callable[[VisitRecord], object]
    values: Mapping[Any, str] = field(default_factory=dict)
    """Code to what it means."""
    has_missing: bool = False
    is_time: bool = False
    cells: list[object] = field(default_factory=list)


def write_spss(dataset: Dataset, folder: Path, options: WriteOptions) -> tuple[WrittenFile, ...]:
    """Write wide.sav; -9 to -6 are declared missing.

    Raises:
        OSError: the folder cannot be written, or is full.
        CannotBeWritten: pyreadstat is not installed, or a text is longer than SPSS takes.
    """
    pyreadstat, pandas = _libraries()
    columns = _filled(dataset, options.labels, lambda state: float(MISSING_CODES[state]), _LONGEST_SPSS_TEXT)
    missing = {one.name: [{"lo": -9, "hi": -6}] for one in columns if one.has_missing}
    path = folder / SPSS_FILE
    with _written(path):
        pyreadstat.write_sav(
            _frame(pandas, columns),
            f"{path}",
            file_label=dataset.study.name[options.labels][:64],
            column_labels={one.name: one.label for one in columns},
            variable_value_labels={one.name: dict(one.values) for one in columns if one.values},
            missing_ranges=missing,
            variable_measure={one.name: "nominal" if one.values else "unknown" for one in columns},
            variable_format={one.name: "DATETIME23.3" for one in columns if one.is_time},
        )
    _stamp_spss(path, dataset.cutoff.at)
    return (settled_file(path, len(columns[0].cells)),)


def write_stata(dataset: Dataset, folder: Path, options: WriteOptions) -> tuple[WrittenFile, ...]:
    """Write wide.dta; .a to .d are left blank, declined, not reached and not applicable.

    Raises:
        OSError: the folder cannot be written, or is full.
        CannotBeWritten: pyreadstat is not installed, or a text is longer than Stata takes.
    """
    pyreadstat, pandas = _libraries()
    columns = _filled(dataset, options.labels, _STATA_CODES.__getitem__, _LONGEST_STATA_TEXT)
    missing = {one.name: sorted(_STATA_CODES.values()) for one in columns if one.has_missing}
    labels = {one.name: dict(one.values) for one in columns if one.values and not one.is_text}
    path = folder / STATA_FILE
    with _written(path):
        pyreadstat.write_dta(
            _frame(pandas, columns),
            f"{path}",
            file_label=dataset.study.name[options.labels][:80],
            column_labels={one.name: one.label[:80] for one in columns},
            variable_value_labels=labels,
            missing_user_values=missing,
            variable_format={one.name: "%tc" for one in columns if one.is_time},
        )
    _stamp_stata(path, dataset.cutoff.at)
    return (settled_file(path, len(columns[0].cells)),)


class _written:
    """Turns the library's own fault at writing into the system's."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # By name, since the library may not be installed.
        if type(error).__name__ in ("ReadstatError", "PyreadstatError"):
            raise OSError(f"{error}") from error


def _libraries() -> tuple[Any, Any]:
    return extra_library("pyreadstat", "statistics"), extra_library("pandas", "statistics")


def _filled(
    dataset: Dataset, language: str, missing: Callable[[ItemState], object], longest: int
) -> list[_Column]:
    columns = list(_columns(dataset, language, missing))
    for visit in dataset.visits():
        for column in columns:
            cell = column.cell(visit)
            if isinstance(cell, str) and column.is_text and len(cell.encode()) > longest:
                raise CannotBeWritten(
                    f"A text in {column.name} is longer than the {longest} bytes that this format takes: "
                    "take the export as csv."
                )
            if isinstance(cell, int) and abs(cell) > _EXACT:
                raise CannotBeWritten(
                    f"A number in {column.name} has more digits than this format keeps: take it as csv."
                )
            column.cells.append(cell)
    return columns


def _columns(dataset: Dataset, language: str, missing: Callable[[ItemState], object]) -> Iterator[_Column]:
    for key in WIDE_KEYS:
        is_time = key.endswith("_at")
        codes = key_codes(key, dataset.study, language)
        yield _Column(
            key, key_label(key, language), not is_time, _key_cell(key), dict(codes.items()), is_time=is_time
        )
    states: set[str] = set()
    for variable in dataset.variables.fields:
        yield _field_column(variable, language, missing)
        if variable.field.kind is FieldKind.TEXT and variable.field.code not in states:
            states.add(variable.field.code)
            yield _state_column(variable, language)
    for score in dataset.variables.scores:
        yield _Column(score.code, score_label(score, language), False, _score_cell(score.code))
        yield _Column(f"{score.code}_n", count_label(score, language), False, _count_cell(score.code))


def _key_cell(key: str) -> Callable[[VisitRecord], object]:
    def cell(visit: VisitRecord) -> object:
        value = getattr(visit, key)
        # Times have no zone there: UTC.
        return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value

    return cell


def _field_column(variable: FieldVariable, language: str, missing: Callable[[ItemState], object]) -> _Column:
    codes = choice_labels(variable, language)
    is_numeric = variable.field.kind is FieldKind.INTEGER or all(_is_number(code) for code in codes)
    is_text = variable.field.kind is FieldKind.TEXT or not is_numeric
    values: dict[object, str] = {float(code) if not is_text else code: label for code, label in codes.items()}
    if not is_text:
        values |= {missing(state): _STATE_WORDS[language][state] for state in MISSING_CODES}

    def cell(visit: VisitRecord) -> object:
        record: FieldRecord | None = visit.fields.get(variable.field.code)
        if record is None:
            return "" if is_text else None
        if record.state is not ItemState.ANSWERED:
            return "" if is_text else missing(record.state)
        value = variable.value(record) or ""
        return value if is_text else int(value)

    label = variable_label(variable, language)
    return _Column(variable.code, label, is_text, cell, values, has_missing=not is_text)


def _state_column(variable: FieldVariable, language: str) -> _Column:
    def cell(visit: VisitRecord) -> object:
        record = visit.fields.get(variable.field.code)
        return None if record is None else MISSING_CODES.get(record.state, 0)

    values: dict[object, str] = {
        float(MISSING_CODES.get(state, 0)): word for state, word in _STATE_WORDS[language].items()
    }
    label = f"{variable_label(variable, language)} [{_KIND_OF_ANSWER[language]}]"
    return _Column(state_code(variable.field.code), label, False, cell, values)


def _score_cell(code: str) -> Callable[[VisitRecord], object]:
    def cell(visit: VisitRecord) -> object:
        score = visit.scores.get(code)
        return None if score is None or score.value is None else float(score.value)

    return cell


def _count_cell(code: str) -> Callable[[VisitRecord], object]:
    def cell(visit: VisitRecord) -> object:
        score = visit.scores.get(code)
        return None if score is None else score.n_answered

    return cell


def _is_number(code: str) -> bool:
    return code.isascii() and code.isdigit()


def _frame(pandas: Any, columns: Sequence[_Column]) -> Any:
    series = {}
    for one in columns:
        if one.is_time:
            series[one.name] = pandas.Series(pandas.to_datetime(one.cells), dtype="datetime64[ms]")
        elif one.is_text or any(isinstance(cell, str) for cell in one.cells):
            cells = one.cells if one.is_text else [c if isinstance(c, str) else _float(c) for c in one.cells]
            series[one.name] = pandas.Series(cells, dtype="object")
        else:
            series[one.name] = pandas.Series([_float(cell) for cell in one.cells], dtype="float64")
    return pandas.DataFrame(series)


def _float(cell: object) -> float:
    return float("nan") if cell is None else float(cell)  # type: ignore[arg-type] # Cells here are numbers.


def _stamp_spss(path: Path, at: datetime) -> None:
    """The header's creation date and time: `dd mmm yy` at byte 92, `hh:mm:ss` at byte 101."""
    moment = at.astimezone(UTC)
    stamp = f"{moment:%d} {_MONTHS[moment.month - 1]} {moment:%y}{moment:%H:%M:%S}"
    with open(path, "r+b") as file:
        file.seek(92)
        file.write(stamp.encode("ascii"))


def _stamp_stata(path: Path, at: datetime) -> None:
    """The header's `<timestamp>`: a byte with its length, then `dd Mon yyyy hh:mm`."""
    moment = at.astimezone(UTC)
    stamp = f"{moment:%d} {_MONTHS[moment.month - 1]} {moment:%Y %H:%M}".encode("ascii")
    with open(path, "r+b") as file:
        head = file.read(4096)
        begin = head.index(b"<timestamp>") + len(b"<timestamp>")
        if head[begin] != len(stamp):
            raise CannotBeWritten("This version of pyreadstat writes another header: install pyreadstat 1.3.")
        file.seek(begin + 1)
        file.write(stamp)
