"""What state each field and item is in: answered, left blank, declined, not reached or not applicable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.instruments.answers import (
    MISSING_CODES,
    AnswerState,
    Current,
    ItemState,
    StoredAnswer,
    condition_holds,
    field_state,
    field_value,
)
from btb_pro.instruments.model import (
    Choice,
    Condition,
    Field,
    FieldKind,
    Instrument,
    Item,
    ItemType,
    Section,
)

SKIPPED = StoredAnswer(AnswerState.SKIPPED)
DECLINED = StoredAnswer(AnswerState.DECLINED)
CLEARED = StoredAnswer(AnswerState.CLEARED)


def answered(value: str) -> StoredAnswer:
    return StoredAnswer(AnswerState.ANSWERED, value)


def when(field: str, *codes: str) -> Condition:
    return Condition(field=field, codes=frozenset(codes))


def field(
    code: str, kind: FieldKind, item: str, condition: Condition | None = None, choices: str = ""
) -> Field:
    made = tuple(Choice(code=choice, label={}) for choice in choices.split())
    return Field(code=code, item=item, kind=kind, label={}, choices=made, when=condition)


def item(code: str, *fields: Field, condition: Condition | None = None) -> Item:
    return Item(code=code, type=ItemType.CHOICE, text={}, fields=fields, editions={}, when=condition)


def instrument(*items: Item) -> Instrument:
    return Instrument(
        code="made_up",
        version="1",
        languages=("nb", "en"),
        title={},
        recall={},
        sections=(Section(code="all", stem=None, page_size=5, items=items),),
        scores=(),
        editions={},
        references={},
        licence="",
        owner="",
    )


HEADACHE = item(
    "headache",
    field("headache", FieldKind.CODE, "headache", choices="0 1 2 3"),
    field("headache_days", FieldKind.INTEGER, "headache", when("headache", "1", "2", "3")),
)
STIFF = item("stiff", field("stiff", FieldKind.CODE, "stiff", choices="1 0"))
YES = when("stiff", "1")
LENGTH = item(
    "length",
    field("length", FieldKind.CODE, "length", YES, choices="1 2 3"),
    field("length_minutes", FieldKind.INTEGER, "length", when("length", "3")),
    condition=YES,
)
WORSE = item(
    "worse",
    field("worse", FieldKind.CODES, "worse", choices="sitting lifting other none"),
    field("worse_other", FieldKind.TEXT, "worse", when("worse", "other")),
)
ASKED = instrument(HEADACHE, STIFF, LENGTH, WORSE)
FIELDS = {made.code: made for made in ASKED.fields}


def state(code: str, **current: StoredAnswer) -> ItemState:
    return field_state(ASKED, FIELDS[code], current)


def test_the_missing_codes_are_those_of_every_export() -> None:
    assert MISSING_CODES == {
        ItemState.LEFT_BLANK: -9,
        ItemState.DECLINED: -8,
        ItemState.NOT_REACHED: -7,
        ItemState.NOT_APPLICABLE: -6,
    }


@pytest.mark.parametrize("row", [AnswerState.SKIPPED, AnswerState.DECLINED, AnswerState.CLEARED])
def test_a_row_without_an_answer_has_no_value(row: AnswerState) -> None:
    with pytest.raises(ValueError, match=f"this one is {row}"):
        StoredAnswer(row, "2")
    with pytest.raises(ValueError, match="this one is answered"):
        StoredAnswer(AnswerState.ANSWERED)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (answered("0"), ItemState.ANSWERED),
        (SKIPPED, ItemState.LEFT_BLANK),
        (CLEARED, ItemState.LEFT_BLANK),
        (DECLINED, ItemState.DECLINED),
    ],
)
def test_a_field_without_a_condition_has_the_state_of_its_row(row: StoredAnswer, expected: ItemState) -> None:
    assert state("headache", headache=row) == expected


def test_a_field_without_a_row_is_not_reached() -> None:
    assert state("headache") == ItemState.NOT_REACHED


def test_a_condition_without_an_answer_cannot_be_judged() -> None:
    assert condition_holds(YES, {}) is None
    assert condition_holds(YES, {"stiff": SKIPPED}) is None
    assert condition_holds(YES, {"stiff": DECLINED}) is None


def test_a_condition_holds_when_one_of_its_codes_is_chosen() -> None:
    assert condition_holds(YES, {"stiff": answered("1")}) is True
    assert condition_holds(YES, {"stiff": answered("0")}) is False
    other = when("worse", "other")
    assert condition_holds(other, {"worse": answered("sitting other")}) is True
    assert condition_holds(other, {"worse": answered("sitting")}) is False


def test_days_are_not_applicable_without_the_complaint_even_if_days_were_stored() -> None:
    assert state("headache_days", headache=answered("0")) == ItemState.NOT_APPLICABLE
    stored = {"headache": answered("0"), "headache_days": answered("7")}
    assert state("headache_days", **stored) == ItemState.NOT_APPLICABLE
    assert field_value(ASKED, FIELDS["headache_days"], stored) is None


def test_days_apply_with_the_complaint() -> None:
    assert state("headache_days", headache=answered("1")) == ItemState.NOT_REACHED
    assert state("headache_days", headache=answered("1"), headache_days=SKIPPED) == ItemState.LEFT_BLANK
    stored = {"headache": answered("3"), "headache_days": answered("7")}
    assert state("headache_days", **stored) == ItemState.ANSWERED
    assert field_value(ASKED, FIELDS["headache_days"], stored) == "7"


@pytest.mark.parametrize(
    ("controlling", "expected"),
    [
        ({}, ItemState.NOT_REACHED),
        ({"headache": SKIPPED}, ItemState.LEFT_BLANK),
        ({"headache": CLEARED}, ItemState.LEFT_BLANK),
        ({"headache": DECLINED}, ItemState.DECLINED),
    ],
)
@pytest.mark.parametrize("own", [{}, {"headache_days": answered("7")}, {"headache_days": SKIPPED}])
def test_a_field_whose_condition_cannot_be_judged_shares_the_state_of_the_field_it_waits_for(
    controlling: dict[str, StoredAnswer], own: dict[str, StoredAnswer], expected: ItemState
) -> None:
    assert state("headache_days", **controlling, **own) == expected


def test_conditions_follow_each_other() -> None:
    told = {"length": answered("3"), "length_minutes": answered("90")}
    assert state("length_minutes", stiff=answered("1"), **told) == ItemState.ANSWERED
    assert state("length_minutes", stiff=answered("0"), **told) == ItemState.NOT_APPLICABLE
    assert state("length_minutes", stiff=DECLINED, **told) == ItemState.DECLINED
    assert state("length_minutes", **told) == ItemState.NOT_REACHED


def test_a_condition_on_an_unknown_field_is_an_error_not_a_guess() -> None:
    stray = field("stray", FieldKind.CODE, "stray", when("nowhere", "1"))
    with pytest.raises(KeyError, match="nowhere"):
        field_state(ASKED, stray, {})


def test_only_an_answered_field_has_a_value() -> None:
    assert field_value(ASKED, FIELDS["stiff"], {"stiff": answered("0")}) == "0"
    assert field_value(ASKED, FIELDS["stiff"], {"stiff": DECLINED}) is None
    assert field_value(ASKED, FIELDS["stiff"], {}) is None


@st.composite
def any_current(draw: st.DrawFn) -> dict[str, StoredAnswer]:
    current: dict[str, StoredAnswer] = {}
    for made in ASKED.fields:
        values = [choice.code for choice in made.choices] or ["5"]
        rows = [SKIPPED, DECLINED, CLEARED, *map(answered, values)]
        row = draw(st.none() | st.sampled_from(rows))
        if row is not None:
            current[made.code] = row
    return current


@given(any_current())
def test_every_field_has_a_value_exactly_when_it_is_answered(current: Current) -> None:
    for made in ASKED.fields:
        is_answered = field_state(ASKED, made, current) == ItemState.ANSWERED
        assert (field_value(ASKED, made, current) is not None) == is_answered


@given(any_current())
def test_nothing_is_not_applicable_without_an_answer_that_says_so(current: Current) -> None:
    for made in ASKED.fields:
        if field_state(ASKED, made, current) == ItemState.NOT_APPLICABLE:
            assert made.when is not None
            controlling = FIELDS[made.when.field]
            assert (
                field_state(ASKED, controlling, current) == ItemState.NOT_APPLICABLE
                or condition_holds(made.when, current) is False
            )


@given(any_current())
def test_the_order_in_which_answers_came_does_not_matter(current: dict[str, StoredAnswer]) -> None:
    backwards = dict(reversed(current.items()))
    for made in ASKED.fields:
        assert field_state(ASKED, made, current) == field_state(ASKED, made, backwards)


def test_two_instruments_with_the_same_codes_are_kept_apart() -> None:
    second = field("second", FieldKind.CODE, "second", when("first", "1"))
    always = field("first", FieldKind.CODE, "first")
    sometimes = field("first", FieldKind.CODE, "first", when("gate", "1"))
    gate = field("gate", FieldKind.CODE, "first")
    last = item("second", second)
    one = instrument(item("first", always), last)
    other = instrument(item("first", gate, sometimes), last)
    current = {"gate": answered("0"), "first": answered("1"), "second": answered("1")}
    assert field_state(one, second, current) == ItemState.ANSWERED
    assert field_state(other, second, current) == ItemState.NOT_APPLICABLE
