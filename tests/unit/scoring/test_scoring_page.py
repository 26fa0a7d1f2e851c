"""docs/scoring.md says what the packaged scores do, and its example runs."""

import contextlib
import io
import re
from math import ceil
from pathlib import Path

import pytest

from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.model import Instrument, Score, ScoreRule

PAGE = (Path(__file__).parents[3] / "docs" / "scoring.md").read_text(encoding="utf-8")
SCORED = [(made, score) for made in load_instruments().values() for score in made.scores]
RULE_NAMES = {ScoreRule.MEAN: "mean", ScoreRule.SUM: "sum", ScoreRule.COUNT_POSITIVE: "count above 0"}


def rows_of_the_table() -> dict[str, list[str]]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines()]
    return {row[0].strip("`"): row[1:] for row in rows if row[0].startswith("`") and len(row) == 6}


def expanded(numbers: str) -> list[int]:
    """ "1, 3-5" as 1, 3, 4, 5."""
    ends = [[int(end) for end in part.split("-")] for part in numbers.split(",")]
    return [number for part in ends for number in range(part[0], part[-1] + 1)]


def test_the_page_has_every_packaged_score_and_no_other() -> None:
    assert sorted(rows_of_the_table()) == sorted(score.code for _, score in SCORED)


@pytest.mark.parametrize(("instrument", "score"), SCORED, ids=lambda made: made.code)
def test_the_page_states_rule_items_range_and_need_of_a_score(instrument: Instrument, score: Score) -> None:
    rule, items, score_range, needed, direction = rows_of_the_table()[score.code]
    position = {item.code: number for number, item in enumerate(instrument.items, start=1)}
    n_items = len(score.items)
    assert rule == RULE_NAMES[score.rule]
    assert expanded(items) == sorted(position[code] for code in score.items)
    assert score_range == f"{score.minimum} to {score.maximum}"
    assert needed == f"{ceil(score.minimum_share * n_items)} of {n_items}"
    assert f"higher = {direction}" == score.direction


def test_the_example_on_the_page_prints_what_the_page_says() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (promised,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(program, "docs/scoring.md", "exec"), {})
    assert [line.rstrip() for line in printed.getvalue().splitlines()] == promised.splitlines()


def test_the_page_says_that_the_item_lists_of_shc_are_recalled() -> None:
    assert re.search(r"which items belong to which subscale is recalled", PAGE, re.IGNORECASE)
