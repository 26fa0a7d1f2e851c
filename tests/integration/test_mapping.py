"""Names of the other side: a template, a check that tells every mistake, and files under those names."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from btb_pro.exports.formats import ExportFormat
from btb_pro.exports.mapping_faults import MappingRefused
from btb_pro.exports.names import Target
from btb_pro.services.exporting import ExportRefused
from btb_pro.services.mappings import check_mapping, make_template
from tests.integration.export_world import ExportWorld, told_world
from tests.integration.test_export_refusals import left_beside, runs
from tests.integration.test_redcap import faults

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study with its whole story."""
    with told_world(tmp_path / "instance") as made:
        yield made


def rows(path: Path) -> list[dict[str, str]]:
    """A CSV file."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@pytest.mark.parametrize("target", list(Target))
def test_a_template_fits_and_changes_nothing(world: ExportWorld, tmp_path: Path, target: Target) -> None:
    template = make_template(world.runtime, target).encode()
    assert "0 names of theirs, 0 left out" in f"{check_mapping(world.runtime, template)}"
    file_format = {Target.CSV: ExportFormat.XLSX}.get(target, ExportFormat(target.value))
    world.take(file_format, tmp_path / "plain")
    world.take(file_format, tmp_path / "mapped", mapping=template)
    if target is Target.REDCAP:
        for path in (tmp_path / "plain").glob("*.csv"):
            assert (tmp_path / "mapped" / path.name).read_bytes() == path.read_bytes()


def test_a_template_says_what_each_code_means(world: ExportWorld) -> None:
    assert 'rain = "rain"  # Regn' in make_template(world.runtime, Target.REDCAP)
    assert 'rain = "I.rain"  # Rain' in make_template(world.runtime, Target.ODM, "en")
    assert 'start = "start_arm_1"  # Ved start' in make_template(world.runtime, Target.REDCAP)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('target = "redcap"\n[variables]\nrian = "r"', "line 3: rian is none of our variables"),
        ('target = "redcap"\n[visits]\nend = "end_arm_1"', "line 3: end is none of our visits"),
        (
            'target = "redcap"\n[variables]\nrain = "x"\nwind = "x"',
            "line 4: wind and rain are both called 'x'",
        ),
        (
            'target = "redcap"\n[variables]\nrain = "wind"',
            "rain are both called 'wind'|wind and rain are both",
        ),
        ('target = "redcap"\n[variables]\nrain = "record_id"', "rain and participant are both called"),
        ('target = "redcap"\n[variables]\nrain = "walks_complete"', "a column of theirs are both called"),
        ('target = "redcap"\n[variables]\nrain = "Rain 1"', "line 3: rain = 'Rain 1' is no name that redcap"),
        ('target = "redcap"\n[visits]\nstart = "Start"', "like baseline_arm_1"),
        ('target = "redcap"\n[visits]\nstart = ""', "is no name that redcap takes"),
        ('target = "redcap"\n[variables]\nrain = 3', "line 3: rain must have a name in quotes"),
        ('target = "redcap"\n[varables]\nrain = "x"', r"line 2: \[varables\] is no table"),
        ('target = "redcap"\nvariables = "x"', r"variables must be a table"),
        ('target = "odm"\n[missing]\ndeclined = "x"', r"\[missing\] is no table of a mapping for odm"),
        ('target = "sas"', 'target must say whose files this is for: one of "csv", "redcap", "odm"'),
        ('[variables]\nrain = "x"', "target must say"),
        ('target = "csv"\n[missing]\ndeclined = "1"', "line 3: declined = '1' may also be an answer to rain"),
        ('target = "csv"\n[missing]\ndeclined = "15"', "may also be an answer to dog_walks"),
        ('target = "csv"\n[missing]\ndeclined = "-9"', "declined and left_blank are both called '-9'"),
        ('target = "csv"\n[variables]\nrain = "a\\nb"', "without control characters"),
        ('target = "csv"\nrain', "is no TOML"),
        ('target = "csv"\n[variables]\nrain = "a"\nrain = "b"', "is no TOML"),
    ],
)
def test_a_mapping_that_does_not_fit_is_told_by_line_and_nothing_is_written(
    world: ExportWorld, tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(MappingRefused, match=told):
        check_mapping(world.runtime, text.encode())
    file_format = ExportFormat.REDCAP if "redcap" in text else ExportFormat.CSV
    with pytest.raises(MappingRefused):
        world.take(file_format, tmp_path / "out", mapping=text.encode())
    assert left_beside(world, tmp_path) == set()
    assert runs(world) == 0


def test_every_mistake_is_told_at_once(world: ExportWorld) -> None:
    text = 'target = "redcap"\n[variables]\nrian = "r"\nwnd = "w"\n[sites]\neast = "e"\n'
    with pytest.raises(MappingRefused) as refused:
        check_mapping(world.runtime, text.encode())
    assert [line.partition(":")[0] for line in f"{refused.value}".splitlines()[1:]] == [
        "  line 3", "  line 4", "  line 6",
    ]  # fmt: skip


def test_a_file_that_is_not_utf8_is_refused(world: ExportWorld) -> None:
    with pytest.raises(MappingRefused, match="is not UTF-8"):
        check_mapping(world.runtime, 'target = "csv" # æ'.encode("latin-1"))


def test_csv_goes_under_their_names(world: ExportWorld, tmp_path: Path) -> None:
    text = """target = "csv"
[keys]
participant = "SubjectKey"
status = ""
[visits]
start = "V1"
[sites]
north = "01"
[variables]
rain = "WX01"
clothes___coat = "WX02"
words = ""
[missing]
left_blank = "NB"
"""
    world.take(ExportFormat.CSV, tmp_path / "out", mapping=text.encode())
    wide = rows(tmp_path / "out" / "wide.csv")
    assert (wide[0]["SubjectKey"], wide[0]["site"], wide[0]["visit"], wide[0]["WX01"]) == (
        "N-001",
        "01",
        "V1",
        "1",
    )
    assert {"status", "words", "participant", "rain"}.isdisjoint(wide[0])
    (stopped,) = [row for row in wide if row["SubjectKey"] == "N-002"]
    assert (stopped["wind"], stopped["WX02"], stopped["mood"]) == ("NB", "NB", "-7")
    book = {row["variable"]: row for row in rows(tmp_path / "out" / "codebook.csv")}
    assert list(book) == list(wide[0])
    assert (book["WX01"]["our_variable"], book["wind"]["our_variable"]) == ("rain", "wind")
    assert book["WX01"]["missing_codes"].startswith("NB=left_blank|-8=declined")
    items = {row["item"] for row in rows(tmp_path / "out" / "long.csv")}
    assert {"WX01", "WX02", "words"} <= items


def test_redcap_goes_under_their_names_and_still_fits_itself(world: ExportWorld, tmp_path: Path) -> None:
    text = """target = "redcap"
[keys]
participant = "study_id"
[visits]
start = "visit_1_arm_2"
[sites]
north = "nord"
south = "sor"
[instruments]
weather = "wx"
[variables]
rain = "wx_rain"
clothes = "wx_clothes"
wind_st = ""
[missing]
declined = "-8"
"""
    world.take(ExportFormat.REDCAP, tmp_path / "out", mapping=text.encode())
    (first, *_) = rows(tmp_path / "out" / "records.csv")
    assert (first["study_id"], first["redcap_event_name"]) == ("N-001", "visit_1_arm_2")
    assert (first["redcap_data_access_group"], first["wx_rain"], first["wx_clothes___coat"]) == (
        "nord",
        "1",
        "1",
    )
    assert (first["words"], first["wx_complete"]) == ("-8", "2")
    assert "wind_st" not in first
    dictionary = rows(tmp_path / "out" / "data_dictionary.csv")
    assert any("[wx_rain] = '1'" in row["Branching Logic (Show field only if...)"] for row in dictionary)
    assert [fault for fault in faults(tmp_path / "out") if "data_access_group" not in f"{fault}"] == []


def test_a_mapping_for_another_receiver_is_refused(world: ExportWorld, tmp_path: Path) -> None:
    mapping = make_template(world.runtime, Target.REDCAP).encode()
    with pytest.raises(MappingRefused, match='this is for "redcap", and was asked for "csv"'):
        world.take(ExportFormat.CSV, tmp_path / "out", mapping=mapping)


def test_an_earlier_export_of_other_visits_cannot_be_followed_up(world: ExportWorld, tmp_path: Path) -> None:
    first = world.take(ExportFormat.CSV, tmp_path / "first", visits=("start",))
    with pytest.raises(ExportRefused, match="was taken with other visits"):
        world.take(ExportFormat.CSV, tmp_path / "second", since=first.number)
    with pytest.raises(ExportRefused, match="There is no export 9"):
        world.take(ExportFormat.CSV, tmp_path / "second", since=9)
