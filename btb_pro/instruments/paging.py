"""How the questions of a visit are cut into pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from btb_pro.instruments.model import Instrument, Item, Section

Parts = Sequence[tuple[Instrument, frozenset[str] | None]]
"""What a visit asks, in order: an instrument and the codes of its sections, None for all of them."""


class UnknownSection(LookupError):
    """A visit asks for a section that the instrument does not have."""

    def __init__(self, instrument: Instrument, sections: frozenset[str]) -> None:
        has = ", ".join(section.code for section in instrument.sections)
        super().__init__(f"{instrument.code} has no section {', '.join(sorted(sections))}; it has {has}.")


@dataclass(frozen=True, slots=True)
class Page:
    """Items that are shown together; `number` counts from 1 through the whole visit."""

    instrument: Instrument
    section: Section
    items: tuple[Item, ...]
    number: int


def pages_of(parts: Parts) -> tuple[Page, ...]:
    """The pages of a visit, numbered from 1. Raises `UnknownSection`.

    A page holds `page_size` items of one section, with two exceptions. Items that depend on another of their
    section are shown with it, even where that makes the page one longer (or as long as they are). A last page
    of a single item takes one more from the page before, where that page still keeps two or more.
    """
    cut = [
        (instrument, section, items)
        for instrument, codes in parts
        for section in _sections_asked(instrument, codes)
        for items in _cut(section)
    ]
    return tuple(
        Page(instrument, section, items, number)
        for number, (instrument, section, items) in enumerate(cut, start=1)
    )


def _sections_asked(instrument: Instrument, codes: frozenset[str] | None) -> Iterator[Section]:
    if codes is None:
        yield from instrument.sections
        return
    if unknown := codes - {section.code for section in instrument.sections}:
        raise UnknownSection(instrument, unknown)
    yield from (section for section in instrument.sections if section.code in codes)


Block = list[Item]
"""Items that must share a page."""


def _cut(section: Section) -> list[tuple[Item, ...]]:
    pages: list[list[Block]] = []
    for block in _blocks(section.items):
        room = section.page_size + (1 if len(block) > 1 else 0)
        if not pages or _length(pages[-1]) + len(block) > room:
            pages.append([])
        pages[-1].append(block)
    _even_out_the_end(pages)
    return [tuple(item for block in page for item in block) for page in pages]


def _blocks(items: Sequence[Item]) -> list[Block]:
    position = {field.code: index for index, item in enumerate(items) for field in item.fields}
    blocks: list[Block] = []
    for index, item in enumerate(items):
        waits_for = position.get(item.when.field, index) if item.when else index
        blocks.append([item])
        while index + 1 - len(blocks[-1]) > waits_for:
            dependent = blocks.pop()
            blocks[-1] += dependent
    return blocks


def _even_out_the_end(pages: list[list[Block]]) -> None:
    if len(pages) > 1 and _length(pages[-1]) == 1 and _length(pages[-2][:-1]) > 1:
        pages[-1].insert(0, pages[-2].pop())


def _length(page: list[Block]) -> int:
    return sum(len(block) for block in page)
