"""What every rule of the checks is made of."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from btb_pro.instruments.model import Instrument


class Finding(NamedTuple):
    """The code of the culprit and a sentence on what is wrong with it."""

    item: str
    message: str


Rule = Callable[[Instrument], Iterator[Finding]]
"""Yields what in an instrument breaks the rule. Its id is the function's name with hyphens."""


_NUMBER = re.compile(r"[0-9]{1,9}")


def is_number(code: str) -> bool:
    """Whether the code of a choice is a number that a score may be computed from."""
    return _NUMBER.fullmatch(code) is not None


def rule_id(rule: Rule) -> str:
    """`code_too_long` is the rule `code-too-long`."""
    return rule.__name__.replace("_", "-")
