"""The code book of the packaged study: every column of the wide table, in the participant's own words."""

import pytest

from btb_pro.exports.codebook import codebook_header, codebook_rows
from btb_pro.exports.tables import wide_header
from btb_pro.exports.variables import WIDE_KEYS, study_variables
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.names import LONGEST_NAME
from btb_pro.study_file import PACKAGED_STUDY, read_study

INSTRUMENTS = load_instruments()
STUDY = read_study(PACKAGED_STUDY, INSTRUMENTS)
VARIABLES = study_variables(STUDY, INSTRUMENTS)
ROWS = [dict(zip(codebook_header(), row, strict=True)) for row in codebook_rows(STUDY, VARIABLES)]
BOOK = {row["variable"]: row for row in ROWS}


def test_it_explains_the_columns_of_the_wide_table_in_their_order() -> None:
    assert [row["variable"] for row in ROWS] == wide_header(VARIABLES)


def test_instruments_come_in_the_order_in_which_the_visits_first_ask_them() -> None:
    codes = list(dict.fromkeys(row["instrument"] for row in ROWS if row["section"]))
    assert codes == ["background", "pain", "expectations", "fabq", "hscl25", "shc"]


def test_no_two_columns_share_a_name_and_none_is_too_long_for_redcap() -> None:
    names = [row["variable"] for row in ROWS]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= LONGEST_NAME


def test_every_column_of_answers_has_words_in_both_languages_and_says_what_is_missing() -> None:
    for row in ROWS:
        assert row["label_nb"], row
        assert row["label_en"], row
        if row["section"]:
            assert row["missing_codes"] == "-9=left_blank|-8=declined|-7=not_reached|-6=not_applicable"
            assert row["wording_status_nb"] in ("verified", "recalled", "unverified")
        else:
            assert row["missing_codes"] == ""


@pytest.mark.parametrize("language", ["nb", "en"])
def test_codes_and_labels_can_be_taken_apart_again(language: str) -> None:
    for variable in VARIABLES.fields:
        listed = BOOK[variable.code][f"codes_{language}"]
        pairs = [pair.split("=", 1) for pair in listed.split("|")] if listed else []
        if variable.choice is not None:
            assert [code for code, _ in pairs] == ["0", "1"]
        else:
            wanted = [[choice.code, choice.label[language].text] for choice in variable.field.choices]
            assert pairs == wanted


def test_a_choice_is_labelled_with_the_words_that_the_participant_reads() -> None:
    row = BOOK["pain_worse___bend_forward"]
    assert row["label_nb"] == "Hva gjør ryggsmertene verre? Velg alt som passer. [Å bøye seg framover]"
    assert row["label_en"] == "What makes your back pain worse? Choose all that apply. [Bending forward]"
    assert (row["type"], row["item"], row["codes_en"]) == ("binary", "pain_worse", "0=not chosen|1=chosen")


def test_a_dependent_number_is_told_with_its_unit_range_and_condition() -> None:
    row = BOOK["shc_headache_days"]
    assert row["label_nb"] == "Hodepine [Antall dager plagene varte (omtrent)]"
    assert (row["unit_nb"], row["unit_en"], row["range"]) == ("dager", "days", "0..30")
    assert (row["condition"], row["recall"]) == ("shc_headache=1|2|3", "P30D")


def test_an_item_is_told_with_its_number_in_each_edition() -> None:
    numbers = dict(pair.split("=") for pair in BOOK["hscl_headache"]["editions"].split("; "))
    item = next(item for item in INSTRUMENTS["hscl25"].items if item.code == "hscl_headache")
    assert numbers == {edition: str(number) for edition, number in item.editions.items()}
    assert len(numbers) > 1


def test_the_status_is_that_of_the_least_trusted_words_of_a_row() -> None:
    # The anchors are verified in Norwegian, the question that they belong to is not.
    assert BOOK["pain_now"]["wording_status_nb"] == "unverified"


def test_a_score_is_told_with_its_rule_and_the_study_files_share() -> None:
    row = BOOK["hscl_anxiety"]
    assert row["type"] == "decimal"
    assert row["rule"].startswith("mean, version 1, minimum share answered 7/10: hscl_")
    count = BOOK["hscl_anxiety_n"]
    assert (count["type"], count["range"]) == ("integer", "0..10")


def test_the_fixed_columns_are_told_too() -> None:
    assert [row["variable"] for row in ROWS[: len(WIDE_KEYS)]] == list(WIDE_KEYS)
    assert BOOK["status"]["codes_en"].startswith("started=")
    assert "baseline=" in BOOK["visit"]["codes_nb"]
