"""Tables on a terminal."""

from collections.abc import Sequence

import click


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """One line a row, its cells under each other; every row has as many cells as the first."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return ["  ".join(cells).rstrip() for cells in padded]


def tell(rows: Sequence[Sequence[str]], nothing: str) -> None:
    """Write a table whose first row names its columns; on standard error a sentence if it has no other."""
    if len(rows) == 1:
        click.echo(nothing, err=True)
        return
    for line in aligned(rows):
        click.echo(line)
