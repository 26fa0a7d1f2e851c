"""An instrument on paper, so to speak: what the participant reads, as lines of text."""

from collections.abc import Iterator

from btb_pro.instruments.model import Condition, Field, FieldKind, Instrument, Item, ItemType

_MARKS = {FieldKind.CODE: "( )", FieldKind.CODES: "[ ]"}


def questionnaire_lines(instrument: Instrument, language: str) -> Iterator[str]:
    """The questionnaire in a language that it has. What stands in square brackets is ours, not shown."""
    yield instrument.title[language].text
    yield f"[{instrument.code} {instrument.version}, {language}]"
    yield instrument.recall[language].wording.text
    number, stem_before = 0, None
    for section in instrument.sections:
        if section.stem is not None and section.stem is not stem_before:
            yield ""
            yield section.stem[language].text
        stem_before = section.stem
        for item in section.items:
            number += 1
            yield ""
            yield f"{number}. {item.text[language].text}  [{item.code}{_only_when(item.when)}]"
            yield from _answer_lines(item, language)


def _answer_lines(item: Item, language: str) -> Iterator[str]:
    if item.type is ItemType.EFFECTS:
        yield from _effect_lines(item, language)
        return
    for field in item.fields:
        if field.code != item.code:
            yield f"   {field.label[language].text}  [{field.code}{_only_when(field.when)}]"
        yield from _field_lines(field, language)


def _effect_lines(item: Item, language: str) -> Iterator[str]:
    """Things of an effects item share their choices, which are told once."""
    for field in item.fields:
        if field.choices:
            labels = " / ".join(choice.label[language].text for choice in field.choices)
            yield f"   {field.label[language].text}: {labels}  [{field.code}]"
        else:
            yield f"      {field.label[language].text}: ____  [{field.code}]"


def _field_lines(field: Field, language: str) -> Iterator[str]:
    if not field.choices:
        unit = f" {field.unit[language].text}" if field.unit else ""
        limits = f"  [{field.minimum} to {field.maximum}]" if field.kind is FieldKind.INTEGER else ""
        yield f"   ____{unit}{limits}"
        return
    for choice in field.choices:
        words = choice.label[language].text
        yield f"   {_MARKS[field.kind]} {words}{f'  [{choice.code}]' if words != choice.code else ''}"


def _only_when(when: Condition | None) -> str:
    return f", only when {when.field} is {' or '.join(sorted(when.codes))}" if when else ""
