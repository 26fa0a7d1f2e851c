"""Questionnaires on paper: one HTML page for the printer, from the instrument files of the phone's pages.

It needs neither a database nor Flask. The wording comes from the instrument alone; everything around it goes
through gettext. The same questionnaires give the same bytes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from gettext import NullTranslations
from importlib.resources import files
from itertools import groupby, pairwise

from babel.lists import format_list
from babel.support import Translations
from jinja2 import Environment, PackageLoader, StrictUndefined

from btb_pro.i18n import LANGUAGE_NAMES, LANGUAGES
from btb_pro.instruments.hashes import wording_sha256
from btb_pro.instruments.model import (
    Choice,
    Condition,
    Field,
    FieldKind,
    Instrument,
    Item,
    Section,
    Wording,
    WordingStatus,
)
from btb_pro.instruments.paging import Parts, pages_of
from btb_pro.instruments.walk import count_statuses

SHORT_HASH = 12
"""So many characters of a wording's SHA-256 stand on the paper."""

_TRANSLATIONS = str(files("btb_pro").joinpath("translations"))
_MOST_CHOICES_IN_A_ROW = 4
_LONGEST_LABEL_IN_A_ROW = 24
_LONG_TEXT = 80
_UNSAFE_IN_CSS = re.compile(r"[^\w .,:;()·–-]")


class LanguageMissing(LookupError):
    """An instrument has no wording in the language that is asked for."""

    def __init__(self, instrument: Instrument, language: str) -> None:
        has = ", ".join(instrument.languages)
        super().__init__(f"{instrument.code} has no wording in {language!r}: use one of {has}.")


@dataclass(frozen=True, slots=True)
class PaperForm:
    """One instrument, or some sections of it, as it is printed in one language."""

    name: str
    """Names the form's pages to the style sheet."""
    instrument: Instrument
    language: str
    sections: tuple[Section, ...]

    @property
    def wordings(self) -> Mapping[WordingStatus, int]:
        """How many wordings of each status the instrument has in the language."""
        return count_statuses(self.instrument, self.language)

    @property
    def short_hash(self) -> str:
        """The beginning of the wording's SHA-256."""
        return wording_sha256(self.instrument, self.language)[:SHORT_HASH]

    @property
    def recall(self) -> Wording:
        """The period that the questions are about."""
        return self.instrument.recall[self.language].wording

    def number(self, item: Item) -> int:
        """The item's place in the whole instrument, as the phone shows it."""
        return [one.code for one in self.instrument.items].index(item.code) + 1

    def item_of(self, field_code: str) -> Item:
        """The item that a form field belongs to."""
        return next(item for item in self.instrument.items for one in item.fields if one.code == field_code)

    def choices_of(self, condition: Condition) -> list[str]:
        """The words of the answers that a condition waits for, in the file's order."""
        field = next(one for one in self.instrument.fields if one.code == condition.field)
        return [one.label[self.language].text for one in field.choices if one.code in condition.codes]


def forms_of(parts: Parts, language: str) -> tuple[PaperForm, ...]:
    """The forms of a set in order, one an instrument, with the sections that are asked.

    Raises:
        LanguageMissing: an instrument lacks the language.
        UnknownSection: an instrument lacks a section that is asked for.
    """
    forms = []
    for index, (instrument, codes) in enumerate(parts, start=1):
        if language not in instrument.languages:
            raise LanguageMissing(instrument, language)
        by_section = groupby(pages_of([(instrument, codes)]), key=lambda page: page.section.code)
        sections = tuple(next(pages).section for _, pages in by_section)
        forms.append(PaperForm(f"form{index}", instrument, language, sections))
    return tuple(forms)


def paper_page(forms: Sequence[PaperForm], study: str = "", visit: str = "") -> str:
    """One self-contained HTML page that prints the forms on A4, each beginning on a page of its own.

    All forms are in one language. `study` and `visit` are the names to print above them; without a visit's
    name there is a place to write it.
    """
    language = forms[0].language
    around = language if language in LANGUAGES else "en"
    words = Translations.load(_TRANSLATIONS, [around])
    environment = _environment(words)
    environment.globals.update(
        either=lambda answers: _either(answers, words, around),
        foot=lambda form: _foot(form, words),
        page_count=_page_count(words),
    )
    template = environment.get_template("print/paper.html")
    return template.render(forms=forms, around=around, language=language, study=study, visit=visit)


def css_text(text: str) -> str:
    """Any text as a string of a style sheet that stands inside an HTML page."""
    return '"' + _UNSAFE_IN_CSS.sub(lambda found: f"\\{ord(found[0]):x} ", text) + '"'


def stands_in_a_row(choices: Sequence[Choice]) -> bool:
    """Whether the choices have room beside each other, whatever the language, so that all look alike."""
    longest = max(len(wording.text) for choice in choices for wording in choice.label.values())
    return len(choices) <= _MOST_CHOICES_IN_A_ROW and longest <= _LONGEST_LABEL_IN_A_ROW


def _environment(words: NullTranslations) -> Environment:
    environment = Environment(
        loader=PackageLoader("btb_pro", "templates"),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]  # the extension's
    tools: dict[str, Callable[..., object]] = {
        "css_text": css_text,
        "stands_in_a_row": stands_in_a_row,
        "digits": lambda field: len(str(field.maximum)),
        "lines": lambda field: 2 if field.max_length > _LONG_TEXT else 1,
        "beside": _beside,
        "below": _below,
        "belonging_to": _belonging_to,
        "word_columns": _word_columns,
    }
    environment.globals.update(tools)
    return environment


def _beside(item: Item, choice: Choice) -> list[Field]:
    """The texts that one single choice of an item asks for."""
    wanted = Condition(item.fields[0].code, frozenset([choice.code]))
    return [one for one in item.fields if one.kind is FieldKind.TEXT and one.when == wanted]


def _below(item: Item) -> list[Field]:
    """The fields of an item that are written below its choices."""
    beside = [one for choice in item.fields[0].choices for one in _beside(item, choice)]
    return [one for one in item.fields[1:] if one not in beside]


def _belonging_to(item: Item, opener: Field) -> list[Field]:
    """The texts that an answer to one field of an item asks for."""
    texts = [one for one in item.fields if one.kind is FieldKind.TEXT]
    return [one for one in texts if one.when is not None and one.when.field == opener.code]


def _word_columns(choices: Sequence[Choice]) -> str:
    """The columns of a scale's words: each has the room around its number, half way to the next."""
    places = [place for place, choice in enumerate(choices) if choice.has_words]
    halves = [(left + right) / 2 for left, right in pairwise(places)]
    edges = [0.0, *halves, float(len(choices) - 1)]
    return " ".join(f"{right - left:g}fr" for left, right in pairwise(edges))


def _either(answers: Sequence[str], words: NullTranslations, language: str) -> str:
    """``“A little”, “Some” or “Severely”``."""
    quoted = [words.gettext("“%(answer)s”") % {"answer": answer} for answer in answers]
    return format_list(quoted, style="or", locale=language)


def _foot(form: PaperForm, words: NullTranslations) -> str:
    return words.gettext("%(instrument)s, version %(version)s, %(language)s, wording %(hash)s") % {
        "instrument": form.instrument.code,
        "version": form.instrument.version,
        "language": LANGUAGE_NAMES.get(form.language, form.language),
        "hash": form.short_hash,
    }


def _page_count(words: NullTranslations) -> str:
    """``Page 2 of 5`` as the value of CSS ``content``, counted by the browser."""
    template = words.gettext("Page %(number)s of %(all)s")
    parts = re.split(r"(%\(\w+\)s)", template)
    counters = {"%(number)s": "counter(page)", "%(all)s": "counter(pages)"}
    return " ".join(counters.get(part) or css_text(part) for part in parts if part)
