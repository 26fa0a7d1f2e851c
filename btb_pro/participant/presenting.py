"""From rows and types to what a template shows of a page of questions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext

from btb_pro.instruments.answers import AnswerState, Refusal, chosen_codes
from btb_pro.instruments.model import Choice, Condition, Field, FieldKind, Instrument, Item, Texts
from btb_pro.instruments.paging import Page
from btb_pro.refused_values import refusal_text
from btb_pro.services.sessions import SeenAnswer

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class ShownChoice:
    """One radio or check box."""

    code: str
    label: str
    is_checked: bool
    opens: bool
    """Choosing it brings up another field."""


@dataclass(frozen=True, slots=True)
class ShownField:
    """One form field with what it holds on this page."""

    code: str
    kind: str
    label: str
    choices: tuple[ShownChoice, ...]
    text: str
    unit: str
    minimum: int | None
    maximum: int | None
    max_length: int | None
    error: str
    is_dependent: bool
    opened_by: str
    """Code of the field whose answer brings this one up; empty if none."""
    is_kept_open: bool
    """Shown whatever is chosen, since it holds something or is wrong."""


@dataclass(frozen=True, slots=True)
class ShownItem:
    """One question."""

    code: str
    type: str
    number: int
    text: str
    fields: tuple[ShownField, ...]
    state: str
    """Empty, ``declined``, or ``kept`` for an answer of an earlier session, which is not shown."""
    error: str
    is_open: bool
    """Nothing is wrong with it: it only has no answer yet."""
    target: str
    """Id of the element that a link to the question leads to."""
    can_clear: bool
    is_dependent: bool
    opened_by_previous: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the list at the top of a page."""

    target: str
    text: str


def shown_values(page: Page, seen: Mapping[str, SeenAnswer]) -> dict[str, str]:
    """The values that a page may show: those that this very session entered."""
    return {
        field.code: seen[field.code].stored.value or ""
        for item in page.items
        for field in item.fields
        if field.code in seen and seen[field.code].is_own and seen[field.code].stored.value is not None
    }


class PagePresenter:
    """Turns one page into what its template shows.

    `values` are the texts and codes to show by field code (several for check boxes): what the session entered
    before, or what was just typed. `refused` and `open_codes` mark what is wrong and what is still open.
    """

    def __init__(
        self,
        page: Page,
        language: str,
        seen: Mapping[str, SeenAnswer],
        values: Mapping[str, Sequence[str]],
        refused: Mapping[str, Refusal],
        open_codes: frozenset[str],
    ) -> None:
        self._page = page
        self._language = language
        self._seen = seen
        self._values = values
        self._refused = refused
        self._open_codes = open_codes
        self._first_number = _position(page.instrument, page.items[0])
        self._opening = _opening_codes(page.items)

    def items(self) -> tuple[ShownItem, ...]:
        """The questions of the page, in order."""
        return tuple(
            self._item(item, self._first_number + index, self._page.items[index - 1] if index else None)
            for index, item in enumerate(self._page.items)
        )

    def problems(self) -> tuple[Problem, ...]:
        """The list at the top: a line for each question that is wrong or open."""
        return tuple(Problem(item.target, _numbered(item)) for item in self.items() if item.error)

    def _item(self, item: Item, number: int, previous: Item | None) -> ShownItem:
        fields = tuple(self._field(item, field) for field in item.fields)
        own = [self._seen[field.code] for field in item.fields if field.code in self._seen]
        has_kept = any(one.stored.state is AnswerState.ANSWERED and not one.is_own for one in own)
        is_declined = any(one.stored.state is AnswerState.DECLINED for one in own)
        error = next((field.error for field in fields if field.error), "")
        is_open = not error and item.code in self._open_codes
        if is_open:
            error = gettext("No answer yet.")
        return ShownItem(
            code=item.code,
            type=item.type.value,
            number=number,
            text=_text(item.text, self._language),
            fields=fields,
            state="declined" if is_declined else "kept" if has_kept else "",
            error=error,
            is_open=is_open,
            target=_target(self._first_to_mend(item, fields)),
            can_clear=is_declined or any(one.stored.state is AnswerState.ANSWERED for one in own),
            is_dependent=item.when is not None,
            opened_by_previous=previous is not None and _hangs_on(item.when, previous),
        )

    def _first_to_mend(self, item: Item, fields: Sequence[ShownField]) -> ShownField:
        """The field that is wrong, or the number that an answer opened and that is not there yet."""
        wrong = next((field for field in fields if field.error), None)
        if wrong is not None or item.code not in self._open_codes:
            return wrong or fields[0]
        return next((f for f in fields if self._is_opened(item, f) and not f.text), fields[0])

    def _is_opened(self, item: Item, field: ShownField) -> bool:
        """Whether the answer that is there brings a number up."""
        if not field.is_dependent or field.kind != FieldKind.INTEGER.value:
            return False
        conditions = [one.when for one in item.fields if one.code == field.code and one.when]
        return field.is_kept_open or any(
            not when.codes.isdisjoint(self._values.get(when.field, ())) for when in conditions
        )

    def _field(self, item: Item, field: Field) -> ShownField:
        raw = self._values.get(field.code, ())
        refusal = self._refused.get(field.code)
        is_dependent = field.when is not None and field.when != item.when
        return ShownField(
            code=field.code,
            kind=field.kind.value,
            label=_text(field.label, self._language),
            choices=tuple(self._choice(field, choice, raw) for choice in field.choices),
            text=printable(raw[0]) if raw and not field.choices else "",
            unit=_text(field.unit, self._language) if field.unit else "",
            minimum=field.minimum,
            maximum=field.maximum,
            max_length=field.max_length,
            error=refusal_text(field, refusal, self._language) if refusal else "",
            is_dependent=is_dependent,
            opened_by=field.when.field if field.when else "",
            is_kept_open=is_dependent and (refusal is not None or self._is_kept(field)),
        )

    def _is_kept(self, field: Field) -> bool:
        """The controlling answer is there but not shown, so the page cannot tell by itself."""
        if field.when is None or field.when.field not in self._seen:
            return False
        controlling = self._seen[field.when.field]
        is_met = not field.when.codes.isdisjoint(chosen_codes(controlling.stored.value))
        return is_met and not controlling.is_own

    def _choice(self, field: Field, choice: Choice, raw: Sequence[str]) -> ShownChoice:
        return ShownChoice(
            code=choice.code,
            label=_text(choice.label, self._language) if choice.label else "",
            is_checked=choice.code in raw,
            opens=(field.code, choice.code) in self._opening,
        )


def printable(text: str) -> str:
    """What was typed, without the signs that no page can hold."""
    return _UNPRINTABLE.sub("", text)


def values_to_show(page: Page, shown: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Stored values in the form in which a browser would send them."""
    several = {f.code for item in page.items for f in item.fields if f.kind is FieldKind.CODES}
    return {code: chosen_codes(value) if code in several else (value,) for code, value in shown.items()}


def _text(texts: Texts, language: str) -> str:
    return texts[language].text


def _numbered(item: ShownItem) -> str:
    return f"{item.number}. {item.text}" if item.error else item.text


def _target(field: ShownField) -> str:
    return f"{field.code}-{field.choices[0].code}" if field.choices else field.code


def _position(instrument: Instrument, item: Item) -> int:
    return [one.code for one in instrument.items].index(item.code) + 1


def _hangs_on(when: Condition | None, item: Item) -> bool:
    return when is not None and any(field.code == when.field for field in item.fields)


def _opening_codes(items: Sequence[Item]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (field.when.field, code)
        for item in items
        for field in item.fields
        if field.when is not None
        for code in field.when.codes
    )
