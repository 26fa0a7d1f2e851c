"""An instrument as a FHIR R4 Questionnaire, with the other language as translation extensions."""

from collections.abc import Iterator, Mapping
from typing import Any

from btb_pro.instruments.model import Choice, Condition, Field, FieldKind, Instrument, Texts
from btb_pro.study import Study

ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
_MINIMUM = "http://hl7.org/fhir/StructureDefinition/minValue"
_MAXIMUM = "http://hl7.org/fhir/StructureDefinition/maxValue"
_UNIT = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit"
_EXCLUSIVE = "http://hl7.org/fhir/StructureDefinition/questionnaire-optionExclusive"
_QUESTIONNAIRE_PROFILE = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire"

Resource = dict[str, Any]
Parts = tuple[tuple[str | None, tuple[Field, ...]], ...]


def system(study: Study, kind: str) -> str:
    """The URN of a kind of thing in a study."""
    return f"urn:btb:{study.code}:{kind}"


def canonical(study: Study, instrument: Instrument) -> str:
    """A questionnaire's address, without its version."""
    return system(study, f"questionnaire:{instrument.code}")


def language_tag(language: str) -> str:
    """The BCP 47 tag that FHIR's common languages have for one of ours."""
    return {"nb": "nb-NO", "en": "en"}.get(language, language)


def choice_coding(study: Study, field: Field, code: str) -> Resource:
    """The coding of a choice: codes are a field's own."""
    return {"system": system(study, f"choice:{field.code}"), "code": code}


def field_groups(instrument: Instrument) -> Iterator[tuple[str, Parts]]:
    """Each section's linkId with its items: the fields of an item that has several stand in a group."""
    for section in instrument.sections:
        parts: list[tuple[str | None, tuple[Field, ...]]] = []
        for item in section.items:
            is_group = len(item.fields) > 1
            parts.append((f"item.{item.code}" if is_group else None, item.fields))
        yield f"section.{section.code}", tuple(parts)


def questionnaire(study: Study, instrument: Instrument, language: str) -> Resource:
    """The whole questionnaire, in one language with the others as translations."""
    return {
        "resourceType": "Questionnaire",
        "id": instrument.code.replace("_", "-"),
        "meta": {"profile": [_QUESTIONNAIRE_PROFILE]},
        "language": language_tag(language),
        "url": canonical(study, instrument),
        "version": instrument.version,
        "name": f"Q_{instrument.code}",
        **_texts("title", instrument.title, language),
        "status": "active",
        "subjectType": ["ResearchSubject"],
        "item": list(_sections(study, instrument, language)),
    }


def _sections(study: Study, instrument: Instrument, language: str) -> Iterator[Resource]:
    by_code = {field.code: field for field in instrument.fields}
    stems = {f"section.{section.code}": section.stem for section in instrument.sections}
    texts = {f"item.{item.code}": item.text for item in instrument.items}
    for section_id, parts in field_groups(instrument):
        below: list[Resource] = []
        for group_id, fields in parts:
            items = [_question(study, field, by_code, language) for field in fields]
            if group_id is None:
                below += items
            else:
                group = {"linkId": group_id, **_texts("text", texts[group_id], language), "type": "group"}
                below.append({**group, "item": items})
        stem = stems[section_id]
        words = _texts("text", stem, language) if stem else {}
        yield {"linkId": section_id, **words, "type": "group", "item": below}


def _question(study: Study, field: Field, by_code: Mapping[str, Field], language: str) -> Resource:
    item: Resource = {"linkId": field.code}
    extensions = list(_limits(field, language))
    if extensions:
        item["extension"] = extensions
    item |= _texts("text", field.label, language)
    item["type"] = {FieldKind.INTEGER: "integer", FieldKind.TEXT: "text"}.get(field.kind, "choice")
    if field.when is not None:
        item["enableWhen"] = list(_conditions(study, field.when, by_code))
        item["enableBehavior"] = "any"
    if field.kind is FieldKind.CODES:
        item["repeats"] = True
    if field.max_length is not None and field.kind is FieldKind.TEXT:
        item["maxLength"] = field.max_length
    if field.choices:
        item["answerOption"] = [_option(study, field, choice, language) for choice in field.choices]
    return item


def _limits(field: Field, language: str) -> Iterator[Resource]:
    if field.kind is FieldKind.INTEGER:
        for url, end in ((_MINIMUM, field.minimum), (_MAXIMUM, field.maximum)):
            if end is not None:
                yield {"url": url, "valueInteger": end}
    if field.unit:
        yield {"url": _UNIT, "valueCoding": {"display": field.unit[language].text}}


def _conditions(study: Study, when: Condition, by_code: Mapping[str, Field]) -> Iterator[Resource]:
    controlling = by_code[when.field]
    for choice in controlling.choices:
        if choice.code in when.codes:
            coding = choice_coding(study, controlling, choice.code)
            yield {"question": when.field, "operator": "=", "answerCoding": coding}


def _option(study: Study, field: Field, choice: Choice, language: str) -> Resource:
    option: Resource = {
        "valueCoding": choice_coding(study, field, choice.code) | _texts("display", choice.label, language)
    }
    if choice.is_exclusive:
        return {"extension": [{"url": _EXCLUSIVE, "valueBoolean": True}], **option}
    return option


def _texts(name: str, texts: Texts, language: str) -> Resource:
    """A text of an element, and in its companion what it is in the other languages."""
    translations = [
        {
            "extension": [
                {"url": "lang", "valueCode": language_tag(other)},
                {"url": "content", "valueString": texts[other].text},
            ],
            "url": _TRANSLATION,
        }
        for other in texts
        if other != language
    ]
    found: Resource = {name: texts[language].text}
    return found | {f"_{name}": {"extension": translations}} if translations else found
