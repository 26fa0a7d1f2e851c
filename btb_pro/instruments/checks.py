"""Whether instrument files make sense, one rule at a time.

Each rule is a small function in btb_pro.instruments.rules_of_*; its id is its name with hyphens. What keeps a
file from being read at all has the ids of btb_pro.instruments.problems.ReadingRule.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from btb_pro.instruments.model import Instrument
from btb_pro.instruments.names import exported_names, item_codes_without_field
from btb_pro.instruments.overlays import is_overlay, main_file_of
from btb_pro.instruments.problems import InstrumentFileError, Problem, ReadingRule
from btb_pro.instruments.reading import read_instrument
from btb_pro.instruments.rules import rule_id
from btb_pro.instruments.rules_of_answers import ANSWER_RULES
from btb_pro.instruments.rules_of_codes import CODE_RULES, code_twice
from btb_pro.instruments.rules_of_scores import SCORE_RULES
from btb_pro.instruments.rules_of_wordings import WORDING_RULES

RULES = (*CODE_RULES, *WORDING_RULES, *ANSWER_RULES, *SCORE_RULES)
RULE_IDS: tuple[str, ...] = (*ReadingRule, *map(rule_id, RULES))
"""Every rule that a file can break."""


def check_instruments(paths: Iterable[Path]) -> list[Problem]:
    """Every mistake in the files, in their order; an overlay is checked with the instrument it belongs to."""
    return read_and_check(paths)[1]


def read_and_check(paths: Iterable[Path]) -> tuple[dict[str, Instrument], list[Problem]]:
    """The instruments that can be read, by file name, and every mistake in the files."""
    instruments: dict[str, Instrument] = {}
    problems: list[Problem] = []
    for path in dict.fromkeys(map(_own_file, paths)):
        try:
            instruments[path.name] = read_instrument(path)
        except InstrumentFileError as error:
            problems += error.problems
        else:
            problems += check_instrument(instruments[path.name], path.name)
    problems += _codes_of_two(instruments)
    return instruments, problems


def check_instrument(instrument: Instrument, file: str) -> list[Problem]:
    """Every mistake in one instrument that was read from the file."""
    found = ((rule, finding) for rule in RULES for finding in rule(instrument))
    return [Problem(file, finding.item, rule_id(rule), finding.message) for rule, finding in found]


def _own_file(path: Path) -> Path:
    main = main_file_of(path)
    return main if is_overlay(path) and main.exists() else path


def _codes_of_two(instruments: dict[str, Instrument]) -> Iterator[Problem]:
    """Codes that two instruments use."""
    seen: dict[str, str] = {}
    for file, instrument in instruments.items():
        names = {instrument.code: instrument.code} | dict(exported_names(instrument))
        names |= {code: code for code in item_codes_without_field(instrument)}
        for name, item in names.items():
            if name in seen:
                yield Problem(file, item, rule_id(code_twice), f"{name!r} is used in {seen[name]} already")
            seen.setdefault(name, file)
