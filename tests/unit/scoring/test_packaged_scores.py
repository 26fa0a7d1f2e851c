"""The scores of the packaged instruments against sums worked out by hand.

Answers are written in the order in which the instrument asks them, and the items of each score are taken by
their number, so a wrong item list in an instrument file shows here. The working stands above each row.
"""

from collections.abc import Sequence
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.instruments.answers import AnswerState, StoredAnswer
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.model import Instrument, Score
from btb_pro.scoring.scores import score_response

PACKAGED = load_instruments()
SCORED = [(instrument, score) for instrument in PACKAGED.values() for score in instrument.scores]
SKIPPED = StoredAnswer(AnswerState.SKIPPED)


def in_order(instrument: Instrument, codes: str) -> dict[str, StoredAnswer]:
    """One code an item, blanks between; a point where the participant left the item blank."""
    return {
        item.code: SKIPPED if code == "." else StoredAnswer(AnswerState.ANSWERED, code)
        for item, code in zip(instrument.items, codes.split(), strict=False)
    }


def values(instrument: Instrument, codes: str) -> dict[str, str | None]:
    return {result.code: result.value for result in score_response(instrument, in_order(instrument, codes))}


def reasons(instrument: Instrument, codes: str) -> dict[str, str]:
    return {result.code: result.reason for result in score_response(instrument, in_order(instrument, codes))}


def test_the_packaged_scores_are_those_of_the_design() -> None:
    assert {score.code for _, score in SCORED} == {
        *("hscl_total", "hscl_anxiety", "hscl_depression", "fabq_pa", "fabq_w"),
        *("shc_musculoskeletal", "shc_pseudoneurology", "shc_gastrointestinal", "shc_allergy_sum", "shc_flu"),
        *("shc_total", "shc_count", "pain_lbp_nrs"),
    }


@pytest.mark.parametrize(
    ("codes", "total", "anxiety", "depression"),
    [
        # anxiety, 1-10: 1+2+3+4+1+2+3+4+1+2 = 23, 23/10; depression, 11-25: 3 x (3+4+1+2) + 3+4+1 = 38,
        # 38/15 = 2.5333...; total: 61/25
        ("1 2 3 4 1 2 3 4 1 2  3 4 1 2 3 4 1 2 3 4 1 2 3 4 1", "2.44", "2.3", "2.5333"),
        ("1 " * 25, "1", "1", "1"),
        ("4 " * 25, "4", "4", "4"),
        # 10 x 2 = 20, 20/10; 15 x 1 = 15, 15/15; 35/25
        ("2 " * 10 + "1 " * 15, "1.4", "2", "1"),
        # three blank in anxiety: 2+2+2+2+2+3+3 = 16, 16/7 = 2.2857...; four blank in depression: 11 x 1;
        # total of 18: 27/18
        (". . . 2 2 2 2 2 3 3  . . . . 1 1 1 1 1 1 1 1 1 1 1", "1.5", "2.2857", "1"),
        # one blank: (9 x 2 = 18)/9; 24 x 1.75 = 42 = 18 + 24: 9 x 2 + 6 x 1 = 24 in depression, 24/15
        (". 2 2 2 2 2 2 2 2 2  2 2 2 2 2 2 2 2 2 1 1 1 1 1 1", "1.75", "2", "1.6"),
        # four blank in anxiety: six of the seven needed; 15 x 3 = 45, 45/15; total of 21: 6 x 1 + 45 = 51,
        # 51/21 = 2.428571...
        (". . . . 1 1 1 1 1 1 " + "3 " * 15, "2.4286", None, "3"),
        # five blank in depression: ten of the eleven needed; 10 x 4 = 40, 40/10; total: 40 + 10 = 50, 50/20
        ("4 " * 10 + ". . . . . " + "1 " * 10, "2.5", "4", None),
        # eight blank: 17 of the 18 needed; 10 answered of 10; 7 of 11
        ("1 " * 10 + ". " * 8 + "1 " * 7, None, "1", None),
    ],
)
def test_hscl25_is_the_mean_of_the_answered_items(
    codes: str, total: str | None, anxiety: str | None, depression: str | None
) -> None:
    assert values(PACKAGED["hscl25"], codes) == {
        "hscl_total": total,
        "hscl_anxiety": anxiety,
        "hscl_depression": depression,
    }


def test_hscl25_with_too_few_answers_says_so() -> None:
    assert reasons(PACKAGED["hscl25"], "1 " * 10 + ". " * 8 + "1 " * 7) == {
        "hscl_total": "not computed: 8 of 25 missing (18 of 25 needed)",
        "hscl_anxiety": "",
        "hscl_depression": "not computed: 8 of 15 missing (11 of 15 needed)",
    }


@pytest.mark.parametrize(
    ("codes", "activity", "work"),
    [
        # activity, 2-5: 1+2+3+4; work, 6, 7, 9-12, 15: 5+6 + 1+2+3+4 + 0
        ("0 1 2 3 4 5 6 0 1 2 3 4 5 6 0 1", "10", "21"),
        # activity: 0+6+0+6; work: 1+2 + 4+5+6+0 + 3
        ("6 0 6 0 6 1 2 3 4 5 6 0 1 2 3 4", "12", "21"),
        ("0 " * 16, "0", "0"),
        ("6 " * 16, "24", "42"),
        # only what is not scored is answered otherwise: 1, 8, 13, 14, 16
        ("6 0 0 0 0 0 0 6 0 0 0 0 6 6 0 6", "0", "0"),
        # blanks where nothing is scored change nothing
        (". 1 1 1 1 1 1 . 1 1 1 1 . . 1 .", "4", "7"),
        # one blank in each: 3 of 4, 6 of 7
        ("1 1 1 1 . 1 1 1 1 1 1 1 1 1 . 1", None, None),
        # people without work leave 6 to 16 blank
        ("3 3 3 3 3 . . . . . . . . . . .", "12", None),
    ],
)
def test_fabq_sums_four_items_on_activity_and_seven_on_work(
    codes: str, activity: str | None, work: str | None
) -> None:
    assert values(PACKAGED["fabq"], codes) == {"fabq_pa": activity, "fabq_w": work}


def test_fabq_work_without_work_says_that_all_seven_are_missing() -> None:
    assert reasons(PACKAGED["fabq"], "3 3 3 3 3")["fabq_w"] == "not computed: 7 of 7 missing (7 of 7 needed)"


SHC_SCORES = (
    "musculoskeletal",
    "pseudoneurology",
    "gastrointestinal",
    "allergy_sum",
    "flu",
    "total",
    "count",
)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        # 1 2 3 0 over and over. musculoskeletal, 4-10, 14: 0+1+2+3+0+1+2 + 2 = 11; pseudoneurology, 11,
        # 24-29: 3 + 0+1+2+3+0+1 = 10; gastrointestinal, 15-21: 3+0+1+2+3+0+1 = 10; allergy, 3, 12, 13, 22,
        # 23: 3+0+1+2+3 = 9; flu, 1, 2: 1+2 = 3; total 11+10+10+9+3; above 0: 29 less the 7 zeros (4, 8 ...)
        ("1 2 3 0 " * 7 + "1", ("11", "10", "10", "9", "3", "43", "22")),
        ("0 " * 29, ("0", "0", "0", "0", "0", "0", "0")),
        ("3 " * 29, ("24", "21", "21", "15", "6", "87", "29")),
        # low back pain, 7, alone
        ("0 0 0 0 0 0 3 " + "0 " * 22, ("3", "0", "0", "0", "0", "3", "1")),
        # leg pain, 14, blank: musculoskeletal, total and count are not computed
        ("1 " * 13 + ". " + "1 " * 15, (None, "7", "7", "5", "2", None, None)),
        ("1 2", (None, None, None, None, "3", None, None)),
    ],
)
def test_shc_sums_severity_over_five_groups_and_counts_complaints(
    codes: str, expected: Sequence[str | None]
) -> None:
    by_name = {f"shc_{name}": value for name, value in zip(SHC_SCORES, expected, strict=True)}
    assert values(PACKAGED["shc"], codes) == by_name


def test_the_days_of_a_complaint_are_not_scored() -> None:
    shc = PACKAGED["shc"]
    current = in_order(shc, "1 " * 29)
    days = {f"{item.code}_days": StoredAnswer(AnswerState.ANSWERED, "30") for item in shc.items}
    assert score_response(shc, {**current, **days}) == score_response(shc, current)


@pytest.mark.parametrize(
    ("codes", "value"),
    [
        ("3 8 5", "5.3333"),  # 16/3
        ("0 0 0", "0"),
        ("10 10 10", "10"),
        ("2 7 5", "4.6667"),  # 14/3
        ("4 9 5", "6"),  # 18/3
        ("3 8 .", None),
    ],
)
def test_low_back_pain_is_the_mean_of_three_ratings(codes: str, value: str | None) -> None:
    assert values(PACKAGED["pain"], codes) == {"pain_lbp_nrs": value}


def test_a_visit_that_asks_pain_intensity_only_still_gets_its_score() -> None:
    pain = PACKAGED["pain"]
    asked = frozenset({next(section.code for section in pain.sections if pain.items[0] in section.items)})
    (result,) = score_response(pain, in_order(pain, "3 8 5"), sections=asked)
    assert result.value == "5.3333"
    others = frozenset(section.code for section in pain.sections) - asked
    assert score_response(pain, in_order(pain, "3 8 5"), sections=others) == ()


@pytest.mark.parametrize("score", [score for _, score in SCORED], ids=lambda score: score.code)
def test_only_hscl25_has_a_share_below_one(score: Score) -> None:
    assert score.minimum_share == (Fraction(7, 10) if score.code.startswith("hscl_") else 1)


@st.composite
def scored_responses(draw: st.DrawFn) -> tuple[Instrument, dict[str, StoredAnswer]]:
    instrument = draw(st.sampled_from([made for made in PACKAGED.values() if made.scores]))
    blank_sometimes = draw(st.booleans())
    current = {}
    for item in instrument.items:
        if item.fields[0].choices and not (blank_sometimes and draw(st.integers(0, 9)) == 0):
            code = draw(st.sampled_from(item.fields[0].choices)).code
            current[item.fields[0].code] = StoredAnswer(AnswerState.ANSWERED, code)
    return instrument, current


@given(scored_responses())
def test_every_score_lies_within_its_range(response: tuple[Instrument, dict[str, StoredAnswer]]) -> None:
    instrument, current = response
    for score, result in zip(instrument.scores, score_response(instrument, current), strict=True):
        assert (result.value is None) == (result.reason != "")
        if result.value is not None:
            assert score.minimum <= Fraction(result.value) <= score.maximum


@given(scored_responses(), st.randoms())
def test_packaged_scores_do_not_depend_on_the_order_of_answers(
    response: tuple[Instrument, dict[str, StoredAnswer]], random: Random
) -> None:
    instrument, current = response
    shuffled = list(current.items())
    random.shuffle(shuffled)
    assert score_response(instrument, dict(shuffled)) == score_response(instrument, current)


@pytest.mark.parametrize(("instrument", "score"), SCORED, ids=lambda made: made.code)
def test_the_declared_range_is_reached_at_both_ends(instrument: Instrument, score: Score) -> None:
    fields = {field.code: field for field in instrument.fields}

    reached = []
    for pick in (min, max):
        current = {
            code: StoredAnswer(
                AnswerState.ANSWERED, str(pick(int(choice.code) for choice in fields[code].choices))
            )
            for code in score.items
        }
        (result,) = [made for made in score_response(instrument, current) if made.code == score.code]
        reached.append(Fraction(result.value or "-1"))
    assert reached == [score.minimum, score.maximum]
