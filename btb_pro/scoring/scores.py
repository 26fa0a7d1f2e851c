"""Computes an instrument's scores in exact arithmetic, or says why a score is not computed.

A missing answer is never counted as 0 and never replaced by a guess. The rules, their items and their sources
are in the instrument files; `docs/scoring.md` puts them on one page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from types import MappingProxyType

from btb_pro.instruments.answers import Current, field_value
from btb_pro.instruments.model import Field, Instrument, Score, ScoreRule

NO_SHARES: Mapping[str, Fraction] = MappingProxyType({})
"""Every score keeps the minimum share that its instrument file gives."""

_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """One score of one response. Exactly one of `value` and `reason` says something."""

    code: str
    value: str | None
    """A decimal number, "." before at most four decimals, no trailing zeros; None when not computed."""
    n_answered: int
    n_items: int
    rule: ScoreRule
    rule_version: str
    reason: str
    """Why there is no value: "not computed: 3 of 7 missing (7 of 7 needed)"; empty when there is one."""


def score_response(
    instrument: Instrument,
    current: Current,
    minimum_shares: Mapping[str, Fraction] = NO_SHARES,
    sections: frozenset[str] | None = None,
) -> tuple[ScoreResult, ...]:
    """The instrument's scores, in the order of its file.

    `minimum_shares` (score code to share of the items, above 0 to 1) goes before the file's own shares; a sum
    and a count need every item whatever it says. With `sections`, the sections that were asked, a score that
    needs an item of another section is left out. Only an answered item that applies counts as answered.
    Raises `KeyError` when a score names an item that the instrument does not have.
    """
    fields = {field.code: field for field in instrument.fields}
    not_asked = {
        item.code
        for section in instrument.sections
        if sections is not None and section.code not in sections
        for item in section.items
    }
    return tuple(
        _result(instrument, score, [fields[code] for code in score.items], current, minimum_shares)
        for score in instrument.scores
        if not_asked.isdisjoint(score.items)
    )


def shares_refused(instrument: Instrument, shares: Mapping[str, Fraction]) -> list[str]:
    """What is wrong with a study's minimum shares for this instrument, a sentence each; empty if all is well.

    Codes that are no score of this instrument are passed over: they may belong to another one.
    """
    return [
        sentence
        for score in instrument.scores
        if score.code in shares and (sentence := _why_refused(score, shares[score.code]))
    ]


def _why_refused(score: Score, share: Fraction) -> str:
    if not 0 < share <= 1:
        return f"{score.code}: a minimum share is above 0 and at most 1, not {share}."
    if score.rule != ScoreRule.MEAN and share != 1:
        name = score.rule.replace("_", " ")
        return f"{score.code} is a {name} and needs every item: its minimum share is 1, not {share}."
    return ""


def _result(
    instrument: Instrument,
    score: Score,
    fields: list[Field],
    current: Current,
    minimum_shares: Mapping[str, Fraction],
) -> ScoreResult:
    values = [field_value(instrument, field, current) for field in fields]
    codes = [int(value) for value in values if value is not None]
    needed = _needed(score, minimum_shares.get(score.code, score.minimum_share))
    is_computed = len(codes) >= needed
    missing = len(fields) - len(codes)
    return ScoreResult(
        code=score.code,
        value=_decimal(_compute(score.rule, codes)) if is_computed else None,
        n_answered=len(codes),
        n_items=len(fields),
        rule=score.rule,
        rule_version=score.rule_version,
        reason=""
        if is_computed
        else f"not computed: {missing} of {len(fields)} missing ({needed} of {len(fields)} needed)",
    )


def _needed(score: Score, share: Fraction) -> int:
    # A sum over fewer items would silently count the missing ones as 0.
    if score.rule != ScoreRule.MEAN:
        return len(score.items)
    return max(1, ceil(share * len(score.items)))


def _compute(rule: ScoreRule, codes: list[int]) -> Fraction:
    match rule:
        case ScoreRule.MEAN:
            return Fraction(sum(codes), len(codes))
        case ScoreRule.SUM:
            return Fraction(sum(codes))
        case ScoreRule.COUNT_POSITIVE:
            return Fraction(sum(code > 0 for code in codes))


def _decimal(number: Fraction) -> str:
    """At most four decimals, a tie to the even one."""
    unit = 10**_DECIMALS
    scaled = round(number * unit)
    whole, decimals = divmod(abs(scaled), unit)
    sign = "-" if scaled < 0 else ""
    return f"{sign}{whole}.{decimals:0{_DECIMALS}d}".rstrip("0").rstrip(".")
