"""Bars across the page, drawn without a library and without styles in the page."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 360
"""Of the drawing, in its own units; small, so that its words can be read on a phone."""
_ROW, _BAR, _NUMBER = 34, 12, 62


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of words with a bar below it."""

    label: str
    number: str
    y: int
    length: float


@dataclass(frozen=True, slots=True)
class Bars:
    """All that the template draws."""

    bars: tuple[Bar, ...]
    height: int
    width: int = WIDTH
    longest: int = WIDTH - _NUMBER
    thickness: int = _BAR


def draw_bars(rows: Sequence[tuple[str, float, str]], whole: float | None = None) -> Bars:
    """Label, size and number in words of each; `whole` is the size of a full bar, else the largest is."""
    full = whole or max((size for _, size, _ in rows), default=0) or 1
    longest = WIDTH - _NUMBER
    return Bars(
        bars=tuple(
            Bar(label, number, place * _ROW, round(longest * min(size / full, 1), 1))
            for place, (label, size, number) in enumerate(rows)
        ),
        height=max(len(rows), 1) * _ROW,
    )
