"""What many tables of the study file hold: codes, and texts in the study's languages under known keys."""

import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType

from btb_pro.toml_lines import Table

STUDY_KEYS = (
    "code", "version", "languages", "name", "asker", "privacy_url", "accessibility_url",
    "allow_unapproved_wording", "second_step", "link_days_without_day0", "reminders_at_most",
    "invites_by_itself", "phone_countries", "site", "visit", "quiet_hours", "minimum_share", "safety",
)  # fmt: skip

_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_CODE_LENGTH = 26


def read_code(table: Table, example: str = "day14") -> str:
    """The code of a table; one that is not legal is noted."""
    code = table.text("code", f'a code in quotes such as "{example}"')
    if table.is_sound("code") and not (_CODE.fullmatch(code) and len(code) <= _CODE_LENGTH):
        table.note(
            f'The code "{code}" is not legal. Expected at most {_CODE_LENGTH} characters: a small letter a-z,'
            " then small letters, digits and single underscores.",
            "code",
        )
    return code


def read_texts(table: Table, key: str, languages: Collection[str]) -> Mapping[str, str]:
    """Language to text; a language that lacks its text, and one that the study has not, are noted."""
    below = table.table(key, f'a text for each language, such as {key}.nb = "..."')
    if not table.is_sound(key):
        return {}
    languages = languages or below.keys
    for language in below.keys:
        if language not in languages:
            sentence = f'{key} has a text in "{language}", which is not among the languages of the study.'
            below.note(f"{sentence} Expected {listed(languages)}.", language)
    return MappingProxyType({language: below.text(language) for language in languages})


def refuse_twice(kind: str, tables: Sequence[Table], codes: Sequence[str]) -> None:
    """Note every code that an earlier table of the kind has."""
    first: dict[str, int] = {}
    for table, code in zip(tables, codes, strict=True):
        if code in first and table.is_sound("code"):
            sentence = f'The {kind} "{code}" is there twice, first on line {first[code]}.'
            table.note(f"{sentence} Expected a code of its own.", "code")
        first.setdefault(code, table.line("code"))


def refuse_unknown_keys(table: Table, known: Collection[str]) -> None:
    """Note every key that is not known, with the one that was likely meant."""
    for key in table.keys:
        if key in STUDY_KEYS and key not in known:
            table.note(f'"{key}" is a key of the whole study. Put it above the first [ or [[.', key)
        elif key not in known:
            table.note(f'Unknown key "{key}". {hint(key, known)}', key)


def hint(word: str, known: Collection[str]) -> str:
    """A sentence that helps to find the word that was meant."""
    close = get_close_matches(word.lower(), list(known), n=1)
    return f'Did you mean "{close[0]}"?' if close else f"Expected one of {listed(known)}."


def listed(words: Collection[str]) -> str:
    """Words as a sentence names them."""
    return ", ".join(words)
