"""What REDCap takes and what it refuses, written from its own help pages; knows nothing of btb_pro.

Data Dictionary help: the 18 columns, names, field types, choices, branching logic. Data Import help and the
API's `Import Records`: raw codes, `___` columns of 0 and 1, unique event names, formats, form status.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby

Rows = Sequence[Mapping[str, str]]

HEADER = [
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note", "Text Validation Type OR Show Slider Number",
    "Text Validation Min", "Text Validation Max", "Identifier?",
    "Branching Logic (Show field only if...)", "Required Field?", "Custom Alignment",
    "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?", "Field Annotation",
]  # fmt: skip
NAME, FORM, TYPE, CHOICES = HEADER[0], HEADER[1], HEADER[3], HEADER[5]
VALIDATION, MINIMUM, MAXIMUM, BRANCHING = HEADER[7], HEADER[8], HEADER[9], HEADER[11]
MATRIX = HEADER[15]
TYPES = {
    "text", "notes", "radio", "dropdown", "checkbox", "yesno", "truefalse", "calc", "slider", "descriptive",
    "file",
}  # fmt: skip
FORMATS = {
    "": r"(?s).*",
    "integer": r"[-+]?[0-9]+",
    "number": r"[-+]?([0-9]+(\.[0-9]+)?|\.[0-9]+)",
    "datetime_seconds_ymd": r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r" ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]",
}
_IGNORED = "redcap_survey_identifier"
"""Exported by REDCap and not imported again, as is each form's `_timestamp`."""
_RESERVED = {
    _IGNORED,
    "redcap_event_name",
    "redcap_repeat_instance",
    "redcap_repeat_instrument",
    "redcap_data_access_group",
}


def choices(text: str) -> dict[str, str]:
    """The codes and labels of a choices cell."""
    pairs = (one.strip().partition(",") for one in text.split("|"))
    return {code.strip(): label.strip() for code, _, label in pairs}


def dictionary_faults(header: Sequence[str], rows: Rows) -> Iterator[str]:
    """Why a data dictionary would be refused or warned of."""
    if list(header) != HEADER:
        yield "the header is not REDCap's"
    for name, count in Counter(row[NAME] for row in rows).items():
        if count > 1:
            yield f"{name} stands {count} times"
    forms = [row[FORM] for row in rows]
    if len([form for form, before in zip(forms, ["", *forms], strict=False) if form != before]) != len(
        set(forms)
    ):
        yield "the fields of a form do not stand together"
    if rows and rows[0][TYPE] != "text":
        yield "the record id, which is the first field, is no text"
    yield from _matrix_faults(rows)
    for name, count in Counter(_every_column(rows)).items():
        if count > 1:
            yield f"{name} is a column of {count} fields"
    for row in rows:
        yield from _field_faults(row, {row[NAME]: row for row in rows})


def _every_column(rows: Rows) -> Iterator[str]:
    for row in rows:
        if row[TYPE] == "checkbox":
            yield from (checkbox_column(row[NAME], code) for code in choices(row[CHOICES]))
        else:
            yield row[NAME]
    for form in dict.fromkeys(row[FORM] for row in rows):
        yield from (f"{form}_complete", f"{form}_timestamp")


def _matrix_faults(rows: Rows) -> Iterator[str]:
    """The rows of a matrix stand together on one form, and share type and choices."""
    groups = [group for group, _ in groupby(rows, key=lambda row: row[MATRIX]) if group]
    for group in set(groups):
        members = [row for row in rows if row[MATRIX] == group]
        if not re.fullmatch("[a-z0-9_]{1,60}", group):
            yield f"{group} is no name of a matrix"
        if groups.count(group) > 1 or len({row[FORM] for row in members}) > 1:
            yield f"the fields of the matrix {group} do not stand together"
        if {row[TYPE] for row in members} not in ({"radio"}, {"checkbox"}):
            yield f"the matrix {group} holds something else than radio buttons or check boxes"
        if len({row[CHOICES] for row in members}) > 1:
            yield f"the fields of the matrix {group} have different choices"


def _field_faults(row: Mapping[str, str], by_name: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    name = row[NAME]
    if not re.fullmatch("[a-z][a-z0-9_]*", name) or name.endswith("_") or "__" in name or len(name) > 26:
        yield f"{name} is no variable name"
    if name in _RESERVED:
        yield f"{name} is reserved"
    if not re.fullmatch("[a-z][a-z0-9_]{0,63}", row[FORM]):
        yield f"{row[FORM]} is no form name"
    if row[TYPE] not in TYPES:
        yield f"{name}: {row[TYPE]} is no field type"
    if not row["Field Label"].strip():
        yield f"{name} has no label"
    if row[TYPE] in ("radio", "dropdown", "checkbox"):
        yield from _choice_faults(name, row[CHOICES])
    elif row[CHOICES]:
        yield f"{name} has choices and takes none"
    if row[VALIDATION] not in FORMATS or (row[VALIDATION] and row[TYPE] != "text"):
        yield f"{name}: {row[VALIDATION]} is no validation of a {row[TYPE]}"
    for end in (row[MINIMUM], row[MAXIMUM]):
        if end and not (row[VALIDATION] and re.fullmatch(FORMATS.get(row[VALIDATION], ""), end)):
            yield f"{name}: {end} is no end of its range"
    if row["Identifier?"] not in ("", "y") or row["Required Field?"] not in ("", "y"):
        yield f"{name}: y or nothing"
    for field, code in re.findall(r"\[([a-z0-9_]+)(?:\(([^)]*)\))?\]", row[BRANCHING]):
        if field not in by_name or (code and code not in choices(by_name[field][CHOICES])):
            yield f"{name} branches on {field} {code}, which is not there"


def _choice_faults(name: str, text: str) -> Iterator[str]:
    parts = [one.strip() for one in text.split("|")]
    if not all(re.fullmatch(r"(?s)[A-Za-z0-9._-]+\s*,.*\S.*", part) for part in parts):
        yield f"{name}: choices are `code, label` with a bar between"
    if len(choices(text)) != len(parts):
        yield f"{name} has a code twice"


def checkbox_column(name: str, code: str) -> str:
    """The column of one choice: a minus of its code is an underscore."""
    return f"{name}___{code.lower().replace('-', '_')}"


def columns(dictionary: Rows) -> dict[str, Mapping[str, str]]:
    """Every column that an import may have, with its field."""
    found: dict[str, Mapping[str, str]] = {}
    for row in dictionary:
        if row[TYPE] == "checkbox":
            for code in choices(row[CHOICES]):
                found[checkbox_column(row[NAME], code)] = row
        else:
            found[row[NAME]] = row
    for form in dict.fromkeys(row[FORM] for row in dictionary):
        status = {NAME: f"{form}_complete", FORM: form, TYPE: "radio", CHOICES: "0, I | 1, U | 2, C"}
        found[f"{form}_complete"] = dict.fromkeys(HEADER, "") | status
    return found


def record_faults(
    header: Sequence[str],
    rows: Rows,
    dictionary: Rows,
    forms: Mapping[str, Sequence[str]],
    missing: Collection[str] = (),
) -> Iterator[tuple[str, str, str, str]]:
    """Record, field, value and reason of everything that an import would be refused for, or would lose.

    `forms` are each event's, by its unique name; `missing` the codes that Project Setup declares.
    """
    known = columns(dictionary)
    key = dictionary[0][NAME]
    if not header or header[0] != key:
        yield "", header[0] if header else "", "", "The record id must be the first column"
        return
    unknown = list(_header_faults(header, known))
    if unknown:
        yield from unknown
        return
    seen = Counter((row[key], row["redcap_event_name"]) for row in rows)
    for row in rows:
        record, event = row[key], row["redcap_event_name"]
        if not record:
            yield "", key, "", "The record id is missing"
        if seen[record, event] > 1:
            yield record, key, record, "This record stands twice"
        if event not in forms:
            yield record, "redcap_event_name", event, "This is no unique event name"
            continue
        group = row.get("redcap_data_access_group", "")
        if group and not re.fullmatch("[a-z0-9_]{1,18}", group):
            yield record, "redcap_data_access_group", group, "This is no unique group name"
        for name, value in row.items():
            if name in known and name != key and value:
                yield from _value_faults(record, name, value, known[name], forms[event], missing)
        yield from _untouched_faults(record, row, known, forms[event])


def _header_faults(
    header: Sequence[str], known: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, str, str, str]]:
    """One of these, and the whole import fails; or the column is passed over in silence."""
    forms = {field[FORM] for field in known.values()}
    for name, count in Counter(header).items():
        if count > 1:
            yield "", name, "", "This column stands twice"
        if name == _IGNORED or name.removesuffix("_timestamp") in forms - {name}:
            yield "", name, "", "REDCap fills this field itself and ignores what is imported"
        elif name not in known and name not in ("redcap_event_name", "redcap_data_access_group"):
            yield "", name, "", "This field was not found in the project"


def _untouched_faults(
    record: str, row: Mapping[str, str], known: Mapping[str, Mapping[str, str]], forms: Sequence[str]
) -> Iterator[tuple[str, str, str, str]]:
    """A status without a value makes a form that nobody touched look begun."""
    key = next(iter(known))
    for form in forms:
        status = f"{form}_complete"
        fields = [name for name, field in known.items() if field[FORM] == form and name not in (key, status)]
        if row.get(status) == "0" and not any(row.get(name) for name in fields):
            yield record, status, "0", "Nothing of this form was answered"


def _value_faults(
    record: str,
    name: str,
    value: str,
    field: Mapping[str, str],
    forms: Sequence[str],
    missing: Collection[str],
) -> Iterator[tuple[str, str, str, str]]:
    if field[FORM] not in forms:
        yield record, name, value, "This field's form is not designated for this event"
    if field[TYPE] == "checkbox":
        if value not in ("0", "1"):
            yield record, name, value, "A checkbox takes 0 or 1"
    elif value in missing and not name.endswith("_complete"):
        return
    elif field[TYPE] in ("radio", "dropdown"):
        if value not in choices(field[CHOICES]):
            yield record, name, value, "The value is not a valid category"
    elif not re.fullmatch(FORMATS[field[VALIDATION]], value):
        yield record, name, value, "The value does not have the format of its validation"
    elif not _is_in_range(value, field):
        yield record, name, value, "The value is outside the range of its validation"


def _is_in_range(value: str, field: Mapping[str, str]) -> bool:
    if field[VALIDATION] not in ("integer", "number"):
        return True
    is_low = field[MINIMUM] and float(value) < float(field[MINIMUM])
    return not (is_low or (field[MAXIMUM] and float(value) > float(field[MAXIMUM])))


def unique_event_name(name: str, arm: str) -> str:
    """What REDCap makes of an event's name."""
    return f"{re.sub('[^a-z0-9_]', '', name.lower().replace(' ', '_'))[:18].strip('_')}_arm_{arm}"
