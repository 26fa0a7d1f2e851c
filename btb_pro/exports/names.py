"""What the columns, visits and codes of a study are called in the files of one receiver.

Each receiver has a full list of names of ours with what stands for them by default; a mapping file
(`exports/mapping.py`) puts the names of the other side in their place.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from btb_pro.exports.variables import WIDE_KEYS, Variables
from btb_pro.instruments.answers import MISSING_CODES
from btb_pro.instruments.model import Instrument
from btb_pro.study import Study


class Target(StrEnum):
    """A receiver that has names of its own."""

    CSV = "csv"
    REDCAP = "redcap"
    ODM = "odm"


Table = Mapping[str, str]
"""Our code to the name that is written; an empty name leaves the column out."""

FORM_FIELDS = ("status", "started_at", "submitted_at", "version", "lang", "mode", "wording")
"""What each form says of itself beside its answers, as `<instrument>_<field>`."""


@dataclass(frozen=True, slots=True)
class Names:
    """Every name that a receiver's files use. Each table holds all of our codes."""

    target: Target
    keys: Table
    visits: Table
    sites: Table
    instruments: Table
    sections: Table
    """`<instrument>__<section>` to the OID of an item group; for ODM alone."""
    variables: Table
    missing: Table
    """State to the code that stands for it where a value would; empty: blank."""
    source: bytes | None = None
    """The mapping file's bytes."""

    def tables(self) -> Mapping[str, Table]:
        """Every table by its name in a mapping file; those that this receiver does not know are empty."""
        return {name: getattr(self, name) for name in TABLES}

    def with_tables(self, theirs: Mapping[str, Table], source: bytes) -> "Names":
        """The same with names of the other side in the place of some."""
        ours = self.tables()
        merged: dict[str, Any] = {name: {**ours[name], **theirs.get(name, {})} for name in TABLES}
        return replace(self, **merged, source=source)

    def site(self, code: str) -> str:
        """The name of a site; its code where the study file no longer has it."""
        return self.sites.get(code, code)

    def instrument(self, code: str) -> str:
        """The name of an instrument."""
        return self.instruments.get(code, code)

    def visit(self, code: str) -> str:
        """The name of a visit; its code where the study file no longer has it."""
        return self.visits.get(code, code)

    def column(self, code: str) -> str:
        """The name of a column of the wide table; empty when it is left out."""
        return self.keys[code] if code in self.keys else self.variable(code)

    def variable(self, code: str) -> str:
        """The name of a variable; empty when it is left out."""
        return self.variables.get(code, code)


TABLES = ("keys", "visits", "sites", "instruments", "sections", "variables", "missing")


def default_names(target: Target, study: Study, variables: Variables) -> Names:
    """The names that stand without a mapping file."""
    return _MAKERS[target](study, variables)


def state_code(code: str) -> str:
    """The companion that holds a field's state."""
    return f"{code}_st"


def form_code(instrument: Instrument, field: str) -> str:
    """The variable that holds what a form says of itself."""
    return f"{instrument.code}_{field}"


def _csv_names(study: Study, variables: Variables) -> Names:
    columns = [variable.code for variable in variables.fields]
    columns += _score_columns(variables)
    return Names(
        target=Target.CSV,
        keys=_as_they_are(WIDE_KEYS),
        visits=_as_they_are(visit.code for visit in study.visits),
        sites=_as_they_are(site.code for site in study.sites),
        instruments=_as_they_are(instrument.code for instrument in variables.instruments),
        sections={},
        variables=_as_they_are(columns),
        missing={state.value: f"{code}" for state, code in MISSING_CODES.items()},
    )


def _redcap_names(study: Study, variables: Variables) -> Names:
    return Names(
        target=Target.REDCAP,
        keys={"participant": "record_id"},
        visits={visit.code: f"{_event_stem(visit.code)}_arm_1" for visit in study.visits},
        sites={site.code: "" for site in study.sites},
        instruments=_as_they_are(instrument.code for instrument in variables.instruments),
        sections={},
        variables=_as_they_are([*_form_columns(variables), *_field_columns(variables)]),
        missing={state.value: "" for state in MISSING_CODES},
    )


def _odm_names(study: Study, variables: Variables) -> Names:
    columns = [*_form_columns(variables), *_choice_columns(variables)]
    return Names(
        target=Target.ODM,
        keys={},
        visits={visit.code: f"SE.{visit.code}" for visit in study.visits},
        sites={site.code: f"SITE.{site.code}" for site in study.sites},
        instruments={instrument.code: f"F.{instrument.code}" for instrument in variables.instruments},
        sections={
            section_code(instrument, part): f"IG.{instrument.code}.{part}"
            for instrument in variables.instruments
            for part in (*(section.code for section in instrument.sections), FORM_GROUP)
        },
        variables={code: f"I.{code}" for code in columns},
        missing={},
    )


FORM_GROUP = "form"
"""The item group of what a form says of itself, and of its scores."""


def section_code(instrument: Instrument, section: str) -> str:
    """A section's code among all of the study's: bare, as a key of a mapping file must be."""
    return f"{instrument.code}__{section}"


def _form_columns(variables: Variables) -> Iterator[str]:
    for instrument in variables.instruments:
        yield from (form_code(instrument, field) for field in FORM_FIELDS)


def _field_columns(variables: Variables) -> Iterator[str]:
    for code in dict.fromkeys(variable.field.code for variable in variables.fields):
        yield from (code, state_code(code))
    yield from _score_columns(variables)


def _choice_columns(variables: Variables) -> Iterator[str]:
    for field, of_field in variables.by_field().items():
        yield from (variable.code for variable in of_field)
        yield state_code(field)
    yield from _score_columns(variables)


def _score_columns(variables: Variables) -> list[str]:
    return [name for score in variables.scores for name in (score.code, f"{score.code}_n")]


def _as_they_are(codes: Iterable[str]) -> Table:
    return {code: code for code in codes}


def _event_stem(code: str) -> str:
    # REDCap makes an event's unique name of the first 18 characters of its name.
    return re.sub("[^a-z0-9_]", "", code)[:18]


_MAKERS = {Target.CSV: _csv_names, Target.REDCAP: _redcap_names, Target.ODM: _odm_names}
