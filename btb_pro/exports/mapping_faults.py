"""What can be wrong with a mapping file: facts with their line, and English sentences.

The command line tells the sentences; the console makes its own from the facts, in the reader's language.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from btb_pro.refusals import PlainRefusal


class MappingFaultCode(StrEnum):
    """What is wrong. `MappingFault.facts` holds what the comment here names."""

    NOT_UTF8 = "not_utf8"
    NOT_TOML = "not_toml"
    """said: the reader's own words; line and column, empty at the end of the file."""
    TARGET_MISSING = "target_missing"
    """choices."""
    TARGET_OTHER = "target_other"
    """given, target."""
    TABLE_UNKNOWN = "table_unknown"
    """table, target."""
    NO_TABLE = "no_table"
    """table."""
    CODE_UNKNOWN = "code_unknown"
    """code, table."""
    NAME_NOT_QUOTED = "name_not_quoted"
    """code."""
    NAME_ILLEGAL = "name_illegal"
    """code, name, target, and rule: a `NameRule`."""
    NAME_TWICE = "name_twice"
    """code, other, name; other is empty when it is a column that the receiver has itself."""
    MAY_BE_ANSWER = "may_be_answer"
    """state, name, code: the variable whose answer it may be."""


class NameRule(StrEnum):
    """What a receiver takes for a name."""

    REDCAP_KEY = "redcap_key"
    REDCAP_EVENT = "redcap_event"
    REDCAP_GROUP = "redcap_group"
    REDCAP_FORM = "redcap_form"
    REDCAP_VARIABLE = "redcap_variable"
    REDCAP_MISSING = "redcap_missing"
    ODM_OID = "odm_oid"
    PRINTABLE = "printable"


@dataclass(frozen=True, slots=True)
class MappingFault:
    """One thing that is wrong, and where."""

    code: MappingFaultCode
    line: int
    """Counted from 1; 0: the file as a whole."""
    facts: Mapping[str, str]

    @classmethod
    def at(cls, at_line: int, code: MappingFaultCode, /, **facts: str) -> "MappingFault":
        """One at a line."""
        return cls(code, at_line, facts)


class MappingRefused(PlainRefusal):
    """A mapping file does not fit. The message names every mistake with its line."""

    def __init__(self, faults: Sequence[MappingFault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.line, told(fault))))
        of_file = [fault for fault in self.faults if not fault.line]
        listed = "\n".join(f"  line {fault.line}: {told(fault)}." for fault in self.faults)
        whole = f"The mapping file does not fit, and nothing was written:\n{listed}"
        super().__init__(f"The mapping file is {told(of_file[0])}." if of_file else whole)


_RULES: Mapping[NameRule, str] = {
    NameRule.REDCAP_KEY: "lower case letters, digits and underscores",
    NameRule.REDCAP_EVENT: "an event's unique name, like baseline_arm_1",
    NameRule.REDCAP_GROUP: "a data access group's unique name",
    NameRule.REDCAP_FORM: "lower case letters, digits and underscores, a letter first",
    NameRule.REDCAP_VARIABLE: (
        "26 lower case letters, digits and underscores at most, a letter first, no underscore last"
    ),
    NameRule.REDCAP_MISSING: "letters, digits and a point",
    NameRule.ODM_OID: "an OID without spaces around it",
    NameRule.PRINTABLE: "a name without control characters",
}
_SENTENCES: Mapping[MappingFaultCode, str] = {
    MappingFaultCode.NOT_UTF8: "not UTF-8: save it as such",
    MappingFaultCode.NOT_TOML: "no TOML: {said}",
    MappingFaultCode.TARGET_MISSING: "target must say whose files this is for: one of {choices}",
    MappingFaultCode.TARGET_OTHER: 'this is for "{given}", and was asked for "{target}"',
    MappingFaultCode.TABLE_UNKNOWN: "[{table}] is no table of a mapping for {target}",
    MappingFaultCode.NO_TABLE: "{table} must be a table: [{table}]",
    MappingFaultCode.CODE_UNKNOWN: "{code} is none of our {table}: `btb-pro mapping template` lists them",
    MappingFaultCode.NAME_NOT_QUOTED: '{code} must have a name in quotes: {code} = "..."',
    MappingFaultCode.NAME_ILLEGAL: "{code} = {name!r} is no name that {target} takes: {rule}",
    MappingFaultCode.NAME_TWICE: "{code} and {other} are both called {name!r}: two of ours need two names",
    MappingFaultCode.MAY_BE_ANSWER: "{state} = {name!r} may also be an answer to {code}",
}


def told(fault: MappingFault) -> str:
    """The fault in English, without a full stop: what is wrong and what is expected."""
    facts = dict(fault.facts)
    if "rule" in facts:
        facts["rule"] = _RULES[NameRule(facts["rule"])]
    if fault.code is MappingFaultCode.NAME_TWICE and not facts["other"]:
        facts["other"] = "a column of theirs"
    return _SENTENCES[fault.code].format(**facts)
