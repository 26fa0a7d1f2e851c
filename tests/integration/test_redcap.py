"""What REDCap gets, it takes: files by its own rules, and a push that reads back what it wrote."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro.exports.formats import ExportFormat
from btb_pro.exports.redcap_api import RedcapProject, RedcapRefused
from btb_pro.exports.writing import CannotBeWritten
from btb_pro.models.base import AuditEvent
from btb_pro.models.job import ExportRun
from btb_pro.services.exporting import ExportOrder
from btb_pro.services.pushing import PushSummary, push_to_redcap
from tests.integration.export_world import COMMAND, ExportWorld, make_export_world, told_world
from tests.support import redcap_rules as rules
from tests.support.fake_redcap import read

pytestmark = pytest.mark.usefixtures("engine")

ROOT = Path(__file__).parents[2]
TOKEN = "0123456789ABCDEF0123456789ABCDEF"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study with its whole story."""
    with told_world(tmp_path / "instance") as made:
        yield made


@contextmanager
def fake_redcap(folder: Path, token: str = TOKEN, forget: str = "") -> Iterator[str]:
    """A project made of an export's files, which loses what a field is sent; its address."""
    command = [sys.executable, "-m", "tests.support.fake_redcap", f"{folder}", token, forget]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def push(
    world: ExportWorld, url: str, *, token: str = TOKEN, dry_run: bool = False, **order: object
) -> PushSummary:
    """Push as the command does."""
    settings = replace(world.runtime.settings, redcap_url=url, redcap_token=token)
    with world._second():
        runtime = replace(world.runtime, settings=settings)
        return push_to_redcap(runtime, COMMAND, ExportOrder(**order), dry_run=dry_run)  # type: ignore[arg-type]


def forms(folder: Path) -> Mapping[str, list[str]]:
    """Each event's forms."""
    found: dict[str, list[str]] = {}
    for row in read(folder / "event_instruments.csv"):
        found.setdefault(row["unique_event_name"], []).append(row["form"])
    return found


def header(path: Path) -> list[str]:
    """The first line of a CSV file."""
    with open(path, encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def faults(folder: Path) -> list[object]:
    """Everything that REDCap would refuse in an export."""
    dictionary = read(folder / "data_dictionary.csv")
    of_records = rules.record_faults(
        header(folder / "records.csv"), read(folder / "records.csv"), dictionary, forms(folder)
    )
    events = read(folder / "events.csv")
    return [
        *rules.dictionary_faults(header(folder / "data_dictionary.csv"), dictionary),
        *of_records,
        *(
            row
            for row in events
            if rules.unique_event_name(row["event_name"], row["arm_num"]) != row["unique_event_name"]
        ),
        *({*forms(folder)} ^ {row["unique_event_name"] for row in events}),
    ]


@pytest.mark.parametrize("language", ["nb", "en"])
def test_redcap_takes_every_file_of_the_made_up_study(
    world: ExportWorld, tmp_path: Path, language: str
) -> None:
    world.take(ExportFormat.REDCAP, tmp_path / "out", language=language)
    assert faults(tmp_path / "out") == []


def test_redcap_takes_the_packaged_study(tmp_path: Path) -> None:
    world = make_export_world(tmp_path / "instance", None)
    world.add("BTB-001", "oslo")
    world.start("BTB-001", "baseline")
    world.save("BTB-001", {"shc_headache": "1"}, visit="baseline", instrument="shc")
    world.take(ExportFormat.REDCAP, tmp_path / "out")
    world.close()
    assert faults(tmp_path / "out") == []
    (record,) = read(tmp_path / "out" / "records.csv")
    assert (record["shc_headache"], record["shc_headache_st"], record["shc_complete"]) == (
        "1",
        "answered",
        "0",
    )


def test_a_blank_says_why_in_its_companion(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.REDCAP, tmp_path / "out")
    rows = {
        (row["record_id"], row["redcap_event_name"]): row for row in read(tmp_path / "out" / "records.csv")
    }
    first, second = rows["N-001", "start_arm_1"], rows["N-002", "start_arm_1"]
    assert (first["words"], first["words_st"]) == ("", "declined")
    assert (first["dog_walks"], first["dog_walks_st"]) == ("", "not_applicable")
    assert (second["wind"], second["wind_st"]) == ("", "left_blank")
    assert (second["clothes___coat"], second["clothes_st"]) == ("", "left_blank")
    assert (first["weather_complete"], second["weather_complete"]) == ("2", "0")
    assert first["weather_started_at"] == "2026-03-27 10:00:06"
    assert first["weather_submitted_at"] == "2026-03-27 10:00:15"
    assert rows["N-001", "later_arm_1"]["walks_complete"] == ""


def test_the_checker_finds_what_redcap_refuses(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.REDCAP, tmp_path / "out")
    dictionary = read(tmp_path / "out" / "data_dictionary.csv")
    names = header(tmp_path / "out" / "records.csv")
    (row, *_) = read(tmp_path / "out" / "records.csv")
    for spoilt in (
        {"rain": "Mye"}, {"rain_days": "3.5"}, {"clothes___coat": "yes"}, {"redcap_event_name": "Ved start"},
        {"weather_started_at": "2026-03-27T10:00:06Z"}, {"record_id": ""}, {"weather_complete": "3"},
    ):  # fmt: skip
        assert list(rules.record_faults(names, [{**row, **spoilt}], dictionary, forms(tmp_path / "out"))), (
            spoilt
        )
    for cells in (
        {rules.NAME: "Rain"}, {rules.NAME: "a" * 27}, {rules.TYPE: "choice"}, {rules.CHOICES: "0 Ingen"},
        {rules.BRANCHING: "[gone] = '1'"}, {"Field Label": ""}, {rules.VALIDATION: "datetime"},
    ):  # fmt: skip
        spoilt_row = {**dictionary[1], **cells}
        assert list(rules.dictionary_faults(rules.HEADER, [dictionary[0], spoilt_row])), cells


def test_a_push_arrives_whole_and_a_second_one_changes_nothing(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.REDCAP, tmp_path / "out")
    with fake_redcap(tmp_path / "out") as url:
        first = push(world, url)
        second = push(world, url)
        project = RedcapProject(url, TOKEN)
        held = project.read([], [])
    assert (first.rows, second.rows) == (4, 4)
    sent = {
        (row["record_id"], row["redcap_event_name"]): row for row in read(tmp_path / "out" / "records.csv")
    }
    assert len(held) == len(sent)
    for row in held:
        for name, cell in sent[row["record_id"], row["redcap_event_name"]].items():
            assert row[name] == cell or (cell == "" and row[name] == "0"), name


def test_an_answer_taken_back_is_taken_back_in_redcap_too(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.REDCAP, tmp_path / "out")
    with fake_redcap(tmp_path / "out") as url:
        first = push(world, url)
        world.save("N-001", {"wind": None}, visit="later")
        second = push(world, url, since=first.number)
        assert second.rows == 1
        held = RedcapProject(url, TOKEN).read(["N-001"], [])
    (later,) = [row for row in held if row["redcap_event_name"] == "later_arm_1"]
    assert (later["wind"], later["wind_st"]) == ("", "left_blank")


def test_a_dry_run_sends_nothing_and_records_nothing(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.REDCAP, tmp_path / "out")
    with fake_redcap(tmp_path / "out") as url:
        told = push(world, url, dry_run=True)
        assert RedcapProject(url, TOKEN).read([], []) == []
    assert "Would send rows: 4" in f"{told}"
    with world.runtime.database.reading() as session:
        assert len(session.execute(select(ExportRun)).all()) == 1


def test_a_push_is_on_record_without_the_token(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.REDCAP, tmp_path / "out")
    with fake_redcap(tmp_path / "out") as url:
        number = push(world, url).number
    with world.runtime.database.reading() as session:
        run = session.execute(select(ExportRun).where(ExportRun.id == number)).scalar_one()
        assert run.format == "redcap-push"
        tags = (
            session.execute(select(AuditEvent.tag).order_by(AuditEvent.seq.desc()).limit(2)).scalars().all()
        )
        assert tags == ["export:take", "export:push"]
        for event in session.execute(select(AuditEvent)).scalars():
            assert TOKEN not in event.changes
    assert TOKEN not in repr(replace(world.runtime.settings, redcap_token=TOKEN))


def test_a_project_without_our_fields_is_told_before_anything_is_sent(
    world: ExportWorld, tmp_path: Path
) -> None:
    world.take(ExportFormat.REDCAP, tmp_path / "out")
    path = tmp_path / "out" / "data_dictionary.csv"
    lines = [
        line for line in path.read_text("utf-8").splitlines(keepends=True) if not line.startswith("wind,")
    ]
    path.write_text("".join(lines), encoding="utf-8")
    with fake_redcap(tmp_path / "out") as url:
        with pytest.raises(RedcapRefused, match=r"The project lacks wind: import data_dictionary\.csv"):
            push(world, url)
        assert RedcapProject(url, TOKEN).read([], []) == []


def test_what_redcap_refuses_is_told_without_the_value(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.REDCAP, tmp_path / "out")
    path = tmp_path / "out" / "data_dictionary.csv"
    path.write_text(path.read_text("utf-8").replace(",notes,", ",text,", 1).replace(
        "clothes_other,walks,,text,Klær - Annet,,,,", "clothes_other,walks,,text,Klær - Annet,,,integer,"
    ), encoding="utf-8")  # fmt: skip
    with fake_redcap(tmp_path / "out") as url, pytest.raises(RedcapRefused) as refused:
        push(world, url)
    assert f"{refused.value}" == "REDCap refused: the values of N-001, clothes_other"


@pytest.mark.parametrize(
    ("url", "token", "told"),
    [
        ("", TOKEN, "BTB_REDCAP_URL must be the API's address"),
        ("https://redcap.example/", TOKEN, "must be the API's address"),
        ("http://redcap.example/api/", TOKEN, "must begin with https://"),
        ("https://redcap.example/api/", "short", "BTB_REDCAP_TOKEN must be the 32"),
        ("http://127.0.0.1:9/api/", TOKEN, "could not be reached"),
    ],
)
def test_a_wrong_setting_is_named(world: ExportWorld, url: str, token: str, told: str) -> None:
    with pytest.raises(RedcapRefused, match=told) as refused:
        push(world, url, token=token)
    assert token not in f"{refused.value}"


def test_a_wrong_token_is_refused_by_redcap(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.REDCAP, tmp_path / "out")
    with (
        fake_redcap(tmp_path / "out", "F" * 32) as url,
        pytest.raises(RedcapRefused, match="permissions") as refused,
    ):
        push(world, url)
    assert TOKEN not in f"{refused.value}"


def test_without_pycap_the_sentence_says_what_to_install(
    world: ExportWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "redcap", None)
    with pytest.raises(CannotBeWritten, match=r"pip install 'btb-pro\[redcap\]'"):
        push(world, "https://redcap.example/api/")


def test_a_push_that_arrives_otherwise_is_told_by_field_and_without_the_value(
    world: ExportWorld, tmp_path: Path
) -> None:
    world.take(ExportFormat.REDCAP, tmp_path / "out")
    with fake_redcap(tmp_path / "out", forget="words_st") as url, pytest.raises(RedcapRefused) as refused:
        push(world, url)
    told = f"{refused.value}"
    assert told.startswith("REDCap holds something else than what was sent in N-001 at start_arm_1: words_st")
    assert "declined" not in told
