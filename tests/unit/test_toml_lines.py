"""The line of every key, judged against what tomllib finds in the same document."""

import re
import tomllib
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.toml_lines import KeyPath, TomlRefused, key_lines, read_document

# How a key may be written, and what it then is. Some look like punctuation of the document.
SPELLINGS = {
    "a": "a",
    "visit": "visit",
    "1": "1",
    '"two words"': "two words",
    "'with.dot'": "with.dot",
    '"\\u00e5"': "å",
    '"#"': "#",
    "']'": "]",
    '"="': "=",
    '""': "",
}
TEXTS = (
    '"plain"',
    '""',
    "''",
    r'"a \" quote, \\ and # no comment"',
    "'C:\\'",
    '"[visit]"',
    '"""\n[visit]\na = 1\n"""',
    '"""ends in two quotes"""""',
    '"""\\""""',
    "'''\n# [[a]]\n1 = '' \\'''",
    "'''ends in one quote''''",
    '""""""',
)
OTHERS = ("1", "-0.5", "true", "inf", "1979-05-27 07:32:00", "1979-05-27T07:32:00Z", "0x1F", "1e-3")

spellings = st.sampled_from(sorted(SPELLINGS))
spaces = st.sampled_from(["", " ", "\t "])
gaps = st.sampled_from(["", " ", "\n", "  # ] } [x] k = 1\n", "\n\n  "])
keys = st.builds(
    lambda parts, before, after: f"{before}.{after}".join(parts),
    st.lists(spellings, min_size=1, max_size=3),
    spaces,
    spaces,
)


@st.composite
def lists(draw: st.DrawFn, elements: st.SearchStrategy[str]) -> str:
    text = "["
    for element in draw(st.lists(elements, max_size=3)):
        text += draw(gaps) + element + draw(gaps) + ","
    is_left_open = not text.endswith(",") or draw(st.booleans())
    return (text if is_left_open else text[:-1]) + draw(gaps) + "]"


def inline_tables(elements: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.builds("{}{}={}{}".format, keys, spaces, spaces, elements)
    return st.lists(pairs, max_size=3).map(lambda parts: "{ " + ", ".join(parts) + " }")


values = st.recursive(
    st.sampled_from(TEXTS + OTHERS),
    lambda elements: lists(elements) | inline_tables(elements),
    max_leaves=6,
)
statements = st.one_of(
    st.builds("{}{} ={}{}\n".format, spaces, keys, spaces, values),
    st.builds("[{}{}]  # next\n".format, spaces, keys),
    st.builds("[[{}{}]]\n".format, keys, spaces),
    st.sampled_from(["\n", "# [a] b = 1\n", "  \t\n"]),
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Statements one after another, each left out that TOML forbids after those before it."""
    text = ""
    for statement in draw(st.lists(statements, max_size=12)):
        try:
            tomllib.loads(text + statement)
        except tomllib.TOMLDecodeError:
            continue
        text += statement
    return text


def paths(value: object, path: KeyPath = ()) -> set[KeyPath]:
    found: set[KeyPath] = {path} if path else set()
    if isinstance(value, dict):
        return found.union(*(paths(below, (*path, key)) for key, below in value.items()))
    if isinstance(value, list):
        return found.union(*(paths(below, (*path, position)) for position, below in enumerate(value)))
    return found


@given(documents())
def test_every_key_and_element_that_tomllib_finds_has_a_line_and_nothing_else_has(text: str) -> None:
    assert set(key_lines(text)) == paths(tomllib.loads(text))


@given(documents())
def test_the_line_of_a_key_holds_that_key(text: str) -> None:
    lines = text.split("\n")
    for path, line in key_lines(text).items():
        if isinstance(path[-1], str):
            ways = [spelling for spelling, key in SPELLINGS.items() if key == path[-1]]
            assert any(way in lines[line - 1] for way in ways)


@given(documents())
def test_windows_line_ends_change_no_line(text: str) -> None:
    assert key_lines(text.replace("\n", "\r\n")) == key_lines(text)


@given(st.lists(st.sampled_from(TEXTS + OTHERS), min_size=1, max_size=30), st.data())
def test_keys_of_their_own_have_exactly_the_line_they_are_written_on(
    chosen: list[str], data: st.DataObject
) -> None:
    text = ""
    expected: dict[KeyPath, int] = {}
    for number, value in enumerate(chosen):
        text += data.draw(st.sampled_from(["", "\n", "# key0 = 1\n"]))
        expected[(f"key{number}",)] = text.count("\n") + 1
        text += f"key{number} = {value}\n"
    assert key_lines(text) == expected


def test_each_table_of_a_list_has_the_line_of_its_own_header() -> None:
    text = (
        "title = 'x'\n"  # 1
        "[[visit]]\n"  # 2
        "code = 'a'\n"  # 3
        "name.nb = '''\n[[visit]]\n'''\n"  # 4 to 6
        "name.en = 'b'\n"  # 7
        "[[visit]]\n"  # 8
        "days = [\n  1, 2,\n  3\n]\n"  # 9 to 12
        "[visit.place]\n"  # 13
        "at = { row = 1, seat = [1,\n 2] }\n"  # 14 and 15
    )
    assert key_lines(text) == {
        ("title",): 1,
        ("visit",): 2,
        ("visit", 0): 2,
        ("visit", 0, "code"): 3,
        ("visit", 0, "name"): 4,
        ("visit", 0, "name", "nb"): 4,
        ("visit", 0, "name", "en"): 7,
        ("visit", 1): 8,
        ("visit", 1, "days"): 9,
        ("visit", 1, "days", 0): 10,
        ("visit", 1, "days", 1): 10,
        ("visit", 1, "days", 2): 11,
        ("visit", 1, "place"): 13,
        ("visit", 1, "place", "at"): 14,
        ("visit", 1, "place", "at", "row"): 14,
        ("visit", 1, "place", "at", "seat"): 14,
        ("visit", 1, "place", "at", "seat", 0): 14,
        ("visit", 1, "place", "at", "seat", 1): 15,
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb = \n", 2),
        ("a = 1\nb = 2\na = 3\n", 3),
        ("[a]\n[b]\n\n[a]\n", 4),
        ('a = 1\nb = """never closed\n\n', 2),
        ("a = 1\nb = [1,\n", 2),
        ("a = 1\nb = " + "9" * 5000, 2),
        ("a = " + "[" * 5000 + "]" * 5000, 1),
    ],
)
def test_what_is_no_toml_is_refused_with_the_line_where_reading_stopped(text: str, line: int) -> None:
    with pytest.raises(TomlRefused) as refused:
        read_document(text)
    assert refused.value.line == line
    assert str(refused.value)


@given(st.text(alphabet="ab.=[]{}\"'#\\,1 \n", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(TomlRefused) as refused:
            read_document(text)
        assert 1 <= refused.value.line <= text.count("\n") + 1
    else:
        assert set(read_document(text).keys) == set(values)


ANY_VALUE = ("true", "1.5", "1979-05-27", "[]", "{}", "0x" + "f" * 5000)
GETTERS: dict[str, tuple[tuple[object, ...], str | None]] = {
    "text": ((), None),
    "whole_number": ((0, 9), None),
    "texts": (("a list of texts",), "[]"),
    "whole_numbers": (("a list of days",), "[]"),
    "table": (("a table",), "{}"),
    "tables": ((), None),
}
"""What each getter is called with, and which of those values is the kind that it asks for."""


@pytest.mark.parametrize(
    ("getter", "value"),
    [(getter, value) for getter, (_, right) in GETTERS.items() for value in ANY_VALUE if value != right],
)
def test_a_value_of_another_kind_is_noted_with_its_line(getter: str, value: str) -> None:
    document = read_document(f"other = 1\nkey = {value}\n")
    getattr(document, getter)("key", *GETTERS[getter][0])
    [(line, sentence)] = document.mistakes
    assert line == 2
    assert sentence.startswith("key is ")
    assert "Expected " in sentence
    assert not document.is_sound("key")
    assert document.is_sound("other")


@pytest.mark.parametrize("wrong", ["true", "1.5", "'1'", "[1]"])
def test_an_element_of_another_kind_is_noted_with_its_own_line(wrong: str) -> None:
    document = read_document(f"key = [\n  1,\n  {wrong},\n  3,\n]\n")
    assert document.whole_numbers("key", "a list of days") == {0: 1, 2: 3}
    assert [line for line, _ in document.mistakes] == [3]


@pytest.mark.parametrize(
    ("written", "exact"), [("0.7", Fraction(7, 10)), ("1", Fraction(1)), ("7e-1", Fraction(7, 10))]
)
def test_a_share_is_read_exactly_as_it_is_written(written: str, exact: Fraction) -> None:
    document = read_document(f"key = {written}")
    assert document.fraction("key", "a share") == exact
    assert not document.mistakes


@pytest.mark.parametrize("written", ["nan", "inf", "-inf", "1e999999999", "1e-999999999", "true", "'0.7'"])
def test_what_is_no_ordinary_number_is_no_share(written: str) -> None:
    document = read_document(f"key = {written}")
    assert document.fraction("key", "a share") == 0
    assert len(document.mistakes) == 1


def test_a_number_with_a_point_is_shown_as_it_is_written() -> None:
    document = read_document("key = 2.50")
    document.whole_number("key", 0, 9)
    assert document.mistakes == [(1, "key is 2.50. Expected a whole number from 0 to 9.")]
    assert Decimal("2.50") == tomllib.loads("key = 2.50", parse_float=Decimal)["key"]


def test_a_mistake_below_a_table_names_the_keys_that_lead_there() -> None:
    document = read_document("[hours]\n\nfrom = 1\n")
    document.table("hours", "a table").text("from")
    document.table("hours", "a table").text("to")
    assert document.mistakes == [
        (3, "hours.from is 1. Expected text in quotes."),
        (1, "hours.to is missing. Expected text in quotes."),
    ]


def test_no_key_of_the_spellings_hides_another() -> None:
    assert all(tomllib.loads(f"{spelling} = 1") == {key: 1} for spelling, key in SPELLINGS.items())
    assert not any(re.search(r"\bkey\d", text) for text in TEXTS)
