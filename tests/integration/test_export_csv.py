"""The files that a data manager gets: what stands in them, in which order, and what never does."""

import csv
import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro.models.base import AuditEvent
from btb_pro.models.participant import Contact, Visit
from btb_pro.models.response import Answer, ParticipantSession
from tests.integration.export_readers import TABLES
from tests.integration.export_world import (
    EMAIL,
    MADE_UP_STUDY,
    PHONE,
    ExportWorld,
    make_export_world,
    tell_story,
    tell_story_once,
)
from tests.support.engines import EngineName


@pytest.fixture
def world(tmp_path: Path, engine: EngineName) -> Iterator[ExportWorld]:
    """The made-up study, before anybody takes part."""
    made = make_export_world(tmp_path / "instance", engine=engine)
    yield made
    made.close()


@pytest.fixture
def out(world: ExportWorld, tmp_path: Path) -> Path:
    """An export of the whole story."""
    tell_story_once(world)
    world.export(tmp_path / "out")
    return tmp_path / "out"


def read(path: Path) -> list[dict[str, str]]:
    """A CSV file as another program reads it."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def long_row(folder: Path, participant: str, item: str, visit: str = "start") -> dict[str, str]:
    """The one row of an item."""
    key = (participant, visit, item)
    (row,) = [
        row for row in read(folder / "long.csv") if (row["participant"], row["visit"], row["item"]) == key
    ]
    return row


@pytest.mark.parametrize("name", TABLES)
def test_the_made_up_study_gives_these_very_bytes(out: Path, name: str) -> None:
    assert (out / name).read_bytes() == (MADE_UP_STUDY / name).read_bytes()


def test_the_long_table_has_the_columns_that_were_promised(out: Path) -> None:
    header = (out / "long.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == (
        "participant,site,visit,instrument,instrument_version,wording_sha256,item,value,state,language,mode,"
        "first_answered_at,answered_at,answered_at_local,received_at,changes,shown_at,device_at,device_offset,"
        "entered_by,paper_on"
    )


def test_a_blank_item_is_never_exported_as_zero(out: Path) -> None:
    wide = {(row["participant"], row["visit"]): row for row in read(out / "wide.csv")}
    assert wide["N-001", "start"]["wind"] == "0"
    assert wide["N-002", "start"]["wind"] == "-9"
    assert wide["S-001", "start"]["wind"] == "-7"


def test_every_way_of_missing_keeps_its_own_code(out: Path) -> None:
    wide = {(row["participant"], row["visit"]): row for row in read(out / "wide.csv")}
    assert wide["N-002", "start"]["wind"] == "-9"
    assert wide["N-001", "start"]["words"] == "-8"
    assert wide["N-001", "start"]["since_months"] == "-7"
    assert wide["N-001", "start"]["dog_walks"] == "-6"
    # Cleared, so each of its choices is left blank, none is "not chosen".
    assert {wide["N-002", "start"][f"clothes___{code}"] for code in ("coat", "boots", "other")} == {"-9"}


def test_what_a_visit_does_not_ask_is_empty(out: Path) -> None:
    (later,) = [row for row in read(out / "wide.csv") if row["visit"] == "later"]
    assert (later["rain"], later["mood"], later["words"], later["weather_mean"]) == ("0", "", "", "")
    items = [row["item"] for row in read(out / "long.csv") if row["visit"] == "later"]
    assert items == ["rain", "rain_days", "wind"]


def test_a_score_that_is_not_computed_is_empty_and_its_reason_is_told(out: Path) -> None:
    (wide,) = [row for row in read(out / "wide.csv") if row["participant"] == "S-001"]
    assert (wide["weather_mean"], wide["weather_mean_n"]) == ("", "0")
    reasons = [row["reason"] for row in read(out / "scores.csv") if row["participant"] == "S-001"]
    assert reasons == [
        "not computed: 3 of 3 missing (2 of 3 needed)",
        "not computed: 2 of 2 missing (2 of 2 needed)",
    ]


def test_only_what_was_sent_in_has_scores(out: Path) -> None:
    assert {row["participant"] for row in read(out / "scores.csv")} == {"N-001", "S-001"}
    (started,) = [row for row in read(out / "wide.csv") if row["visit"] == "later"]
    assert (started["sky_sum"], started["sky_sum_n"]) == ("", "")


def test_each_visit_tells_how_far_it_came(out: Path) -> None:
    states = [(row["participant"], row["visit"], row["status"]) for row in read(out / "wide.csv")]
    assert states == [
        ("N-001", "start", "submitted"),
        ("N-001", "later", "started"),
        ("N-002", "start", "expired"),
        ("S-001", "start", "submitted"),
    ]


def test_somebody_who_never_answered_is_among_the_visits_and_in_no_other_file(out: Path) -> None:
    states = {row["visit"]: row["state"] for row in read(out / "visits.csv") if row["participant"] == "S-002"}
    assert states == {"screening": "no_questions", "start": "expired", "later": "no_link"}
    for name in TABLES[1:]:
        assert "S-002" not in (out / name).read_text(encoding="utf-8")


def test_a_changed_answer_keeps_its_first_time_and_tells_how_often_it_changed(out: Path) -> None:
    rain = long_row(out, "N-001", "rain")
    assert (rain["value"], rain["changes"]) == ("1", "1")
    assert rain["first_answered_at"] == "2026-03-27T10:00:06.000Z"
    assert rain["answered_at"] == rain["received_at"] == "2026-03-27T10:00:07.000Z"
    assert rain["answered_at_local"] == "2026-03-27T11:00:07.000+01:00"
    assert (rain["device_at"], rain["device_offset"]) == ("2026-03-27T11:00:12+01:00", "+01:00")


def test_local_time_follows_the_change_to_summer_time(out: Path) -> None:
    assert long_row(out, "N-001", "rain", "later")["answered_at_local"] == "2026-04-01T11:00:02.000+02:00"


def test_an_answer_given_again_by_a_later_session_is_no_change(out: Path) -> None:
    wind = long_row(out, "N-001", "wind")
    assert (wind["value"], wind["changes"], wind["language"]) == ("0", "0", "en")
    rows = [row for row in read(out / "history.csv") if row["item"] == "wind" and row["visit"] == "start"]
    assert [row["session"] for row in rows if row["participant"] == "N-001"] == ["1", "2"]


def test_each_answer_names_the_wording_that_was_on_the_screen(out: Path) -> None:
    manifest = json.loads((out / "manifest.json").read_bytes())
    wording = manifest["instruments"]["walks"]["wording_sha256"]
    assert long_row(out, "N-001", "clothes_other")["wording_sha256"] == wording["nb"]
    assert long_row(out, "N-001", "dog")["wording_sha256"] == wording["en"]
    assert long_row(out, "N-001", "since_months")["wording_sha256"] == ""


def test_the_history_holds_every_row_that_is_stored(out: Path, world: ExportWorld) -> None:
    with world.runtime.database.reading() as session:
        stored = session.execute(
            select(Answer.event_seq, Answer.item, Answer.value).order_by(Answer.event_seq, Answer.id)
        ).all()
    rows = [(int(row["seq"]), row["item"], row["value"] or None) for row in read(out / "history.csv")]
    assert rows == [tuple(row) for row in stored]


def test_no_file_tells_who_somebody_is_or_opens_anything(out: Path, world: ExportWorld) -> None:
    with world.runtime.database.reading() as session:
        secrets = {EMAIL, PHONE, PHONE.replace(" ", ""), *world.public_ids}
        secrets |= {part for pair in world.started.values() for part in pair}
        secrets |= {
            key for row in session.execute(select(Answer.client_key, Answer.salt)) for key in row if key
        }
        secrets |= set(session.execute(select(Contact.salt)).scalars())
        secrets |= set(session.execute(select(ParticipantSession.secret_sha256)).scalars())
        secrets |= {code for code in session.execute(select(Visit.receipt_code)).scalars() if code}
    assert len(secrets) > 20
    for path in out.iterdir():
        text = path.read_text(encoding="utf-8")
        assert [secret for secret in secrets if secret in text] == []


def test_the_manifest_proves_every_file_and_nothing_else(out: Path, world: ExportWorld) -> None:
    content = (out / "manifest.json").read_bytes()
    manifest = json.loads(content)
    assert content == (json.dumps(manifest, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()
    assert sorted(manifest) == [
        "app_version", "codebook", "cutoff", "files", "filters", "format", "instruments", "labels",
        "mapping_sha256", "sha256_of_the_rest", "since", "study",
    ]  # fmt: skip
    assert sorted(manifest["files"]) == sorted([*TABLES, "read_in.R"])
    assert {path.name for path in out.iterdir()} == {*TABLES, "read_in.R", "manifest.json"}
    for name in TABLES:
        told = manifest["files"][name]
        assert told == {
            "rows": len(read(out / name)),
            "sha256": sha256((out / name).read_bytes()).hexdigest(),
        }
    study = world.runtime.study
    assert manifest["study"] == {"code": "outside", "version": "7", "sha256": study.sha256}
    assert manifest["app_version"] == version("btb-pro")
    assert manifest["filters"] == {"visits": [], "sites": [], "submitted_only": False}


def test_the_manifest_names_the_event_that_it_reads_up_to(out: Path, world: ExportWorld) -> None:
    cutoff = json.loads((out / "manifest.json").read_bytes())["cutoff"]
    with world.runtime.database.reading() as session:
        event = session.execute(select(AuditEvent).where(AuditEvent.seq == cutoff["seq"])).scalar_one()
        tags = session.execute(
            select(AuditEvent.tag).where(AuditEvent.seq > cutoff["seq"]).order_by(AuditEvent.seq)
        ).scalars()
        assert (event.tag, event.hash) == ("answer:save", cutoff["hash"])
        assert list(tags) == ["export:take"]
    assert cutoff["at"] == "2026-04-01T09:00:02.000Z"


def test_lines_end_with_lf_and_no_mark_stands_before_the_first(out: Path) -> None:
    for path in out.iterdir():
        content = path.read_bytes()
        assert not content.startswith(b"\xef\xbb\xbf")
        assert b"\r" not in content
        assert content.endswith(b"\n")


def test_visits_and_sites_can_be_chosen(world: ExportWorld, tmp_path: Path) -> None:
    tell_story(world)
    world.export(tmp_path / "south", sites=("south",))
    world.export(tmp_path / "later", visits=("later",))
    world.export(tmp_path / "sent", submitted_only=True)
    for name in ("wide.csv", "long.csv"):
        assert {row["participant"] for row in read(tmp_path / "south" / name)} == {"S-001"}
        assert {row["visit"] for row in read(tmp_path / "later" / name)} == {"later"}
        sent = {(row["participant"], row["visit"]) for row in read(tmp_path / "sent" / name)}
        assert sent == {("N-001", "start"), ("S-001", "start")}
    assert read(tmp_path / "south" / "history.csv") == []
    assert {row["visit"] for row in read(tmp_path / "later" / "history.csv")} == {"later"}
    assert {row["participant"] for row in read(tmp_path / "sent" / "history.csv")} == {"N-001"}
    manifest = json.loads((tmp_path / "south" / "manifest.json").read_bytes())
    assert manifest["filters"] == {"visits": [], "sites": ["south"], "submitted_only": False}


def test_participants_come_in_the_order_of_their_study_numbers(world: ExportWorld, tmp_path: Path) -> None:
    # More than are read together, added in another order.
    numbers = [f"P-{number}" for number in range(1, 46)]
    for number in reversed(numbers):
        world.add(number)
        world.start(number)
        world.save(number, {"rain": "0"})
    world.export(tmp_path / "out")
    assert [row["participant"] for row in read(tmp_path / "out" / "wide.csv")] == sorted(numbers)
    long = list(dict.fromkeys(row["participant"] for row in read(tmp_path / "out" / "long.csv")))
    assert long == sorted(numbers)


def test_an_empty_study_gives_files_with_a_header_alone(world: ExportWorld, tmp_path: Path) -> None:
    summary = world.export(tmp_path / "out")
    assert summary.rows["wide.csv"] == summary.rows["long.csv"] == summary.rows["history.csv"] == 0
    assert (tmp_path / "out" / "wide.csv").read_text(encoding="utf-8").startswith("participant,site,visit,")


def test_what_was_answered_before_an_amendment_is_not_lost(world: ExportWorld, tmp_path: Path) -> None:
    world.add("N-001")
    world.start("N-001")
    world.save("N-001", {"rain": "0", "mood": "2"})
    world.save("N-001", {"words": "kept"}, instrument="walks")
    world.start("N-001", "later")
    world.save("N-001", {"wind": "1"}, visit="later")
    amended = tmp_path / "amended"
    shutil.copytree(MADE_UP_STUDY, amended)
    study = (amended / "study.toml").read_text(encoding="utf-8")
    study = study.replace('["weather", "walks"]', '["weather/sky"]').replace(
        'code = "later"', 'code = "afterwards"'
    )
    (amended / "study.toml").write_text(study, encoding="utf-8")
    after = make_export_world(
        tmp_path / "instance", amended, database_url=world.runtime.settings.database_url
    )
    after.go_to(world.now.isoformat())
    after.export(tmp_path / "out")
    after.close()
    start, later = read(tmp_path / "out" / "wide.csv")
    # Asked no more, answered all the same: by a section, and by a visit, which comes last.
    assert (start["visit"], start["rain"], start["wind"], start["mood"]) == ("start", "0", "-7", "2")
    assert (later["visit"], later["rain"], later["wind"], later["mood"]) == ("later", "", "1", "")
    # An instrument of no visit has no column any more; the history has every answer.
    assert "words" not in start
    assert [row["value"] for row in read(tmp_path / "out" / "history.csv")] == ["0", "2", "kept", "1"]
