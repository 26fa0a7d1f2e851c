"""Rules of wordings: every language has every text, and says where it was read."""

import re
from collections import Counter
from collections.abc import Iterator

from btb_pro.instruments.model import Instrument, Texts
from btb_pro.instruments.rules import Finding, Rule
from btb_pro.instruments.walk import alternatives, field_labels, stems, units, worded_choices, wordings_of

_PERIOD = re.compile(r"P[1-9][0-9]*[DWMY]|PT[1-9][0-9]*H|present|mixed")


def _missing(instrument: Instrument, texts: Texts) -> str:
    """The languages that a text lacks, in words; empty when it has all."""
    return ", ".join(language for language in instrument.languages if language not in texts)


def _lacking(instrument: Instrument, item: str, texts: Texts, what: str) -> Iterator[Finding]:
    if languages := _missing(instrument, texts):
        yield Finding(item, f"{what} is missing in {languages}")


def language_twice(instrument: Instrument) -> Iterator[Finding]:
    """A language is listed once."""
    for language, count in Counter(instrument.languages).items():
        if count > 1:
            yield Finding(instrument.code, f"the language {language} is listed {count} times")


def title_missing(instrument: Instrument) -> Iterator[Finding]:
    """Every language has the title."""
    yield from _lacking(instrument, instrument.code, instrument.title, "the title")


def recall_missing(instrument: Instrument) -> Iterator[Finding]:
    """Every language has the recall period."""
    absent = ", ".join(language for language in instrument.languages if language not in instrument.recall)
    if absent:
        yield Finding(instrument.code, f"the recall period is missing in {absent}")


def recall_differs(instrument: Instrument) -> Iterator[Finding]:
    """The recall period is the same in every language: a participant may switch in the middle."""
    periods = {language: recall.period for language, recall in instrument.recall.items()}
    if len(set(periods.values())) > 1:
        told = ", ".join(f"{language} {period}" for language, period in periods.items())
        yield Finding(instrument.code, f"the recall period differs between languages: {told}")


def recall_illegal(instrument: Instrument) -> Iterator[Finding]:
    """A recall period is an ISO 8601 duration, `present` or `mixed`."""
    for language, recall in instrument.recall.items():
        if not _PERIOD.fullmatch(recall.period):
            message = f"the recall period {recall.period!r} in {language} must be like P14D, present or mixed"
            yield Finding(instrument.code, message)


def stem_missing(instrument: Instrument) -> Iterator[Finding]:
    """A stem is there in every language or in none."""
    for code, stem in stems(instrument):
        yield from _lacking(instrument, code, stem, "the stem")


def item_missing(instrument: Instrument) -> Iterator[Finding]:
    """Every language has every item."""
    for item in instrument.items:
        yield from _lacking(instrument, item.code, item.text, "the item's text")


def choice_missing(instrument: Instrument) -> Iterator[Finding]:
    """Every language has every choice."""
    for item, choice in worded_choices(instrument):
        yield from _lacking(instrument, item, choice.label, f"the choice {choice.code!r}")


def label_missing(instrument: Instrument) -> Iterator[Finding]:
    """Every language has the words of every dependent, split and effect field."""
    for code, label in field_labels(instrument):
        yield from _lacking(instrument, code, label, "the field's label")


def unit_missing(instrument: Instrument) -> Iterator[Finding]:
    """Every language has every unit."""
    for code, unit in units(instrument):
        yield from _lacking(instrument, code, unit, "the unit")


def score_label_missing(instrument: Instrument) -> Iterator[Finding]:
    """Every language has the name of every score."""
    for score in instrument.scores:
        yield from _lacking(instrument, score.code, score.label, "the score's label")


def choice_label_twice(instrument: Instrument) -> Iterator[Finding]:
    """No two choices of an item read the same."""
    for item, labels in alternatives(instrument):
        for language in instrument.languages:
            read = Counter(label[language].text for label in labels if language in label)
            for text, count in read.items():
                if count > 1:
                    yield Finding(item, f"{count} choices read {text!r} in {language}")


def source_unknown(instrument: Instrument) -> Iterator[Finding]:
    """A wording's source is one of the instrument's references."""
    for code, language, wording in wordings_of(instrument):
        for source in wording.source:
            if source not in instrument.references:
                yield Finding(code, f"the source {source!r} in {language} is not among the references")


WORDING_RULES: tuple[Rule, ...] = (
    language_twice,
    title_missing,
    recall_missing,
    recall_differs,
    recall_illegal,
    stem_missing,
    item_missing,
    choice_missing,
    label_missing,
    unit_missing,
    score_label_missing,
    choice_label_twice,
    source_unknown,
)
