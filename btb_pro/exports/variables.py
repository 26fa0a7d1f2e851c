"""The variables of a study: one for each column of the wide table, whatever the format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from btb_pro.exports.records import FieldRecord
from btb_pro.instruments.answers import chosen_codes
from btb_pro.instruments.model import Choice, Field, FieldKind, Instrument, Item, Score, Section
from btb_pro.study import Study

WIDE_KEYS = ("participant", "site", "visit", "status", "started_at", "submitted_at")
"""What the wide table says of a visit before its answers."""


@dataclass(frozen=True, slots=True)
class FieldVariable:
    """A form field, or one choice of a field that takes several (`pain_worse___sitting`, 0 or 1)."""

    code: str
    instrument: Instrument
    section: Section
    item: Item
    field: Field
    choice: Choice | None = None

    def value(self, record: FieldRecord) -> str | None:
        """The raw value of this variable; None unless the field is answered."""
        if record.value is None or self.choice is None:
            return record.value
        return "1" if self.choice.code in chosen_codes(record.value) else "0"


@dataclass(frozen=True, slots=True)
class ScoreVariable:
    """A score; `<code>_n` beside it is the number of items answered."""

    code: str
    instrument: Instrument
    score: Score


@dataclass(frozen=True, slots=True)
class Variables:
    """Every variable of a study, in the order of the wide table."""

    instruments: tuple[Instrument, ...]
    """In the order of their first appearance over the study's visits."""
    fields: tuple[FieldVariable, ...]
    scores: tuple[ScoreVariable, ...]

    def by_field(self) -> Mapping[str, tuple[FieldVariable, ...]]:
        """Field code to its variables: one, or one for each choice of a field that takes several."""
        grouped: dict[str, tuple[FieldVariable, ...]] = {}
        for variable in self.fields:
            grouped[variable.field.code] = (*grouped.get(variable.field.code, ()), variable)
        return grouped


def study_variables(study: Study, instruments: Mapping[str, Instrument]) -> Variables:
    """The variables of a study: every field and every score of each instrument that a visit asks of."""
    codes = dict.fromkeys(part.instrument for visit in study.visits for part in visit.parts)
    used = tuple(instruments[code] for code in codes)
    return Variables(
        instruments=used,
        fields=tuple(variable for instrument in used for variable in _field_variables(instrument)),
        scores=tuple(
            ScoreVariable(one.code, instrument, one) for instrument in used for one in instrument.scores
        ),
    )


def _field_variables(instrument: Instrument) -> Iterator[FieldVariable]:
    for section in instrument.sections:
        for item in section.items:
            for field in item.fields:
                if field.kind is not FieldKind.CODES:
                    yield FieldVariable(field.code, instrument, section, item, field)
                    continue
                for choice in field.choices:
                    code = f"{field.code}___{choice.code}"
                    yield FieldVariable(code, instrument, section, item, field, choice)
