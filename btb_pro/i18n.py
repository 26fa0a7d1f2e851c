"""Our languages, and our words in them where no request is being answered."""

from datetime import date
from functools import cache
from importlib.resources import files

from babel.dates import format_date
from babel.support import NullTranslations, Translations

LANGUAGES = ("nb", "en")
LANGUAGE_NAMES = {"nb": "Norsk", "en": "English"}
"""Each language's name in itself, for the switch that leads to it."""


class Words:
    """The words of one language, for letters and messages; pages have Flask-Babel's."""

    def __init__(self, language: str, catalogue: NullTranslations) -> None:
        self.language = language
        self._catalogue = catalogue

    def gettext(self, text: str, **facts: object) -> str:
        """A text of the catalogue with its placeholders filled in."""
        found: str = self._catalogue.gettext(text)
        return found % facts if facts else found

    def ngettext(self, one: str, many: str, number: int, **facts: object) -> str:
        """The text for a number, which is its placeholder ``num``."""
        found: str = self._catalogue.ngettext(one, many, number)
        return found % {"num": number, **facts}

    def day(self, day: date) -> str:
        """A day without its year: ``3. desember``, ``3 December``."""
        return format_date(day, "d. MMMM" if self.language == "nb" else "d MMMM", locale=self.language)


@cache
def words_of(language: str) -> Words:
    """The words of one of `LANGUAGES`.

    Raises:
        KeyError: it is none of them.
    """
    if language not in LANGUAGES:
        raise KeyError(language)
    folder = str(files("btb_pro").joinpath("translations"))
    return Words(language, Translations.load(folder, [language], domain="messages"))
