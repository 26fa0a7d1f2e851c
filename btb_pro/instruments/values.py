"""From what a browser posted to the one stored form of a value, or a refusal that names the reason.

Stored values are strings: a choice's code; decimal digits without leading zeros; the chosen codes in the
instrument's order joined by one space; a text exactly as it was typed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from btb_pro.instruments.model import Field, FieldKind

MAXIMUM_DIGITS = 18
"""More digits than this overflow a database's 64-bit integer."""

_DIGITS = re.compile(r"[0-9]+")
# Databases disagree on what they do with these: one refuses, the next cuts the text short.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Refusal(StrEnum):
    """Why a posted value cannot be an answer to its field."""

    NOT_A_CHOICE = "not_a_choice"
    SEVERAL_VALUES = "several_values"
    NOT_A_WHOLE_NUMBER = "not_a_whole_number"
    OUT_OF_RANGE = "out_of_range"
    TOO_LONG = "too_long"
    FORBIDDEN_CHARACTERS = "forbidden_characters"
    EXCLUDES_OTHERS = "excludes_others"


_SENTENCES: Mapping[Refusal, str] = {
    Refusal.NOT_A_CHOICE: "a posted value is none of its choices; post the code of a choice",
    Refusal.SEVERAL_VALUES: "it takes one value and got several; post it once",
    Refusal.NOT_A_WHOLE_NUMBER: "the value is not a whole number; use the digits 0 to 9 only",
    Refusal.OUT_OF_RANGE: "the number is outside its range; use a number within it",
    Refusal.TOO_LONG: "the text is too long; shorten it",
    Refusal.FORBIDDEN_CHARACTERS: "the text holds a character that cannot be stored; remove it",
    Refusal.EXCLUDES_OTHERS: "a choice that stands alone came with others; choose it alone or leave it out",
}


class ValueRefused(ValueError):
    """A posted value is no possible answer to its field. The message never holds the value itself."""

    def __init__(self, field_code: str, reason: Refusal) -> None:
        super().__init__(f"{field_code}: {_SENTENCES[reason]}.")
        self.field_code = field_code
        self.reason = reason


def read_value(field: Field, raw: Sequence[str]) -> str | None:
    """The stored form of `raw`, all the values that were posted under the field's name.

    None when there is nothing in it: no value at all, an empty or blank text, an empty number, or only the
    hidden empty value of a check-box group. Raises `ValueRefused`.
    """
    return _READERS[field.kind](field, raw)


def is_storable(text: str) -> bool:
    """Whether a text holds only characters that every database and file format keeps as they are."""
    return _FORBIDDEN.search(text) is None


def chosen_codes(value: str | None) -> tuple[str, ...]:
    """The codes in a stored value of a field that takes one or several; what a browser would post for it."""
    return tuple(value.split(" ")) if value else ()


def _only_value(field: Field, raw: Sequence[str]) -> str | None:
    if len(raw) > 1:
        raise ValueRefused(field.code, Refusal.SEVERAL_VALUES)
    return raw[0] if raw else None


def _read_code(field: Field, raw: Sequence[str]) -> str | None:
    value = _only_value(field, raw)
    if value is not None and all(value != choice.code for choice in field.choices):
        raise ValueRefused(field.code, Refusal.NOT_A_CHOICE)
    return value


def _read_codes(field: Field, raw: Sequence[str]) -> str | None:
    posted = {value for value in raw if value}
    chosen = [choice for choice in field.choices if choice.code in posted]
    if len(chosen) != len(posted):
        raise ValueRefused(field.code, Refusal.NOT_A_CHOICE)
    if len(chosen) > 1 and any(choice.is_exclusive for choice in chosen):
        raise ValueRefused(field.code, Refusal.EXCLUDES_OTHERS)
    return " ".join(choice.code for choice in chosen) or None


def _read_integer(field: Field, raw: Sequence[str]) -> str | None:
    typed = (_only_value(field, raw) or "").strip(" ")
    if not typed:
        return None
    if not _DIGITS.fullmatch(typed):
        raise ValueRefused(field.code, Refusal.NOT_A_WHOLE_NUMBER)
    if len(typed) > MAXIMUM_DIGITS or not _is_in_range(field, int(typed)):
        raise ValueRefused(field.code, Refusal.OUT_OF_RANGE)
    return str(int(typed))


def _is_in_range(field: Field, number: int) -> bool:
    is_too_low = field.minimum is not None and number < field.minimum
    is_too_high = field.maximum is not None and number > field.maximum
    return not (is_too_low or is_too_high)


def _read_text(field: Field, raw: Sequence[str]) -> str | None:
    typed = _only_value(field, raw) or ""
    if not is_storable(typed):
        raise ValueRefused(field.code, Refusal.FORBIDDEN_CHARACTERS)
    if not typed.strip():
        return None
    if field.max_length is not None and len(typed) > field.max_length:
        raise ValueRefused(field.code, Refusal.TOO_LONG)
    return typed


_READERS: Mapping[FieldKind, Callable[[Field, Sequence[str]], str | None]] = {
    FieldKind.CODE: _read_code,
    FieldKind.CODES: _read_codes,
    FieldKind.INTEGER: _read_integer,
    FieldKind.TEXT: _read_text,
}
