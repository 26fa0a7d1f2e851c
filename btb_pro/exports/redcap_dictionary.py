"""REDCap's data dictionary for a study: one row for each field of the records, in REDCap's own 18 columns."""

from collections.abc import Iterator, Mapping, Sequence

from btb_pro.exports.codebook import count_label, score_label
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.names import FORM_FIELDS, Names, form_code, state_code
from btb_pro.exports.variables import ScoreVariable
from btb_pro.exports.writing import WriteOptions
from btb_pro.instruments.answers import ItemState
from btb_pro.instruments.model import Choice, Condition, Field, FieldKind, Instrument, Item, Section, Texts

DICTIONARY_HEADER = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note", "Text Validation Type OR Show Slider Number",
    "Text Validation Min", "Text Validation Max", "Identifier?",
    "Branching Logic (Show field only if...)", "Required Field?", "Custom Alignment",
    "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?", "Field Annotation",
)  # fmt: skip
_NAME, _FORM, _SECTION, _TYPE, _LABEL, _CHOICES, _NOTE, _VALIDATION, _MIN, _MAX = DICTIONARY_HEADER[:10]
_BRANCHING, _ANNOTATION = DICTIONARY_HEADER[11], DICTIONARY_HEADER[17]
_READ_ONLY = "@READONLY @HIDDEN-SURVEY"
"""What is answered in btb_pro is not changed in REDCap."""

_WORDS: Mapping[str, Mapping[str, str]] = {
    "nb": {
        "participant": "Deltakernummer",
        "state": "hva slags svar",
        "status": "Status",
        "started_at": "Første svar mottatt",
        "submitted_at": "Sendt inn",
        "version": "Skjemaets versjon",
        "lang": "Språk",
        "mode": "Besvart på",
        "wording": "Ordlydens SHA-256",
        "note": "UTC",
    },
    "en": {
        "participant": "Study number",
        "state": "kind of answer",
        "status": "Status",
        "started_at": "First answer received",
        "submitted_at": "Sent in",
        "version": "Version of the questionnaire",
        "lang": "Language",
        "mode": "Answered on",
        "wording": "SHA-256 of the wording",
        "note": "UTC",
    },
}


def dictionary_rows(dataset: Dataset, options: WriteOptions) -> Iterator[list[str]]:
    """One row for each field; the record's id first, on the first form."""
    instruments = dataset.variables.instruments
    names, language = options.names, options.labels
    if not instruments:
        return
    first = {_FORM: names.instruments[instruments[0].code], _TYPE: "text"}
    yield _row({_NAME: names.keys["participant"], _LABEL: _WORDS[language]["participant"], **first})
    for instrument in instruments:
        for cells in _form(dataset, instrument, names, language):
            if cells[_NAME]:
                yield _row({_FORM: names.instruments[instrument.code], **cells})


def _form(dataset: Dataset, instrument: Instrument, names: Names, language: str) -> Iterator[dict[str, str]]:
    for section in instrument.sections:
        header = _words(section.stem, language)
        for item in section.items:
            for field in item.fields:
                cells = _field(field, item, section, instrument, names, language)
                yield {**cells, _SECTION: header}
                if cells[_NAME]:
                    header = ""
                yield _state(field, names, language, cells[_LABEL])
    for score in dataset.variables.scores:
        if score.instrument is instrument:
            yield from _score(score, names, language)
    for one in FORM_FIELDS:
        yield _form_field(instrument, one, names, language)


def _field(
    field: Field, item: Item, section: Section, instrument: Instrument, names: Names, language: str
) -> dict[str, str]:
    words = [_words(item.text, language), _words(field.label, language)]
    cells = {
        _NAME: names.variable(field.code),
        _LABEL: " - ".join(dict.fromkeys(words)),
        _NOTE: _words(field.unit, language),
        _BRANCHING: _branching(field.when, instrument, names),
        _ANNOTATION: _READ_ONLY,
    }
    match field.kind:
        case FieldKind.CODE | FieldKind.CODES:
            is_single = field.kind is FieldKind.CODE
            kind = {_TYPE: "radio" if is_single else "checkbox", _CHOICES: _choices(field.choices, language)}
        case FieldKind.INTEGER:
            ends = {_MIN: _end(field.minimum), _MAX: _end(field.maximum)}
            kind = {_TYPE: "text", _VALIDATION: "integer", **ends}
        case FieldKind.TEXT:
            kind = {_TYPE: "notes"}
    return cells | kind


def _state(field: Field, names: Names, language: str, label: str) -> dict[str, str]:
    return {
        _NAME: names.variable(state_code(field.code)),
        _TYPE: "text",
        _LABEL: f"{label} [{_WORDS[language]['state']}]",
        _NOTE: ", ".join(state.value for state in ItemState),
        _ANNOTATION: _READ_ONLY,
    }


def _score(score: ScoreVariable, names: Names, language: str) -> Iterator[dict[str, str]]:
    labels = {score.code: score_label(score, language), f"{score.code}_n": count_label(score, language)}
    for code, label in labels.items():
        yield {
            _NAME: names.variable(code),
            _TYPE: "text",
            _LABEL: label,
            _VALIDATION: "number" if code == score.code else "integer",
            _ANNOTATION: _READ_ONLY,
        }


def _form_field(instrument: Instrument, one: str, names: Names, language: str) -> dict[str, str]:
    cells = {
        _NAME: names.variable(form_code(instrument, one)),
        _TYPE: "text",
        _LABEL: _WORDS[language][one],
        _ANNOTATION: _READ_ONLY,
    }
    if one.endswith("_at"):
        cells |= {_VALIDATION: "datetime_seconds_ymd", _NOTE: _WORDS[language]["note"]}
    return cells


def _choices(choices: Sequence[Choice], language: str) -> str:
    return " | ".join(f"{choice.code}, {_words(choice.label, language)}" for choice in choices)


def _branching(when: Condition | None, instrument: Instrument, names: Names) -> str:
    if when is None or not names.variable(when.field):
        return ""
    controlling = next(field for field in instrument.fields if field.code == when.field)
    codes = [choice.code for choice in controlling.choices if choice.code in when.codes]
    name = names.variable(when.field)
    if controlling.kind is FieldKind.CODES:
        return " or ".join(f"[{name}({code})] = '1'" for code in codes)
    return " or ".join(f"[{name}] = '{code}'" for code in codes)


def _words(texts: Texts | None, language: str) -> str:
    """A text on one line; a bar would end a choice."""
    if not texts or language not in texts:
        return ""
    return " ".join(texts[language].text.split()).replace("|", "/")


def _end(number: int | None) -> str:
    return "" if number is None else f"{number}"


def _row(cells: Mapping[str, str]) -> list[str]:
    return [cells.get(column, "") for column in DICTIONARY_HEADER]
