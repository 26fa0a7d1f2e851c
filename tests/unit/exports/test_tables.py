"""The columns of the tables, and what a phone said of its own clock."""

from pathlib import Path

import pytest

from btb_pro.exports.codebook import codebook_header
from btb_pro.exports.tables import (
    HISTORY_HEADER,
    LONG_HEADER,
    SCORES_HEADER,
    device_offset,
)
from btb_pro.exports.variables import WIDE_KEYS
from btb_pro.instruments.answers import MISSING_CODES


@pytest.mark.parametrize(
    ("device_at", "offset"),
    [
        ("2026-03-27T11:00:09+01:00", "+01:00"),
        ("2026-03-27T11:00:09.123-03:30", "-03:30"),
        ("2026-03-27T10:00:09Z", "+00:00"),
        ("2026-03-27T10:00:09", ""),
        ("2026-03-27", ""),
        ("2026-03-27T10:00:09+01:00\n", ""),
        ("yesterday", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_offset_is_what_the_phone_said_or_nothing(device_at: str | None, offset: str) -> None:
    assert device_offset(device_at) == offset


def test_every_column_is_explained_on_the_data_managers_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "exports.md").read_text(encoding="utf-8")
    columns = {*WIDE_KEYS, *LONG_HEADER, *HISTORY_HEADER, *SCORES_HEADER, *codebook_header()}
    assert [name for name in sorted(columns) if f"`{name}`" not in page] == []


def test_every_missing_code_is_explained_on_the_data_managers_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "exports.md").read_text(encoding="utf-8")
    for state, code in MISSING_CODES.items():
        assert f"| {code} | `{state}` |" in page
