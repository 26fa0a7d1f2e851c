"""Reading: a file becomes frozen types, or is refused with everything that is wrong with it."""

import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from btb_pro.instruments.model import Condition, FieldKind, ItemType, ScoreRule, WordingStatus
from btb_pro.instruments.reading import InstrumentFileError, read_instrument

HERE = Path(__file__).parent
SOUND = HERE / "sound.yaml"

SWEDISH = """
language: sv
title: {text: Ett exempel, status: unverified}
recall: {period: P7D, text: senaste veckan, status: unverified}
stems:
  weather: {text: Hur mycket har du märkt av detta?, status: unverified}
items:
  demo_rain: {text: Regn, status: verified, source: [PAPER]}
  demo_wind: {text: Vind, status: unverified}
  demo_mood: {text: Humör, status: unverified}
  demo_clothes: {text: Kläder, status: unverified}
  demo_walks: {text: Antal promenader, status: unverified}
  demo_since: {text: Hur länge?, status: unverified}
  demo_help: {text: Vad hjälpte?, status: unverified}
  demo_words: {text: Med egna ord, status: unverified}
choices:
  amount:
    "0": {text: Inget, status: unverified}
    "1": {text: Något, status: unverified}
    "2": {text: Mycket, status: unverified}
  demo_mood:
    "0": {text: Dåligt, status: unverified}
    "2": {text: Gott, status: unverified}
  demo_clothes:
    coat: {text: Kappa, status: unverified}
    other: {text: Annat, status: unverified}
    none: {text: Inga, status: unverified}
things:
  demo_help:
    tea: {text: Te, status: unverified}
    other: {text: Annat, status: unverified}
units:
  demo_walks: {text: promenader, status: unverified}
parts:
  demo_since:
    years:
      label: {text: År, status: unverified}
      unit: {text: år, status: unverified}
    months:
      label: {text: Månader, status: unverified}
dependents:
  days:
    label: {text: Antal dagar, status: unverified}
    unit: {text: dagar, status: unverified}
scores:
  demo_total: {text: Summa, status: unverified}
"""


def written(folder: Path, old: str, new: str) -> Path:
    """The sound file with one passage changed."""
    text = SOUND.read_text(encoding="utf-8")
    assert old in text
    path = folder / "demo.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def with_overlay(folder: Path, text: str, language: str = "sv") -> Path:
    """The sound file with an overlay beside it."""
    path = folder / "demo.yaml"
    shutil.copy(SOUND, path)
    (folder / f"demo.{language}.yaml").write_text(text, encoding="utf-8")
    return path


def test_a_choice_has_one_field_of_its_own_code() -> None:
    wind = read_instrument(SOUND).items[1]
    assert [(field.code, field.kind) for field in wind.fields] == [("demo_wind", FieldKind.CODE)]
    assert [choice.code for choice in wind.fields[0].choices] == ["0", "1", "2"]
    assert wind.fields[0].choices[2].label["nb"].text == "Mye"


def test_a_dependent_number_is_a_field_asked_only_at_its_codes() -> None:
    days = read_instrument(SOUND).items[0].fields[1]
    assert (days.code, days.item, days.kind) == ("demo_rain_days", "demo_rain", FieldKind.INTEGER)
    assert (days.minimum, days.maximum) == (0, 7)
    assert days.when == Condition("demo_rain", frozenset({"1", "2"}))
    assert days.label["en"].text == "Number of days"
    assert days.unit is not None
    assert days.unit["nb"].text == "dager"


def test_a_scale_number_without_words_is_labelled_by_itself() -> None:
    bad, bare, good = read_instrument(SOUND).items[2].fields[0].choices
    assert (bare.has_words, bare.label["nb"].text, bare.label["en"].text) == (False, "1", "1")
    assert (bad.has_words, good.has_words) == (True, True)


def test_several_of_many_has_a_text_field_for_other() -> None:
    clothes = read_instrument(SOUND).items[3]
    assert [(field.code, field.kind) for field in clothes.fields] == [
        ("demo_clothes", FieldKind.CODES),
        ("demo_clothes_other", FieldKind.TEXT),
    ]
    assert clothes.fields[1].when == Condition("demo_clothes", frozenset({"other"}))
    assert clothes.fields[1].max_length == 80
    assert clothes.fields[1].label["nb"].text == "Annet"
    assert [choice.is_exclusive for choice in clothes.fields[0].choices] == [False, False, True]


def test_the_condition_of_an_item_is_its_fields_condition() -> None:
    walks = read_instrument(SOUND).items[4]
    assert walks.when == walks.fields[0].when == Condition("demo_rain", frozenset({"0"}))


def test_a_duration_is_asked_as_years_and_months() -> None:
    since = read_instrument(SOUND).items[5]
    assert [(field.code, field.maximum) for field in since.fields] == [
        ("demo_since_years", 80),
        ("demo_since_months", 11),
    ]
    assert since.fields[0].unit is not None
    assert since.fields[0].unit["nb"].text == "år"
    assert since.fields[1].unit is None


def test_effects_have_a_field_for_each_thing_and_none_of_the_items_code() -> None:
    help_item = read_instrument(SOUND).items[6]
    assert [field.code for field in help_item.fields] == [
        "demo_help_tea",
        "demo_help_other",
        "demo_help_other_text",
    ]
    text = help_item.fields[2]
    assert text.when == Condition("demo_help_other", frozenset({"0", "1", "2"}))
    assert help_item.fields[0].label["nb"].text == "Te"


def test_a_text_item_has_a_greatest_length() -> None:
    words = read_instrument(SOUND).items[7]
    (field,) = words.fields
    assert (words.type, field.kind, field.max_length) == (ItemType.TEXT, FieldKind.TEXT, 200)


def test_a_score_is_read_exactly() -> None:
    (total,) = read_instrument(SOUND).scores
    assert (total.rule, total.items) == (ScoreRule.SUM, ("demo_rain", "demo_wind"))
    assert total.minimum_share == Fraction(1, 2)


def test_a_wording_keeps_its_status_source_and_note(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "nb: {text: Regn, status: verified, source: [PAPER]}",
        "nb: {text: Regn, status: recalled, source: [PAPER], note: Heard it}",
    )
    wording = read_instrument(path).items[0].text["nb"]
    assert (wording.status, wording.source, wording.note) == (WordingStatus.RECALLED, ("PAPER",), "Heard it")


def test_what_was_read_cannot_be_changed() -> None:
    instrument = read_instrument(SOUND)
    for mapping in (
        instrument.title,
        instrument.recall,
        instrument.editions,
        instrument.references,
        instrument.items[0].text,
        instrument.items[0].editions,
        instrument.items[0].fields[0].choices[0].label,
    ):
        with pytest.raises(TypeError):
            mapping["nb"] = "changed"  # type: ignore[index]  # that it cannot be assigned is the point


def test_the_word_no_is_a_code_and_never_false(tmp_path: Path) -> None:
    path = written(tmp_path, "- code: coat", "- code: no")
    assert read_instrument(path).items[3].fields[0].choices[0].code == "no"


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "owner: Nobody\nlicence: Made up for the tests\n", "licens: Made up\n")
    with pytest.raises(InstrumentFileError) as caught:
        read_instrument(path)
    told = {(problem.rule, problem.item) for problem in caught.value.problems}
    assert told == {("key-unknown", "demo"), ("key-missing", "demo")}
    assert len(caught.value.problems) == 3
    assert str(caught.value.problems[0]) in str(caught.value)


def test_a_file_that_is_not_there_is_told_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(InstrumentFileError, match="cannot be read: No such file"):
        read_instrument(tmp_path / "nothing.yaml")


@pytest.mark.parametrize("text", ["", "[]", "just words", "code: {}"])
def test_a_file_that_is_no_instrument_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InstrumentFileError):
        read_instrument(path)


def test_a_mistake_is_told_with_the_language_and_the_choice_it_is_in(tmp_path: Path) -> None:
    path = written(tmp_path, "nb: {text: God, status: unverified}", "nb: {text: God, status: sure}")
    with pytest.raises(InstrumentFileError) as caught:
        read_instrument(path)
    (problem,) = caught.value.problems
    assert problem.item == "demo_mood"
    assert problem.message.startswith("in nb of choice 2: the status 'sure'")


def test_a_file_beside_the_instrument_adds_a_language(tmp_path: Path) -> None:
    instrument = read_instrument(with_overlay(tmp_path, SWEDISH))
    assert instrument.languages == ("nb", "en", "sv")
    assert instrument.title["sv"].text == "Ett exempel"
    assert instrument.recall["sv"].wording.text == "senaste veckan"
    stem = instrument.sections[0].stem
    assert stem is not None
    assert stem["sv"].text == "Hur mycket har du märkt av detta?"
    labels = {field.code: field.label["sv"].text for field in instrument.fields}
    assert labels["demo_rain"] == "Regn"
    assert labels["demo_rain_days"] == "Antal dagar"
    assert labels["demo_since_months"] == "Månader"
    assert labels["demo_help_tea"] == "Te"
    assert labels["demo_clothes_other"] == "Annat"
    mood = instrument.items[2].fields[0]
    assert [choice.label["sv"].text for choice in mood.choices] == ["Dåligt", "1", "Gott"]
    assert instrument.scores[0].label["sv"].text == "Summa"


def test_an_added_language_changes_nothing_in_the_others(tmp_path: Path) -> None:
    alone = read_instrument(SOUND)
    together = read_instrument(with_overlay(tmp_path, SWEDISH))
    for before, after in zip(alone.items, together.items, strict=True):
        assert {language: after.text[language] for language in alone.languages} == dict(before.text)


def test_a_mistake_in_an_added_language_is_told_of_its_own_file(tmp_path: Path) -> None:
    path = with_overlay(tmp_path, SWEDISH.replace("text: Regn, status: verified", "text: Regn, status: sure"))
    with pytest.raises(InstrumentFileError) as caught:
        read_instrument(path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.item, problem.rule) == ("demo.sv.yaml", "demo_rain", "status-illegal")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (SWEDISH.replace("language: sv", "language: da"), "value-illegal"),
        (SWEDISH.replace("title:", "titel:"), "key-unknown"),
        ("[]", "value-illegal"),
        ("language: [", "yaml-broken"),
    ],
)
def test_a_broken_overlay_is_refused_by_its_name(tmp_path: Path, text: str, rule: str) -> None:
    with pytest.raises(InstrumentFileError) as caught:
        read_instrument(with_overlay(tmp_path, text))
    assert ("demo.sv.yaml", rule) in {(problem.file, problem.rule) for problem in caught.value.problems}
