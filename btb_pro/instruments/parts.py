"""Typed looks into the plain data of an instrument file.

A wrong or missing value is noted in the log and replaced by a harmless one, so that one reading of a file
tells all its mistakes.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction

from btb_pro.instruments.plain import Plain
from btb_pro.instruments.problems import ProblemLog, ReadingRule

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")
_DECIMAL_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Part:
    """A mapping of the file, the code of what it describes, and the log for its mistakes."""

    values: dict[str, Plain]
    item: str
    log: ProblemLog
    file: str = ""
    place: str = ""
    """Where in the item this is, in words: "en of choice 1"."""

    def note(self, rule: ReadingRule, message: str) -> None:
        """Note a mistake of this part."""
        told = f"in {self.place}: {message}" if self.place else message
        self.log.add(self.item, rule, told, self.file)

    def at(self, place: str, file: str = "") -> "Part":
        """The same part, told as being at a place within this one, and in another file if one is named."""
        inner = f"{place} of {self.place}" if self.place else place
        return replace(self, place=inner, file=file or self.file)

    def has(self, key: str) -> bool:
        """Whether the key stands there."""
        return key in self.values

    def allow(self, keys: Collection[str]) -> None:
        """Note every key that is not one of `keys`."""
        known = ", ".join(sorted(keys))
        for key in self.values:
            if key not in keys:
                self.note(ReadingRule.KEY_UNKNOWN, f"unknown key {key!r}; known are {known}")

    def text(self, key: str, default: str | None = None) -> str:
        """A non-empty string, with runs of white space made one space."""
        if key not in self.values and default is not None:
            return default
        value = self._required(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.note(ReadingRule.VALUE_ILLEGAL, f"{key!r} must be a text")
            return ""
        if not value.strip():
            self.note(ReadingRule.TEXT_EMPTY, f"{key!r} is empty")
        return " ".join(value.split())

    def whole_number(self, key: str) -> int:
        """A whole number."""
        text = self.text(key)
        if _WHOLE_NUMBER.fullmatch(text):
            return int(text)
        if text:
            self.note(ReadingRule.VALUE_ILLEGAL, f"{key!r} must be a whole number, not {text!r}")
        return 0

    def fraction(self, key: str) -> Fraction:
        """A decimal number, exactly."""
        text = self.text(key)
        if _DECIMAL_NUMBER.fullmatch(text):
            return Fraction(text)
        if text:
            self.note(ReadingRule.VALUE_ILLEGAL, f"{key!r} must be a number such as 0.7, not {text!r}")
        return Fraction(1)

    def statement(self, key: str) -> bool:
        """True or false; false when it is not there."""
        text = self.text(key, "false")
        if text not in ("true", "false", ""):
            self.note(ReadingRule.VALUE_ILLEGAL, f"{key!r} must be true or false, not {text!r}")
        return text == "true"

    def names(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._required(key)
        if isinstance(value, list) and all(isinstance(name, str) and name for name in value):
            return tuple(str(name) for name in value)
        if value is not None:
            self.note(ReadingRule.VALUE_ILLEGAL, f"{key!r} must be a list of texts")
        return ()

    def part(self, key: str, item: str = "") -> "Part":
        """The mapping under the key; `item` names what it describes, when that is another thing."""
        value = self._required(key)
        if value is not None and not isinstance(value, dict):
            self.note(ReadingRule.VALUE_ILLEGAL, f"{key!r} must be a mapping of keys to values")
        return replace(self, values=value if isinstance(value, dict) else {}, item=item or self.item)

    def named_parts(self, key: str) -> dict[str, "Part"]:
        """The mappings under a key that maps names to them; none when it is not there."""
        if key not in self.values:
            return {}
        inner = self.part(key)
        return {name: inner.part(name, name) for name in inner.values}

    def listed_parts(self, key: str, coded: bool = True) -> list["Part"]:
        """The mappings in the list under the key; with `coded`, each speaks for its own code."""
        value = self._required(key)
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            if value is not None:
                self.note(ReadingRule.VALUE_ILLEGAL, f"{key!r} must be a list of mappings")
            return []
        return [self._entry(entry, coded) for entry in value if isinstance(entry, dict)]

    def _entry(self, entry: dict[str, Plain], coded: bool) -> "Part":
        code = entry.get("code")
        item = code if coded and isinstance(code, str) and code else self.item
        return replace(self, values=entry, item=item)

    def _required(self, key: str) -> Plain | None:
        if key not in self.values:
            self.note(ReadingRule.KEY_MISSING, f"{key!r} is missing")
        return self.values.get(key)
