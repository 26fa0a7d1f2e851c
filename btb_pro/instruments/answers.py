"""Answers to an instrument: which values its fields take, and in which state each field and item is.

Stored values are strings: a choice's code; decimal digits without leading zeros; the chosen codes in the
instrument's order joined by one space; a text exactly as it was typed.

A field's state is judged from its own row and from the conditions it hangs on. A condition whose field has no
answer cannot be judged, so nothing is "not applicable" by a guess: the dependent field then shares the state
of the field that it waits for, whatever is stored for it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from btb_pro.instruments.model import ByIdentity, Condition, Field, FieldKind, Instrument, Item

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


class AnswerState(StrEnum):
    """The state of a stored answer row."""

    ANSWERED = "answered"
    SKIPPED = "skipped"
    """Seen and left without an answer."""
    DECLINED = "declined"
    """Prefers not to answer."""
    CLEARED = "cleared"
    """An earlier answer taken back."""


class ItemState(StrEnum):
    """The state of a field or an item in every file that leaves the system."""

    ANSWERED = "answered"
    LEFT_BLANK = "left_blank"
    DECLINED = "declined"
    NOT_REACHED = "not_reached"
    NOT_APPLICABLE = "not_applicable"


MISSING_CODES: Mapping[ItemState, int] = MappingProxyType(
    {
        ItemState.LEFT_BLANK: -9,
        ItemState.DECLINED: -8,
        ItemState.NOT_REACHED: -7,
        ItemState.NOT_APPLICABLE: -6,
    }
)
"""The number that stands for a missing answer in files; no instrument uses negative codes."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The newest row of one field: its state, and its stored value when (and only when) it is answered.

    Raises `ValueError` when state and value contradict each other.
    """

    state: AnswerState
    value: str | None = None

    def __post_init__(self) -> None:
        if (self.state == AnswerState.ANSWERED) != (self.value is not None):
            raise ValueError(f"A row has a value if and only if it is answered; this one is {self.state}.")


Current = Mapping[str, StoredAnswer]
"""Field code to its newest row; a field that has no row is not in it."""

STATE_OF_ROW: Mapping[AnswerState, ItemState] = {
    AnswerState.ANSWERED: ItemState.ANSWERED,
    AnswerState.SKIPPED: ItemState.LEFT_BLANK,
    AnswerState.CLEARED: ItemState.LEFT_BLANK,
    AnswerState.DECLINED: ItemState.DECLINED,
}


def condition_holds(condition: Condition, current: Current) -> bool | None:
    """Whether one of the condition's codes is chosen; None when its field has no answer to judge by.

    Looks at this one condition only: `field_state` follows the conditions that its field hangs on in turn.
    """
    row = current.get(condition.field)
    if row is None or row.value is None:
        return None
    return not condition.codes.isdisjoint(chosen_codes(row.value))


def field_state(instrument: Instrument, field: Field, current: Current) -> ItemState:
    """The state of one form field. Raises `KeyError` when a condition names a field that no item has."""
    if field.when is not None:
        controlling = _controlling_state(instrument, field.when, current)
        if controlling != ItemState.ANSWERED:
            return controlling
        if not condition_holds(field.when, current):
            return ItemState.NOT_APPLICABLE
    row = current.get(field.code)
    return ItemState.NOT_REACHED if row is None else STATE_OF_ROW[row.state]


def field_value(instrument: Instrument, field: Field, current: Current) -> str | None:
    """The stored value of a field whose state is answered; None in every other state."""
    if field_state(instrument, field, current) != ItemState.ANSWERED:
        return None
    return current[field.code].value


def applicable_fields(item: Item, instrument: Instrument, current: Current) -> tuple[Field, ...]:
    """The fields of an item that apply for certain: with no condition, or one that is known to hold."""
    return tuple(field for field in item.fields if _applies(instrument, field.when, current))


def open_items(items: Iterable[Item], instrument: Instrument, current: Current) -> tuple[Item, ...]:
    """Those of `items` that a participant could still answer, in the same order.

    One answered field is enough for an item of several fields, but a dependent number that applies must be
    answered or declined too. A text that explains "other" never opens an item.
    """
    return tuple(item for item in items if _is_open(item, instrument, current))


def item_summary(item: Item, instrument: Instrument, current: Current) -> ItemState:
    """The state of the item as a whole: answered as soon as one of its fields is."""
    states = {field_state(instrument, field, current) for field in item.fields}
    for state in (ItemState.ANSWERED, ItemState.DECLINED, ItemState.LEFT_BLANK):
        if state in states:
            return state
    if ItemState.NOT_REACHED not in states:
        return ItemState.NOT_APPLICABLE
    is_seen = any(field.code in current for field in item.fields)
    return ItemState.LEFT_BLANK if is_seen else ItemState.NOT_REACHED


def _is_open(item: Item, instrument: Instrument, current: Current) -> bool:
    if not _applies(instrument, item.when, current):
        return False
    fields = applicable_fields(item, instrument, current)
    states = {field.code: field_state(instrument, field, current) for field in fields}
    closed = {ItemState.ANSWERED, ItemState.DECLINED}
    if closed.isdisjoint(states.values()):
        return True
    return any(states[field.code] not in closed for field in fields if _is_dependent_number(item, field))


def _is_dependent_number(item: Item, field: Field) -> bool:
    waits_for = None if field.when is None else field.when.field
    return field.kind == FieldKind.INTEGER and any(other.code == waits_for for other in item.fields)


def _applies(instrument: Instrument, when: Condition | None, current: Current) -> bool:
    if when is None:
        return True
    is_judged = _controlling_state(instrument, when, current) == ItemState.ANSWERED
    return is_judged and bool(condition_holds(when, current))


def _controlling_state(instrument: Instrument, when: Condition, current: Current) -> ItemState:
    controlling = _fields_by_code(ByIdentity(instrument))[when.field]
    return field_state(instrument, controlling, current)


@lru_cache(maxsize=64)
def _fields_by_code(key: ByIdentity) -> Mapping[str, Field]:
    return {field.code: field for field in key.instrument.fields}
