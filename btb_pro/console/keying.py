"""A page of paper as it is typed in, and reading what was typed. It shows no value that was saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from btb_pro.instruments.answers import Refusal, ValueRefused, read_value
from btb_pro.instruments.model import Field, Instrument, Item
from btb_pro.refused_values import refusal_text


@dataclass(frozen=True, slots=True)
class KeyField:
    """One form field: codes stand before the words, as they are printed on the paper."""

    code: str
    kind: str
    label: str
    choices: tuple[tuple[str, str], ...]
    unit: str
    minimum: int | None
    maximum: int | None
    max_length: int | None
    typed: tuple[str, ...]
    """What this very request brought and could not be saved; empty otherwise."""
    error: str


@dataclass(frozen=True, slots=True)
class KeyItem:
    """One question of the paper."""

    number: int
    text: str
    fields: tuple[KeyField, ...]


@dataclass(frozen=True, slots=True)
class Typing:
    """What a form brought: every field's value, None where it is blank, or what is wrong with it."""

    values: Mapping[str, str | None]
    refused: Mapping[str, Refusal]


def read_typed(items: Sequence[Item], sent: MultiDict[str, str]) -> Typing:
    """Read every field of some items; one that was not sent is blank on the paper."""
    values: dict[str, str | None] = {}
    refused: dict[str, Refusal] = {}
    for field in (field for item in items for field in item.fields):
        raw = sent.getlist(field.code)
        try:
            # A list's first line, "left blank", sends an empty value.
            values[field.code] = read_value(field, [one for one in raw if one] if field.choices else raw)
        except ValueRefused as error:
            refused[field.code] = error.reason
    return Typing(values, refused)


def key_items(
    instrument: Instrument,
    items: Sequence[Item],
    language: str,
    sent: MultiDict[str, str] | None = None,
    refused: Mapping[str, Refusal] | None = None,
) -> tuple[KeyItem, ...]:
    """Items as a form shows them, in the paper's language; with what was typed if it could not be saved."""
    places = {item.code: place for place, item in enumerate(instrument.items, start=1)}
    return tuple(
        KeyItem(
            places[item.code],
            item.text[language].text,
            tuple(_field(field, language, sent, refused or {}) for field in item.fields),
        )
        for item in items
    )


def _field(
    field: Field, language: str, sent: MultiDict[str, str] | None, refused: Mapping[str, Refusal]
) -> KeyField:
    shows = {choice.code: choice.label[language].text if choice.label else "" for choice in field.choices}
    return KeyField(
        code=field.code,
        kind=field.kind.value,
        label=field.label[language].text,
        choices=tuple((code, _choice(code, words)) for code, words in shows.items()),
        unit=field.unit[language].text if field.unit else "",
        minimum=field.minimum,
        maximum=field.maximum,
        max_length=field.max_length,
        typed=tuple(sent.getlist(field.code)) if sent is not None else (),
        error=refusal_text(field, refused[field.code], language) if field.code in refused else "",
    )


def _choice(code: str, words: str) -> str:
    return code if words in ("", code) else f"{code}: {words}"
