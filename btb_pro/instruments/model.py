"""Frozen types of an instrument, as read from its file, and the fingerprint of what a participant is shown.

An instrument has sections, a section has items, an item has form fields. The code of a form field is its
name in the page, its variable name in every export, and is never renumbered or reused.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Any


class WordingStatus(StrEnum):
    """How far a wording can be trusted, per language (see the file's references)."""

    VERIFIED = "verified"
    RECALLED = "recalled"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Wording:
    """A text in one language, with where it was read."""

    text: str
    status: WordingStatus
    source: tuple[str, ...] = ()
    note: str = ""


Texts = Mapping[str, Wording]
"""Language code (``nb``, ``en``) to wording; the same languages everywhere in one instrument."""


class ItemType(StrEnum):
    """How an item is asked; also the name of the template that shows it."""

    CHOICE = "choice"
    """One of several choices; may carry a dependent number (SHC's days)."""
    SCALE = "scale"
    """One number of a numbered row, 0-6 or 0-10, with words at some of them."""
    MULTIPLE = "multiple"
    """Several of many; one choice may exclude the others, one may ask for a text."""
    INTEGER = "integer"
    """A whole number with a unit and a range."""
    DURATION = "duration"
    """Two whole numbers, years and months."""
    EFFECTS = "effects"
    """A list of things, each with one of the same few choices, or none."""
    TEXT = "text"
    """A short text on one line."""


class FieldKind(StrEnum):
    """What a form field holds."""

    CODE = "code"
    CODES = "codes"
    INTEGER = "integer"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that may be chosen. `code` is the stored value: a number or a lower snake case word."""

    code: str
    label: Texts
    is_exclusive: bool = False
    """Cannot be combined with another choice of the same item ("nothing in particular")."""
    asks_text: bool = False
    """Opens a text field ("other, write")."""
    has_words: bool = True
    """False for a bare number of a scale: its label is its code, shown once, and is no wording."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A field applies only while another field's answer holds one of these codes."""

    field: str
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Field:
    """One form field of an item: its code, what it may hold, and when it applies."""

    code: str
    item: str
    kind: FieldKind
    label: Texts
    """The words that name this field: the item's text, or the dependent number's or the effect's own."""
    choices: tuple[Choice, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    unit: Texts | None = None
    max_length: int | None = None
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `fields[0]` is the field that bears the item's own code, where there is one."""

    code: str
    type: ItemType
    text: Texts
    fields: tuple[Field, ...]
    editions: Mapping[str, int]
    """The item's number in each printed edition, for the code book ("norwegian_a": 1, "hprt": 8)."""
    when: Condition | None = None
    is_safety: bool = False
    """The source marks it as one that a safety procedure may ask about; nothing happens by itself."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Items that share a stem; a page never spans two sections."""

    code: str
    stem: Texts | None
    page_size: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Recall:
    """The period that the questions are about, in one language."""

    period: str
    """ISO 8601 duration, "present" or "mixed"; the same in every language."""
    wording: Wording


class ScoreRule(StrEnum):
    """How a score is computed from the codes of its items."""

    MEAN = "mean"
    """Sum of the answered items divided by their number."""
    SUM = "sum"
    COUNT_POSITIVE = "count_positive"
    """Number of items with an answer above 0."""


@dataclass(frozen=True, slots=True)
class Score:
    """A published scoring rule."""

    code: str
    label: Texts
    rule: ScoreRule
    rule_version: str
    items: tuple[str, ...]
    minimum: int
    maximum: int
    """The range of possible values: `minimum` to `maximum`."""
    minimum_share: Fraction
    """Least share of the items that must be answered; a study file may say another."""
    direction: str
    source: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """A questionnaire, as its file has it."""

    code: str
    version: str
    languages: tuple[str, ...]
    title: Texts
    recall: Mapping[str, Recall]
    sections: tuple[Section, ...]
    scores: tuple[Score, ...]
    editions: Mapping[str, str]
    """Code of each printed edition and what it is."""
    references: Mapping[str, str]
    licence: str
    owner: str

    @property
    def items(self) -> tuple[Item, ...]:
        """Every item in order."""
        return tuple(item for section in self.sections for item in section.items)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every form field in order."""
        return tuple(field for item in self.items for field in item.fields)


class ByIdentity:
    """A cache key for an instrument, which holds mappings and so has no hash of its own."""

    __slots__ = ("instrument",)

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument

    def __hash__(self) -> int:
        return id(self.instrument)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByIdentity) and other.instrument is self.instrument


def wording_sha256(instrument: Instrument, language: str) -> str:
    """SHA-256, 64 lower-case hexadecimal digits, of everything that is shown in the language.

    Hashed is JSON with sorted keys, without spaces, in UTF-8: title, recall period, and of each item in order
    its stem, code, type, text and fields with their choices, units, ranges and conditions. Page breaks,
    statuses, sources and notes are no part of it, nor is any other language. Raises KeyError for a language
    that the instrument lacks.
    """
    return _wording_sha256(ByIdentity(instrument), language)


@lru_cache(maxsize=256)
def _wording_sha256(key: ByIdentity, language: str) -> str:
    instrument = key.instrument
    if language not in instrument.languages:
        raise KeyError(language)
    shown = _shown(instrument, language)
    canonical = json.dumps(shown, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def _shown(instrument: Instrument, language: str) -> dict[str, Any]:
    recall = instrument.recall[language]
    asked = [(section, item) for section in instrument.sections for item in section.items]
    return {
        "title": instrument.title[language].text,
        "recall": {"period": recall.period, "text": recall.wording.text},
        "items": [_item(section, item, language) for section, item in asked],
    }


def _item(section: Section, item: Item, language: str) -> dict[str, Any]:
    return {
        "stem": _text(section.stem, language),
        "code": item.code,
        "type": item.type.value,
        "text": item.text[language].text,
        "when": _condition(item.when),
        "fields": [_field(field, language) for field in item.fields],
    }


def _field(field: Field, language: str) -> dict[str, Any]:
    return {
        "code": field.code,
        "kind": field.kind.value,
        "label": field.label[language].text,
        "choices": [_choice(choice, language) for choice in field.choices],
        "minimum": field.minimum,
        "maximum": field.maximum,
        "max_length": field.max_length,
        "unit": _text(field.unit, language),
        "when": _condition(field.when),
    }


def _choice(choice: Choice, language: str) -> dict[str, Any]:
    return {
        "code": choice.code,
        "label": choice.label[language].text if choice.has_words else None,
        "is_exclusive": choice.is_exclusive,
        "asks_text": choice.asks_text,
    }


def _condition(condition: Condition | None) -> dict[str, Any] | None:
    return {"field": condition.field, "codes": sorted(condition.codes)} if condition else None


def _text(texts: Texts | None, language: str) -> str | None:
    return None if texts is None else texts[language].text
