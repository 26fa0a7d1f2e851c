"""Texts, choices and what items share, from plain data to the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from btb_pro.instruments.model import Choice, Texts, Wording, WordingStatus
from btb_pro.instruments.parts import Part
from btb_pro.instruments.problems import ReadingRule

WORDING_KEYS = ("text", "status", "source", "note")
_CHOICE_KEYS = ("code", "label", "is_exclusive", "asks_text")


@dataclass(frozen=True, slots=True)
class Dependent:
    """A number that is asked beside a choice, while the choice is one of `codes`."""

    codes: frozenset[str]
    label: Texts
    unit: Texts | None
    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class SharedParts:
    """What the items of an instrument may refer to."""

    languages: tuple[str, ...]
    stem: Texts | None
    choices: Mapping[str, tuple[Choice, ...]]
    dependents: Mapping[str, Dependent]


def read_wording(part: Part, more_keys: tuple[str, ...] = ()) -> Wording:
    """One text with its status, source and note."""
    part.allow((*WORDING_KEYS, *more_keys))
    status = part.text("status")
    if status and status not in list(WordingStatus):
        known = ", ".join(WordingStatus)
        part.note(ReadingRule.STATUS_ILLEGAL, f"the status {status!r} is none of {known}")
        status = ""
    return Wording(
        text=part.text("text"),
        status=WordingStatus(status or WordingStatus.UNVERIFIED),
        source=part.names("source") if part.has("source") else (),
        note=part.text("note", ""),
    )


def language_part(texts: Part, language: str) -> Part:
    """The mapping of one language; mistakes in it are told of the file that brings the language."""
    return texts.part(language).at(language, texts.log.language_files.get(language, ""))


def read_texts(part: Part, key: str, languages: tuple[str, ...]) -> Texts:
    """The wording under the key in each language that it has; the checks tell of a missing one."""
    texts = part.part(key)
    texts.allow(languages)
    found = [language for language in languages if texts.has(language)]
    return MappingProxyType({language: read_wording(language_part(texts, language)) for language in found})


def read_choices(part: Part, key: str, languages: tuple[str, ...]) -> tuple[Choice, ...]:
    """The list of choices under the key, in the file's order."""
    return tuple(_read_choice(entry, languages) for entry in part.listed_parts(key, coded=False))


def read_dependent(part: Part, languages: tuple[str, ...]) -> Dependent:
    """A dependent number as the items of an instrument share it."""
    part.allow(("codes", "label", "unit", "minimum", "maximum", "note"))
    return Dependent(
        codes=frozenset(part.names("codes")),
        label=read_texts(part, "label", languages),
        unit=read_texts(part, "unit", languages) if part.has("unit") else None,
        minimum=part.whole_number("minimum"),
        maximum=part.whole_number("maximum"),
    )


def _read_choice(part: Part, languages: tuple[str, ...]) -> Choice:
    code = part.text("code")
    part = part.at(f"choice {code}")
    part.allow(_CHOICE_KEYS)
    bare_number = Wording(code, WordingStatus.VERIFIED)
    has_words = part.has("label")
    return Choice(
        code=code,
        label=read_texts(part, "label", languages)
        if has_words
        else MappingProxyType(dict.fromkeys(languages, bare_number)),
        is_exclusive=part.statement("is_exclusive"),
        asks_text=part.statement("asks_text"),
        has_words=has_words,
    )
