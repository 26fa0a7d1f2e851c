"""Questionnaires on paper: what of an instrument is printed, and how its answers stand on the sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from btb_pro.instruments.model import (
    Choice,
    Condition,
    Field,
    FieldKind,
    Instrument,
    Item,
    Section,
    Wording,
    WordingStatus,
    wording_sha256,
)
from btb_pro.instruments.paging import Parts, pages_of
from btb_pro.instruments.walk import count_statuses

SHORT_HASH = 12
"""So many characters of a wording's SHA-256 stand on the paper."""

_MOST_CHOICES_IN_A_ROW = 4
_LONGEST_LABEL_IN_A_ROW = 24


class LanguageMissing(LookupError):
    """An instrument has no wording in the language that is asked for."""

    def __init__(self, instrument: Instrument, language: str) -> None:
        has = ", ".join(instrument.languages)
        super().__init__(f"{instrument.code} has no wording in {language!r}: use one of {has}.")


@dataclass(frozen=True, slots=True)
class PaperForm:
    """One instrument, or some sections of it, as it is printed in one language."""

    name: str
    """Names the form's pages to the style sheet."""
    instrument: Instrument
    language: str
    sections: tuple[Section, ...]

    @property
    def wordings(self) -> Mapping[WordingStatus, int]:
        """How many wordings of each status the instrument has in the language."""
        return count_statuses(self.instrument, self.language)

    @property
    def short_hash(self) -> str:
        """The beginning of the wording's SHA-256."""
        return wording_sha256(self.instrument, self.language)[:SHORT_HASH]

    @property
    def recall(self) -> Wording:
        """The period that the questions are about."""
        return self.instrument.recall[self.language].wording

    def number(self, item: Item) -> int:
        """The item's place in the whole instrument, as the phone shows it."""
        return [one.code for one in self.instrument.items].index(item.code) + 1

    def item_of(self, field_code: str) -> Item:
        """The item that a form field belongs to."""
        return next(item for item in self.instrument.items for one in item.fields if one.code == field_code)

    def choices_of(self, condition: Condition) -> list[str]:
        """The words of the answers that a condition waits for, in the file's order."""
        field = next(one for one in self.instrument.fields if one.code == condition.field)
        return [one.label[self.language].text for one in field.choices if one.code in condition.codes]


def forms_of(parts: Parts, language: str) -> tuple[PaperForm, ...]:
    """The forms of a set in order, one an instrument, with the sections that are asked.

    Raises:
        LanguageMissing: an instrument lacks the language.
        UnknownSection: an instrument lacks a section that is asked for.
    """
    forms = []
    for index, (instrument, codes) in enumerate(parts, start=1):
        if language not in instrument.languages:
            raise LanguageMissing(instrument, language)
        by_section = groupby(pages_of([(instrument, codes)]), key=lambda page: page.section.code)
        sections = tuple(next(pages).section for _, pages in by_section)
        forms.append(PaperForm(f"form{index}", instrument, language, sections))
    return tuple(forms)


def stands_in_a_row(choices: Sequence[Choice]) -> bool:
    """Whether the choices have room beside each other, whatever the language, so that all look alike."""
    longest = max(len(wording.text) for choice in choices for wording in choice.label.values())
    return len(choices) <= _MOST_CHOICES_IN_A_ROW and longest <= _LONGEST_LABEL_IN_A_ROW


def texts_beside(item: Item, choice: Choice) -> list[Field]:
    """The texts that one single choice of an item asks for."""
    wanted = Condition(item.fields[0].code, frozenset([choice.code]))
    return [one for one in item.fields if one.kind is FieldKind.TEXT and one.when == wanted]


def fields_below(item: Item) -> list[Field]:
    """The fields of an item that are written below its choices."""
    beside = [one for choice in item.fields[0].choices for one in texts_beside(item, choice)]
    return [one for one in item.fields[1:] if one not in beside]


def texts_belonging_to(item: Item, opener: Field) -> list[Field]:
    """The texts that an answer to one field of an item asks for."""
    texts = [one for one in item.fields if one.kind is FieldKind.TEXT]
    return [one for one in texts if one.when is not None and one.when.field == opener.code]


def word_columns(choices: Sequence[Choice]) -> str:
    """The columns of a scale's words: each has the room around its number, half way to the next."""
    places = [place for place, choice in enumerate(choices) if choice.has_words]
    halves = [(left + right) / 2 for left, right in pairwise(places)]
    edges = [0.0, *halves, float(len(choices) - 1)]
    return " ".join(f"{right - left:g}fr" for left, right in pairwise(edges))
