"""The mapping file: the names that the trial's own database has for what we call by our codes.

TOML: `target` says whose files it is for, and a table for each kind of thing holds our code and their name.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from btb_pro.exports.names import TABLES, Names, Target
from btb_pro.exports.variables import Variables
from btb_pro.instruments.model import Field, FieldKind
from btb_pro.refusals import PlainRefusal
from btb_pro.toml_lines import KeyPath, key_lines

_EXPLAINED: Mapping[str, str] = {
    "keys": "The columns that say whose row it is.",
    "visits": "Visits: their events.",
    "sites": "Sites: their data access groups or locations. Empty: not sent.",
    "instruments": "Questionnaires: their forms.",
    "sections": "Parts of a questionnaire: their item groups.",
    "variables": "Questions and scores: their variables. Empty: left out.",
    "missing": "What stands where an answer is missing. Empty: nothing.",
}
_LEGAL: Mapping[Target, Mapping[str, tuple[str, str]]] = {
    Target.CSV: {},
    Target.REDCAP: {
        "keys": (r"[a-z][a-z0-9_]{0,99}", "lower case letters, digits and underscores"),
        "visits": (r"[a-z0-9_]{1,18}_arm_[1-9][0-9]*", "an event's unique name, like baseline_arm_1"),
        "sites": (r"[a-z0-9_]{0,18}", "a data access group's unique name"),
        "instruments": (
            r"[a-z][a-z0-9_]{0,63}",
            "lower case letters, digits and underscores, a letter first",
        ),
        "variables": (
            r"([a-z]([a-z0-9_]{0,24}[a-z0-9])?)?",
            "26 lower case letters, digits and underscores at most, a letter first, no underscore last",
        ),
        "missing": (r"-?[A-Za-z0-9.]{0,50}", "letters, digits and a point"),
    },
    Target.ODM: dict.fromkeys(
        ("visits", "sites", "instruments", "sections"), (r"\S(.*\S)?", "an OID without spaces around it")
    )
    | {"variables": (r"(\S(.*\S)?)?", "an OID without spaces around it")},
}
_REQUIRED = ("visits", "instruments", "sections")
_MAY_BE_EMPTY = ("sites", "variables", "missing")


class MappingRefused(PlainRefusal):
    """A mapping file does not fit. The message names every mistake with its line."""


def read_mapping(content: bytes, names: Names, variables: Variables) -> Names:
    """The names of a receiver with those of a mapping file in their place.

    Raises:
        MappingRefused: it is no TOML, is for another receiver, names a code that the study does not have or
            an illegal name, calls two of ours the same, or takes for missing what may be an answer.
    """
    document, lines = _parse(content)
    mistakes = list(_structure_mistakes(document, names, lines))
    if mistakes:
        raise MappingRefused(_told(mistakes))
    theirs = {table: document.get(table, {}) for table in TABLES}
    mapped = names.with_tables(theirs, content)
    mistakes = [*_name_mistakes(mapped, theirs, lines), *_missing_mistakes(mapped, variables, lines)]
    if mistakes:
        raise MappingRefused(_told(mistakes))
    return mapped


def mapping_target(content: bytes) -> Target:
    """Whose files a mapping file is for.

    Raises:
        MappingRefused: it is no TOML or does not say.
    """
    document, lines = _parse(content)
    target = document.get("target")
    if target not in list(Target):
        raise MappingRefused(_told([_target_mistake(lines)]))
    return Target(target)


def mapping_template(names: Names, labels: Mapping[str, str]) -> str:
    """A mapping file that changes nothing, with what each code means behind it.

    `labels` are of visits, sites, instruments and variables, by `table.code`.
    """
    parts = [
        "# Our code on the left, the name that your database has for it on the right.\n"
        "# A line that changes nothing may be taken out.\n"
        f'target = "{names.target.value}"\n'
    ]
    for table, codes in names.tables().items():
        if not codes:
            continue
        parts.append(f"\n# {_EXPLAINED[table]}\n[{table}]\n")
        parts += [
            _template_line(code, name, labels.get(f"{table}.{code}", "")) for code, name in codes.items()
        ]
    return "".join(parts)


def _template_line(code: str, name: str, label: str) -> str:
    comment = f"  # {' '.join(label.split())}" if label else ""
    return f"{code} = {_toml_text(name)}{comment}\n"


def _toml_text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


Mistake = tuple[int, str]


def _parse(content: bytes) -> tuple[dict[str, Any], Mapping[KeyPath, int]]:
    try:
        text = content.decode("utf-8-sig")
        return tomllib.loads(text), key_lines(text)
    except UnicodeDecodeError as error:
        raise MappingRefused("The mapping file is not UTF-8: save it as such.") from error
    except tomllib.TOMLDecodeError as error:
        raise MappingRefused(f"The mapping file is no TOML: {error}.") from error


def _target_mistake(lines: Mapping[KeyPath, int]) -> Mistake:
    choices = ", ".join(f'"{target.value}"' for target in Target)
    return lines.get(("target",), 1), f"target must say whose files this is for: one of {choices}"


def _structure_mistakes(
    document: Mapping[str, Any], names: Names, lines: Mapping[KeyPath, int]
) -> Iterator[Mistake]:
    if document.get("target") not in list(Target):
        yield _target_mistake(lines)
    elif document["target"] != names.target.value:
        yield (
            lines["target",],
            f'this is for "{document["target"]}", and was asked for "{names.target.value}"',
        )
    ours = names.tables()
    for table, codes in document.items():
        if table == "target":
            continue
        if not ours.get(table):
            yield lines[table,], f"[{table}] is no table of a mapping for {names.target.value}"
        elif not isinstance(codes, dict):
            yield lines[table,], f"{table} must be a table: [{table}]"
        else:
            yield from _code_mistakes(table, codes, ours[table], lines)


def _code_mistakes(
    table: str, codes: Mapping[str, Any], ours: Mapping[str, str], lines: Mapping[KeyPath, int]
) -> Iterator[Mistake]:
    for code, name in codes.items():
        line = lines[table, code]
        if code not in ours:
            yield line, f"{code} is none of our {table}: `btb-pro mapping template` lists them"
        elif not isinstance(name, str):
            yield line, f'{code} must have a name in quotes: {code} = "..."'


def _name_mistakes(
    names: Names, theirs: Mapping[str, Mapping[str, str]], lines: Mapping[KeyPath, int]
) -> Iterator[Mistake]:
    legal = _LEGAL[names.target]
    taken = {"keys": dict.fromkeys(_reserved(names), "a column of theirs")}
    # Keys and variables are columns of one file.
    taken["variables"] = taken["keys"]
    for table, codes in names.tables().items():
        pattern, words = legal.get(table, (r"[^\x00-\x1f]*", "a name without control characters"))
        first = taken.setdefault(table, {})
        for code, name in codes.items():
            line = lines.get((table, code)) or lines.get((table,), 1)
            is_legal = re.fullmatch(pattern, name) and (name or not _is_required(table, code))
            if code in theirs.get(table, {}) and not is_legal:
                yield line, f"{code} = {name!r} is no name that {names.target.value} takes: {words}"
            elif name in first and (name or table not in _MAY_BE_EMPTY):
                yield line, f"{code} and {first[name]} are both called {name!r}: two of ours need two names"
            first.setdefault(name, code)


def _is_required(table: str, code: str) -> bool:
    return table in _REQUIRED or (table == "keys" and code in ("participant", "visit"))


def _reserved(names: Names) -> list[str]:
    if names.target is not Target.REDCAP:
        return []
    forms = [f"{form}_complete" for form in names.instruments.values()]
    return [*forms, "redcap_event_name", "redcap_data_access_group"]


def _missing_mistakes(names: Names, variables: Variables, lines: Mapping[KeyPath, int]) -> Iterator[Mistake]:
    for state, code in names.missing.items():
        if not code or ("missing", state) not in lines:
            continue
        for variable in variables.fields:
            field = variable.field
            is_choice = any(code == choice.code for choice in field.choices)
            if is_choice or (variable.choice and code in ("0", "1")) or _is_in_range(code, variable.field):
                yield lines["missing", state], f"{state} = {code!r} may also be an answer to {variable.code}"
                break


def _is_in_range(code: str, field: Field) -> bool:
    if field.kind is not FieldKind.INTEGER or not re.fullmatch("[0-9]+", code):
        return False
    is_too_low = field.minimum is not None and int(code) < field.minimum
    is_too_high = field.maximum is not None and int(code) > field.maximum
    return not (is_too_low or is_too_high)


def _told(mistakes: list[Mistake]) -> str:
    listed = "\n".join(f"  line {line}: {sentence}." for line, sentence in sorted(mistakes))
    return f"The mapping file does not fit, and nothing was written:\n{listed}"
