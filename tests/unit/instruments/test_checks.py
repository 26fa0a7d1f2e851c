"""The checks: each rule has a broken file, and a broken file breaks nothing but its rule."""

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.checks import RULE_IDS, check_instruments
from btb_pro.instruments.problems import InstrumentFileError

HERE = Path(__file__).parent
SOUND = HERE / "sound.yaml"
BROKEN = sorted((HERE / "broken").glob("*.yaml"))
RESERVED = ["case", "with", "strl", "str12", "redcap_event_name", "visit", "clear"]


def rule_of(path: Path) -> str:
    """The rule that a broken file breaks: its name up to the first dot."""
    return path.name.split(".")[0]


def culprit_of(path: Path) -> str:
    """The code that must be named, from the file's first line."""
    return path.read_bytes().splitlines()[0].decode("utf-8").removeprefix("# culprit: ")


def changed(folder: Path, *changes: tuple[str, str]) -> Path:
    """The sound file with passages changed."""
    text = SOUND.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "demo.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sound_file_has_no_problem() -> None:
    assert check_instruments([SOUND]) == []


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_breaks_exactly_its_rule_and_names_the_culprit(path: Path) -> None:
    problems = check_instruments([path])
    assert {problem.rule for problem in problems} == {rule_of(path)}
    assert {problem.item for problem in problems} == {culprit_of(path)}
    assert {rule_of(Path(problem.file)) for problem in problems} == {rule_of(path)}


def test_every_rule_has_a_broken_file() -> None:
    assert {rule_of(path) for path in BROKEN} == set(RULE_IDS)


def test_no_two_rules_have_the_same_id() -> None:
    assert len(set(RULE_IDS)) == len(RULE_IDS)


def test_a_problem_is_told_with_file_item_and_rule(tmp_path: Path) -> None:
    path = changed(tmp_path, ("maximum: 4\n", "maximum: 5\n"))
    (problem,) = check_instruments([path])
    assert str(problem) == (
        "demo.yaml: demo_total: the range is 0 to 5, but the items' answers give 0 to 4 [score-range-wrong]"
    )


def test_the_problems_of_all_files_are_told_together(tmp_path: Path) -> None:
    broken = [path for path in BROKEN if path.stem in ("scale-gap", "text-empty", "code-illegal")]
    problems = check_instruments(broken)
    assert {problem.file for problem in problems} >= {path.name for path in broken}


def test_a_code_of_another_instrument_is_refused(tmp_path: Path) -> None:
    shutil.copy(SOUND, tmp_path / "first.yaml")
    (tmp_path / "second.yaml").write_text(
        SOUND.read_text(encoding="utf-8").replace("demo_", "other_").replace("other_mood", "demo_mood"),
        encoding="utf-8",
    )
    problems = check_instruments(sorted(tmp_path.glob("*.yaml")))
    assert {(problem.file, problem.item, problem.rule) for problem in problems} == {
        ("second.yaml", "demo", "code-twice"),
        ("second.yaml", "demo_mood", "code-twice"),
    }
    assert all("first.yaml" in problem.message for problem in problems)


def test_an_overlay_is_checked_with_its_instrument(tmp_path: Path) -> None:
    shutil.copy(SOUND, tmp_path / "demo.yaml")
    overlay = tmp_path / "demo.sv.yaml"
    overlay.write_text("language: sv\ntitle: {text: Ett exempel, status: unverified}\n", encoding="utf-8")
    problems = check_instruments([overlay])
    assert {problem.rule for problem in problems} == {
        "recall-missing",
        "stem-missing",
        "item-missing",
        "choice-missing",
        "label-missing",
        "unit-missing",
        "score-label-missing",
    }
    assert all("sv" in problem.message for problem in problems)
    missing = [problem.item for problem in problems if problem.rule == "item-missing"]
    assert len(missing) == 8


def test_a_shared_choice_that_lacks_a_language_is_told_once(tmp_path: Path) -> None:
    path = changed(tmp_path, ("{nb: {text: Mye, status: recalled}, en: ", "{en: "))
    problems = check_instruments([path])
    assert [(problem.item, problem.rule) for problem in problems] == [("demo_rain", "choice-missing")]


@pytest.mark.parametrize("word", RESERVED)
def test_a_reserved_word_is_refused_as_a_code(tmp_path: Path, word: str) -> None:
    problems = check_instruments([changed(tmp_path, ("code: demo_words", f"code: {word}"))])
    assert [(problem.item, problem.rule) for problem in problems] == [(word, "code-reserved")]


ILLEGAL = ["Demo", "demo-words", "1demo", "demo__words", "demo_", "_demo", "dæmo", "demo words"]


@pytest.mark.parametrize("code", ILLEGAL)
def test_a_code_that_is_not_lower_snake_case_is_refused(tmp_path: Path, code: str) -> None:
    problems = check_instruments([changed(tmp_path, ("code: demo_words", f'code: "{code}"'))])
    assert ("code-illegal", code) in {(problem.rule, problem.item) for problem in problems}


@pytest.mark.parametrize(
    ("old", "longest"),
    [
        ("code: demo_words", "code: demo_words_of_26_character"),
        ("code: coat", "code: a_coat_1234"),
        ("code: demo_total", "code: demo_total_of_26_charact"),
        ("code: demo_since", "code: demo_since_of_26_ch"),
        ("code: tea", "code: tea_of_26_charac"),
    ],
)
def test_a_code_may_have_26_characters_when_expanded(tmp_path: Path, old: str, longest: str) -> None:
    assert check_instruments([changed(tmp_path, (old, longest))]) == []
    problems = check_instruments([changed(tmp_path, (old, longest + "x"))])
    assert {problem.rule for problem in problems} == {"code-too-long"}
    assert all("27 characters" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("old", "taken"),
    [
        ("code: demo_wind", "code: demo_rain_days"),
        ("code: demo_wind", "code: demo_rain_st"),
        ("code: demo_wind", "code: demo_total_n"),
        ("code: demo_words", "code: demo_help"),
        ("code: demo_total", "code: demo_mood"),
        ("code: outdoors", "code: weather"),
    ],
)
def test_a_name_that_another_code_makes_is_refused(tmp_path: Path, old: str, taken: str) -> None:
    path = changed(tmp_path, (old, taken), ("[demo_rain, demo_wind]", "[demo_rain, demo_mood]"))
    assert {problem.rule for problem in check_instruments([path])} == {"code-twice"}


@pytest.mark.parametrize("period", ["P14D", "P2W", "P1M", "PT24H", "present", "mixed"])
def test_a_recall_period_is_a_duration_or_says_that_there_is_none(tmp_path: Path, period: str) -> None:
    assert check_instruments([changed(tmp_path, ("period: P7D", f"period: {period}"))]) == []


@pytest.mark.parametrize("period", ["14 days", "P14", "P0D", "14D", "P-1D"])
def test_a_recall_period_that_is_neither_is_refused(tmp_path: Path, period: str) -> None:
    problems = check_instruments([changed(tmp_path, ("period: P7D", f"period: {period}"))])
    assert {problem.rule for problem in problems} == {"recall-illegal"}


@pytest.mark.parametrize(
    ("rule", "lowest", "highest"),
    [("sum", 0, 4), ("mean", 0, 2), ("count_positive", 0, 2)],
)
def test_the_range_of_a_score_follows_from_its_rule(
    tmp_path: Path, rule: str, lowest: int, highest: int
) -> None:
    def rules_broken(minimum: int, maximum: int) -> list[str]:
        given = f"minimum: {minimum}\n    maximum: {maximum}\n"
        changes = ("rule: sum\n", f"rule: {rule}\n"), ("minimum: 0\n    maximum: 4\n", given)
        return [problem.rule for problem in check_instruments([changed(tmp_path, *changes)])]

    assert rules_broken(lowest, highest) == []
    assert rules_broken(lowest + 1, highest) == ["score-range-wrong"]
    assert rules_broken(lowest, highest + 1) == ["score-range-wrong"]


def test_a_field_cannot_depend_on_itself(tmp_path: Path) -> None:
    on_itself = '        when: {field: demo_wind, codes: ["1"]}\n'
    path = changed(tmp_path, ("        editions: {paper: 2}\n", on_itself))
    assert [problem.rule for problem in check_instruments([path])] == ["condition-later"]


LINES = SOUND.read_text(encoding="utf-8").splitlines()
TOKENS = sorted(set(re.findall(r"\{[^{}]*\}|\[[^\[\]]*\]|[\w.]+", SOUND.read_text(encoding="utf-8"))))


@given(st.data())
def test_however_a_file_is_garbled_its_mistakes_are_told_and_nothing_crashes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(LINES) - 1))
    old = data.draw(st.sampled_from([token for token in TOKENS if token in LINES[number]] or [LINES[number]]))
    new = data.draw(st.sampled_from(["", "[]", "{}", "[x]", "{x: y}", "x", "-1", "3", *TOKENS]))
    garbled = [*LINES[:number], LINES[number].replace(old, new, 1), *LINES[number + 1 :]]
    path = tmp_path_factory.mktemp("garbled") / "demo.yaml"
    path.write_text("\n".join(garbled), encoding="utf-8")
    problems = check_instruments([path])
    assert all(problem.rule in RULE_IDS and problem.message for problem in problems)


def test_a_folder_with_a_problem_gives_no_instruments(tmp_path: Path) -> None:
    changed(tmp_path, ("page_size: 1", "page_size: 0"))
    with pytest.raises(InstrumentFileError, match="page-size-illegal"):
        load_instruments(tmp_path)


def test_an_overlay_without_its_instrument_is_told(tmp_path: Path) -> None:
    (tmp_path / "demo.sv.yaml").write_text("language: sv\n", encoding="utf-8")
    with pytest.raises(InstrumentFileError, match="overlay-alone"):
        load_instruments(tmp_path)


def test_the_examples_of_the_documentation_are_sound(tmp_path: Path) -> None:
    page = (HERE.parents[2] / "docs" / "instruments.md").read_text(encoding="utf-8")
    instrument, overlay = (block.split("```")[0] for block in page.split("```yaml\n")[1:])
    (tmp_path / "demo.yaml").write_text(instrument, encoding="utf-8")
    (tmp_path / "demo.sv.yaml").write_text(overlay, encoding="utf-8")
    assert load_instruments(tmp_path)["demo"].languages == ("nb", "en", "sv")
