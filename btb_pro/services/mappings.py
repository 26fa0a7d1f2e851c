"""Mapping files: made for a study, and checked against it."""

from collections.abc import Iterator
from dataclasses import dataclass

from btb_pro.exports.codebook import count_label, score_label, variable_label
from btb_pro.exports.mapping import mapping_target, mapping_template, read_mapping
from btb_pro.exports.names import TABLES, Target, default_names
from btb_pro.exports.variables import Variables, study_variables
from btb_pro.services.runtime import Runtime


@dataclass(frozen=True, slots=True)
class MappingSummary:
    """What a sound mapping file changes."""

    target: Target
    renamed: int
    left_out: int

    def __str__(self) -> str:
        return (
            f"The mapping file fits: for {self.target.value}, {self.renamed} names of theirs, "
            f"{self.left_out} left out."
        )


def make_template(runtime: Runtime, target: Target, language: str | None = None) -> str:
    """A mapping file that changes nothing, with labels as comments."""
    variables = study_variables(runtime.study, runtime.instruments)
    names = default_names(target, runtime.study, variables)
    return mapping_template(names, dict(_labels(runtime, variables, language or runtime.study.languages[0])))


def check_mapping(runtime: Runtime, content: bytes) -> MappingSummary:
    """Read a mapping file for whom it says it is for.

    Raises:
        MappingRefused: it does not fit; every mistake is told with its line.
    """
    variables = study_variables(runtime.study, runtime.instruments)
    ours = default_names(mapping_target(content), runtime.study, variables)
    theirs = read_mapping(content, ours, variables)
    changed = [
        name
        for table in TABLES
        for code, name in theirs.tables()[table].items()
        if name != ours.tables()[table][code]
    ]
    return MappingSummary(ours.target, sum(map(bool, changed)), changed.count(""))


def _labels(runtime: Runtime, variables: Variables, language: str) -> Iterator[tuple[str, str]]:
    for site in runtime.study.sites:
        yield f"sites.{site.code}", site.name
    for visit in runtime.study.visits:
        yield f"visits.{visit.code}", visit.title.get(language, "")
    for instrument in variables.instruments:
        yield f"instruments.{instrument.code}", instrument.title[language].text
    for variable in variables.fields:
        yield f"variables.{variable.field.code}", variable.item.text[language].text
        yield f"variables.{variable.code}", variable_label(variable, language)
    for score in variables.scores:
        yield f"variables.{score.code}", score_label(score, language)
        yield f"variables.{score.code}_n", count_label(score, language)
