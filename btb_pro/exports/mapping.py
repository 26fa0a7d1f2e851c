"""The mapping file: the names that the trial's own database has for what we call by our codes.

TOML: `target` says whose files it is for, and a table for each kind of thing holds our code and their name.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from btb_pro.exports.mapping_faults import MappingFault, MappingFaultCode, MappingRefused, NameRule
from btb_pro.exports.names import TABLES, Names, Target
from btb_pro.exports.variables import Variables
from btb_pro.instruments.model import Field, FieldKind
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
_LEGAL: Mapping[Target, Mapping[str, tuple[str, NameRule]]] = {
    Target.CSV: {},
    Target.REDCAP: {
        "keys": (r"[a-z][a-z0-9_]{0,99}", NameRule.REDCAP_KEY),
        "visits": (r"[a-z0-9_]{1,18}_arm_[1-9][0-9]*", NameRule.REDCAP_EVENT),
        "sites": (r"[a-z0-9_]{0,18}", NameRule.REDCAP_GROUP),
        "instruments": (r"[a-z][a-z0-9_]{0,63}", NameRule.REDCAP_FORM),
        "variables": (r"([a-z]([a-z0-9_]{0,24}[a-z0-9])?)?", NameRule.REDCAP_VARIABLE),
        "missing": (r"-?[A-Za-z0-9.]{0,50}", NameRule.REDCAP_MISSING),
    },
    Target.ODM: dict.fromkeys(
        ("visits", "sites", "instruments", "sections"), (r"\S(.*\S)?", NameRule.ODM_OID)
    )
    | {"variables": (r"(\S(.*\S)?)?", NameRule.ODM_OID)},
}
_REQUIRED = ("visits", "instruments", "sections")
_MAY_BE_EMPTY = ("sites", "variables", "missing")


def read_mapping(content: bytes, names: Names, variables: Variables) -> Names:
    """The names of a receiver with those of a mapping file in their place.

    Raises:
        MappingRefused: it is no TOML, is for another receiver, names a code that the study does not have or
            an illegal name, calls two of ours the same, or takes for missing what may be an answer.
    """
    document, lines = _parse(content)
    mistakes = list(_structure_mistakes(document, names, lines))
    if mistakes:
        raise MappingRefused(mistakes)
    theirs = {table: document.get(table, {}) for table in TABLES}
    mapped = names.with_tables(theirs, content)
    mistakes = [*_name_mistakes(mapped, theirs, lines), *_missing_mistakes(mapped, variables, lines)]
    if mistakes:
        raise MappingRefused(mistakes)
    return mapped


def mapping_target(content: bytes) -> Target:
    """Whose files a mapping file is for.

    Raises:
        MappingRefused: it is no TOML or does not say.
    """
    document, lines = _parse(content)
    target = document.get("target")
    if target not in list(Target):
        raise MappingRefused([_target_mistake(lines)])
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


def _parse(content: bytes) -> tuple[dict[str, Any], Mapping[KeyPath, int]]:
    try:
        text = content.decode("utf-8-sig")
        return tomllib.loads(text), key_lines(text)
    except UnicodeDecodeError as error:
        raise MappingRefused([MappingFault.at(0, MappingFaultCode.NOT_UTF8)]) from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+), column (\d+)", f"{error}")
        line, column = place.groups() if place else ("", "")
        facts = {"said": f"{error}", "line": line, "column": column}
        raise MappingRefused([MappingFault.at(0, MappingFaultCode.NOT_TOML, **facts)]) from error


def _target_mistake(lines: Mapping[KeyPath, int]) -> MappingFault:
    choices = ", ".join(f'"{target.value}"' for target in Target)
    return MappingFault.at(lines.get(("target",), 1), MappingFaultCode.TARGET_MISSING, choices=choices)


def _structure_mistakes(
    document: Mapping[str, Any], names: Names, lines: Mapping[KeyPath, int]
) -> Iterator[MappingFault]:
    if document.get("target") not in list(Target):
        yield _target_mistake(lines)
    elif document["target"] != names.target.value:
        given = {"given": document["target"], "target": names.target.value}
        yield MappingFault.at(lines["target",], MappingFaultCode.TARGET_OTHER, **given)
    ours = names.tables()
    for table, codes in document.items():
        if table == "target":
            continue
        if not ours.get(table):
            facts = {"table": table, "target": names.target.value}
            yield MappingFault.at(lines[table,], MappingFaultCode.TABLE_UNKNOWN, **facts)
        elif not isinstance(codes, dict):
            yield MappingFault.at(lines[table,], MappingFaultCode.NO_TABLE, table=table)
        else:
            yield from _code_mistakes(table, codes, ours[table], lines)


def _code_mistakes(
    table: str, codes: Mapping[str, Any], ours: Mapping[str, str], lines: Mapping[KeyPath, int]
) -> Iterator[MappingFault]:
    for code, name in codes.items():
        line = lines[table, code]
        if code not in ours:
            yield MappingFault.at(line, MappingFaultCode.CODE_UNKNOWN, code=code, table=table)
        elif not isinstance(name, str):
            yield MappingFault.at(line, MappingFaultCode.NAME_NOT_QUOTED, code=code)


def _name_mistakes(
    names: Names, theirs: Mapping[str, Mapping[str, str]], lines: Mapping[KeyPath, int]
) -> Iterator[MappingFault]:
    legal = _LEGAL[names.target]
    taken = {"keys": dict.fromkeys(_reserved(names), "")}
    # Keys and variables are columns of one file.
    taken["variables"] = taken["keys"]
    for table, codes in names.tables().items():
        pattern, rule = legal.get(table, (r"[^\x00-\x1f]*", NameRule.PRINTABLE))
        first = taken.setdefault(table, {})
        for code, name in codes.items():
            line = lines.get((table, code)) or lines.get((table,), 1)
            is_legal = re.fullmatch(pattern, name) and (name or not _is_required(table, code))
            if code in theirs.get(table, {}) and not is_legal:
                facts = {"code": code, "name": name, "target": names.target.value, "rule": rule.value}
                yield MappingFault.at(line, MappingFaultCode.NAME_ILLEGAL, **facts)
            elif name in first and (name or table not in _MAY_BE_EMPTY):
                facts = {"code": code, "other": first[name], "name": name}
                yield MappingFault.at(line, MappingFaultCode.NAME_TWICE, **facts)
            first.setdefault(name, code)


def _is_required(table: str, code: str) -> bool:
    return table in _REQUIRED or (table == "keys" and code in ("participant", "visit"))


def _reserved(names: Names) -> list[str]:
    if names.target is not Target.REDCAP:
        return []
    forms = [f"{form}_complete" for form in names.instruments.values()]
    return [*forms, "redcap_event_name", "redcap_data_access_group"]


def _missing_mistakes(
    names: Names, variables: Variables, lines: Mapping[KeyPath, int]
) -> Iterator[MappingFault]:
    for state, code in names.missing.items():
        if not code or ("missing", state) not in lines:
            continue
        for variable in variables.fields:
            field = variable.field
            is_choice = any(code == choice.code for choice in field.choices)
            if is_choice or (variable.choice and code in ("0", "1")) or _is_in_range(code, variable.field):
                facts = {"state": state, "name": code, "code": variable.code}
                yield MappingFault.at(lines["missing", state], MappingFaultCode.MAY_BE_ANSWER, **facts)
                break


def _is_in_range(code: str, field: Field) -> bool:
    if field.kind is not FieldKind.INTEGER or not re.fullmatch("[0-9]+", code):
        return False
    is_too_low = field.minimum is not None and int(code) < field.minimum
    is_too_high = field.maximum is not None and int(code) > field.maximum
    return not (is_too_low or is_too_high)
