"""A questionnaire as plain text for a terminal, the way a participant reads it."""

import textwrap
from collections.abc import Iterator
from itertools import count

from btb_pro.instruments.model import Condition, Field, FieldKind, Instrument, Item, WordingStatus
from btb_pro.instruments.walk import count_statuses

_WIDTH = 88


def questionnaire_text(instrument: Instrument, language: str) -> str:
    """Title, recall period, and each section's stem with its numbered items; codes stand in brackets.

    The last line counts the wordings that are not verified. Lines have at most 88 characters.
    Raises KeyError for a language that the instrument lacks.
    """
    if language not in instrument.languages:
        raise KeyError(language)
    recall = instrument.recall[language]
    lines = _wrapped(instrument.title[language].text) + _wrapped(f"[{recall.period}] {recall.wording.text}")
    numbers = count(1)
    for section in instrument.sections:
        if section.stem is not None:
            lines += ["", *_wrapped(section.stem[language].text)]
        for item in section.items:
            lines += ["", *_item_lines(next(numbers), item, language)]
    lines += ["", _trust_line(instrument, language)]
    return "\n".join(lines) + "\n"


def _item_lines(number: int, item: Item, language: str) -> Iterator[str]:
    yield from _wrapped(f"{number}. [{item.code}] {item.text[language].text}")
    if item.when:
        yield from _wrapped(_condition_text(item.when), 1)
    for field in item.fields:
        is_the_item = field.code == item.code
        if not is_the_item:
            yield from _wrapped(f"[{field.code}] {field.label[language].text}", 1)
        if field.when and field.when != item.when:
            yield from _wrapped(_condition_text(field.when), 1 if is_the_item else 2)
        yield from _answer_lines(field, language, 1 if is_the_item else 2)


def _answer_lines(field: Field, language: str, indent: int) -> Iterator[str]:
    for choice in field.choices:
        words = choice.label[language].text if choice.has_words else ""
        mark = " (excludes the others)" if choice.is_exclusive else ""
        yield from _wrapped(f"[{choice.code}] {words}{mark}".rstrip(), indent)
    if field.kind is FieldKind.INTEGER:
        unit = f" {field.unit[language].text}" if field.unit else ""
        yield from _wrapped(f"({field.minimum} to {field.maximum}{unit})", indent)
    if field.kind is FieldKind.TEXT:
        yield from _wrapped(f"(text of at most {field.max_length} characters)", indent)


def _condition_text(condition: Condition) -> str:
    codes = sorted(condition.codes, key=lambda code: (len(code), code))
    return f"(only if {condition.field} is {' or '.join(codes)})"


def _trust_line(instrument: Instrument, language: str) -> str:
    counts = count_statuses(instrument, language)
    unsure = {status: number for status, number in counts.items() if status is not WordingStatus.VERIFIED}
    told = ", ".join(f"{number} {status}" for status, number in unsure.items())
    return f"{sum(unsure.values())} of {sum(counts.values())} wordings are not verified ({told})."


def _wrapped(text: str, indent: int = 0) -> list[str]:
    first = "    " * indent
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=first + "    ", break_on_hyphens=False
    )
