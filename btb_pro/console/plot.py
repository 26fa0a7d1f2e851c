"""The plot of Today: lines over weeks, drawn without a library and without styles in the page."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 360, 180
"""Of the drawing, in its own units; small, so that its numbers can be read on a phone."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 8, 10, 24


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the drawing, and the number that it stands for."""

    y: float
    number: int


@dataclass(frozen=True, slots=True)
class Line:
    """One row of numbers as a line; `name` is its class in console.css and the shape of its marks."""

    name: str
    path: str
    marks: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """All that templates/console/plot.html draws."""

    ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    width: int = WIDTH
    height: int = HEIGHT


def draw(rows: Sequence[tuple[str, Sequence[int]]]) -> Plot:
    """Lines of equally many numbers each, none negative, over a common scale from 0."""
    top = _round_up(max((number for _, numbers in rows for number in numbers), default=0))
    return Plot(
        ticks=tuple(Tick(_y(number, top), number) for number in (0, top // 2, top)),
        lines=tuple(_line(name, numbers, top) for name, numbers in rows),
    )


def _round_up(number: int) -> int:
    """The least of 2, 4, 10, 20, 40, 100, ... that is not below a number: its half is whole too."""
    size = 1
    while True:
        for step in (2, 4, 10):
            if number <= step * size:
                return step * size
        size *= 10


def _line(name: str, numbers: Sequence[int], top: int) -> Line:
    apart = (WIDTH - _LEFT - _RIGHT) / max(len(numbers) - 1, 1)
    points = tuple((round(_LEFT + at * apart, 1), _y(number, top)) for at, number in enumerate(numbers))
    marks = tuple(point for point, number in zip(points, numbers, strict=True) if number)
    return Line(name, " ".join(f"{x},{y}" for x, y in points), marks)


def _y(number: int, top: int) -> float:
    return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - number / top), 1)
