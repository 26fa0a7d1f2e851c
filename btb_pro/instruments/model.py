"""Frozen types of an instrument, as read from its file.

An instrument has sections, a section has items, an item has form fields. The code of a form field is its
name in the page, its variable name in every export, and is never renumbered or reused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


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
