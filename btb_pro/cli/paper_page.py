"""The page for the printer: forms of paper as one self-contained HTML page.

It needs neither a database nor Flask. The wording comes from the instrument alone; everything around it goes
through gettext. The same forms give the same bytes.
"""

import re
from collections.abc import Callable, Sequence
from gettext import NullTranslations
from importlib.resources import files

from babel.lists import format_list
from babel.support import Translations
from jinja2 import Environment, PackageLoader, StrictUndefined

from btb_pro.exports.paper import (
    PaperForm,
    fields_below,
    stands_in_a_row,
    texts_belonging_to,
    texts_beside,
    word_columns,
)
from btb_pro.i18n import LANGUAGE_NAMES, LANGUAGES

_TRANSLATIONS = str(files("btb_pro").joinpath("translations"))
_LONG_TEXT = 80
_UNSAFE_IN_CSS = re.compile(r"[^\w .,:;()·–-]")


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
        "beside": texts_beside,
        "below": fields_below,
        "belonging_to": texts_belonging_to,
        "word_columns": word_columns,
    }
    environment.globals.update(tools)
    return environment


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
