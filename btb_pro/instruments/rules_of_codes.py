"""Rules of codes: legal in REDCap, SPSS and Stata, short enough, and each of one thing only."""

import re
from collections import Counter
from collections.abc import Iterator

from btb_pro.instruments.model import Instrument
from btb_pro.instruments.names import (
    LONGEST_NAME,
    RESERVED_NAMES,
    companion_names,
    exported_names,
    item_codes_without_field,
)
from btb_pro.instruments.rules import Finding, Rule

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_STATA_STRING = re.compile(r"str[0-9]+")
_CHOICE_CODE = re.compile(r"0|[1-9][0-9]{0,8}|[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def _declared_codes(instrument: Instrument) -> Iterator[tuple[str, str]]:
    yield instrument.code, instrument.code
    for section in instrument.sections:
        yield section.code, section.code
    for item in instrument.items:
        yield item.code, item.code
    for field in instrument.fields:
        if field.code != field.item:
            yield field.code, field.item
    for score in instrument.scores:
        yield score.code, score.code


def code_illegal(instrument: Instrument) -> Iterator[Finding]:
    """A code is lower snake case and starts with a letter."""
    for code, item in _declared_codes(instrument):
        if not _NAME.fullmatch(code):
            message = f"{code!r} must be lower case letters, digits and single _, and start with a letter"
            yield Finding(item, message)


def code_too_long(instrument: Instrument) -> Iterator[Finding]:
    """A code has at most 26 characters, expanded as well."""
    names = [*exported_names(instrument), *((code, code) for code in item_codes_without_field(instrument))]
    for name, item in names:
        if len(name) > LONGEST_NAME:
            yield Finding(item, f"{name!r} has {len(name)} characters; at most {LONGEST_NAME} are allowed")


def code_reserved(instrument: Instrument) -> Iterator[Finding]:
    """A code is no word that REDCap, SPSS, Stata or our own files keep for themselves."""
    for name, item in exported_names(instrument):
        if name in RESERVED_NAMES:
            yield Finding(item, f"{name!r} is {RESERVED_NAMES[name]}; take another code")
        elif _STATA_STRING.fullmatch(name):
            yield Finding(item, f"{name!r} is reserved by Stata; take another code")


def code_twice(instrument: Instrument) -> Iterator[Finding]:
    """A code names one thing only, expanded names and the exports' companions included."""
    names = [*exported_names(instrument), *companion_names(instrument)]
    names += [(code, code) for code in item_codes_without_field(instrument)]
    seen: dict[str, str] = {}
    for name, item in names:
        if name in seen:
            yield Finding(item, f"{name!r} is taken by {seen[name]} already")
        seen.setdefault(name, item)
    for code, count in Counter(section.code for section in instrument.sections).items():
        if count > 1:
            yield Finding(code, f"{count} sections have the code {code!r}")


def choice_code_illegal(instrument: Instrument) -> Iterator[Finding]:
    """The code of a choice is a number from 0 up or a lower snake case word."""
    for field in instrument.fields:
        for choice in field.choices:
            if not _CHOICE_CODE.fullmatch(choice.code):
                message = f"the choice code {choice.code!r} must be a number or a lower snake case word"
                yield Finding(field.code, message)


CODE_RULES: tuple[Rule, ...] = (code_illegal, code_too_long, code_reserved, code_twice, choice_code_illegal)
