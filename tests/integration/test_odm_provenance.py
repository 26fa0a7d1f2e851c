"""What a monitor asks of each answer stands in the transactional ODM file, too."""

import csv
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import odmlib
import pytest
from lxml import etree

from btb_pro.exports.formats import ExportFormat
from tests.integration.export_readers import odm_groups
from tests.integration.export_world import ExportWorld, told_world

pytestmark = pytest.mark.usefixtures("engine")

SCHEMA = Path(odmlib.__file__).parent / "schemas" / "odm" / "1.3.2" / "ODM1-3-2.xsd"
ASKED = (
    "instrument_version", "language", "wording_sha256", "mode", "paper_on", "shown_at", "device_at",
    "session",
)  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study with its whole story."""
    with told_world(tmp_path / "instance") as made:
        yield made


def test_each_stored_answer_says_by_which_wording_mode_and_clock_it_came(
    world: ExportWorld, tmp_path: Path
) -> None:
    world.take(ExportFormat.ODM_TRANSACTIONAL, tmp_path / "odm")
    world.take(ExportFormat.CSV, tmp_path / "csv")
    assert etree.XMLSchema(etree.parse(f"{SCHEMA}")).validate(etree.parse(f"{tmp_path / 'odm' / 'odm.xml'}"))
    with open(tmp_path / "csv" / "history.csv", encoding="utf-8", newline="") as file:
        held = {
            (row["participant"], row["visit"], row["item"], row["seq"]): {
                name: row[name] for name in ASKED if row.get(name)
            }
            for row in csv.DictReader(file)
        }
    read = {key: facts for key, facts in _annotated(tmp_path / "odm" / "odm.xml") if key in held}
    assert read == held
    assert any("device_at" in facts and "shown_at" in facts for facts in read.values())


def _annotated(path: Path) -> Iterator[tuple[tuple[str, str, str, str], dict[str, str]]]:
    """By odmlib: participant, visit, item and event of each item, and what its group's annotation says."""
    for subject, event, group in odm_groups(path):
        for note in group.Annotation:
            facts = dict(fact.split("=", 1) for fact in note.Comment._content.split("; "))
            for item in group.ItemData:
                seq = item.AuditRecord.SourceID._content.removeprefix("event ")
                code = item.ItemOID.removeprefix("I.").partition("___")[0]
                yield (subject, event.removeprefix("SE."), code, seq), facts


def test_when_it_was_first_answered_last_changed_and_how_often_follows_from_the_audit_records(
    world: ExportWorld, tmp_path: Path
) -> None:
    world.take(ExportFormat.ODM_TRANSACTIONAL, tmp_path / "odm")
    world.take(ExportFormat.CSV, tmp_path / "csv")
    steps: dict[tuple[str, str, str], list[tuple[str, str | None]]] = {}
    document = etree.parse(f"{tmp_path / 'odm' / 'odm.xml'}")
    ns = {"odm": "http://www.cdisc.org/ns/odm/v1.3"}
    for item in document.iterfind(".//odm:ItemData", ns):
        user = item.find("odm:AuditRecord/odm:UserRef", ns)
        if user is not None and user.get("UserOID") == "U.participant":
            event = item.getparent().getparent().getparent()  # type: ignore[union-attr] # Items lie in groups.
            key = (event.getparent().get("SubjectKey"), event.get("StudyEventOID"), item.get("ItemOID"))  # type: ignore[union-attr]
            at = item.findtext("odm:AuditRecord/odm:DateTimeStamp", "", ns)
            steps.setdefault(key, []).append((at, item.get("Value")))  # type: ignore[arg-type]
    with open(tmp_path / "csv" / "long.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["answered_at"] and "___" not in row["item"]]
    assert len(rows) > 10
    for row in rows:
        of_item = steps[row["participant"], f"SE.{row['visit']}", f"I.{row['item']}"]
        answered = [at for at, value in of_item if value is not None]
        assert row["first_answered_at"] == (answered[0] if answered else "")
        assert row["answered_at"] == row["received_at"] == of_item[-1][0]
        states = steps[row["participant"], f"SE.{row['visit']}", f"I.{row['item']}_st"]
        both = list(zip(of_item, states, strict=True))
        told = [(value, state) for (_, value), (_, state) in both]
        assert row["changes"] == str(sum(one != other for one, other in pairwise(told)))
