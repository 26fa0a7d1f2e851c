"""The code book: one row for each column of the wide table, in the same order.

Labels are the instruments' own wordings. A field with words of its own stands behind its item's in brackets
(`Headache [Number of days (approx.)]`), and so does a choice of an item that takes several.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from btb_pro.exports.records import VisitStatus
from btb_pro.exports.tables import PLAIN, TableStyle, TextRow
from btb_pro.exports.variables import WIDE_KEYS, FieldVariable, ScoreVariable, Variables
from btb_pro.i18n import LANGUAGES
from btb_pro.instruments.answers import MISSING_CODES
from btb_pro.instruments.model import Choice, Condition, Field, FieldKind, Instrument, Texts, WordingStatus
from btb_pro.study import Study

_COLUMNS = (
    "variable", "instrument", "instrument_version", "section", "item", "label_{}", "stem_{}", "type",
    "codes_{}", "unit_{}", "range", "missing_codes", "condition", "rule", "recall", "editions",
    "wording_status_{}",
)  # fmt: skip
"""`{}` stands for a language: one column each."""

_TRUST = (WordingStatus.UNVERIFIED, WordingStatus.RECALLED, WordingStatus.VERIFIED)
_MISSING = "|".join(f"{code}={state}" for state, code in MISSING_CODES.items())

_KEY_LABELS: Mapping[str, Mapping[str, str]] = {
    "participant": {"nb": "Deltakernummer", "en": "Study number"},
    "site": {"nb": "Sykehus", "en": "Site"},
    "visit": {"nb": "Besøk", "en": "Visit"},
    "status": {"nb": "Status", "en": "Status"},
    "started_at": {"nb": "Første svar mottatt (UTC)", "en": "First answer received (UTC)"},
    "submitted_at": {"nb": "Sendt inn (UTC)", "en": "Sent in (UTC)"},
}
_STATUS_LABELS: Mapping[str, Mapping[VisitStatus, str]] = {
    "nb": {
        VisitStatus.STARTED: "påbegynt",
        VisitStatus.SUBMITTED: "sendt inn",
        VisitStatus.EXPIRED: "påbegynt, lenken er utløpt",
    },
    "en": {
        VisitStatus.STARTED: "begun",
        VisitStatus.SUBMITTED: "sent in",
        VisitStatus.EXPIRED: "begun, the link has expired",
    },
}
_CHOSEN: Mapping[str, Mapping[str, str]] = {
    "nb": {"0": "ikke valgt", "1": "valgt"},
    "en": {"0": "not chosen", "1": "chosen"},
}
_N_LABELS: Mapping[str, str] = {"nb": "antall besvarte spørsmål", "en": "number of items answered"}


OUR_VARIABLE = "our_variable"
"""The column that follows where a mapping file gives the variables other names."""


def codebook_header(languages: Sequence[str] = LANGUAGES, style: TableStyle = PLAIN) -> TextRow:
    """The code book's columns."""
    header = [name for column in _COLUMNS for name in _spread(column, languages)]
    return [*header, OUR_VARIABLE] if _is_mapped(style) else header


def codebook_rows(
    study: Study, variables: Variables, languages: Sequence[str] = LANGUAGES, style: TableStyle = PLAIN
) -> Iterator[TextRow]:
    """One row for each column of the wide table."""
    header = codebook_header(languages, style)
    for cells in _all_cells(study, variables):
        code = cells["variable"]
        if style.column(code):
            theirs = {"variable": style.column(code), OUR_VARIABLE: code} | _their_codes(cells, style)
            row = cells | theirs
            yield [row.get(name, "") for name in header]


def choice_labels(variable: FieldVariable, language: str) -> Mapping[str, str]:
    """The codes of a variable and what they mean; none for a number or a text."""
    return _CHOSEN[language] if variable.choice else _choice_labels(variable.field, language)


def score_label(variable: ScoreVariable, language: str) -> str:
    """The words that name a score."""
    return _text(variable.score.label, language)


def count_label(variable: ScoreVariable, language: str) -> str:
    """The words that name a score's number of items answered."""
    return f"{score_label(variable, language)} [{_N_LABELS[language]}]"


def key_label(key: str, language: str) -> str:
    """The words that name a key of the wide table."""
    return _KEY_LABELS[key][language]


def _all_cells(study: Study, variables: Variables) -> Iterator[dict[str, str]]:
    for key in WIDE_KEYS:
        yield _key_cells(key, study)
    for field in variables.fields:
        yield _field_cells(field)
    for score in variables.scores:
        yield _score_cells(score, study)
        yield _count_cells(score)


def _is_mapped(style: TableStyle) -> bool:
    return style.names is not None and style.names.source is not None


def _their_codes(cells: Mapping[str, str], style: TableStyle) -> dict[str, str]:
    """The cells in which a mapping file changes codes."""
    if not cells.get("missing_codes") or not _is_mapped(style):
        return {}
    codes = (f"{style.missing(state)}={state}" for state in MISSING_CODES)
    return {"missing_codes": "|".join(codes)}


def _spread(column: str, languages: Sequence[str]) -> tuple[str, ...]:
    if "{}" not in column:
        return (column,)
    return tuple(column.format(language) for language in languages)


def _key_cells(key: str, study: Study) -> dict[str, str]:
    kind = "code" if key in ("site", "visit", "status") else "datetime" if key.endswith("_at") else "text"
    cells = {"variable": key, "type": kind}
    for language in LANGUAGES:
        cells[f"label_{language}"] = _KEY_LABELS[key][language]
        cells[f"codes_{language}"] = _listed(key_codes(key, study, language))
    return cells


def key_codes(key: str, study: Study, language: str) -> Mapping[str, str]:
    """The codes of a key and what they mean; none where it holds no code."""
    if key == "site":
        return {site.code: site.name for site in study.sites}
    if key == "visit":
        return {visit.code: visit.title.get(language, "") for visit in study.visits}
    return (
        {status.value: label for status, label in _STATUS_LABELS[language].items()} if key == "status" else {}
    )


def _field_cells(variable: FieldVariable) -> dict[str, str]:
    field, item = variable.field, variable.item
    cells = _instrument_cells(variable.code, variable.instrument) | {
        "section": variable.section.code,
        "item": item.code,
        "type": "binary" if variable.choice else field.kind.value,
        "range": _range(field),
        "missing_codes": _MISSING,
        "condition": _condition(field.when, variable.instrument),
        "editions": "; ".join(f"{edition}={number}" for edition, number in item.editions.items()),
    }
    for language in LANGUAGES:
        codes = choice_labels(variable, language)
        cells[f"label_{language}"] = variable_label(variable, language)
        cells[f"stem_{language}"] = _text(variable.section.stem, language)
        cells[f"codes_{language}"] = _listed(codes)
        cells[f"unit_{language}"] = _text(field.unit, language)
        cells[f"wording_status_{language}"] = _least_trusted(_texts(variable), language)
    return cells


def _score_cells(variable: ScoreVariable, study: Study) -> dict[str, str]:
    score = variable.score
    share = study.minimum_share.get(score.code, score.minimum_share)
    cells = _instrument_cells(score.code, variable.instrument) | {
        "type": "decimal",
        "range": f"{score.minimum}..{score.maximum}",
        "rule": f"{score.rule.value}, version {score.rule_version}, minimum share answered {share}: "
        + " ".join(score.items),
    }
    for language in LANGUAGES:
        cells[f"label_{language}"] = _text(score.label, language)
        cells[f"wording_status_{language}"] = _least_trusted([score.label], language)
    return cells


def _count_cells(variable: ScoreVariable) -> dict[str, str]:
    cells = _instrument_cells(f"{variable.code}_n", variable.instrument) | {
        "type": "integer",
        "range": f"0..{len(variable.score.items)}",
    }
    for language in LANGUAGES:
        cells[f"label_{language}"] = count_label(variable, language)
    return cells


def _instrument_cells(variable: str, instrument: Instrument) -> dict[str, str]:
    periods = {recall.period for recall in instrument.recall.values()}
    return {
        "variable": variable,
        "instrument": instrument.code,
        "instrument_version": instrument.version,
        "recall": " ".join(sorted(periods)),
    }


def variable_label(variable: FieldVariable, language: str) -> str:
    """The words that name a variable: the item's, and in brackets the field's own and the choice's."""
    words = [_text(variable.item.text, language)]
    if variable.field.label is not variable.item.text:
        words.append(_text(variable.field.label, language))
    if variable.choice is not None:
        words.append(_text(variable.choice.label, language))
    first, *others = dict.fromkeys(words)
    return first + "".join(f" [{other}]" for other in others)


def _texts(variable: FieldVariable) -> Iterator[Texts]:
    """Everything that a participant reads for this variable."""
    yield variable.item.text
    yield variable.field.label
    choices: Iterable[Choice] = (variable.choice,) if variable.choice else variable.field.choices
    yield from (choice.label for choice in choices if choice.has_words)
    for shown in (variable.section.stem, variable.field.unit):
        if shown is not None:
            yield shown


def _least_trusted(texts: Iterable[Texts], language: str) -> str:
    statuses = [one[language].status for one in texts if language in one]
    return min(statuses, key=_TRUST.index).value if statuses else ""


def _choice_labels(field: Field, language: str) -> Mapping[str, str]:
    return {choice.code: _text(choice.label, language) for choice in field.choices}


def _range(field: Field) -> str:
    if field.kind is not FieldKind.INTEGER:
        return ""
    ends = ("" if end is None else str(end) for end in (field.minimum, field.maximum))
    return "..".join(ends)


def _condition(when: Condition | None, instrument: Instrument) -> str:
    if when is None:
        return ""
    controlling = next(field for field in instrument.fields if field.code == when.field)
    codes = [choice.code for choice in controlling.choices if choice.code in when.codes]
    return f"{when.field}={'|'.join(codes)}"


def _text(texts: Texts | None, language: str) -> str:
    return texts[language].text if texts and language in texts else ""


def _listed(codes: Mapping[str, str]) -> str:
    return "|".join(f"{code}={label}" for code, label in codes.items())
