"""Which questions of the packaged instruments are still open, and how the review page sums each one up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.instruments.answers import (
    AnswerState,
    ItemState,
    StoredAnswer,
    applicable_fields,
    item_summary,
    open_items,
)
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.model import FieldKind

SKIPPED = StoredAnswer(AnswerState.SKIPPED)
DECLINED = StoredAnswer(AnswerState.DECLINED)
CLEARED = StoredAnswer(AnswerState.CLEARED)
PAIN = load_instruments()["pain"]
SHC = load_instruments()["shc"]
ITEMS = {item.code: (item, asked) for asked in (PAIN, SHC) for item in asked.items}


def answered(value: str) -> StoredAnswer:
    return StoredAnswer(AnswerState.ANSWERED, value)


def is_open(code: str, **current: StoredAnswer) -> bool:
    item, asked = ITEMS[code]
    return open_items([item], asked, current) == (item,)


def summary(code: str, **current: StoredAnswer) -> ItemState:
    item, asked = ITEMS[code]
    return item_summary(item, asked, current)


def test_the_fields_that_apply_are_those_known_to_apply() -> None:
    def codes(code: str, **current: StoredAnswer) -> list[str]:
        item, asked = ITEMS[code]
        return [field.code for field in applicable_fields(item, asked, current)]

    assert codes("shc_headache") == ["shc_headache"]
    assert codes("shc_headache", shc_headache=answered("0")) == ["shc_headache"]
    assert codes("shc_headache", shc_headache=answered("2")) == ["shc_headache", "shc_headache_days"]
    assert codes("pain_stiffness_length") == []
    assert codes("pain_stiffness_length", pain_stiffness=answered("1")) == ["pain_stiffness_length"]
    assert codes("pain_worse", pain_worse=answered("other")) == ["pain_worse", "pain_worse_other"]


def test_every_question_is_open_at_first_but_the_one_that_waits_for_another() -> None:
    assert open_items(SHC.items, SHC, {}) == SHC.items
    waiting = [item.code for item in PAIN.items if item not in open_items(PAIN.items, PAIN, {})]
    assert waiting == ["pain_stiffness_length"]


def test_nothing_is_open_when_everything_is_answered() -> None:
    assert open_items(SHC.items, SHC, {item.code: answered("0") for item in SHC.items}) == ()


@pytest.mark.parametrize(("row", "expected"), [(SKIPPED, True), (CLEARED, True), (DECLINED, False)])
def test_a_question_left_blank_is_open_and_a_declined_one_is_not(row: StoredAnswer, expected: bool) -> None:
    assert is_open("pain_now", pain_now=row) is expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [(SKIPPED, True), (CLEARED, True), (DECLINED, False), (answered("7"), False)],
)
def test_a_complaint_is_open_until_its_days_are_given_or_declined(days: StoredAnswer, expected: bool) -> None:
    assert is_open("shc_headache", shc_headache=answered("1"))
    assert is_open("shc_headache", shc_headache=answered("1"), shc_headache_days=days) is expected


def test_days_without_a_complaint_open_nothing() -> None:
    assert not is_open("shc_headache", shc_headache=answered("0"))
    assert not is_open("shc_headache", shc_headache=DECLINED)


def test_days_alone_do_not_close_the_complaint() -> None:
    assert is_open("shc_headache", shc_headache_days=answered("7"))


def test_a_question_is_open_only_when_its_own_condition_holds() -> None:
    assert is_open("pain_stiffness_length", pain_stiffness=answered("1"))
    assert not is_open("pain_stiffness_length", pain_stiffness=answered("0"))
    assert not is_open("pain_stiffness_length", pain_stiffness=SKIPPED)
    assert not is_open("pain_stiffness_length")


def test_one_number_of_a_duration_is_enough() -> None:
    assert not is_open("pain_duration", pain_duration_months=answered("6"), pain_duration_years=SKIPPED)
    assert is_open("pain_duration", pain_duration_months=SKIPPED, pain_duration_years=SKIPPED)


def test_one_effect_is_enough() -> None:
    first, *others = [field.code for field in ITEMS["pain_treat"][0].fields if field.kind == FieldKind.CODE]
    skipped = dict.fromkeys(others, SKIPPED)
    assert not is_open("pain_treat", **{first: answered("2")}, **skipped)
    assert is_open("pain_treat", **{first: SKIPPED}, **skipped)
    assert not is_open("pain_treat", **dict.fromkeys([first, *others], DECLINED))


def test_an_other_without_words_opens_nothing() -> None:
    assert not is_open("pain_worse", pain_worse=answered("other"))
    assert not is_open("pain_worse", pain_worse=answered("other"), pain_worse_other=SKIPPED)
    assert not is_open("pain_treat", pain_treat_other=answered("1"))


ANSWERED, LEFT_BLANK, NOT_REACHED = ItemState.ANSWERED, ItemState.LEFT_BLANK, ItemState.NOT_REACHED
NOT_APPLICABLE = ItemState.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("code", "current", "expected"),
    [
        ("shc_headache", {"shc_headache": answered("0")}, ANSWERED),
        ("shc_headache", {"shc_headache": answered("2"), "shc_headache_days": DECLINED}, ANSWERED),
        ("shc_headache", {"shc_headache": DECLINED}, ItemState.DECLINED),
        ("shc_headache", {"shc_headache": SKIPPED, "shc_headache_days": answered("3")}, LEFT_BLANK),
        ("shc_headache", {"shc_headache_days": CLEARED}, LEFT_BLANK),
        ("shc_headache", {}, NOT_REACHED),
        ("pain_stiffness_length", {"pain_stiffness": answered("0")}, NOT_APPLICABLE),
        ("pain_stiffness_length", {"pain_stiffness": answered("1")}, NOT_REACHED),
        ("pain_stiffness_length", {"pain_stiffness": SKIPPED}, LEFT_BLANK),
        ("pain_stiffness_length", {"pain_stiffness": DECLINED}, ItemState.DECLINED),
        ("pain_stiffness_length", {}, NOT_REACHED),
        ("pain_duration", {"pain_duration_years": answered("3"), "pain_duration_months": SKIPPED}, ANSWERED),
        ("pain_duration", {"pain_duration_years": CLEARED}, LEFT_BLANK),
        ("pain_treat", {"pain_treat_other": answered("1"), "pain_treat_other_text": SKIPPED}, ANSWERED),
        ("pain_treat", {"pain_treat_other": DECLINED}, ItemState.DECLINED),
        ("pain_worse", {"pain_worse": answered("other"), "pain_worse_other": SKIPPED}, ANSWERED),
    ],
)
def test_the_review_page_sums_an_item_up(
    code: str, current: dict[str, StoredAnswer], expected: ItemState
) -> None:
    assert summary(code, **current) == expected


def test_an_old_answer_does_not_count_once_its_condition_fails() -> None:
    stored = {"pain_stiffness": answered("0"), "pain_stiffness_length": answered("1")}
    assert summary("pain_stiffness_length", **stored) == NOT_APPLICABLE
    assert summary("pain_stiffness_length", **stored | {"pain_stiffness": answered("1")}) == ANSWERED


@st.composite
def any_answers(draw: st.DrawFn) -> dict[str, StoredAnswer]:
    current: dict[str, StoredAnswer] = {}
    for field in PAIN.fields:
        values = [choice.code for choice in field.choices] or ["5"]
        row = draw(st.none() | st.sampled_from([SKIPPED, DECLINED, CLEARED, *map(answered, values)]))
        if row is not None:
            current[field.code] = row
    return current


@given(any_answers())
def test_an_open_item_is_never_declined_or_not_applicable(current: dict[str, StoredAnswer]) -> None:
    for item in open_items(PAIN.items, PAIN, current):
        assert item_summary(item, PAIN, current) not in {ItemState.DECLINED, NOT_APPLICABLE}


@given(any_answers())
def test_an_item_that_is_neither_open_nor_waiting_is_answered_or_declined(
    current: dict[str, StoredAnswer],
) -> None:
    for item in PAIN.items:
        if item.when is None and item not in open_items(PAIN.items, PAIN, current):
            assert item_summary(item, PAIN, current) in {ANSWERED, ItemState.DECLINED}
