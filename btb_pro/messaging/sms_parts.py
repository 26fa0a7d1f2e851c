"""How many parts an SMS takes, and how a text is arranged so that a link stays whole.

The alphabet is GSM 03.38's (3GPP TS 23.038, 6.2.1), with its extension table; a text with any other character
goes as UCS-2.
"""

from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM = (160, 153)
"""Septets of a text that is one part, and of each part of a longer one."""
_UCS2 = (70, 67)
"""Likewise in units of 16 bits."""


@dataclass(frozen=True, slots=True)
class SmsParts:
    """What a text costs."""

    encoding: str
    """``GSM-7`` or ``UCS-2``."""
    parts: tuple[str, ...]
    """The text as it is cut; at least one, even of an empty text."""

    def keeps_whole(self, words: str) -> bool:
        """Whether some words stand within one part."""
        return any(words in part for part in self.parts)


def is_gsm(text: str) -> bool:
    """Whether a text can go in the alphabet that has 160 characters a part."""
    return all(letter in _BASIC or letter in _EXTENSION for letter in text)


def cut_sms(text: str) -> SmsParts:
    """A text as it is cut into parts."""
    fits_gsm = is_gsm(text)
    alone, each = _GSM if fits_gsm else _UCS2
    sizes = [_septets(letter) if fits_gsm else _units(letter) for letter in text]
    encoding = "GSM-7" if fits_gsm else "UCS-2"
    if sum(sizes) <= alone:
        return SmsParts(encoding, (text,))
    parts, begun, used = [], 0, 0
    for index, size in enumerate(sizes):
        # No letter is cut in two, whether it takes an escape or a surrogate.
        if used + size > each:
            parts.append(text[begun:index])
            begun, used = index, 0
        used += size
    return SmsParts(encoding, (*parts, text[begun:]))


def arrange_sms(before: str, link: str, after: str) -> str:
    """The three in an order in which the link stays within one part: as they are, else the link first.

    A link that is longer than a part cannot be helped; ours are at most 100 characters.
    """
    for pieces in ((before, link, after), (before, after, link), (link, before, after)):
        text = " ".join(piece for piece in pieces if piece)
        if cut_sms(text).keeps_whole(link):
            return text
    return " ".join(piece for piece in (link, before, after) if piece)


def _septets(letter: str) -> int:
    return 2 if letter in _EXTENSION else 1


def _units(letter: str) -> int:
    return len(letter.encode("utf-16-be", "surrogatepass")) // 2
