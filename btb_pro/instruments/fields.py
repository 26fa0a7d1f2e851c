"""Items and their form fields, from plain data to the model.

The codes of dependent, split and effect fields follow from the item's code: `shc_headache_days`,
`pain_duration_years`, `pain_worse_other`, `pain_treat_surgery`, `pain_treat_other_text`.
"""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from btb_pro.instruments.model import Choice, Condition, Field, FieldKind, Item, ItemType, Texts
from btb_pro.instruments.parts import Part
from btb_pro.instruments.problems import ReadingRule
from btb_pro.instruments.wordings import SharedParts, read_choices, read_texts

_COMMON_KEYS = ("code", "type", "text", "editions", "when", "is_safety", "note", "not_shown")
_KEYS_OF_TYPE = {
    ItemType.CHOICE: ("choices", "dependent", "max_length"),
    ItemType.SCALE: ("choices",),
    ItemType.MULTIPLE: ("choices", "max_length"),
    ItemType.INTEGER: ("unit", "minimum", "maximum"),
    ItemType.DURATION: ("parts",),
    ItemType.EFFECTS: ("things", "choices", "max_length"),
    ItemType.TEXT: ("max_length",),
}
_DURATION_PARTS = ("years", "months")


def read_item(part: Part, shared: SharedParts) -> Item:
    """One item with its form fields."""
    code = part.text("code")
    item_type = _read_type(part)
    part.allow((*_COMMON_KEYS, *_KEYS_OF_TYPE[item_type]))
    text = read_texts(part, "text", shared.languages)
    when = _read_condition(part) if part.has("when") else None
    fields = _BUILDERS[item_type](part, code, text, shared)
    return Item(
        code=code,
        type=item_type,
        text=text,
        fields=tuple(field if field.when else replace(field, when=when) for field in fields),
        editions=_read_numbers(part) if part.has("editions") else MappingProxyType({}),
        when=when,
        is_safety=part.statement("is_safety"),
        note=part.text("note", ""),
    )


def _read_type(part: Part) -> ItemType:
    name = part.text("type")
    if name in list(ItemType):
        return ItemType(name)
    if name:
        part.note(ReadingRule.VALUE_ILLEGAL, f"the type {name!r} is none of {', '.join(ItemType)}")
    return ItemType.TEXT


def _read_condition(part: Part) -> Condition:
    when = part.part("when")
    when.allow(("field", "codes"))
    return Condition(when.text("field"), frozenset(when.names("codes")))


def _read_numbers(part: Part) -> MappingProxyType[str, int]:
    editions = part.part("editions")
    return MappingProxyType({edition: editions.whole_number(edition) for edition in editions.values})


def _read_item_choices(part: Part, shared: SharedParts) -> tuple[Choice, ...]:
    if isinstance(part.values.get("choices"), list):
        return read_choices(part, "choices", shared.languages)
    name = part.text("choices")
    if name and name not in shared.choices:
        part.note(ReadingRule.CHOICES_UNKNOWN, f"there is no list of choices called {name!r}")
    return shared.choices.get(name, ())


def _choice_fields(part: Part, code: str, text: Texts, shared: SharedParts) -> list[Field]:
    choices = _read_item_choices(part, shared)
    fields = [Field(code, code, FieldKind.CODE, text, choices=choices), *_other_fields(part, code, choices)]
    if part.has("dependent"):
        fields += _dependent_fields(part, code, shared)
    return fields


def _scale_fields(part: Part, code: str, text: Texts, shared: SharedParts) -> list[Field]:
    return [Field(code, code, FieldKind.CODE, text, choices=_read_item_choices(part, shared))]


def _multiple_fields(part: Part, code: str, text: Texts, shared: SharedParts) -> list[Field]:
    choices = _read_item_choices(part, shared)
    return [Field(code, code, FieldKind.CODES, text, choices=choices), *_other_fields(part, code, choices)]


def _other_fields(part: Part, code: str, choices: tuple[Choice, ...]) -> list[Field]:
    asking = [choice for choice in choices if choice.asks_text]
    if len(asking) > 1:
        part.note(ReadingRule.VALUE_ILLEGAL, "only one choice of an item may ask for a text")
    return [
        Field(
            code=f"{code}_other",
            item=code,
            kind=FieldKind.TEXT,
            label=choice.label,
            max_length=part.whole_number("max_length"),
            when=Condition(code, frozenset({choice.code})),
        )
        for choice in asking[:1]
    ]


def _dependent_fields(part: Part, code: str, shared: SharedParts) -> list[Field]:
    name = part.text("dependent")
    dependent = shared.dependents.get(name)
    if dependent is None:
        part.note(ReadingRule.DEPENDENT_UNKNOWN, f"there is no dependent number called {name!r}")
        return []
    return [
        Field(
            code=f"{code}_{name}",
            item=code,
            kind=FieldKind.INTEGER,
            label=dependent.label,
            minimum=dependent.minimum,
            maximum=dependent.maximum,
            unit=dependent.unit,
            when=Condition(code, dependent.codes),
        )
    ]


def _number_field(part: Part, item: str, code: str, shared: SharedParts, label: Texts | None = None) -> Field:
    return Field(
        code=code,
        item=item,
        kind=FieldKind.INTEGER,
        label=read_texts(part, "label", shared.languages) if label is None else label,
        minimum=part.whole_number("minimum"),
        maximum=part.whole_number("maximum"),
        unit=read_texts(part, "unit", shared.languages) if part.has("unit") else None,
    )


def _integer_fields(part: Part, code: str, text: Texts, shared: SharedParts) -> list[Field]:
    return [_number_field(part, code, code, shared, text)]


def _duration_fields(part: Part, code: str, text: Texts, shared: SharedParts) -> list[Field]:
    both = part.part("parts")
    both.allow(_DURATION_PARTS)
    named = {name: both.part(name) for name in _DURATION_PARTS}
    for half in named.values():
        half.allow(("label", "unit", "minimum", "maximum"))
    return [_number_field(half, code, f"{code}_{name}", shared) for name, half in named.items()]


def _effects_fields(part: Part, code: str, text: Texts, shared: SharedParts) -> list[Field]:
    effects = _read_item_choices(part, shared)
    any_effect = frozenset(effect.code for effect in effects)
    fields: list[Field] = []
    for thing in read_choices(part, "things", shared.languages):
        name = f"{code}_{thing.code}"
        fields.append(Field(name, code, FieldKind.CODE, thing.label, choices=effects))
        if thing.asks_text:
            length = part.whole_number("max_length")
            text_field = Field(f"{name}_text", code, FieldKind.TEXT, thing.label, max_length=length)
            fields.append(replace(text_field, when=Condition(name, any_effect)))
    return fields


def _text_fields(part: Part, code: str, text: Texts, shared: SharedParts) -> list[Field]:
    return [Field(code, code, FieldKind.TEXT, text, max_length=part.whole_number("max_length"))]


_BUILDERS: dict[ItemType, Callable[[Part, str, Texts, SharedParts], list[Field]]] = {
    ItemType.CHOICE: _choice_fields,
    ItemType.SCALE: _scale_fields,
    ItemType.MULTIPLE: _multiple_fields,
    ItemType.INTEGER: _integer_fields,
    ItemType.DURATION: _duration_fields,
    ItemType.EFFECTS: _effects_fields,
    ItemType.TEXT: _text_fields,
}
