"""The checker of REDCap's rules, and the small REDCap that goes by them: each refuses what REDCap refuses.

Each rule is one of REDCap's own help pages on the Data Dictionary, the Data Import Tool and the API.
"""

import csv
import io
from collections.abc import Mapping

import pytest

from tests.support import redcap_rules as rules
from tests.support.fake_redcap import Project, Refused

HEADER = [
    "record_id",
    "redcap_event_name",
    "mood",
    "days",
    "seen_at",
    "boxes___1",
    "boxes____1",
    "note",
    "a_complete",
]
ROW = {
    "record_id": "1", "redcap_event_name": "v1_arm_1", "mood": "2", "days": "7", "boxes___1": "1",
    "boxes____1": "0", "seen_at": "2026-03-27 10:00:06", "note": "Å\n🙂", "a_complete": "2",
}  # fmt: skip
FORMS = {"v1_arm_1": ["a"], "v2_arm_1": ["b"]}


def field(name: str, kind: str = "text", form: str = "a", **cells: str) -> dict[str, str]:
    """A row of a dictionary."""
    given = {rules.NAME: name, rules.FORM: form, rules.TYPE: kind, "Field Label": name.title()}
    more = {
        "choices": rules.CHOICES, "validation": rules.VALIDATION, "minimum": rules.MINIMUM,
        "maximum": rules.MAXIMUM, "branching": rules.BRANCHING, "matrix": rules.MATRIX,
        "label": "Field Label", "identifier": "Identifier?", "required": "Required Field?",
    }  # fmt: skip
    return dict.fromkeys(rules.HEADER, "") | given | {more[key]: cell for key, cell in cells.items()}


DICTIONARY = [
    field("record_id"),
    field("mood", "radio", choices="1, Low | 2, High"),
    field("days", validation="integer", minimum="0", maximum="30", branching="[mood] = '1'"),
    field("seen_at", validation="datetime_seconds_ymd"),
    field("boxes", "checkbox", choices="1, One | -1, Other"),
    field("note", "notes"),
    field("other", form="b"),
]


def test_a_sound_dictionary_and_a_sound_record_have_no_fault() -> None:
    assert list(rules.dictionary_faults(rules.HEADER, DICTIONARY)) == []
    assert list(rules.record_faults(HEADER, [ROW], DICTIONARY, FORMS)) == []


@pytest.mark.parametrize(
    "row",
    [
        field("Mood"), field("1st"), field("a" * 27), field("a__b"), field("a_"), field("redcap_event_name"),
        field("redcap_survey_identifier"), field("a_timestamp"), field("a_complete"), field("boxes___1"),
        field("mood"), field("x", "choice"), field("x", label=" "), field("x", form="A form"),
        field("x", "radio"), field("x", "radio", choices="1 One"),
        field("x", "radio", choices="1, One | 1, Two"), field("x", "radio", choices="1, One | "),
        field("x", "text", choices="1, One"),
        field("x", validation="datetime"), field("x", "notes", validation="integer"),
        field("x", minimum="0"), field("x", validation="integer", maximum="much"),
        field("x", branching="[gone] = '1'"), field("x", branching="[boxes(9)] = '1'"),
        field("x", identifier="yes"), field("x", required="1"), field("x", matrix="M 1"),
        field("x", "text", matrix="m"),
    ],
    ids=lambda row: " ".join(cell for cell in row.values() if cell),
)  # fmt: skip
def test_a_dictionary_that_redcap_refuses_is_found(row: Mapping[str, str]) -> None:
    assert list(rules.dictionary_faults(rules.HEADER, [*DICTIONARY[:-1], row, DICTIONARY[-1]]))


def test_a_dictionary_of_other_columns_or_without_a_record_id_is_found() -> None:
    assert list(rules.dictionary_faults(rules.HEADER[:-1], DICTIONARY))
    assert list(rules.dictionary_faults(rules.HEADER, DICTIONARY[1:]))
    assert list(rules.dictionary_faults(rules.HEADER, [*DICTIONARY, field("late", form="a")]))


@pytest.mark.parametrize(
    "fields",
    [
        [field("x", "radio", choices="1, A", matrix="m"), field("y", "radio", choices="1, B", matrix="m")],
        [field("x", "radio", choices="1, A", matrix="m"), field("y", "checkbox", choices="1, A", matrix="m")],
        [
            field("x", "radio", choices="1, A", matrix="m"),
            field("y"),
            field("z", "radio", choices="1, A", matrix="m"),
        ],
    ],
)
def test_a_matrix_that_does_not_hold_together_is_found(fields: list[dict[str, str]]) -> None:
    assert list(rules.dictionary_faults(rules.HEADER, [DICTIONARY[0], *fields]))
    alike = [field(name, "radio", choices="1, A", matrix="m") for name in "xyz"]
    assert list(rules.dictionary_faults(rules.HEADER, [DICTIONARY[0], *alike])) == []


SPOILT = [
    {"mood": "High"}, {"mood": "3"}, {"mood": "02"}, {"days": "7.5"}, {"days": "31"}, {"days": "many"},
    {"boxes___1": "yes"}, {"boxes___1": "2"}, {"seen_at": "2026-03-27T10:00:06Z"},
    {"seen_at": "27-03-2026 10:00:06"}, {"seen_at": "2026-03-27 10:00"}, {"redcap_event_name": "Visit 1"},
    {"redcap_event_name": ""},
    {"record_id": ""}, {"a_complete": "3"}, {"a_complete": "Complete"}, {"redcap_event_name": "v2_arm_1"},
    {"mood": "-8"},
]  # fmt: skip


@pytest.mark.parametrize("cells", SPOILT, ids=str)
def test_a_record_that_redcap_refuses_is_found_and_the_whole_import_with_it(cells: dict[str, str]) -> None:
    spoilt = {**ROW, **cells}
    assert list(rules.record_faults(HEADER, [spoilt], DICTIONARY, FORMS))
    project = Project("t", DICTIONARY, {event: list(forms) for event, forms in FORMS.items()})
    with pytest.raises(Refused):
        project.answer(posted(HEADER, {**ROW, "record_id": "0"}, spoilt))
    assert project.held == {}


@pytest.mark.parametrize(
    "header",
    [
        ["redcap_event_name", "record_id", "mood"], ["mood", "redcap_event_name"], [*HEADER, "unknown"],
        [*HEADER, "redcap_survey_identifier"], [*HEADER, "a_timestamp"], [*HEADER, "mood"],
        [*HEADER, "boxes"], [*HEADER, "boxes___9"], ["\ufeffrecord_id", *HEADER[1:]], [],
    ],
    ids=lambda header: " ".join(header[-2:]),
)  # fmt: skip
def test_a_column_that_redcap_does_not_take_spoils_the_whole_import(header: list[str]) -> None:
    assert list(rules.record_faults(header, [dict.fromkeys(header, "") | ROW], DICTIONARY, FORMS))


def test_codes_for_missing_are_taken_once_they_are_declared() -> None:
    row = {**ROW, "mood": "-8", "days": "-7"}
    assert len(list(rules.record_faults(HEADER, [row], DICTIONARY, FORMS))) == 2
    assert list(rules.record_faults(HEADER, [row], DICTIONARY, FORMS, missing=("-8", "-7"))) == []


def test_a_form_that_nobody_touched_must_not_come_as_incomplete() -> None:
    empty = dict.fromkeys(HEADER, "") | {"record_id": "1", "redcap_event_name": "v1_arm_1"}
    assert list(rules.record_faults(HEADER, [empty], DICTIONARY, FORMS)) == []
    assert list(rules.record_faults(HEADER, [{**empty, "a_complete": "0"}], DICTIONARY, FORMS))


def test_a_group_goes_by_its_unique_name() -> None:
    header = [*HEADER, "redcap_data_access_group"]
    for group, count in (("oslo", 0), ("Oslo sykehus", 1)):
        row = {**ROW, "redcap_data_access_group": group}
        assert len(list(rules.record_faults(header, [row], DICTIONARY, FORMS))) == count


def test_blanks_are_ignored_unless_they_are_to_overwrite() -> None:
    project = Project("t", DICTIONARY, {event: list(forms) for event, forms in FORMS.items()})
    assert project.answer(posted(HEADER, ROW)) == {"count": 1}
    blank = {**ROW, "note": "", "mood": ""}
    project.answer(posted(HEADER, blank))
    assert project.held["1", "v1_arm_1"]["note"] == ROW["note"]
    project.answer(posted(HEADER, blank, overwriteBehavior="overwrite"))
    assert project.held["1", "v1_arm_1"]["note"] == ""


@pytest.mark.parametrize(
    "changed", [{"token": "another"}, {"content": "users"}, {"dateFormat": "DMY"}, {"type": "eav"}]
)
def test_a_request_that_is_none_is_refused(changed: dict[str, str]) -> None:
    project = Project("t", DICTIONARY, {event: list(forms) for event, forms in FORMS.items()})
    with pytest.raises(Refused):
        project.answer(posted(HEADER, ROW) | changed)
    assert project.held == {}


def posted(header: list[str], *rows: Mapping[str, str], **more: str) -> dict[str, str]:
    """A request to import records."""
    lines = io.StringIO()
    writer = csv.DictWriter(lines, header, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    form = {"token": "t", "content": "record", "format": "csv", "dateFormat": "YMD", "data": lines.getvalue()}
    return form | more
