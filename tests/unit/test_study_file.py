"""The packaged study, and a file for every mistake that a study file can have.

In the files of `studies/` a comment that begins with "#!" says what is told about its line.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.model import Instrument
from btb_pro.safety_rules import SAFETY_KEYS
from btb_pro.study import QuietHours, Study, VisitPart
from btb_pro.study_file import (
    PACKAGED_STUDY,
    QUIET_HOURS_KEYS,
    SITE_KEYS,
    StudyFileError,
    StudyProblem,
    read_study,
)
from btb_pro.study_values import STUDY_KEYS
from btb_pro.study_visits import VISIT_KEYS

STUDIES = Path(__file__).parent / "studies"
SOUND = STUDIES / "sound.toml"
BROKEN = sorted(path for path in STUDIES.glob("*.toml") if path != SOUND)
GUIDE = Path(__file__).parents[2] / "docs" / "study-file.md"
INSTRUMENTS = load_instruments()


def problems_of(path: Path, instruments: Mapping[str, Instrument] = INSTRUMENTS) -> tuple[StudyProblem, ...]:
    with pytest.raises(StudyFileError) as refused:
        read_study(path, instruments)
    return refused.value.problems


def file_with(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "study.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.fixture(scope="module")
def packaged() -> Study:
    return read_study(PACKAGED_STUDY, INSTRUMENTS)


def test_the_packaged_study_is_backtobasic_with_six_sites_and_seven_visits(packaged: Study) -> None:
    assert packaged.name == {"nb": "BackToBasic", "en": "BackToBasic"}
    assert [site.code for site in packaged.sites] == [
        "oslo",
        "fredrikstad",
        "trondheim",
        "bergen",
        "stavanger",
        "tromso",
    ]
    assert [(visit.code, visit.day) for visit in packaged.visits] == [
        ("screening", -42),
        ("baseline", 0),
        ("day14", 14),
        ("day42", 42),
        ("day98", 98),
        ("day154", 154),
        ("day278", 278),
    ]


def test_the_packaged_study_asks_all_instruments_at_baseline_and_pain_intensity_later(
    packaged: Study,
) -> None:
    parts = {visit.code: visit.parts for visit in packaged.visits}
    assert parts.pop("screening") == ()
    assert parts.pop("baseline") == tuple(
        VisitPart(code) for code in ("background", "pain", "expectations", "fabq", "hscl25", "shc")
    )
    assert set(parts.values()) == {(VisitPart("pain", "intensity"),)}


def test_the_packaged_baseline_is_open_for_two_weeks_and_takes_a_quarter_of_an_hour(packaged: Study) -> None:
    baseline = packaged.visit("baseline")
    assert (baseline.opens, baseline.closes, baseline.link_expires_after) == (-14, 0, 2)
    assert baseline.minutes == 15
    assert packaged.link_days_without_day0 == 30


def test_the_packaged_study_allows_no_unapproved_wording(packaged: Study) -> None:
    assert packaged.allow_unapproved_wording is False


@pytest.mark.parametrize(("line", "asked"), [("", False), ("second_step = true", True)])
def test_a_study_has_a_second_step_only_if_its_file_says_so(tmp_path: Path, line: str, asked: bool) -> None:
    text = SOUND.read_text(encoding="utf-8").replace(
        "link_days_without_day0", f"{line}\nlink_days_without_day0"
    )
    assert read_study(file_with(tmp_path, text), INSTRUMENTS).second_step is asked


def test_the_packaged_addresses_are_of_a_reserved_domain_and_the_telephones_of_nobody(
    packaged: Study,
) -> None:
    addresses = [*packaged.privacy_url.values(), *packaged.accessibility_url.values()]
    assert len(addresses) == 4
    assert all(address.startswith("https://btb.example/") for address in addresses)
    assert all(re.fullmatch("00 00 00 0[1-6]", site.phone) for site in packaged.sites)


def test_every_score_has_its_minimum_share_from_the_file_or_else_from_its_instrument(tmp_path: Path) -> None:
    text = SOUND.read_text()
    shares = read_study(SOUND, INSTRUMENTS).minimum_share
    assert shares["hscl_total"] == Fraction(8, 10)
    assert shares["hscl_anxiety"] == Fraction(7, 10)
    assert shares["fabq_pa"] == 1
    without = file_with(tmp_path, text[: text.index("[minimum_share]")])
    assert read_study(without, INSTRUMENTS).minimum_share == {
        score.code: score.minimum_share for one in INSTRUMENTS.values() for score in one.scores
    }


def test_the_quiet_hours_are_times_of_day(packaged: Study) -> None:
    assert packaged.quiet_hours == QuietHours(time(20), time(8))
    assert read_study(SOUND, INSTRUMENTS).quiet_hours == QuietHours(time(21), time(7, 30))


def test_the_hash_is_that_of_the_file_as_it_lies_there(tmp_path: Path) -> None:
    content = SOUND.read_bytes()
    one = read_study(file_with(tmp_path, content), INSTRUMENTS).sha256
    other = read_study(file_with(tmp_path, content + b"\n"), INSTRUMENTS).sha256
    assert one == hashlib.sha256(content).hexdigest()
    assert one != other


def test_a_file_that_windows_saved_is_read_like_any_other(tmp_path: Path) -> None:
    saved = b"\xef\xbb\xbf" + SOUND.read_bytes().replace(b"\n", b"\r\n")
    study = read_study(file_with(tmp_path, saved), INSTRUMENTS)
    assert replace(study, sha256="") == replace(read_study(SOUND, INSTRUMENTS), sha256="")


@pytest.mark.parametrize("path", BROKEN, ids=[path.stem for path in BROKEN])
def test_every_mistake_is_told_at_once_with_its_line_and_nothing_else_is(path: Path) -> None:
    expected = {
        (number, words.strip())
        for number, line in enumerate(path.read_text().split("\n"), start=1)
        for words in line.split("#!")[1:]
    }
    problems = problems_of(path)
    assert expected
    assert len(problems) == len(expected)
    for line, words in expected:
        assert any(problem.line == line and words in problem.message for problem in problems), words
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)


def test_each_message_names_the_line_after_the_file() -> None:
    path = STUDIES / "site_twice.toml"
    with pytest.raises(StudyFileError, match=r"site_twice\.toml:21: The site "):
        read_study(path, INSTRUMENTS)


def test_an_instrument_without_a_wording_in_one_of_the_languages_is_refused() -> None:
    norwegian = {**INSTRUMENTS, "hscl25": replace(INSTRUMENTS["hscl25"], languages=("nb",))}
    [problem] = problems_of(SOUND, norwegian)
    assert problem.message.startswith("hscl25 has no wording in en.")
    assert '"hscl25"' in SOUND.read_text().split("\n")[problem.line - 1]


def test_what_is_no_toml_is_told_with_the_line_where_reading_stopped(tmp_path: Path) -> None:
    lines = SOUND.read_text().split("\n")
    lines[4] = "name.nb = Søvn"
    [problem] = problems_of(file_with(tmp_path, "\n".join(lines)))
    assert problem.line == 5
    assert problem.message.startswith("This is not TOML: ")


def test_a_file_in_another_encoding_is_told_with_its_first_strange_line(tmp_path: Path) -> None:
    text = SOUND.read_text()
    strange = next(number for number, line in enumerate(text.split("\n"), start=1) if "ø" in line)
    [problem] = problems_of(file_with(tmp_path, text.encode("latin-1")))
    assert problem == StudyProblem(
        strange, "This is not UTF-8. Save the file as UTF-8; the rest is checked then."
    )


def test_an_empty_file_is_told_what_it_lacks(tmp_path: Path) -> None:
    problems = problems_of(file_with(tmp_path, ""))
    optional = {
        "allow_unapproved_wording",
        "second_step",
        "minimum_share",
        "phone_countries",
        "reminders_at_most",
        "invites_by_itself",
        "safety",
    }
    missing = {problem.message.split(" is missing.")[0] for problem in problems}
    assert missing == set(STUDY_KEYS) - optional
    assert {problem.line for problem in problems} == {1}


@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_a_file_that_cannot_be_read_is_told_without_a_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(StudyFileError, match=re.escape(f"{path}: The study file cannot be read: ")):
        read_study(path, INSTRUMENTS)


def test_no_value_of_the_packaged_study_is_left_unread(tmp_path: Path) -> None:
    lines = PACKAGED_STUDY.read_text().split("\n")
    values = [number for number, line in enumerate(lines) if re.match(r"[\w.]+ = ", line)]
    assert len(values) > 90
    for number in values:
        key = lines[number].split(" = ")[0]
        changed = [*lines[:number], f"{key} = 1979-05-27", *lines[number + 1 :]]
        problems = problems_of(file_with(tmp_path, "\n".join(changed)))
        told = f"{key} is a date or a time. Expected "
        assert any(problem.line == number + 1 and told in problem.message for problem in problems), key


edits = st.lists(
    st.tuples(
        st.sampled_from(["drop", "double", "cut", "swap"]), st.integers(0, 10_000), st.integers(0, 10_000)
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None)
@given(edits)
def test_a_file_with_any_lines_lost_or_moved_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, chosen: list[tuple[str, int, int]]
) -> None:
    lines = SOUND.read_text().split("\n")
    for edit, one, other in chosen:
        here, there = one % len(lines), other % len(lines)
        if edit == "drop":
            lines[here] = ""
        elif edit == "double":
            lines.insert(there, lines[here])
        elif edit == "cut":
            lines[here] = lines[here][: other % (len(lines[here]) + 1)]
        else:
            lines[here], lines[there] = lines[there], lines[here]
    path = file_with(tmp_path_factory.getbasetemp(), "\n".join(lines))
    study, problems = read_or_refuse(path)
    assert (study is None) == bool(problems)
    assert all(1 <= problem.line <= len(lines) and problem.message for problem in problems)
    if study is not None:
        texts = [study.name, study.asker, *(visit.title for visit in study.visits)]
        assert all(study.text(text, language) for text in texts for language in study.languages)


def read_or_refuse(path: Path) -> tuple[Study | None, tuple[StudyProblem, ...]]:
    try:
        return read_study(path, INSTRUMENTS), ()
    except StudyFileError as refused:
        return None, refused.problems


def section_of(heading: str) -> str:
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", GUIDE.read_text(), re.M | re.S)
    assert found, heading
    return found.group(1)


@pytest.mark.parametrize(
    ("heading", "keys"),
    [
        (
            "The study",
            [
                key
                for key in STUDY_KEYS
                if key not in ("site", "visit", "quiet_hours", "minimum_share", "safety")
            ],
        ),
        ("[[site]]", SITE_KEYS),
        ("[[visit]]", VISIT_KEYS),
        ("[quiet_hours]", QUIET_HOURS_KEYS),
        ("[minimum_share]", []),
        ("[[safety]]", SAFETY_KEYS),
    ],
)
def test_the_guide_explains_every_key_and_no_other(heading: str, keys: list[str]) -> None:
    rows = re.findall(r"^\| `(\w+)` \|", section_of(heading), re.M)
    assert rows == list(keys)


def test_the_examples_of_the_guide_make_a_sound_study_file(tmp_path: Path) -> None:
    examples = re.findall(r"^```toml\n(.*?)^```", GUIDE.read_text(), re.M | re.S)
    study = read_study(file_with(tmp_path, "\n".join(examples)), INSTRUMENTS)
    assert study.visits


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("phone_countries = []", "phone_countries is empty."),
        ('phone_countries = ["NO", "Norge"]', 'Unknown country "Norge".'),
    ],
)
def test_countries_that_are_none_are_told(tmp_path: Path, line: str, told: str) -> None:
    [problem] = problems_of(file_with(tmp_path, f"{line}\n{SOUND.read_text()}"))
    assert problem.message.startswith(told)


def test_numbers_are_norwegian_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    assert read_study(SOUND, INSTRUMENTS).phone_countries == ("NO",)
    path = file_with(tmp_path, f'phone_countries = ["NO", "SE"]\n{SOUND.read_text()}')
    assert read_study(path, INSTRUMENTS).phone_countries == ("NO", "SE")
