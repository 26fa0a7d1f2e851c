"""Reads and checks the study file. `docs/study-file.md` explains its keys."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import phonenumbers

from btb_pro.i18n import LANGUAGES
from btb_pro.instruments.model import Instrument
from btb_pro.refusals import PlainRefusal
from btb_pro.safety_rules import read_safety_rules
from btb_pro.scoring.scores import shares_refused
from btb_pro.study import QuietHours, Site, Study
from btb_pro.study_values import (
    STUDY_KEYS,
    hint,
    listed,
    read_code,
    read_texts,
    refuse_twice,
    refuse_unknown_keys,
)
from btb_pro.study_visits import read_visits
from btb_pro.toml_lines import Table, TomlRefused, read_document

PACKAGED_STUDY = Path(str(files("btb_pro").joinpath("study.toml")))
"""BackToBasic, with placeholders where the trial has to say."""

SITE_KEYS = ("code", "name", "phone")
QUIET_HOURS_KEYS = ("from", "to")

_HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_REMINDERS_AT_MOST = 3


@dataclass(frozen=True, slots=True)
class StudyProblem:
    """One mistake in a study file. `line` counts from 1; it is 0 when there is no file to have lines."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.line}: {self.message}" if self.line else f" {self.message}"


class StudyFileError(PlainRefusal):
    """A study file cannot be used. `problems` holds every mistake found, in the order of their lines."""

    def __init__(self, path: Path, problems: Sequence[StudyProblem]) -> None:
        self.path = path
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{path}:{problem}" for problem in self.problems))


def read_study(path: Path, instruments: Mapping[str, Instrument]) -> Study:
    """The study in a file, checked against the instruments, by code, that it may ask.

    Raises:
        StudyFileError: with every mistake at once. TOML that cannot be parsed is told by its first mistake.
    """
    try:
        content = path.read_bytes()
        document = read_document(content.decode("utf-8-sig"))
    except OSError as error:
        message = f"The study file cannot be read: {error.strerror}. Name a file that can."
        raise StudyFileError(path, [StudyProblem(0, message)]) from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = "This is not UTF-8. Save the file as UTF-8; the rest is checked then."
        raise StudyFileError(path, [StudyProblem(line, message)]) from error
    except TomlRefused as error:
        message = f"This is not TOML: {error}. Mend it first; the rest is checked then."
        raise StudyFileError(path, [StudyProblem(error.line, message)]) from error
    study = _read(document, instruments, hashlib.sha256(content).hexdigest())
    if document.mistakes:
        problems = [StudyProblem(line, message) for line, message in sorted(set(document.mistakes))]
        raise StudyFileError(path, problems)
    return study


def _read(document: Table, instruments: Mapping[str, Instrument], sha256: str) -> Study:
    """The study; worth nothing when the document has noted mistakes."""
    refuse_unknown_keys(document, STUDY_KEYS)
    languages = _languages(document)
    sites = _sites(document)
    visits = read_visits(document, languages, instruments)
    asked = {part.instrument for visit in visits for part in visit.parts} & set(instruments)
    fields = [field for code in instruments if code in asked for field in instruments[code].fields]
    return Study(
        code=read_code(document),
        version=document.text("version", 'text in quotes such as "1"', most=40),
        name=read_texts(document, "name", languages),
        languages=languages,
        asker=read_texts(document, "asker", languages),
        privacy_url=_addresses(document, "privacy_url", languages),
        accessibility_url=_addresses(document, "accessibility_url", languages),
        allow_unapproved_wording=document.statement("allow_unapproved_wording", default=False),
        second_step=document.statement("second_step", default=False),
        link_days_without_day0=document.whole_number("link_days_without_day0", 1, 365),
        sites=sites,
        visits=visits,
        quiet_hours=_quiet_hours(document),
        reminders_at_most=document.whole_number("reminders_at_most", 0, 20, default=_REMINDERS_AT_MOST),
        invites_by_itself=document.statement("invites_by_itself", default=False),
        minimum_share=_minimum_share(document, instruments),
        safety=read_safety_rules(document, fields, [site.code for site in sites]),
        sha256=sha256,
        phone_countries=_phone_countries(document),
    )


def _languages(document: Table) -> tuple[str, ...]:
    found = document.texts("languages", f"a list of languages out of {listed(LANGUAGES)}")
    languages = tuple(found.values())
    if not languages and document.is_sound("languages"):
        document.note(f"languages is empty. Expected at least one of {listed(LANGUAGES)}.", "languages")
    for position, language in found.items():
        if language not in LANGUAGES:
            sentence = f'Unknown language "{language}". Expected {listed(LANGUAGES)}.'
            document.note(sentence, "languages", position)
        elif language in [found[earlier] for earlier in found if earlier < position]:
            document.note(f'The language "{language}" stands here twice.', "languages", position)
    return languages


def _phone_countries(document: Table) -> tuple[str, ...]:
    if "phone_countries" not in document.keys:
        return ("NO",)
    expected = 'a list of countries such as ["NO", "SE"]'
    found = document.texts("phone_countries", expected)
    if not found and document.is_sound("phone_countries"):
        document.note(f"phone_countries is empty. Expected {expected}.", "phone_countries")
    for position, country in found.items():
        if country not in phonenumbers.SUPPORTED_REGIONS:
            sentence = f'Unknown country "{country}". Expected two capital letters, such as "NO".'
            document.note(sentence, "phone_countries", position)
    return tuple(found.values())


def _sites(document: Table) -> tuple[Site, ...]:
    tables = document.tables("site")
    sites = []
    for table in tables:
        refuse_unknown_keys(table, SITE_KEYS)
        site = Site(read_code(table), table.text("name"), table.text("phone"))
        if table.is_sound("phone") and not any(letter.isdecimal() for letter in site.phone):
            table.note(f'phone is "{site.phone}". Expected a number that participants can ring.', "phone")
        sites.append(site)
    refuse_twice("site", tables, [site.code for site in sites])
    return tuple(sites)


def _quiet_hours(document: Table) -> QuietHours:
    table = document.table("quiet_hours", 'a table [quiet_hours] with from = "20:00" and to = "08:00"')
    if not document.is_sound("quiet_hours"):
        return QuietHours(time(), time())
    refuse_unknown_keys(table, QUIET_HOURS_KEYS)
    hours = QuietHours(_hour(table, "from"), _hour(table, "to"))
    if table.is_sound(*QUIET_HOURS_KEYS) and hours.start == hours.end:
        table.note("The quiet hours end when they begin. Expected two different times.", "to")
    return hours


def _hour(table: Table, key: str) -> time:
    expected = 'a time of day in quotes such as "20:00"'
    text = table.text(key, expected)
    if _HOUR.fullmatch(text):
        return time.fromisoformat(text)
    if table.is_sound(key):
        table.note(f'quiet_hours.{key} is "{text}". Expected {expected}.', key)
    return time()


def _minimum_share(document: Table, instruments: Mapping[str, Instrument]) -> Mapping[str, Fraction]:
    shares = {score.code: score.minimum_share for one in instruments.values() for score in one.scores}
    table = document.table("minimum_share", "a table [minimum_share]", is_optional=True)
    for code in table.keys:
        share = table.fraction(code, "a number above 0 and at most 1, such as 0.7")
        if code not in shares:
            table.note(f'No instrument has a score "{code}". {hint(code, shares)}', code)
        elif table.is_sound(code):
            for instrument in instruments.values():
                for sentence in shares_refused(instrument, {code: share}):
                    table.note(sentence, code)
            shares[code] = share
    return MappingProxyType(shares)


def _addresses(table: Table, key: str, languages: Collection[str]) -> Mapping[str, str]:
    addresses = read_texts(table, key, languages)
    for language, address in addresses.items():
        if address and not _is_https(address):
            expected = 'a full address such as "https://example.org/page"'
            table.note(f'{key}.{language} is "{address}". Expected {expected}.', key, language)
    return addresses


def _is_https(address: str) -> bool:
    try:
        parts = urlsplit(address)
        has_host = "." in (parts.hostname or "") and parts.port != 0
    except ValueError:
        return False
    is_plain = address.isprintable() and not set(address) & set(' "<>\\^`{|}')
    return parts.scheme == "https" and has_host and is_plain and parts.username is None
