"""Reading a page that was sent: what changed, what is wrong, what nobody asked for."""

import pytest
from werkzeug.datastructures import MultiDict

from btb_pro.instruments.answers import AnswerState, Current, Refusal, StoredAnswer
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.paging import Page, pages_of
from btb_pro.participant.form import BUTTONS, changed, item_named, read_page

INSTRUMENTS = load_instruments()


def page_with(item: str) -> Page:
    """The page that asks an item."""
    pages = pages_of([(instrument, None) for instrument in INSTRUMENTS.values()])
    return next(page for page in pages if item in {one.code for one in page.items})


def form(*pairs: tuple[str, str]) -> MultiDict[str, str]:
    """What a browser sends."""
    return MultiDict(pairs)


def answered(**values: str) -> Current:
    """Present answers."""
    return {code: StoredAnswer(AnswerState.ANSWERED, value) for code, value in values.items()}


def test_an_absent_field_changes_nothing() -> None:
    reading = read_page(page_with("pain_worse"), form(), answered(pain_worse="sitting"))
    assert (reading.values, reading.refused, reading.unknown) == ({}, {}, [])
    assert not reading.is_wrong


def test_an_empty_text_number_or_group_of_boxes_clears() -> None:
    sent = form(("pain_duration_years", ""), ("pain_worse", ""), ("pain_worse_other", " "))
    reading = read_page(page_with("pain_worse"), sent, {})
    assert reading.values == {"pain_duration_years": None, "pain_worse": None, "pain_worse_other": None}


def test_the_forms_own_names_are_no_fields() -> None:
    own = [(name, "1") for name in sorted(BUTTONS)]
    reading = read_page(page_with("pain_worse"), form(*own, ("csrf_token", "x"), ("state", "x")), {})
    assert not reading.is_wrong


def test_names_that_the_page_does_not_have_are_listed() -> None:
    reading = read_page(
        page_with("pain_now"), form(("zebra", "1"), ("pain_worst_2w", "1"), ("apple", "")), {}
    )
    assert reading.unknown == ["apple", "pain_worst_2w", "zebra"]
    assert reading.is_wrong


def test_a_wrong_value_is_named_with_its_reason_and_the_right_ones_are_read() -> None:
    sent = form(("pain_duration_years", "81"), ("pain_duration_months", "5"))
    reading = read_page(page_with("pain_duration"), sent, {})
    assert reading.refused == {"pain_duration_years": Refusal.OUT_OF_RANGE}
    assert reading.values == {"pain_duration_months": "5"}
    assert reading.is_wrong


@pytest.mark.parametrize(
    ("severity", "current", "is_read"),
    [
        (None, {}, True),
        (None, {"shc_headache": "2"}, True),
        (None, {"shc_headache": "0"}, False),
        ("2", {"shc_headache": "0"}, True),
        ("0", {"shc_headache": "2"}, False),
        ("4", {"shc_headache": "2"}, True),
    ],
)
def test_a_field_is_left_out_when_what_came_with_it_says_that_it_does_not_apply(
    severity: str | None, current: dict[str, str], is_read: bool
) -> None:
    pairs = [("shc_headache_days", "3")] + ([("shc_headache", severity)] if severity else [])
    reading = read_page(page_with("shc_headache"), form(*pairs), answered(**current))
    assert ("shc_headache_days" in reading.values) == is_read


def test_a_field_that_does_not_apply_cannot_be_wrong() -> None:
    sent = form(("shc_headache", "0"), ("shc_headache_days", "a lot"))
    assert not read_page(page_with("shc_headache"), sent, {}).is_wrong


def test_emptying_the_boxes_leaves_the_text_for_other_as_it_is() -> None:
    sent = form(("pain_worse", ""), ("pain_worse_other", "rain"))
    reading = read_page(page_with("pain_worse"), sent, answered(pain_worse="other"))
    assert reading.values["pain_worse_other"] == "rain"


def test_only_what_differs_from_what_was_shown_is_a_change() -> None:
    values = {"same": "1", "other": "2", "emptied": None, "still_empty": None, "new": "3"}
    shown = {"same": "1", "other": "1", "emptied": "1", "not_sent": "1"}
    assert changed(values, shown) == {"other": "2", "emptied": None, "new": "3"}


def test_a_button_names_a_question_by_its_code_or_by_one_of_its_fields() -> None:
    page = page_with("pain_treat")
    for code in ("pain_treat", "pain_treat_manual", "pain_treat_other_text"):
        item = item_named(page.items, code)
        assert item is not None
        assert item.code == "pain_treat"
    for code in ("", "pain", "pain_now", "pain_treat "):
        assert item_named(page.items, code) is None
