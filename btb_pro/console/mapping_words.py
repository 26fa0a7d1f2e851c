"""What is wrong with a mapping file, as a sentence for the reader."""

from collections.abc import Callable, Mapping

from flask_babel import gettext

from btb_pro.exports.mapping_faults import MappingFault, MappingFaultCode, NameRule


def mapping_fault_text(fault: MappingFault) -> str:
    """The line, what is wrong there, and what is expected."""
    sentence = str(_SENTENCES[fault.code](fault.facts))
    if not fault.line:
        return sentence
    return str(gettext("Line %(line)s: %(sentence)s", line=fault.line, sentence=sentence))


def no_use_for_mapping(target: str) -> str:
    """That nothing in a bundle goes by a mapping file."""
    return str(
        gettext(
            "The mapping file is for %(target)s, but the bundle holds no such format. Tick it too, or leave "
            "the mapping file out.",
            target=target,
        )
    )


Facts = Mapping[str, str]

_SENTENCES: Mapping[MappingFaultCode, Callable[[Facts], str]] = {
    MappingFaultCode.NOT_UTF8: lambda facts: gettext("The file is not UTF-8. Save it as UTF-8."),
    MappingFaultCode.NOT_TOML: lambda facts: _not_toml(facts),
    MappingFaultCode.TARGET_MISSING: lambda facts: gettext(
        "The file must say whom it is for: target = followed by one of %(choices)s.", choices=facts["choices"]
    ),
    MappingFaultCode.TARGET_OTHER: lambda facts: gettext(
        "The file is for “%(given)s”, but the format asked for takes “%(target)s”.",
        given=facts["given"],
        target=facts["target"],
    ),
    MappingFaultCode.TABLE_UNKNOWN: lambda facts: gettext(
        "[%(table)s] is no table of a mapping file for %(target)s.",
        table=facts["table"],
        target=facts["target"],
    ),
    MappingFaultCode.NO_TABLE: lambda facts: gettext(
        "%(table)s must be a table. Write [%(table)s] on a line of its own.", table=facts["table"]
    ),
    MappingFaultCode.CODE_UNKNOWN: lambda facts: gettext(
        "The study has no code %(code)s under [%(table)s]. The code book lists them.",
        code=facts["code"],
        table=facts["table"],
    ),
    MappingFaultCode.NAME_NOT_QUOTED: lambda facts: gettext(
        "The name of %(code)s must stand in quotation marks.", code=facts["code"]
    ),
    MappingFaultCode.NAME_ILLEGAL: lambda facts: gettext(
        "%(code)s is called “%(name)s”, which %(target)s does not take. Expected: %(rule)s.",
        code=facts["code"],
        name=facts["name"],
        target=facts["target"],
        rule=_RULES[NameRule(facts["rule"])](),
    ),
    MappingFaultCode.NAME_TWICE: lambda facts: _name_twice(facts),
    MappingFaultCode.MAY_BE_ANSWER: lambda facts: gettext(
        "%(state)s is written as “%(name)s”, which may also be an answer to %(code)s.",
        state=facts["state"],
        name=facts["name"],
        code=facts["code"],
    ),
}
_RULES: Mapping[NameRule, Callable[[], str]] = {
    NameRule.REDCAP_KEY: lambda: gettext("lower case letters a to z, digits and underscores"),
    NameRule.REDCAP_EVENT: lambda: gettext("an event’s unique name, like baseline_arm_1"),
    NameRule.REDCAP_GROUP: lambda: gettext("a data access group’s unique name"),
    NameRule.REDCAP_FORM: lambda: gettext(
        "lower case letters a to z, digits and underscores, a letter first"
    ),
    NameRule.REDCAP_VARIABLE: lambda: gettext(
        "at most 26 lower case letters a to z, digits and underscores, a letter first and no underscore last"
    ),
    NameRule.REDCAP_MISSING: lambda: gettext("letters, digits and full stops"),
    NameRule.ODM_OID: lambda: gettext("an OID without spaces before or after it"),
    NameRule.PRINTABLE: lambda: gettext("a name in printable characters, not empty"),
}


def _not_toml(facts: Facts) -> str:
    if not facts["line"]:
        return str(gettext("The file is no TOML: something is not closed at its end."))
    return str(
        gettext(
            "The file is no TOML. Look at line %(line)s, character %(column)s.",
            line=facts["line"],
            column=facts["column"],
        )
    )


def _name_twice(facts: Facts) -> str:
    if not facts["other"]:
        return str(
            gettext(
                "%(code)s is called “%(name)s”, which is a column that they have already.",
                code=facts["code"],
                name=facts["name"],
            )
        )
    return str(
        gettext(
            "%(code)s and %(other)s are both called “%(name)s”. Two of ours need two names.",
            code=facts["code"],
            other=facts["other"],
            name=facts["name"],
        )
    )
