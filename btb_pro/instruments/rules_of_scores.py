"""Rules of scores: known items with numeric answers, and a range that follows from them."""

from collections import Counter
from collections.abc import Iterator

from btb_pro.instruments.model import Field, FieldKind, Instrument, Score, ScoreRule
from btb_pro.instruments.rules import Finding, Rule, is_number


def score_item_unknown(instrument: Instrument) -> Iterator[Finding]:
    """A score is computed from fields of the instrument."""
    known = {field.code for field in instrument.fields}
    for score in instrument.scores:
        for code in score.items:
            if code not in known:
                yield Finding(score.code, f"the score names {code!r}, which is no field of this instrument")


def score_item_twice(instrument: Instrument) -> Iterator[Finding]:
    """An item counts once in a score."""
    for score in instrument.scores:
        for code, count in Counter(score.items).items():
            if count > 1:
                yield Finding(score.code, f"the score names {code!r} {count} times")


def score_item_not_numeric(instrument: Instrument) -> Iterator[Finding]:
    """A score is computed from numbers: choices with numeric codes, or whole numbers."""
    for score in instrument.scores:
        for field in _fields_of(instrument, score):
            if _range_of(field) is None:
                message = f"the score names {field.code!r}, whose answers are not all numbers"
                yield Finding(score.code, message)


def score_range_wrong(instrument: Instrument) -> Iterator[Finding]:
    """A score's range is the one that its items' answers can give."""
    for score in instrument.scores:
        possible = _possible_range(instrument, score)
        if possible is not None and possible != (score.minimum, score.maximum):
            lowest, highest = possible
            given = f"{score.minimum} to {score.maximum}"
            message = f"the range is {given}, but the items' answers give {lowest} to {highest}"
            yield Finding(score.code, message)


def score_share_illegal(instrument: Instrument) -> Iterator[Finding]:
    """The least share of answered items is above 0 and at most 1."""
    for score in instrument.scores:
        if not 0 < score.minimum_share <= 1:
            share = float(score.minimum_share)
            yield Finding(score.code, f"the least share {share:g} must be above 0 and at most 1")


def _fields_of(instrument: Instrument, score: Score) -> list[Field]:
    fields = {field.code: field for field in instrument.fields}
    return [fields[code] for code in score.items if code in fields]


def _range_of(field: Field) -> tuple[int, int] | None:
    """Least and greatest answer; None when the answers are not all numbers."""
    if field.kind is FieldKind.INTEGER and field.minimum is not None and field.maximum is not None:
        return field.minimum, field.maximum
    codes = [choice.code for choice in field.choices]
    if field.kind is not FieldKind.CODE or not codes or not all(map(is_number, codes)):
        return None
    numbers = [int(code) for code in codes]
    return min(numbers), max(numbers)


def _possible_range(instrument: Instrument, score: Score) -> tuple[int, int] | None:
    """Least and greatest score with every item answered; None while an item is unknown or not numeric."""
    ranges = [_range_of(field) for field in _fields_of(instrument, score)]
    known = [bounds for bounds in ranges if bounds is not None]
    if not score.items or len(known) != len(score.items):
        return None
    if score.rule is ScoreRule.COUNT_POSITIVE:
        return sum(1 for low, _ in known if low > 0), sum(1 for _, high in known if high > 0)
    if score.rule is ScoreRule.MEAN:
        # Over the answered items alone, so the extremes are those of single items.
        return min(low for low, _ in known), max(high for _, high in known)
    return sum(low for low, _ in known), sum(high for _, high in known)


SCORE_RULES: tuple[Rule, ...] = (
    score_item_unknown,
    score_item_twice,
    score_item_not_numeric,
    score_range_wrong,
    score_share_illegal,
)
