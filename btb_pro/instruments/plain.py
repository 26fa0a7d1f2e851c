"""YAML text to plain strings, lists and mappings, strictly.

Every scalar stays the string that was typed: `no` is the code of a language or of a choice, never False, and
`1.0` stays a version. A key that stands twice is a mistake, not a silent overwrite.
"""

from pathlib import Path

import yaml

from btb_pro.instruments.problems import ProblemLog, ReadingRule

Plain = str | list["Plain"] | dict[str, "Plain"]

_Loader: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_plain(path: Path, log: ProblemLog) -> dict[str, Plain]:
    """The file's top mapping; empty when it cannot be read, with the reason in the log."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        log.add("file", ReadingRule.FILE_UNREADABLE, f"cannot be read: {error.strerror}", path.name)
        return {}
    except UnicodeDecodeError as error:
        log.add("file", ReadingRule.FILE_UNREADABLE, f"is not UTF-8 at byte {error.start}", path.name)
        return {}
    except yaml.YAMLError as error:
        log.add("file", ReadingRule.YAML_BROKEN, f"is not YAML: {_in_one_line(error)}", path.name)
        return {}
    plain = _to_plain(root, path.name, log) if root is not None else {}
    if isinstance(plain, dict):
        return plain
    log.add("file", ReadingRule.VALUE_ILLEGAL, "must be a mapping of keys to values", path.name)
    return {}


def _in_one_line(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())


def _to_plain(node: yaml.Node, file: str, log: ProblemLog) -> Plain:
    if isinstance(node, yaml.MappingNode):
        return _to_mapping(node, file, log)
    if isinstance(node, yaml.SequenceNode):
        return [_to_plain(child, file, log) for child in node.value]
    return str(node.value)


def _to_mapping(node: yaml.MappingNode, file: str, log: ProblemLog) -> dict[str, Plain]:
    mapping: dict[str, Plain] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in mapping:
            line = key_node.start_mark.line + 1
            log.add(key, ReadingRule.KEY_TWICE, f"the key {key!r} stands twice, again in line {line}", file)
        mapping[key] = _to_plain(value_node, file, log)
    return mapping
