"""The scoring rules themselves, on a small made-up instrument: exact, never a guess, never a blank as 0."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.instruments.answers import AnswerState, StoredAnswer
from btb_pro.instruments.model import (
    Choice,
    Condition,
    Field,
    FieldKind,
    Instrument,
    Item,
    ItemType,
    Score,
    ScoreRule,
    Section,
)
from btb_pro.scoring.scores import ScoreResult, score_response, shares_refused

CODES = ("0", "1", "2", "3")
FIVE = ("a", "b", "c", "d", "e")
SKIPPED = StoredAnswer(AnswerState.SKIPPED)
DECLINED = StoredAnswer(AnswerState.DECLINED)
CLEARED = StoredAnswer(AnswerState.CLEARED)


def item(code: str, when: Condition | None = None) -> Item:
    choices = tuple(Choice(code=choice, label={}) for choice in CODES)
    asked = Field(code=code, item=code, kind=FieldKind.CODE, label={}, choices=choices, when=when)
    return Item(code=code, type=ItemType.CHOICE, text={}, fields=(asked,), editions={}, when=when)


def score(code: str, rule: ScoreRule, share: Fraction = Fraction(1), items: tuple[str, ...] = FIVE) -> Score:
    return Score(
        code=code,
        label={},
        rule=rule,
        rule_version="7",
        items=items,
        minimum=0,
        maximum=15,
        minimum_share=share,
        direction="",
        source="",
    )


def instrument(*scores: Score, items: tuple[Item, ...] = tuple(map(item, FIVE))) -> Instrument:
    return Instrument(
        code="made_up",
        version="1",
        languages=("nb", "en"),
        title={},
        recall={},
        sections=(Section("first", None, 5, items[:2]), Section("rest", None, 5, items[2:])),
        scores=scores,
        editions={},
        references={},
        licence="",
        owner="",
    )


MEAN = instrument(score("mean", ScoreRule.MEAN, Fraction(3, 5)))
SUM = instrument(score("sum", ScoreRule.SUM))
COUNT = instrument(score("count", ScoreRule.COUNT_POSITIVE))
EVERY_RULE = (MEAN, SUM, COUNT)


def answers(codes: str) -> dict[str, StoredAnswer]:
    """ "1 2 . 0 3": the codes of a to e in order, a point where the participant left the item blank."""
    return {
        name: SKIPPED if code == "." else StoredAnswer(AnswerState.ANSWERED, code)
        for name, code in zip(FIVE, codes.split(), strict=False)
    }


def only(asked: Instrument, codes: str, share: Fraction | None = None) -> ScoreResult:
    shares = {} if share is None else {asked.scores[0].code: share}
    (result,) = score_response(asked, answers(codes), shares)
    return result


@pytest.mark.parametrize(
    ("asked", "codes", "value"),
    [
        (MEAN, "1 2 3 0 3", "1.8"),  # 9 / 5
        (MEAN, "1 2 3 . .", "2"),  # 6 / 3, not 6 / 5
        (MEAN, "1 1 . 2 .", "1.3333"),  # 4 / 3
        (MEAN, "1 2 . 2 .", "1.6667"),  # 5 / 3
        (MEAN, "0 0 0 0 0", "0"),
        (SUM, "1 2 3 0 3", "9"),
        (SUM, "2 2 2 2 2", "10"),
        (SUM, "0 0 0 0 0", "0"),
        (COUNT, "1 2 3 0 3", "4"),
        (COUNT, "0 0 0 0 0", "0"),
    ],
)
def test_a_score_is_what_one_works_out_by_hand(asked: Instrument, codes: str, value: str) -> None:
    result = only(asked, codes)
    assert (result.value, result.reason) == (value, "")


@pytest.mark.parametrize(
    ("asked", "codes", "n_answered", "reason"),
    [
        (MEAN, "1 2 . . .", 2, "not computed: 3 of 5 missing (3 of 5 needed)"),
        (MEAN, "", 0, "not computed: 5 of 5 missing (3 of 5 needed)"),
        (SUM, "1 2 3 0 .", 4, "not computed: 1 of 5 missing (5 of 5 needed)"),
        (COUNT, "1 2 3 0 .", 4, "not computed: 1 of 5 missing (5 of 5 needed)"),
        (COUNT, "1 2", 2, "not computed: 3 of 5 missing (5 of 5 needed)"),
    ],
)
def test_a_score_with_too_few_answers_says_how_many_are_missing_and_needed(
    asked: Instrument, codes: str, n_answered: int, reason: str
) -> None:
    result = only(asked, codes)
    assert (result.value, result.n_answered, result.n_items, result.reason) == (None, n_answered, 5, reason)


def test_a_score_carries_its_rule_and_the_version_of_the_rule() -> None:
    assert only(COUNT, "1 1 1 1 1") == ScoreResult("count", "5", 5, 5, ScoreRule.COUNT_POSITIVE, "7", "")


@pytest.mark.parametrize("missing", [SKIPPED, DECLINED, CLEARED])
def test_a_blank_item_is_never_counted_as_zero(missing: StoredAnswer) -> None:
    four = answers("2 2 2 2")
    for asked, value in ((MEAN, "2"), (SUM, None), (COUNT, None)):
        (result,) = score_response(asked, {**four, "e": missing})
        assert (result.value, result.n_answered) == (value, 4)


def test_an_answer_to_an_item_that_does_not_apply_is_not_scored() -> None:
    only_after_3 = item("e", Condition(field="a", codes=frozenset({"3"})))
    asked = instrument(*MEAN.scores, *SUM.scores, items=(*map(item, FIVE[:4]), only_after_3))
    applies = score_response(asked, answers("3 1 1 1 2"))
    assert [(result.value, result.n_answered) for result in applies] == [("1.6", 5), ("8", 5)]
    does_not_apply = score_response(asked, answers("0 1 1 1 2"))
    assert [(result.value, result.n_answered) for result in does_not_apply] == [("0.75", 4), (None, 4)]


@pytest.mark.parametrize(
    ("share", "needed"),
    [("7/10", 4), ("4/5", 4), ("81/100", 5), ("3/5", 3), ("1/5", 1), ("1/1000", 1), ("0", 1), ("1", 5)],
)
def test_the_study_says_what_share_of_a_mean_is_needed_rounded_up(share: str, needed: int) -> None:
    enough = " ".join(["1"] * needed)
    assert only(MEAN, enough, Fraction(share)).value == "1"
    too_few = only(MEAN, " ".join(["1"] * (needed - 1)), Fraction(share))
    assert too_few.value is None
    assert too_few.reason == f"not computed: {6 - needed} of 5 missing ({needed} of 5 needed)"


@pytest.mark.parametrize("asked", [SUM, COUNT])
def test_a_sum_needs_every_item_whatever_share_the_study_says(asked: Instrument) -> None:
    assert only(asked, "3 3 3 3 .", Fraction(1, 5)).value is None


def test_shares_that_make_no_sense_are_refused_in_plain_sentences() -> None:
    asked = instrument(*MEAN.scores, *SUM.scores, *COUNT.scores)
    shares = {"mean": Fraction(0), "sum": Fraction(4, 5), "count": Fraction(1, 2), "elsewhere": Fraction(9)}
    assert shares_refused(asked, shares) == [
        "mean: a minimum share is above 0 and at most 1, not 0.",
        "sum is a sum and needs every item: its minimum share is 1, not 4/5.",
        "count is a count positive and needs every item: its minimum share is 1, not 1/2.",
    ]
    assert shares_refused(asked, {"mean": Fraction(11, 10)}) == [
        "mean: a minimum share is above 0 and at most 1, not 11/10."
    ]
    assert shares_refused(asked, {"mean": Fraction(1, 2), "sum": Fraction(1), "count": Fraction(1)}) == []


def test_a_score_that_needs_a_section_that_was_not_asked_is_left_out() -> None:
    asked = instrument(
        score("within", ScoreRule.SUM, items=("a", "b")),
        score("across", ScoreRule.SUM, items=("b", "c")),
        score("beyond", ScoreRule.SUM, items=("d", "e")),
    )
    everything = answers("1 1 1 1 1")

    def scored(sections: frozenset[str] | None) -> list[str]:
        return [result.code for result in score_response(asked, everything, sections=sections)]

    assert scored(None) == ["within", "across", "beyond"]
    assert scored(frozenset({"first"})) == ["within"]
    assert scored(frozenset({"first", "rest"})) == ["within", "across", "beyond"]
    assert scored(frozenset()) == []


def test_a_score_of_an_unknown_item_is_an_error_not_a_silent_gap() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        score_response(instrument(score("sum", ScoreRule.SUM, items=("a", "nowhere"))), {})


@pytest.mark.parametrize(
    ("ones", "value"),
    [(1, "0.0312"), (3, "0.0938"), (5, "0.1562"), (16, "0.5"), (31, "0.9688"), (32, "1")],
)
def test_the_fourth_decimal_is_rounded_half_to_even(ones: int, value: str) -> None:
    # 1/32 = 0.03125 and 5/32 = 0.15625 end in a tie and go down to the even 2;
    # 3/32 = 0.09375 and 31/32 = 0.96875 go up to the even 8.
    names = tuple(f"i{n}" for n in range(32))
    asked = instrument(score("mean", ScoreRule.MEAN, items=names), items=tuple(map(item, names)))
    current = {
        name: StoredAnswer(AnswerState.ANSWERED, "1" if n < ones else "0") for n, name in enumerate(names)
    }
    (result,) = score_response(asked, current)
    assert result.value == value


rules = st.sampled_from(EVERY_RULE)
rows = st.dictionaries(
    st.sampled_from(FIVE),
    st.sampled_from([SKIPPED, DECLINED, CLEARED, *(StoredAnswer(AnswerState.ANSWERED, c) for c in CODES)]),
)
shares = st.fractions(Fraction(1, 100), 1)


@given(rules, rows, shares)
def test_the_order_of_the_answers_does_not_matter(
    asked: Instrument, current: dict[str, StoredAnswer], share: Fraction
) -> None:
    backwards = dict(reversed(current.items()))
    study = {asked.scores[0].code: share}
    assert score_response(asked, current, study) == score_response(asked, backwards, study)


@given(rules, rows, shares)
def test_a_score_agrees_with_a_naive_computation(
    asked: Instrument, current: dict[str, StoredAnswer], share: Fraction
) -> None:
    rule = asked.scores[0]
    given_codes = [int(row.value) for row in current.values() if row.value is not None]
    if rule.rule == ScoreRule.MEAN:
        is_enough = len(given_codes) >= 1 and Fraction(len(given_codes), 5) >= share
    else:
        is_enough = len(given_codes) == 5
    (result,) = score_response(asked, current, {rule.code: share})
    assert result.n_answered == len(given_codes)
    assert (result.value is not None) == is_enough == (result.reason == "")
    if result.value is not None:
        expected = {
            ScoreRule.MEAN: Fraction(sum(given_codes), len(given_codes)),
            ScoreRule.SUM: Fraction(sum(given_codes)),
            ScoreRule.COUNT_POSITIVE: Fraction(len([code for code in given_codes if code > 0])),
        }[rule.rule]
        assert abs(Fraction(result.value) - expected) <= Fraction(1, 20000)


@given(rules, rows, shares, st.sampled_from(FIVE))
def test_one_more_missing_answer_never_makes_a_score_computable(
    asked: Instrument, current: dict[str, StoredAnswer], share: Fraction, lost: str
) -> None:
    study = {asked.scores[0].code: share}
    (before,) = score_response(asked, current, study)
    for fewer in ({**current, lost: SKIPPED}, {k: v for k, v in current.items() if k != lost}):
        (after,) = score_response(asked, fewer, study)
        assert after.n_answered <= before.n_answered
        if before.value is None:
            assert after.value is None
