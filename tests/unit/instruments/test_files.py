"""The packaged instruments: complete, as their sources have them, and read fast."""

import time
from importlib.resources import files
from pathlib import Path

import pytest

from btb_pro.instruments.catalogue import instrument_files, load_instruments
from btb_pro.instruments.checks import check_instruments
from btb_pro.instruments.model import Condition, Instrument, ItemType, ScoreRule
from btb_pro.instruments.walk import wordings_of

PACKAGED = Path(str(files("btb_pro.instruments")))
INSTRUMENTS = load_instruments()
SHC_NAMES = """
    cold_flu cough asthma headache neck upper_back low_back arm shoulder migraine palpitations chest breathing
    leg_activity heartburn stomach_unease ulcer stomach_pain gas diarrhoea constipation eczema allergy
    hot_flushes sleep tired dizzy anxiety depression
"""
SHC = [f"shc_{name}" for name in SHC_NAMES.split()]


def shc(*numbers: int) -> tuple[str, ...]:
    """Codes of SHC items by their printed number."""
    return tuple(SHC[number - 1] for number in numbers)


def score_table(instrument: Instrument) -> dict[str, tuple[object, ...]]:
    """Score code to rule, items, range and least share."""
    return {
        score.code: (score.rule, score.items, score.minimum, score.maximum, str(score.minimum_share))
        for score in instrument.scores
    }


def test_the_packaged_files_have_no_problem() -> None:
    assert check_instruments(instrument_files(PACKAGED)) == []


def test_the_baseline_asks_93_items_in_131_fields() -> None:
    items = {code: len(instrument.items) for code, instrument in INSTRUMENTS.items()}
    assert items == {"background": 10, "expectations": 2, "fabq": 16, "hscl25": 25, "pain": 11, "shc": 29}
    days = [field for field in INSTRUMENTS["shc"].fields if field.code.endswith("_days")]
    assert (sum(items.values()), len(days)) == (93, 29)
    assert sum(len(instrument.fields) for instrument in INSTRUMENTS.values()) == 131


def test_every_instrument_is_there_in_norwegian_and_english() -> None:
    assert {instrument.languages for instrument in INSTRUMENTS.values()} == {("nb", "en")}
    assert {instrument.version for instrument in INSTRUMENTS.values()} == {"1"}


@pytest.mark.parametrize("code", INSTRUMENTS)
def test_no_wording_is_empty_or_holds_stray_space(code: str) -> None:
    for owner, language, wording in wordings_of(INSTRUMENTS[code]):
        assert wording.text, (owner, language)
        assert wording.text == " ".join(wording.text.split()), (owner, language)


@pytest.mark.parametrize("code", INSTRUMENTS)
def test_owner_licence_and_references_are_named(code: str) -> None:
    instrument = INSTRUMENTS[code]
    assert instrument.owner
    assert instrument.licence
    assert instrument.references


def test_hscl_is_in_the_order_of_the_norwegian_edition_and_keeps_the_other_numbers() -> None:
    items = INSTRUMENTS["hscl25"].items
    assert [item.editions["norwegian_a"] for item in items] == list(range(1, 26))
    hprt = [8, 6, 3, 4, 1, 2, 5, 7, 9, 10, 11, 12, 13, 20, 15, 16, 17, 18, 19, 14, 21, 22, 23, 24, 25]
    assert [item.editions["hprt"] for item in items] == hprt
    assert (items[0].code, items[13].code) == ("hscl_headache", "hscl_suicidal")
    assert [item.code for item in items if item.is_safety] == ["hscl_suicidal"]


def test_hscl_answers_are_1_to_4() -> None:
    for item in INSTRUMENTS["hscl25"].items:
        assert [choice.code for choice in item.fields[0].choices] == ["1", "2", "3", "4"]


def test_fabq_has_two_sections_and_both_numberings() -> None:
    activity, work = INSTRUMENTS["fabq"].sections
    assert (activity.code, len(activity.items), work.code, len(work.items)) == ("activity", 5, "work", 11)
    numbers = {item.editions["original"]: item.editions.get("nnrr") for item in INSTRUMENTS["fabq"].items}
    assert list(numbers) == list(range(1, 17))
    assert {original: nnrr for original, nnrr in numbers.items() if nnrr} == {
        2: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: 6, 9: 7, 10: 8, 11: 9, 12: 10, 15: 11,
    }  # fmt: skip
    assert work.stem is not None
    assert work.stem["nb"].text.startswith("Følgende utsagn handler om hvordan det vanlige arbeidet ditt")


def test_fabq_says_choose_on_a_screen_and_admits_the_change() -> None:
    stem = INSTRUMENTS["fabq"].sections[0].stem
    assert stem is not None
    assert "please choose any number from 0 to 6" in stem["en"].text
    assert stem["en"].status == "recalled"
    assert "circle" in stem["en"].note


def test_only_the_ends_and_the_middle_of_fabq_have_words() -> None:
    for item in INSTRUMENTS["fabq"].items:
        choices = item.fields[0].choices
        assert (item.type, [choice.code for choice in choices]) == (ItemType.SCALE, list("0123456"))
        assert [choice.code for choice in choices if choice.has_words] == ["0", "3", "6"]


def test_every_complaint_of_shc_asks_days_only_when_there_is_one() -> None:
    assert [item.code for item in INSTRUMENTS["shc"].items] == SHC
    for item in INSTRUMENTS["shc"].items:
        severity, days = item.fields
        assert [choice.code for choice in severity.choices] == ["0", "1", "2", "3"]
        assert (days.code, days.minimum, days.maximum) == (f"{item.code}_days", 0, 30)
        assert days.when == Condition(item.code, frozenset({"1", "2", "3"}))


def test_the_three_pain_scales_come_first_and_alone() -> None:
    intensity, characteristics = INSTRUMENTS["pain"].sections
    assert [item.code for item in intensity.items] == ["pain_now", "pain_worst_2w", "pain_usual_2w"]
    assert intensity.page_size == 1
    for item in intensity.items:
        choices = item.fields[0].choices
        assert [choice.code for choice in choices] == [str(number) for number in range(11)]
        assert [choice.code for choice in choices if choice.has_words] == ["0", "10"]
    assert [item.code.removeprefix("pain_") for item in characteristics.items] == [
        "duration", "worse", "stiffness", "stiffness_length", "morning", "nsaid", "night", "treat",
    ]  # fmt: skip


def test_the_length_of_stiffness_is_asked_after_yes_and_on_the_same_page() -> None:
    section = INSTRUMENTS["pain"].sections[1]
    codes = [item.code for item in section.items]
    first, second = codes.index("pain_stiffness"), codes.index("pain_stiffness_length")
    assert section.items[second].when == Condition("pain_stiffness", frozenset({"1"}))
    assert first // section.page_size == second // section.page_size


def test_nothing_in_particular_excludes_what_makes_the_pain_worse() -> None:
    worse = next(item for item in INSTRUMENTS["pain"].items if item.code == "pain_worse")
    assert [choice.code for choice in worse.fields[0].choices if choice.is_exclusive] == ["none"]
    assert [choice.code for choice in worse.fields[0].choices if choice.asks_text] == ["other"]


def test_the_pages_are_short() -> None:
    sizes = {
        f"{code} {section.code}": (section.page_size, -(-len(section.items) // section.page_size))
        for code, instrument in INSTRUMENTS.items()
        for section in instrument.sections
    }
    assert sizes == {
        "background background": (5, 2),
        "expectations expectations": (1, 2),
        "fabq activity": (4, 2),
        "fabq work": (4, 3),
        "hscl25 symptoms": (5, 5),
        "pain intensity": (1, 3),
        "pain characteristics": (2, 4),
        "shc complaints": (5, 6),
    }


def test_the_recall_periods_are_those_of_the_sources() -> None:
    periods = {code: {recall.period for recall in i.recall.values()} for code, i in INSTRUMENTS.items()}
    assert periods == {
        "background": {"mixed"},
        "expectations": {"present"},
        "fabq": {"present"},
        "hscl25": {"P14D"},
        "pain": {"mixed"},
        "shc": {"P30D"},
    }


def test_hscl_scores_are_means_over_the_right_items() -> None:
    codes = tuple(item.code for item in INSTRUMENTS["hscl25"].items)
    assert score_table(INSTRUMENTS["hscl25"]) == {
        "hscl_total": (ScoreRule.MEAN, codes, 1, 4, "7/10"),
        "hscl_anxiety": (ScoreRule.MEAN, codes[:10], 1, 4, "7/10"),
        "hscl_depression": (ScoreRule.MEAN, codes[10:], 1, 4, "7/10"),
    }


def test_fabq_scores_are_sums_over_the_right_items() -> None:
    by_number = {item.editions["original"]: item.code for item in INSTRUMENTS["fabq"].items}
    activity = tuple(by_number[number] for number in (2, 3, 4, 5))
    work = tuple(by_number[number] for number in (6, 7, 9, 10, 11, 12, 15))
    assert score_table(INSTRUMENTS["fabq"]) == {
        "fabq_pa": (ScoreRule.SUM, activity, 0, 24, "1"),
        "fabq_w": (ScoreRule.SUM, work, 0, 42, "1"),
    }


def test_shc_scores_are_sums_over_the_right_items() -> None:
    assert score_table(INSTRUMENTS["shc"]) == {
        "shc_musculoskeletal": (ScoreRule.SUM, shc(4, 5, 6, 7, 8, 9, 10, 14), 0, 24, "1"),
        "shc_pseudoneurology": (ScoreRule.SUM, shc(11, 24, 25, 26, 27, 28, 29), 0, 21, "1"),
        "shc_gastrointestinal": (ScoreRule.SUM, shc(15, 16, 17, 18, 19, 20, 21), 0, 21, "1"),
        "shc_allergy_sum": (ScoreRule.SUM, shc(3, 12, 13, 22, 23), 0, 15, "1"),
        "shc_flu": (ScoreRule.SUM, shc(1, 2), 0, 6, "1"),
        "shc_total": (ScoreRule.SUM, tuple(SHC), 0, 87, "1"),
        "shc_count": (ScoreRule.COUNT_POSITIVE, tuple(SHC), 0, 29, "1"),
    }


def test_pain_intensity_is_the_mean_of_three() -> None:
    three = ("pain_now", "pain_worst_2w", "pain_usual_2w")
    assert score_table(INSTRUMENTS["pain"]) == {"pain_lbp_nrs": (ScoreRule.MEAN, three, 0, 10, "1")}


def test_what_is_not_shown_stays_in_the_file_alone() -> None:
    text = (PACKAGED / "hscl25.yaml").read_text(encoding="utf-8")
    for other in ("Plutselig skremt uten grunn", "in the last week, including"):
        assert other in text
    shown = {wording.text for _, _, wording in wordings_of(INSTRUMENTS["hscl25"])}
    assert not any("skremt" in wording or "last week" in wording for wording in shown)


def test_the_packaged_instruments_are_read_once_and_fast() -> None:
    assert load_instruments() is INSTRUMENTS
    began = time.process_time()
    again = load_instruments(PACKAGED)
    assert time.process_time() - began < 1.0
    assert again == INSTRUMENTS


def test_the_notice_names_the_owners_and_takes_the_wording_out_of_our_licence() -> None:
    notice = (PACKAGED / "NOTICE").read_text(encoding="utf-8")
    for owner in ("Derogatis", "Harvard Program in Refugee Trauma", "Waddell", "Eriksen", "Saltin"):
        assert owner in notice
    assert "not part of" in notice
