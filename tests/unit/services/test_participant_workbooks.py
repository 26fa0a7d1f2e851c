"""Workbooks of participants: what a spreadsheet saves is read; whatever is odd is refused."""

import io
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from btb_pro.services.participant_checks import NewParticipant
from btb_pro.services.participant_faults import FaultCode
from btb_pro.services.participant_import import read_participants
from btb_pro.services.participant_tables import MOST_ROWS, ImportRefused

HEADER = ["id", "site", "language", "email", "phone", "day0"]


def saved(book: Workbook) -> bytes:
    """The bytes of a workbook's file."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def workbook(*rows: Sequence[object]) -> bytes:
    """A workbook with these rows on its first sheet."""
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    return saved(book)


@cache
def plain() -> bytes:
    """A small sound workbook."""
    return workbook(HEADER, ["1-001", "oslo", "nb", "kari@hospital.example", "40612345", "2026-01-31"])


def changed(content: bytes, change: Callable[[str, bytes], bytes], **more: bytes) -> bytes:
    """A workbook whose parts went through a function, with more parts beside them."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, body in more.items():
            new.writestr(name, body)
    return file.getvalue()


def fault_of(content: bytes) -> tuple[int, FaultCode, str]:
    """Line, code and column of the first fault."""
    with pytest.raises(ImportRefused) as caught:
        read_participants(content)
    first = caught.value.faults[0]
    return first.line, first.fault.code, first.fault.column


def test_numbers_days_and_empty_rows_are_read_as_they_are_shown() -> None:
    content = workbook(
        ["ID", "site", "phone", "day0"],
        [],
        [101, " oslo ", 40612345, date(2026, 1, 31)],
        [102.0, "oslo", "406 12 345", datetime(2026, 2, 1)],
    )
    rows = read_participants(content)
    assert [(row.line, row.new) for row in rows] == [
        (3, NewParticipant("101", "oslo", phone="40612345", day0="2026-01-31")),
        (4, NewParticipant("102", "oslo", phone="406 12 345", day0="2026-02-01")),
    ]


def test_a_formula_is_refused_by_row_and_column_and_never_computed() -> None:
    content = workbook(HEADER, ["1-001", "oslo"], ["1-002", "oslo", None, '=HYPERLINK("http://x.example")'])
    assert fault_of(content) == (3, FaultCode.FORMULA, "email")


def test_a_formula_in_the_first_row_is_refused() -> None:
    assert fault_of(workbook(["=A2", "id", "site"], ["x", "1", "oslo"]))[:2] == (1, FaultCode.FORMULA)


def test_a_second_sheet_that_holds_something_is_refused_and_an_empty_one_is_not() -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(HEADER)
    book.active.append(["1-001", "oslo"])
    other = book.create_sheet("Other")
    assert len(read_participants(saved(book))) == 1
    other.append(["x"])
    assert fault_of(saved(book))[1] is FaultCode.WORKBOOK_HAS_SHEETS


def test_macros_are_refused() -> None:
    assert fault_of(changed(plain(), lambda _, body: body, **{"xl/vbaProject.bin": b"x"}))[1] is (
        FaultCode.WORKBOOK_HAS_MACROS
    )


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    bomb = changed(plain(), lambda _, body: body, **{"xl/big.xml": b"\0" * 30_000_000})
    assert len(bomb) < 100_000
    assert fault_of(bomb)[1] is FaultCode.WORKBOOK_TOO_LARGE


def test_many_small_parts_are_a_bomb_too() -> None:
    many = changed(plain(), lambda _, body: body, **{f"x/{number}": b"" for number in range(1001)})
    assert fault_of(many)[1] is FaultCode.WORKBOOK_TOO_LARGE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_unread(encoding: str) -> None:
    def declare(name: str, body: bytes) -> bytes:
        if not name.endswith("sheet1.xml"):
            return body
        text = body.decode()
        start = text.index("<worksheet")
        entity = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        head = f'<?xml version="1.0" encoding="{encoding}"?>'
        return (head + entity + text[start:]).encode(encoding)

    assert fault_of(changed(plain(), declare))[1] is FaultCode.WORKBOOK_BROKEN


def test_a_row_far_down_and_a_cell_far_right_cost_nothing() -> None:
    far = changed(
        plain(),
        lambda name, body: (
            body.replace(b'r="2"', b'r="1048576"').replace(b'"A2"', b'"A1048576"')
            if name.endswith("sheet1.xml")
            else body
        ),
    )
    assert fault_of(far)[1] in (FaultCode.FILE_WITHOUT_ROWS, FaultCode.FILE_TOO_MANY_ROWS)


def test_too_many_rows_are_refused() -> None:
    rows = [[f"1-{number}", "oslo"] for number in range(MOST_ROWS + 1)]
    assert fault_of(workbook(["id", "site"], *rows))[1] is FaultCode.FILE_TOO_MANY_ROWS
    assert len(read_participants(workbook(["id", "site"], *rows[:-1]))) == MOST_ROWS


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, FaultCode.WORKBOOK_OLD),
        (b"PK\x03\x04 and no more", FaultCode.WORKBOOK_BROKEN),
        (b"\xff\xfei\0d\0", FaultCode.FILE_NOT_READABLE),
    ],
)
def test_what_is_no_workbook_of_ours_is_told_apart(content: bytes, code: FaultCode) -> None:
    assert fault_of(content)[1] is code


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, 10_000), junk=st.binary(min_size=1, max_size=40))
def test_a_spoiled_workbook_is_read_or_refused_and_nothing_else(at: int, junk: bytes) -> None:
    content = plain()
    at %= len(content)
    with suppress(ImportRefused):
        assert read_participants(content[:at] + junk + content[at + len(junk) :])


@settings(max_examples=100, deadline=None)
@given(part=st.integers(0, 20), at=st.integers(0, 5000), junk=st.binary(min_size=1, max_size=30))
def test_a_workbook_with_a_spoiled_part_is_read_or_refused_and_nothing_else(
    part: int, at: int, junk: bytes
) -> None:
    with zipfile.ZipFile(io.BytesIO(plain())) as book:
        names = book.namelist()
    chosen = names[part % len(names)]

    def spoil(name: str, body: bytes) -> bytes:
        place = at % len(body)
        return body[:place] + junk + body[place + len(junk) :] if name == chosen else body

    with suppress(ImportRefused):
        assert read_participants(changed(plain(), spoil))


cell = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=30),
    st.dates(date(1901, 1, 1)),
    st.sampled_from(["=1+1", "@x", "-1", "+47", "#N/A", "oslo", "1-001"]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(cell, max_size=8), max_size=6))
def test_whatever_stands_in_the_cells_is_read_or_refused(rows: list[list[object]]) -> None:
    with suppress(ImportRefused):
        assert read_participants(workbook(HEADER, *rows))
