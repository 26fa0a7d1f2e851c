"""A stored value as a person reads it."""

from btb_pro.instruments.answers import chosen_codes
from btb_pro.instruments.model import Field, FieldKind


def value_in_words(field: Field, value: str | None, language: str) -> str:
    """``2: Ganske mye`` for a choice, ``3 år`` for a number, a text as it was written; empty for no value.

    A code that the instrument knows no more stands alone.
    """
    if value is None:
        return ""
    match field.kind:
        case FieldKind.CODE | FieldKind.CODES:
            words = {choice.code: choice.label[language].text for choice in field.choices if choice.has_words}
            return "; ".join(
                f"{code}: {words[code]}" if code in words else code for code in chosen_codes(value)
            )
        case FieldKind.INTEGER:
            return f"{value} {field.unit[language].text}" if field.unit else value
        case FieldKind.TEXT:
            return value


def field_in_words(field: Field, item_text: str, language: str) -> str:
    """The question that a field belongs to, and which part of it the field is where it has several."""
    label = field.label[language].text
    return label if label == item_text else f"{item_text} – {label}"
