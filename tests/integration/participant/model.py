"""What a page should do with what it is sent, written down a second time and more simply."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from btb_pro.instruments.answers import AnswerState, StoredAnswer, applicable_fields, open_items
from btb_pro.instruments.model import Field, FieldKind
from btb_pro.instruments.paging import Page

Row = tuple[str, str | None]


class Wrong(Exception):
    """A value that no answer can have."""


def read(asked: Field, raw: Sequence[str]) -> str | None:
    """The stored form of what was sent for a field; None when it is empty.

    Raises:
        Wrong: it cannot be an answer.
    """
    codes = [choice.code for choice in asked.choices]
    alone = {choice.code for choice in asked.choices if choice.is_exclusive}
    if asked.kind is FieldKind.CODES:
        chosen = [one for one in raw if one]
        if set(chosen) - set(codes) or (alone & set(chosen) and len(set(chosen)) > 1):
            raise Wrong
        return " ".join(code for code in codes if code in chosen) or None
    [value] = raw if len(raw) == 1 else [None]
    if value is None:
        raise Wrong
    if asked.kind is FieldKind.CODE:
        if value not in codes:
            raise Wrong
        return value
    if asked.kind is FieldKind.INTEGER:
        return _read_number(asked, value.strip(" "))
    if "\0" in value or (len(value) > (asked.max_length or 0) and value.strip()):
        raise Wrong
    return value if value.strip() else None


def _read_number(asked: Field, typed: str) -> str | None:
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit()):
        raise Wrong
    if not (asked.minimum or 0) <= int(typed) <= (asked.maximum or 0):
        raise Wrong
    return f"{int(typed)}"


@dataclass
class Model:
    """The present rows of a visit that one tab fills in."""

    rows: dict[str, Row] = field(default_factory=dict)

    def value(self, code: str) -> str | None:
        """The value that stands for a field."""
        return self.rows.get(code, ("", None))[1]

    def after(self, page: Page, sent: Mapping[str, Sequence[str]]) -> dict[str, Row]:
        """The rows once a page is saved.

        Raises:
            Wrong: a value of it cannot be.
        """
        rows = dict(self.rows)
        fields = [one for item in page.items for one in item.fields]
        for one in [each for each in fields if each.when is None] + [each for each in fields if each.when]:
            if one.code not in sent or not self._is_on_screen(one, rows):
                continue
            value = read(one, sent[one.code])
            if value is not None and value != self.value(one.code):
                rows[one.code] = ("answered", value)
            elif value is None and self.value(one.code) is not None:
                rows[one.code] = ("cleared", None)
        return rows

    @staticmethod
    def _is_on_screen(asked: Field, rows: Mapping[str, Row]) -> bool:
        if asked.when is None:
            return True
        value = rows.get(asked.when.field, ("", None))[1]
        return value is None or bool(asked.when.codes & set(value.split(" ")))

    @staticmethod
    def decline(page: Page, code: str, rows: dict[str, Row]) -> None:
        """Every field of the item is declined."""
        for item in page.items:
            if item.code == code:
                rows.update({one.code: ("declined", None) for one in item.fields})

    @staticmethod
    def clear(page: Page, code: str, rows: dict[str, Row]) -> None:
        """Every field of the item that holds something is emptied."""
        for item in page.items:
            for one in item.fields if item.code == code else ():
                if rows.get(one.code, ("", None))[0] in ("answered", "declined"):
                    rows[one.code] = ("cleared", None)

    @staticmethod
    def open(page: Page, rows: Mapping[str, Row]) -> set[str]:
        """Items that could still be answered."""
        return {item.code for item in open_items(page.items, page.instrument, _stored(rows))}

    @staticmethod
    def pass_on(page: Page, rows: dict[str, Row]) -> None:
        """What applies and holds nothing was seen and left blank."""
        stored = _stored(rows)
        for item in page.items:
            for one in applicable_fields(item, page.instrument, stored):
                rows.setdefault(one.code, ("skipped", None))


def _stored(rows: Mapping[str, Row]) -> dict[str, StoredAnswer]:
    return {code: StoredAnswer(AnswerState(state), value) for code, (state, value) in rows.items()}
