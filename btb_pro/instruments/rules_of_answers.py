"""Rules of what an item may be answered with, when it is asked, and how it is shown."""

from collections import Counter
from collections.abc import Iterator

from btb_pro.instruments.model import FieldKind, Instrument, ItemType
from btb_pro.instruments.rules import Finding, Rule, is_number


def page_size_illegal(instrument: Instrument) -> Iterator[Finding]:
    """A page holds at least one item."""
    for section in instrument.sections:
        if section.page_size < 1:
            yield Finding(section.code, f"the page size is {section.page_size}; it must be 1 or more")


def range_inverted(instrument: Instrument) -> Iterator[Finding]:
    """A range does not end before it begins, nor begin below 0: negative codes mean missing."""
    for field in instrument.fields:
        if field.minimum is None or field.maximum is None:
            continue
        if not 0 <= field.minimum <= field.maximum:
            given = f"{field.minimum} to {field.maximum}"
            message = f"the range {given} must begin at 0 or above and not end before it begins"
            yield Finding(field.code, message)


def length_illegal(instrument: Instrument) -> Iterator[Finding]:
    """A text may have at least one character."""
    for field in instrument.fields:
        if field.max_length is not None and field.max_length < 1:
            yield Finding(field.code, f"the greatest length is {field.max_length}; it must be 1 or more")


def choices_too_few(instrument: Instrument) -> Iterator[Finding]:
    """A list of choices has at least two."""
    for field in instrument.fields:
        if field.kind in (FieldKind.CODE, FieldKind.CODES) and len(field.choices) < 2:
            yield Finding(field.code, f"there must be at least two choices, not {len(field.choices)}")


def choice_code_twice(instrument: Instrument) -> Iterator[Finding]:
    """A code names one choice of an item."""
    for field in instrument.fields:
        for code, count in Counter(choice.code for choice in field.choices).items():
            if count > 1:
                yield Finding(field.code, f"{count} choices have the code {code!r}")


def choice_wordless(instrument: Instrument) -> Iterator[Finding]:
    """Only a scale may have choices without words."""
    for item in instrument.items:
        for field in item.fields:
            for choice in field.choices:
                if item.type is not ItemType.SCALE and not choice.has_words:
                    message = f"the choice {choice.code!r} has no label; only a scale's may lack it"
                    yield Finding(field.code, message)


def scale_gap(instrument: Instrument) -> Iterator[Finding]:
    """The codes of a scale follow one another, upwards by 1."""
    for item in instrument.items:
        if item.type is not ItemType.SCALE:
            continue
        codes = [choice.code for choice in item.fields[0].choices]
        first = int(codes[0]) if codes and is_number(codes[0]) else 0
        if codes != [str(number) for number in range(first, first + len(codes))]:
            yield Finding(item.code, f"the scale's codes must follow one another: {', '.join(codes)}")


def exclusive_misplaced(instrument: Instrument) -> Iterator[Finding]:
    """Only one of several that may be chosen together can exclude the others."""
    for field in instrument.fields:
        for choice in field.choices:
            if choice.is_exclusive and field.kind is not FieldKind.CODES:
                message = f"the choice {choice.code!r} can be exclusive only in a multiple item"
                yield Finding(field.code, message)


def text_misplaced(instrument: Instrument) -> Iterator[Finding]:
    """A scale's number and an effect open no text field."""
    for item in instrument.items:
        if item.type not in (ItemType.SCALE, ItemType.EFFECTS):
            continue
        for choice in item.fields[0].choices if item.fields else ():
            if choice.asks_text:
                message = f"the choice {choice.code!r} cannot ask for a text in this type of item"
                yield Finding(item.code, message)


def condition_field_unknown(instrument: Instrument) -> Iterator[Finding]:
    """A condition names a field of the instrument that has choices."""
    with_choices = {field.code for field in instrument.fields if field.choices}
    for field in instrument.fields:
        if field.when and field.when.field not in with_choices:
            message = f"the condition names {field.when.field!r}, which is no field with choices"
            yield Finding(field.code, message)


def condition_code_unknown(instrument: Instrument) -> Iterator[Finding]:
    """A condition names codes that its field offers, at least one."""
    with_choices = [field for field in instrument.fields if field.choices]
    codes = {field.code: {choice.code for choice in field.choices} for field in with_choices}
    for field in instrument.fields:
        if not field.when or field.when.field not in codes:
            continue
        unknown = sorted(field.when.codes - codes[field.when.field])
        if unknown:
            message = f"the condition names {', '.join(unknown)}, which {field.when.field} does not offer"
            yield Finding(field.code, message)
        elif not field.when.codes:
            yield Finding(field.code, "the condition names no code")


def condition_later(instrument: Instrument) -> Iterator[Finding]:
    """A condition looks back: its field stands before the one that depends on it."""
    place = {field.code: number for number, field in enumerate(instrument.fields)}
    for number, field in enumerate(instrument.fields):
        if field.when and place.get(field.when.field, -1) >= number:
            message = f"the condition names {field.when.field!r}, which does not come before it"
            yield Finding(field.code, message)


def edition_unknown(instrument: Instrument) -> Iterator[Finding]:
    """An item's number is given for editions that the instrument names."""
    for item in instrument.items:
        for edition in item.editions:
            if edition not in instrument.editions:
                yield Finding(item.code, f"the edition {edition!r} is not among the instrument's editions")


def edition_number_twice(instrument: Instrument) -> Iterator[Finding]:
    """A number of an edition is one item's."""
    seen: dict[tuple[str, int], str] = {}
    for item in instrument.items:
        for edition in item.editions.items():
            if edition in seen:
                yield Finding(item.code, f"number {edition[1]} of {edition[0]} is {seen[edition]}'s already")
            seen.setdefault(edition, item.code)


ANSWER_RULES: tuple[Rule, ...] = (
    page_size_illegal,
    range_inverted,
    length_illegal,
    choices_too_few,
    choice_code_twice,
    choice_wordless,
    scale_gap,
    exclusive_misplaced,
    text_misplaced,
    condition_field_unknown,
    condition_code_unknown,
    condition_later,
    edition_unknown,
    edition_number_twice,
)
