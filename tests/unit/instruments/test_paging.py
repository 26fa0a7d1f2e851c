"""How the questions of a visit are cut into pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.model import Condition, Field, FieldKind, Instrument, Item, ItemType, Section
from btb_pro.instruments.paging import Page, UnknownSection, pages_of


def item(code: str, after: str | None = None) -> Item:
    when = None if after is None else Condition(field=after, codes=frozenset({"1"}))
    asked = Field(code=code, item=code, kind=FieldKind.CODE, label={}, when=when)
    return Item(code=code, type=ItemType.CHOICE, text={}, fields=(asked,), editions={}, when=when)


def section(code: str, page_size: int, items: tuple[Item, ...]) -> Section:
    return Section(code=code, stem=None, page_size=page_size, items=items)


def instrument(*sections: Section, code: str = "made_up") -> Instrument:
    return Instrument(
        code=code,
        version="1",
        languages=("nb", "en"),
        title={},
        recall={},
        sections=sections,
        scores=(),
        editions={},
        references={},
        licence="",
        owner="",
    )


def plain(count: int, page_size: int, name: str = "s") -> Section:
    return section(name, page_size, tuple(item(f"{name}{n}") for n in range(count)))


def sizes(pages: tuple[Page, ...]) -> list[int]:
    return [len(page.items) for page in pages]


def codes(page: Page) -> list[str]:
    return [asked.code for asked in page.items]


@pytest.mark.parametrize(
    ("count", "page_size", "expected"),
    [
        (5, 4, [3, 2]),
        (29, 5, [5, 5, 5, 5, 5, 4]),
        (11, 4, [4, 4, 3]),
        (25, 5, [5, 5, 5, 5, 5]),
        (9, 4, [4, 3, 2]),
        (4, 3, [2, 2]),
        (6, 5, [4, 2]),
        (3, 1, [1, 1, 1]),
        (3, 2, [2, 1]),
        (1, 5, [1]),
        (0, 5, []),
    ],
)
def test_a_section_is_cut_by_its_page_size_without_a_lonely_last_item(
    count: int, page_size: int, expected: list[int]
) -> None:
    assert sizes(pages_of([(instrument(plain(count, page_size)), None)])) == expected


def test_a_page_never_spans_two_sections() -> None:
    pages = pages_of([(instrument(plain(2, 5, "a"), plain(2, 5, "b")), None)])
    assert [(page.section.code, codes(page)) for page in pages] == [("a", ["a0", "a1"]), ("b", ["b0", "b1"])]


def test_pages_are_numbered_from_one_through_the_whole_visit() -> None:
    first, second = instrument(plain(3, 1), code="first"), instrument(plain(4, 2), code="second")
    pages = pages_of([(first, None), (second, None)])
    assert [(page.number, page.instrument.code) for page in pages] == [
        (1, "first"),
        (2, "first"),
        (3, "first"),
        (4, "second"),
        (5, "second"),
    ]


def test_a_visit_may_ask_some_sections_only_in_the_order_of_the_instrument() -> None:
    asked = instrument(plain(1, 1, "a"), plain(1, 1, "b"), plain(1, 1, "c"))
    pages = pages_of([(asked, frozenset({"c", "a"}))])
    assert [page.section.code for page in pages] == ["a", "c"]


def test_a_section_that_the_instrument_does_not_have_is_refused() -> None:
    with pytest.raises(UnknownSection, match="made_up has no section intensity; it has a"):
        pages_of([(instrument(plain(1, 1, "a")), frozenset({"a", "intensity"}))])


@pytest.mark.parametrize(
    ("items", "page_size", "expected"),
    [
        ("a b>a c d", 2, ["a b", "c d"]),
        ("a b c>b d", 2, ["a b c", "d"]),
        ("a b c d>c e f", 3, ["a b c d", "e f"]),
        ("a b c d e>d f", 4, ["a b c", "d e f"]),
        ("a b>a c>b d e f", 4, ["a b c d", "e f"]),
        ("a b c d>b", 3, ["a b c d"]),
        ("a b c>b d", 3, ["a b c", "d"]),
        ("a b c d>c e>c f", 3, ["a b", "c d e", "f"]),
        ("a b c>a d>c", 2, ["a b c d"]),
        ("a>other_section b c", 2, ["a b", "c"]),
    ],
)
def test_an_item_is_shown_with_the_item_it_depends_on(
    items: str, page_size: int, expected: list[str]
) -> None:
    made = [item(*code.split(">")) for code in items.split()]
    pages = pages_of([(instrument(section("s", page_size, tuple(made))), None)])
    assert [" ".join(codes(page)) for page in pages] == expected


@st.composite
def sections_with_dependent_items(draw: st.DrawFn) -> Section:
    items: list[Item] = []
    for n in range(draw(st.integers(0, 25))):
        after = draw(st.none() | st.integers(0, n - 1)) if n and draw(st.integers(0, 3)) == 0 else None
        items.append(item(f"i{n}", None if after is None else f"i{after}"))
    return section("s", draw(st.integers(1, 6)), tuple(items))


@given(sections_with_dependent_items())
def test_every_item_is_shown_once_in_order_and_beside_what_it_depends_on(asked: Section) -> None:
    pages = pages_of([(instrument(asked), None)])
    assert [shown for page in pages for shown in page.items] == list(asked.items)
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))
    page_of = {code: page.number for page in pages for code in codes(page)}
    for shown in asked.items:
        if shown.when is not None:
            assert page_of[shown.code] == page_of[shown.when.field]


@given(st.integers(1, 100), st.integers(3, 12))
def test_no_page_is_too_long_and_no_last_page_is_lonely(count: int, page_size: int) -> None:
    cut = sizes(pages_of([(instrument(plain(count, page_size)), None)]))
    assert max(cut) <= page_size
    assert len(cut) == -(-count // page_size)
    assert cut[-1] > 1 or count == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("hscl25", [5, 5, 5, 5, 5]),
        ("fabq", [3, 2, 4, 4, 3]),
        ("shc", [5, 5, 5, 5, 5, 4]),
        ("expectations", [1, 1]),
        ("background", [5, 5]),
    ],
)
def test_a_packaged_instrument_comes_in_short_pages(code: str, expected: list[int]) -> None:
    assert sizes(pages_of([(load_instruments()[code], None)])) == expected


def test_each_pain_scale_stands_alone_and_stiffness_beside_its_length() -> None:
    pages = [codes(page) for page in pages_of([(load_instruments()["pain"], None)])]
    assert pages[:3] == [["pain_now"], ["pain_worst_2w"], ["pain_usual_2w"]]
    (stiffness,) = [page for page in pages if "pain_stiffness" in page]
    assert "pain_stiffness_length" in stiffness


def test_the_whole_baseline_is_about_25_pages() -> None:
    pages = pages_of([(asked, None) for asked in load_instruments().values()])
    assert sum(sizes(pages)) == 93
    assert 22 <= len(pages) <= 28
