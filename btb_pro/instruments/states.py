"""What state every field and item of an instrument is in, given the answers stored so far.

A field's state is judged from its own row and from the conditions it hangs on. A condition whose field has no
answer cannot be judged, so nothing is "not applicable" by a guess: the dependent field then shares the state
of the field that it waits for, whatever is stored for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from btb_pro.instruments.model import Condition, Field, FieldKind, Instrument, Item
from btb_pro.instruments.values import chosen_codes


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
    controlling = _fields_by_code(_ByIdentity(instrument))[when.field]
    return field_state(instrument, controlling, current)


class _ByIdentity:
    """A cache key for an instrument, which holds mappings and so has no hash of its own."""

    __slots__ = ("instrument",)

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument

    def __hash__(self) -> int:
        return id(self.instrument)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.instrument is self.instrument


@lru_cache(maxsize=64)
def _fields_by_code(key: _ByIdentity) -> Mapping[str, Field]:
    return {field.code: field for field in key.instrument.fields}
