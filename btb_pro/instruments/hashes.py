"""The fingerprint of what a participant is shown, and how far its wordings can be trusted."""

import hashlib
import json
from functools import lru_cache
from typing import Any

from btb_pro.instruments.model import (
    Choice,
    Condition,
    Field,
    Instrument,
    Item,
    Section,
    Texts,
)


class _Same:
    """An instrument as a key: hashable, and equal to nothing but itself."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.instrument is self.instrument

    def __hash__(self) -> int:
        return id(self.instrument)


def wording_sha256(instrument: Instrument, language: str) -> str:
    """SHA-256, 64 lower-case hexadecimal digits, of everything that is shown in the language.

    Hashed is JSON with sorted keys, without spaces, in UTF-8: title, recall period, and of each item in order
    its stem, code, type, text and fields with their choices, units, ranges and conditions. Page breaks,
    statuses, sources and notes are no part of it, nor is any other language. Raises KeyError for a language
    that the instrument lacks.
    """
    return _wording_sha256(_Same(instrument), language)


@lru_cache(maxsize=256)
def _wording_sha256(key: _Same, language: str) -> str:
    instrument = key.instrument
    if language not in instrument.languages:
        raise KeyError(language)
    shown = _shown(instrument, language)
    canonical = json.dumps(shown, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def _shown(instrument: Instrument, language: str) -> dict[str, Any]:
    recall = instrument.recall[language]
    asked = [(section, item) for section in instrument.sections for item in section.items]
    return {
        "title": instrument.title[language].text,
        "recall": {"period": recall.period, "text": recall.wording.text},
        "items": [_item(section, item, language) for section, item in asked],
    }


def _item(section: Section, item: Item, language: str) -> dict[str, Any]:
    return {
        "stem": _text(section.stem, language),
        "code": item.code,
        "type": item.type.value,
        "text": item.text[language].text,
        "when": _condition(item.when),
        "fields": [_field(field, language) for field in item.fields],
    }


def _field(field: Field, language: str) -> dict[str, Any]:
    return {
        "code": field.code,
        "kind": field.kind.value,
        "label": field.label[language].text,
        "choices": [_choice(choice, language) for choice in field.choices],
        "minimum": field.minimum,
        "maximum": field.maximum,
        "max_length": field.max_length,
        "unit": _text(field.unit, language),
        "when": _condition(field.when),
    }


def _choice(choice: Choice, language: str) -> dict[str, Any]:
    return {
        "code": choice.code,
        "label": choice.label[language].text if choice.has_words else None,
        "is_exclusive": choice.is_exclusive,
        "asks_text": choice.asks_text,
    }


def _condition(condition: Condition | None) -> dict[str, Any] | None:
    return {"field": condition.field, "codes": sorted(condition.codes)} if condition else None


def _text(texts: Texts | None, language: str) -> str | None:
    return None if texts is None else texts[language].text
