"""Which of our languages a person gets."""

LANGUAGES = ("nb", "en")
LANGUAGE_NAMES = {"nb": "Norsk", "en": "English"}
"""Each language's name in itself, for the switch that leads to it."""

_SCANDINAVIAN = frozenset({"no", "nb", "nn", "da", "sv"})


def language_of_browser(accept_language: str) -> str:
    """The language for an Accept-Language header: Scandinavian readers get Norwegian, all others English.

    The header's first language that is one of those or English decides; a header that names neither, or
    none at all, means English.
    """
    for tag in _by_preference(accept_language):
        primary = tag.split("-")[0].lower()
        if primary in _SCANDINAVIAN:
            return "nb"
        if primary == "en":
            return "en"
    return "en"


def _by_preference(accept_language: str) -> list[str]:
    weighted = []
    for position, part in enumerate(accept_language[:500].split(",")):
        tag, _, parameter = part.strip().partition(";")
        weight = _weight(parameter)
        if tag.strip() and weight > 0:
            weighted.append((-weight, position, tag.strip()))
    return [tag for _, _, tag in sorted(weighted)]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
