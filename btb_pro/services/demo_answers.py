"""Made-up answers to real questions, the same ones for the same seed."""

from dataclasses import dataclass, field
from random import Random

from btb_pro.instruments.answers import AnswerState, StoredAnswer, applicable_fields, read_value
from btb_pro.instruments.model import Field, FieldKind, Item, ItemType
from btb_pro.instruments.paging import Page

_LEFT_BLANK = 0.03
_DECLINED = 0.01
_EFFECT_LEFT_OUT = 0.5
_TEXTS = {"nb": "Oppdiktet svar", "en": "Made-up answer"}


@dataclass(slots=True)
class MadeUpPerson:
    """Somebody who answers by chance, more or less burdened, and remembers what was answered before."""

    random: Random
    language: str
    burden: float
    """0 to 1: how far towards the far end of a scale the answers lie."""
    answers: dict[str, StoredAnswer] = field(default_factory=dict)
    """Of the visit at hand, by field code."""

    def answer(self, page: Page) -> tuple[dict[str, str | None], Item | None]:
        """Values for a page by field code, and the one question that is declined, if one is."""
        values: dict[str, str | None] = {}
        declined = None
        for item in page.items:
            chance = self.random.random()
            if chance < _DECLINED and declined is None:
                declined = item
            elif chance > _LEFT_BLANK:
                values |= self._answer_item(page, item)
        return values, declined

    def _answer_item(self, page: Page, item: Item) -> dict[str, str]:
        values = {}
        for one in item.fields:
            if one not in applicable_fields(item, page.instrument, self.answers):
                continue
            if item.type is ItemType.EFFECTS and self.random.random() < _EFFECT_LEFT_OUT:
                continue
            value = read_value(one, self._posted(one))
            if value is not None:
                values[one.code] = value
                self.answers[one.code] = StoredAnswer(AnswerState.ANSWERED, value)
        return values

    def _posted(self, one: Field) -> list[str]:
        if one.kind is FieldKind.CODE:
            return [one.choices[self._between(0, len(one.choices) - 1)].code]
        if one.kind is FieldKind.CODES:
            together = [choice.code for choice in one.choices if not choice.is_exclusive]
            return self.random.sample(together, k=min(len(together), self.random.randint(1, 3)))
        if one.kind is FieldKind.INTEGER:
            lowest = one.minimum or 0
            return [str(self._between(lowest, lowest + 60 if one.maximum is None else one.maximum))]
        return [_TEXTS.get(self.language, _TEXTS["en"])[: one.max_length]]

    def _between(self, lowest: int, highest: int) -> int:
        """A whole number of a range, near where the burden lies in it."""
        share = min(1.0, max(0.0, self.random.gauss(self.burden, 0.2)))
        return round(lowest + share * (highest - lowest))
