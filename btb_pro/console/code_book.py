"""The code book in the browser: what each variable asks and means, found by its code or its words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from btb_pro.console.desk import allow, console
from btb_pro.exports.codebook import codebook_header, codebook_rows
from btb_pro.exports.variables import study_variables
from btb_pro.instruments.model import WordingStatus, wording_sha256
from btb_pro.roles import Permission
from btb_pro.this_request import runtime

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class _Entry:
    """One variable: the cells of the exported code book in the reader's language, by column."""

    cells: Mapping[str, str]

    @property
    def choices(self) -> Sequence[tuple[str, str]]:
        """Code and what it means."""
        listed = [one.partition("=") for one in self.cells["codes"].split("|") if one]
        return [(code, label) for code, _, label in listed]

    def holds(self, words: str) -> bool:
        """Whether somebody who looks for these words means this one."""
        found = " ".join(self.cells[name] for name in ("variable", "item", "label", "rule")).casefold()
        return all(word in found for word in words.casefold().split())


@console.get("/code-book")
@allow(Permission.READ_CODE_BOOK)
def code_book() -> ResponseReturnValue:
    """All of it, or what was searched for."""
    language, words = str(get_locale()), request.args.get("q", "").strip()[:_LONGEST]
    house = runtime()
    entries = [one for one in _entries(language) if one.holds(words)]
    groups = []
    for code in dict.fromkeys(one.cells["instrument"] for one in entries):
        # Scores stand at the end of the table, and here with their questions.
        found = [one for one in entries if one.cells["instrument"] == code]
        instrument = house.instruments.get(code)
        groups.append(
            (
                code,
                instrument.title[language].text if instrument else gettext("Of every visit"),
                instrument.version if instrument else "",
                wording_sha256(instrument, language) if instrument else "",
                found,
            )
        )
    return render_template(
        "console/code_book.html", groups=groups, words=words, count=len(entries), statuses=_statuses()
    )


def _statuses() -> Mapping[str, tuple[str, str]]:
    """How far a wording can be trusted: words and colour."""
    return {
        WordingStatus.VERIFIED.value: (gettext("Checked against its source"), "success"),
        WordingStatus.RECALLED.value: (gettext("Written from memory"), "warning"),
        WordingStatus.UNVERIFIED.value: (gettext("Not checked"), "warning"),
    }


def _entries(language: str) -> Sequence[_Entry]:
    house = runtime()
    return _read(_Key(house.study.sha256, language))


@dataclass(frozen=True, slots=True)
class _Key:
    study_sha256: str
    language: str


@lru_cache(maxsize=8)
def _read(key: _Key) -> Sequence[_Entry]:
    house = runtime()
    variables = study_variables(house.study, house.instruments)
    header = [name.removesuffix(f"_{key.language}") for name in codebook_header((key.language,))]
    rows = codebook_rows(house.study, variables, (key.language,))
    return [_Entry(dict(zip(header, row, strict=True))) for row in rows]
