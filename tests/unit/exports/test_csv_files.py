"""CSV that every reader takes: UTF-8, RFC 4180, LF, and no cell altered."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.exports.csv_files import csv_line

cells = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2)


@given(cells)
def test_every_cell_reads_back_as_it_was(row: list[str]) -> None:
    text = csv_line(row).decode()
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == [row]


@given(st.lists(cells, min_size=1))
def test_rows_do_not_run_into_each_other(rows: list[list[str]]) -> None:
    text = b"".join(csv_line(row) for row in rows).decode()
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == rows


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (["a", "", "c"], b"a,,c\n"),
        (["a,b", "c"], b'"a,b",c\n'),
        (['say "hi"', "c"], b'"say ""hi""",c\n'),
        (["one\ntwo", "c"], b'"one\ntwo",c\n'),
        (["one\r", "c"], b'"one\r",c\n'),
        (["one\r\ntwo", "c"], b'"one\r\ntwo",c\n'),
        ([" padded ", "c"], b" padded ,c\n"),
        (["=1+1", "@x", "-9", "+47"], b"=1+1,@x,-9,+47\n"),
        (["søvn", "🙂"], b"s\xc3\xb8vn,\xf0\x9f\x99\x82\n"),
        (["a;b", "c\td"], b"a;b,c\td\n"),
    ],
)
def test_a_line_is_quoted_where_it_must_be_and_nowhere_else(row: list[str], line: bytes) -> None:
    assert csv_line(row) == line
