"""What was typed from one paper, round by round, and where two rounds agree. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.instruments.model import Field, Item
from btb_pro.instruments.paging import Page
from btb_pro.models.correction import PaperEntry, PaperKeying

Typed = tuple[str | None, ...]
"""The values of an item's fields, in their order."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """Round to field code to the value that was typed; None where the paper is blank."""

    rounds: Mapping[int, Mapping[str, str | None]]

    def has_page(self, typed: int, page: Page) -> bool:
        """Whether a page was typed in a round."""
        values = self.rounds.get(typed, {})
        return all(field.code in values for item in page.items for field in item.fields)

    def filled(self, typed: int, page: Page) -> int:
        """How many fields of a page hold something in a round."""
        values = self.rounds.get(typed, {})
        return sum(values.get(field.code) is not None for item in page.items for field in item.fields)

    def agreed_item(self, item: Item) -> Typed | None:
        """What two rounds have typed alike for all fields of an item; None while no two have.

        A question counts as a whole: half of one round and half of another is nobody's reading of the paper.
        """
        seen: list[Typed] = []
        for _, values in sorted(self.rounds.items()):
            if all(field.code in values for field in item.fields):
                typed = tuple(values[field.code] for field in item.fields)
                if typed in seen:
                    return typed
                seen.append(typed)
        return None

    def agreed(self, item: Item, field: Field) -> str | None:
        """The value of one field of an item that two rounds agree on."""
        typed = self.agreed_item(item)
        return None if typed is None else typed[item.fields.index(field)]


def read_keyed(session: Session, entry: PaperEntry) -> Keyed:
    """Everything that was typed for an entry."""
    rounds: dict[int, dict[str, str | None]] = {}
    query = select(PaperKeying).where(PaperKeying.entry_id == entry.id)
    for row in session.execute(query).scalars():
        rounds.setdefault(row.round, {})[row.item] = row.value
    return Keyed(rounds)


def differing_items(pages: Sequence[Page], keyed: Keyed) -> tuple[Item, ...]:
    """The items on which no two rounds agree, in order; meaningful once two rounds are typed."""
    return tuple(item for page in pages for item in page.items if keyed.agreed_item(item) is None)
