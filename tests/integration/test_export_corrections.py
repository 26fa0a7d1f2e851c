"""What every format says of a correction, and that an earlier cut-off knows nothing of it."""

import csv
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import odmlib
import openpyxl
import pytest
from lxml import etree
from sqlalchemy import func, select

from btb_pro import clock
from btb_pro.exports.formats import ExportFormat
from btb_pro.models.base import AuditHead
from btb_pro.roles import Role
from btb_pro.services.exporting import ExportOrder, take_export
from tests.integration.console import work
from tests.integration.console.correcting import ITEM, WHY, ask, sent_in
from tests.integration.participant.steps import go_to, session_address
from tests.support.staff import signed_in
from tests.support.world import COMMAND, World

SCHEMA = Path(odmlib.__file__).parent / "schemas" / "odm" / "1.3.2" / "ODM1-3-2.xsd"
NAMESPACES = {"o": "http://www.cdisc.org/ns/odm/v1.3"}
REASONED = 5
"""Parts of an AuditRecord that has a reason, of four otherwise."""
AN_HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    """Hours and days that do not depend on when the test runs."""
    with clock.at(work.NOON):
        yield


@pytest.fixture
def before(world: World) -> int:
    """The last event before somebody asked for the correction, of a participant who sent in."""
    sent_in(world)
    return head(world)


@pytest.fixture
def corrected(world: World, before: int) -> World:
    """Asked for an hour after the answer, accepted two hours after."""
    with clock.at(work.NOON + AN_HOUR):
        ask(world)
    with clock.at(work.NOON + 2 * AN_HOUR):
        browser = signed_in(world, Role.INVESTIGATOR, "oslo").open("/console/corrections/1")
        browser.pick("decision").fill("why", "Agreed with the participant.").press("decision", "accept")
    return world


def head(world: World) -> int:
    """The newest event's number."""
    with world.reading() as session:
        return int(session.execute(select(func.max(AuditHead.seq))).scalar_one())


def take(world: World, out: Path, file_format: ExportFormat = ExportFormat.CSV, **order: Any) -> Path:
    """An export into a folder."""
    with clock.at(work.NOON + 5 * AN_HOUR):
        take_export(world.runtime, COMMAND, file_format, out, ExportOrder(**order))
    return out


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    """A CSV file as another program reads it."""
    with open(folder / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_the_table_tells_old_and_new_who_when_and_why(corrected: World, tmp_path: Path) -> None:
    (row,) = rows(take(corrected, tmp_path / "out"), "corrections.csv")
    assert (row["item"], row["old_value"], row["new_value"], row["status"]) == (ITEM, "14", "4", "accepted")
    assert (row["asked_role"], row["decided_role"]) == ("monitor", "investigator")
    assert (row["reason"], row["why"]) == ("slip", WHY)
    assert row["decided_why"] == "Agreed with the participant."
    assert (row["asked_at"], row["decided_at"]) == ("2026-11-25T12:00:00.000Z", "2026-11-25T13:00:00.000Z")
    assert row["answer_age_s"] == "7200"


def test_the_data_hold_the_new_answer_and_say_that_it_is_a_correction(
    corrected: World, tmp_path: Path
) -> None:
    folder = take(corrected, tmp_path / "out")
    (row,) = [row for row in rows(folder, "long.csv") if row["item"] == ITEM]
    assert (row["value"], row["mode"], row["changes"]) == ("4", "correction", "1")
    assert row["entered_by"] == "investigator-oslo@hospital.example"
    (wide,) = rows(folder, "wide.csv")
    assert wide[ITEM] == "4"
    history = [row for row in rows(folder, "history.csv") if row["item"] == ITEM]
    assert [(row["value"], row["mode"]) for row in history] == [("14", "own_phone"), ("4", "correction")]


def test_scores_that_were_computed_anew_keep_both_versions(world: World, before: int, tmp_path: Path) -> None:
    monitor = signed_in(world, Role.MONITOR).open("/console/participants/A/answers/baseline/hscl_headache")
    monitor.fill("hscl_headache", "2").fill("why", WHY).fill("source", "Telephone note").press()
    browser = signed_in(world, Role.INVESTIGATOR, "oslo").open("/console/corrections/1")
    browser.pick("decision").fill("why", "Agreed with the participant.").press("decision", "accept")
    take(world, tmp_path / "first", until=str(before))
    folder = take(world, tmp_path / "out")
    (now,) = [row for row in rows(folder, "scores.csv") if row["score"] == "hscl_total"]
    earlier, later = (row for row in rows(folder, "score_history.csv") if row["score"] == "hscl_total")
    assert (earlier["n_answered"], later["n_answered"]) == ("0", "1")
    assert now == {name: cell for name, cell in later.items() if name != "seq"}
    assert int(earlier["seq"]) <= before < int(later["seq"])
    new = take(world, tmp_path / "new", since=1)
    assert [row["n_answered"] for row in rows(new, "score_history.csv") if row["score"] == "hscl_total"] == [
        "1"
    ]


@pytest.mark.parametrize("file_format", list(ExportFormat))
def test_up_to_an_earlier_event_nothing_has_changed(
    world: World, before: int, tmp_path: Path, file_format: ExportFormat
) -> None:
    first = take(world, tmp_path / "first", file_format)
    with clock.at(work.NOON + AN_HOUR):
        ask(world)
        browser = signed_in(world, Role.INVESTIGATOR, "oslo").open("/console/corrections/1")
        browser.pick("decision").fill("why", "Agreed with the participant.").press("decision", "accept")
    again = take(world, tmp_path / "again", file_format, until=str(before))
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in again.iterdir())
    for name in names:
        assert (first / name).read_bytes() == (again / name).read_bytes(), name


def test_between_asking_and_deciding_it_is_open(corrected: World, before: int, tmp_path: Path) -> None:
    (row,) = rows(take(corrected, tmp_path / "out", until="2026-11-25T12:30:00Z"), "corrections.csv")
    assert (row["status"], row["decided_at"], row["answer_age_s"]) == ("open", "", "3600")


def test_what_is_new_since_an_export_holds_the_correction(world: World, before: int, tmp_path: Path) -> None:
    take(world, tmp_path / "first")
    with clock.at(work.NOON + AN_HOUR):
        ask(world)
        browser = signed_in(world, Role.INVESTIGATOR, "oslo").open("/console/corrections/1")
        browser.pick("decision").fill("why", "Agreed with the participant.").press("decision", "accept")
    folder = take(world, tmp_path / "new", since=1)
    assert [row["new_value"] for row in rows(folder, "corrections.csv")] == ["4"]
    assert [row["value"] for row in rows(folder, "history.csv")] == ["4"]
    assert [row[ITEM] for row in rows(folder, "wide.csv")] == ["4"]


def test_odm_gives_the_correction_its_reason_and_its_investigator(corrected: World, tmp_path: Path) -> None:
    folder = take(corrected, tmp_path / "out", ExportFormat.ODM_TRANSACTIONAL)
    document = etree.parse(f"{folder / 'odm.xml'}")
    etree.XMLSchema(etree.parse(f"{SCHEMA}")).assertValid(document)
    told = [one for one in document.iterfind(".//o:AuditRecord", NAMESPACES) if len(one) == REASONED]
    reasons = {one.findtext("o:ReasonForChange", "", NAMESPACES) for one in told}
    assert [WHY in reason for reason in reasons] == [True]
    users = {ref.get("UserOID") for one in told for ref in one.iterfind("o:UserRef", NAMESPACES)}
    assert users == {"U.investigator"}
    of_type = document.xpath("//o:User[@OID='U.investigator']/@UserType", namespaces=NAMESPACES)
    assert of_type == ["Investigator"]


def test_fhir_calls_the_response_amended(corrected: World, tmp_path: Path) -> None:
    folder = take(corrected, tmp_path / "out", ExportFormat.FHIR)
    bundle = json.loads((folder / "bundle.json").read_bytes())
    responses = [
        entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "QuestionnaireResponse"
    ]
    statuses = {one["questionnaire"].rpartition("/")[2].partition("|")[0]: one["status"] for one in responses}
    assert sorted(statuses.values()).count("amended") == 1
    assert set(statuses.values()) == {"amended", "completed"}


def test_the_workbook_and_redcaps_folder_have_the_table_too(corrected: World, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(take(corrected, tmp_path / "x", ExportFormat.XLSX) / "export.xlsx")
    assert [cell.value for cell in book["corrections"][2]][4:8] == [ITEM, "14", "answered", "4"]
    redcap = take(corrected, tmp_path / "r", ExportFormat.REDCAP)
    assert [row["new_value"] for row in rows(redcap, "corrections.csv")] == ["4"]
    (record,) = rows(redcap, "records.csv")
    assert (record[ITEM], record["pain_mode"]) == ("4", "own_phone")


def test_a_late_answer_stands_in_a_table_of_its_own(world: World, tmp_path: Path) -> None:
    work.person(world, "A", 5)
    browser = world.browser().open(world.invite("A")).press()
    page = go_to(browser, world, "pain_duration").fill(ITEM, "14")
    here, sent = page.address, page.values
    page.open(f"{session_address(page)}/review").press().send(here, [*sent, ("next", "1")])
    folder = take(world, tmp_path / "out")
    (row,) = rows(folder, "late_saves.csv")
    assert (row["participant"], row["item"], row["value"], row["state"]) == ("A", ITEM, "14", "answered")
    assert [row["state"] for row in rows(folder, "long.csv") if row["item"] == ITEM] == ["not_reached"]


def test_a_request_that_was_refused_stands_in_the_table_with_what_was_asked_for(
    world: World, before: int, tmp_path: Path
) -> None:
    ask(world)
    browser = signed_in(world, Role.INVESTIGATOR, "oslo").open("/console/corrections/1")
    browser.pick("decision").fill("why", "The source does not say so.").press("decision", "refuse")
    folder = take(world, tmp_path / "out")
    (row,) = rows(folder, "corrections.csv")
    assert (row["old_value"], row["new_value"], row["status"]) == ("14", "4", "refused")
    assert row["decided_why"] == "The source does not say so."
    assert [row["value"] for row in rows(folder, "long.csv") if row["item"] == ITEM] == ["14"]
