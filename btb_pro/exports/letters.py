"""Letters and cards with a participant's link, as PDF: a QR code, and a short address and code to type.

We hold no names: the field that a window envelope shows stays blank, for a label or for handwriting, and the
sender's corner bears the study number. The same letters give the same bytes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from gettext import NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import segno
from babel.dates import format_date
from babel.support import Translations
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

_TRANSLATIONS = str(files("btb_pro").joinpath("translations"))
_DAY = {"nb": "d. MMMM y", "en": "d MMMM y"}

_PLAIN, _BOLD = "Vera", "VeraBd"
"""Bitstream Vera, which reportlab brings along and which has every letter of Norwegian."""
_WIDTH, _HEIGHT = A4
_MARGIN = 20 * mm
_SENDER_LEFT = 115 * mm
"""Right of an envelope's window, which shows 20 to 110 mm from the left, 40 to 90 from the top."""
_BODY_TOP = _HEIGHT - 100 * mm
_QR_BORDER = 4
_CARDS_ACROSS, _CARDS_DOWN = 2, 2
_CARD_WIDTH, _CARD_HEIGHT = _WIDTH / _CARDS_ACROSS, _HEIGHT / _CARDS_DOWN
_CARD_MARGIN = 10 * mm
_NOTES_ON_A_PAGE = 25
"""So that each may take two lines."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What one letter says. It names nobody and no illness."""

    study_number: str
    languages: tuple[str, ...]
    """The participant's first: a page each in a letter, all of them on a card."""
    asker: Mapping[str, str]
    study: Mapping[str, str]
    minutes: int
    opens_on: date | None
    """None when the link works already."""
    last_day: date
    link: str
    typed_address: str
    typed_code: str
    phone: str
    is_test: bool


def _watch_nothing(_drawn: int) -> None:
    """Nobody asks how far it is."""


def letters_pdf(
    letters: Sequence[Letter], notes: Sequence[str] = (), watch: Callable[[int], None] = _watch_nothing
) -> bytes:
    """One A4 page for each letter and language, in order; before them what whoever prints must know.

    `watch` is told how many are drawn; it may raise.
    """

    def draw(canvas: "Canvas") -> None:
        _draw_notes(canvas, notes)
        for drawn, letter in enumerate(letters, start=1):
            for language in letter.languages:
                _draw_letter(canvas, letter, language)
                canvas.showPage()
            watch(drawn)

    return _document(letters, draw)


def cards_pdf(
    letters: Sequence[Letter], notes: Sequence[str] = (), watch: Callable[[int], None] = _watch_nothing
) -> bytes:
    """Cards of the size A6, four to a sheet of A4, with lines to cut along; the rest as in `letters_pdf`."""
    per_sheet = _CARDS_ACROSS * _CARDS_DOWN

    def draw(canvas: "Canvas") -> None:
        _draw_notes(canvas, notes)
        for start in range(0, len(letters), per_sheet):
            for place, letter in enumerate(letters[start : start + per_sheet]):
                down, across = divmod(place, _CARDS_ACROSS)
                _draw_card(canvas, letter, across * _CARD_WIDTH, _HEIGHT - down * _CARD_HEIGHT)
            _draw_cuts(canvas)
            canvas.showPage()
            watch(min(start + per_sheet, len(letters)))

    return _document(letters, draw)


@cache
def _register_fonts() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name in (_PLAIN, _BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))


def _document(letters: Sequence[Letter], draw: "Callable[[Canvas], None]") -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    _register_fonts()
    language = letters[0].languages[0]
    title = _words(language).gettext("Open your link")
    made = BytesIO()
    canvas = Canvas(
        made,
        pagesize=A4,
        invariant=True,
        lang=language,
        initialFontName=_PLAIN,  # type: ignore[arg-type]  # the stubs take it for a number
    )
    canvas.setTitle(title)
    canvas.setCreator("btb_pro")
    canvas.setAuthor(letters[0].asker[language])
    canvas.setViewerPreference("DisplayDocTitle", "true")
    draw(canvas)
    canvas.save()
    return made.getvalue()


@cache
def _words(language: str) -> NullTranslations:
    return Translations.load(_TRANSLATIONS, [language])


def _draw_notes(canvas: "Canvas", notes: Sequence[str]) -> None:
    width = _WIDTH - 2 * _MARGIN
    for start in range(0, len(notes), _NOTES_ON_A_PAGE):
        texts = [(text, start == at == 0) for at, text in enumerate(notes[start : start + _NOTES_ON_A_PAGE])]
        _stack(canvas, texts, _MARGIN, _HEIGHT - _MARGIN, width, 9, space=3)
        canvas.showPage()


def _draw_letter(canvas: "Canvas", letter: Letter, language: str) -> None:
    words = _words(language)
    sender = [(letter.asker[language], True), (letter.study[language], False)]
    sender += [(words.gettext("Telephone: %(phone)s") % {"phone": letter.phone}, False)]
    sender += [(words.gettext("Study number: %(number)s") % {"number": letter.study_number}, False)]
    _stack(canvas, sender, _SENDER_LEFT, _HEIGHT - 20 * mm, _WIDTH - _SENDER_LEFT - _MARGIN, 10)
    width, top = _WIDTH - 2 * _MARGIN, _BODY_TOP
    top = _stack(canvas, [(words.gettext("Some questions for you"), True)], _MARGIN, top, width, 15)
    lines = [(text, False) for text in _opening(letter, language, words)]
    top = _stack(canvas, lines, _MARGIN, top - 2 * mm, width, 11, space=3)
    side = 45 * mm
    _draw_qr(canvas, letter.link, _MARGIN, top - 4 * mm, side)
    beside = list(_ways_in(letter, words))
    beside_left = _MARGIN + side + 6 * mm
    _stack(canvas, beside, beside_left, top - 7 * mm, _WIDTH - beside_left - _MARGIN, 11, space=3)
    closing = [(text, False) for text in _closing(letter, words)]
    _stack(canvas, closing, _MARGIN, top - side - 10 * mm, width, 11, space=3)


def _draw_card(canvas: "Canvas", letter: Letter, left: float, top: float) -> None:
    first = letter.languages[0]
    width = _CARD_WIDTH - 2 * _CARD_MARGIN
    left, top = left + _CARD_MARGIN, top - _CARD_MARGIN
    names = [(letter.asker[first], True), (f"{letter.study[first]} · {letter.study_number}", False)]
    top = _stack(canvas, names, left, top, width, 9)
    side = 36 * mm
    _draw_qr(canvas, letter.link, left, top - 1 * mm, side)
    here = [_words(one).gettext("Point the camera of your phone here, or type:") for one in letter.languages]
    ways = [(text, False) for text in here] + [(letter.typed_address, True), (letter.typed_code, True)]
    beside = left + side + 1 * mm
    _stack(canvas, ways, beside, top - 4 * mm, width - side - 1 * mm, 8.5, space=2)
    top -= side + 1 * mm
    is_crowded = len(letter.languages) > 1
    size = 8.5 if is_crowded else 10
    for language in letter.languages:
        words = _words(language)
        # The sender stands above already; two languages need the room.
        opening = _opening(letter, language, words)
        texts = [(" ".join(opening[1:] if is_crowded else opening), False)]
        texts += [(_not_watched(words), False), (_whom_to_ring(letter, words), False)]
        top = _stack(canvas, texts, left, top - 2 * mm, width, size, space=2)


def _opening(letter: Letter, language: str, words: NullTranslations) -> list[str]:
    asks = words.gettext("%(asker)s asks you to answer some questions for the study %(study)s.")
    texts = [
        asks % {"asker": letter.asker[language], "study": letter.study[language]},
        words.gettext("It takes about %(minutes)s minutes.") % {"minutes": letter.minutes},
    ]
    if letter.opens_on is not None:
        opens = words.gettext("You can answer from %(day)s on.")
        texts.append(opens % {"day": _day(letter.opens_on, language)})
    texts.append(words.gettext("Please answer by %(day)s.") % {"day": _day(letter.last_day, language)})
    if letter.is_test:
        texts.append(words.gettext("This is a test. No real answers belong here."))
    return texts


def _ways_in(letter: Letter, words: NullTranslations) -> Iterator[tuple[str, bool]]:
    yield (
        words.gettext("Point the camera of your phone at the square, and open the link that comes up."),
        False,
    )
    yield words.gettext("Or type this address where you otherwise search the web:"), False
    yield letter.typed_address, True
    yield words.gettext("and then this code:"), False
    yield letter.typed_code, True


def _closing(letter: Letter, words: NullTranslations) -> list[str]:
    return [
        words.gettext("You may pause. What you have answered is kept, and you go on with the same link."),
        words.gettext("You may skip questions and stop when you like."),
        words.gettext("Square and code are for you alone: keep this letter to yourself."),
        _not_watched(words),
        words.gettext("Would you rather answer on paper, or do you need help? Ring %(phone)s.")
        % {"phone": _unbroken(letter.phone)},
    ]


def _not_watched(words: NullTranslations) -> str:
    return words.gettext(
        "Your answers are not read right away. Do you need help right now? "
        "Ring 113 in an emergency, or 116 117 for the doctor on call."
    )


def _whom_to_ring(letter: Letter, words: NullTranslations) -> str:
    return words.gettext("Do you need help? Ring") + f" {_unbroken(letter.phone)}"


def _day(day: date, language: str) -> str:
    return _unbroken(str(format_date(day, _DAY[language], locale=language)))


def _unbroken(text: str) -> str:
    """A text that no line ends within."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _stack(
    canvas: "Canvas",
    texts: Sequence[tuple[str, bool]],
    left: float,
    top: float,
    width: float,
    size: float,
    space: float = 0,
) -> float:
    """Draw paragraphs (text, is bold) below each other; the height at which the last one ends."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    for text, is_bold in texts:
        style = ParagraphStyle(
            "text", fontName=_BOLD if is_bold else _PLAIN, fontSize=size, leading=size * 1.4
        )
        paragraph = Paragraph(escape(text.replace("116 117", _unbroken("116 117"))), style)
        _, height = paragraph.wrap(width, top)
        paragraph.drawOn(canvas, left, top - height)
        top -= height + space
    return top


def _draw_qr(canvas: "Canvas", link: str, left: float, top: float, side: float) -> None:
    """A QR code with its quiet zone, as squares that stay sharp at any size; its corner is given."""
    rows = _squares(link)
    module = side / len(rows)
    # The quiet zone lies in the margin, so that the square stands in line with the text.
    left -= _QR_BORDER * module
    path = canvas.beginPath()
    for down, row in enumerate(rows):
        start = 0
        while (start := row.find(1, start)) >= 0:
            end = row.find(0, start)
            length = (end if end >= 0 else len(row)) - start
            path.rect(left + start * module, top - (down + 1) * module, length * module, module)
            start += length
    canvas.setFillColorRGB(0, 0, 0)
    canvas.drawPath(path, stroke=0, fill=1)


@lru_cache(maxsize=1)
def _squares(link: str) -> tuple[bytes, ...]:
    """The rows of a QR code with its quiet zone. A letter in two languages needs it twice."""
    code = segno.make_qr(link, error="m")
    return tuple(bytes(row) for row in code.matrix_iter(border=_QR_BORDER))


def _draw_cuts(canvas: "Canvas") -> None:
    canvas.saveState()
    canvas.setLineWidth(0.3)
    canvas.setDash(2, 3)
    for across in range(1, _CARDS_ACROSS):
        canvas.line(across * _CARD_WIDTH, 0, across * _CARD_WIDTH, _HEIGHT)
    for down in range(1, _CARDS_DOWN):
        canvas.line(0, down * _CARD_HEIGHT, _WIDTH, down * _CARD_HEIGHT)
    canvas.restoreState()
