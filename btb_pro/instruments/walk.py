"""Ways through the texts of an instrument. What items share (a stem, a list of choices) comes by once."""

from collections import Counter
from collections.abc import Iterable, Iterator

from btb_pro.instruments.model import (
    Choice,
    FieldKind,
    Instrument,
    Item,
    ItemType,
    Texts,
    Wording,
    WordingStatus,
)


def _once(pairs: Iterable[tuple[str, Texts]]) -> Iterator[tuple[str, Texts]]:
    """The pairs without those whose texts came by before: the very same ones, not equal ones."""
    seen: set[int] = set()
    for code, texts in pairs:
        if id(texts) not in seen:
            seen.add(id(texts))
            yield code, texts


def stems(instrument: Instrument) -> Iterator[tuple[str, Texts]]:
    """Each stem with the first section that bears it."""
    return _once((section.code, section.stem) for section in instrument.sections if section.stem is not None)


def worded_choices(instrument: Instrument) -> Iterator[tuple[str, Choice]]:
    """Each choice that has words, with the first item that offers it."""
    seen: set[int] = set()
    for field in instrument.fields:
        for choice in field.choices:
            if choice.has_words and id(choice) not in seen:
                seen.add(id(choice))
                yield field.item, choice


def things(item: Item) -> list[Texts]:
    """What an item asks an effect of, in order; empty for any other type."""
    if item.type is not ItemType.EFFECTS:
        return []
    return [field.label for field in item.fields if field.kind is FieldKind.CODE]


def field_labels(instrument: Instrument) -> Iterator[tuple[str, Texts]]:
    """The words of dependent, split and effect fields, each with the first field that bears them."""
    known = {id(item.text) for item in instrument.items}
    known |= {id(choice.label) for _, choice in worded_choices(instrument)}
    return _once((field.code, field.label) for field in instrument.fields if id(field.label) not in known)


def units(instrument: Instrument) -> Iterator[tuple[str, Texts]]:
    """Each unit with the first field that bears it."""
    return _once((field.code, field.unit) for field in instrument.fields if field.unit is not None)


def alternatives(instrument: Instrument) -> Iterator[tuple[str, list[Texts]]]:
    """The labels that stand beside each other in an item: its choices, or the things of an effects item."""
    for item in instrument.items:
        if labels := things(item):
            yield item.code, labels
        first = item.fields[0].choices if item.fields else ()
        if first:
            yield item.code, [choice.label for choice in first]


def wordings_of(instrument: Instrument) -> Iterator[tuple[str, str, Wording]]:
    """Every wording with the code of what it belongs to and its language."""
    for language, recall in instrument.recall.items():
        yield instrument.code, language, recall.wording
    pairs = [(instrument.code, instrument.title), *stems(instrument)]
    pairs += [(item.code, item.text) for item in instrument.items]
    pairs += [(code, choice.label) for code, choice in worded_choices(instrument)]
    pairs += [*field_labels(instrument), *units(instrument)]
    pairs += [(score.code, score.label) for score in instrument.scores]
    for code, texts in pairs:
        for language, wording in texts.items():
            yield code, language, wording


def counted_texts(instrument: Instrument) -> Iterator[Texts]:
    """The texts that are counted as wordings: stems, items (an effects item's things, too) and choices."""
    yield from (stem for _, stem in stems(instrument))
    for item in instrument.items:
        yield item.text
        yield from things(item)
    yield from (choice.label for _, choice in worded_choices(instrument))


def count_statuses(instrument: Instrument, language: str) -> dict[WordingStatus, int]:
    """How many wordings of each status the language has, over stems, items and choices.

    A stem or a list of choices that several items share counts once; a bare number of a scale is no wording.
    """
    counts = Counter(texts[language].status for texts in counted_texts(instrument) if language in texts)
    return {status: counts[status] for status in WordingStatus}
