"""Reading an instrument's file, and the overlays beside it, into the frozen types of the model.

The schema is told in docs/instruments.md. Reading refuses what cannot be an instrument; whether the
instrument makes sense is for btb_pro.instruments.checks.
"""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from btb_pro.instruments.fields import read_item
from btb_pro.instruments.model import Instrument, Recall, Score, ScoreRule, Section
from btb_pro.instruments.overlays import apply_overlay, is_overlay, overlay_files
from btb_pro.instruments.parts import Part
from btb_pro.instruments.plain import load_plain
from btb_pro.instruments.problems import InstrumentFileError, Problem, ProblemLog, ReadingRule
from btb_pro.instruments.wordings import (
    SharedParts,
    language_part,
    read_choices,
    read_dependent,
    read_texts,
    read_wording,
)

__all__ = ["InstrumentFileError", "Problem", "read_instrument"]

_KEYS = ("code", "version", "languages", "title", "recall", "owner", "licence", "editions", "stem", "choices")
_MORE_KEYS = ("dependents", "sections", "scores", "references", "not_shown")
_SECTION_KEYS = ("code", "page_size", "stem", "defaults", "items")
_SCORE_KEYS = ("code", "label", "rule", "rule_version", "items", "minimum", "maximum", "minimum_share")
_MORE_SCORE_KEYS = ("direction", "source")


def read_instrument(path: Path) -> Instrument:
    """The instrument of a file with the languages of its overlays.

    Raises InstrumentFileError with every mistake that keeps the file from being an instrument.
    """
    log = ProblemLog(path.name)
    if is_overlay(path):
        message = "brings one more language to an instrument; name the instrument's own file"
        log.add("file", ReadingRule.OVERLAY_ALONE, message)
        log.raise_if_any()
    values = load_plain(path, log)
    log.raise_if_any()
    for overlay in overlay_files(path):
        apply_overlay(overlay, values, log)
    code = values.get("code")
    instrument = _read_instrument(Part(values, code if isinstance(code, str) and code else "file", log))
    log.raise_if_any()
    return instrument


def _read_instrument(top: Part) -> Instrument:
    top.allow((*_KEYS, *_MORE_KEYS))
    languages = top.names("languages")
    shared = _read_shared(top, languages)
    sections = tuple(_read_section(part, shared) for part in top.listed_parts("sections"))
    if top.has("sections") and not sections:
        top.note(ReadingRule.VALUE_ILLEGAL, "'sections' must list at least one section")
    return Instrument(
        code=top.text("code"),
        version=top.text("version"),
        languages=languages,
        title=read_texts(top, "title", languages),
        recall=_read_recall(top, languages),
        sections=sections,
        scores=tuple(_read_score(part, languages) for part in _listed_if_any(top, "scores")),
        editions=_read_strings(top, "editions"),
        references=_read_strings(top, "references"),
        licence=top.text("licence"),
        owner=top.text("owner"),
    )


def _listed_if_any(top: Part, key: str) -> list[Part]:
    return top.listed_parts(key) if top.has(key) else []


def _read_shared(top: Part, languages: tuple[str, ...]) -> SharedParts:
    lists = top.part("choices") if top.has("choices") else replace(top, values={})
    dependents = top.named_parts("dependents")
    return SharedParts(
        languages=languages,
        stem=read_texts(top, "stem", languages) if top.has("stem") else None,
        choices={name: read_choices(replace(lists, item=name), name, languages) for name in lists.values},
        dependents={name: read_dependent(part, languages) for name, part in dependents.items()},
    )


def _read_strings(top: Part, key: str) -> MappingProxyType[str, str]:
    strings = top.part(key) if top.has(key) else replace(top, values={})
    return MappingProxyType({name: strings.text(name) for name in strings.values})


def _read_recall(top: Part, languages: tuple[str, ...]) -> MappingProxyType[str, Recall]:
    recall = top.part("recall")
    recall.allow(languages)
    parts = {language: language_part(recall, language) for language in languages if recall.has(language)}
    return MappingProxyType(
        {
            language: Recall(part.text("period"), read_wording(part, ("period",)))
            for language, part in parts.items()
        }
    )


def _read_section(part: Part, shared: SharedParts) -> Section:
    part.allow(_SECTION_KEYS)
    defaults = part.part("defaults").values if part.has("defaults") else {}
    items = part.listed_parts("items")
    if part.has("items") and not items:
        part.note(ReadingRule.VALUE_ILLEGAL, "'items' must list at least one item")
    return Section(
        code=part.text("code"),
        stem=read_texts(part, "stem", shared.languages) if part.has("stem") else shared.stem,
        page_size=part.whole_number("page_size"),
        items=tuple(read_item(replace(item, values=defaults | item.values), shared) for item in items),
    )


def _read_score(part: Part, languages: tuple[str, ...]) -> Score:
    part.allow((*_SCORE_KEYS, *_MORE_SCORE_KEYS))
    rule = part.text("rule")
    if rule and rule not in list(ScoreRule):
        part.note(ReadingRule.VALUE_ILLEGAL, f"the rule {rule!r} is none of {', '.join(ScoreRule)}")
    return Score(
        code=part.text("code"),
        label=read_texts(part, "label", languages),
        rule=ScoreRule(rule) if rule in list(ScoreRule) else ScoreRule.SUM,
        rule_version=part.text("rule_version"),
        items=part.names("items"),
        minimum=part.whole_number("minimum"),
        maximum=part.whole_number("maximum"),
        minimum_share=part.fraction("minimum_share"),
        direction=part.text("direction"),
        source=part.text("source"),
    )
