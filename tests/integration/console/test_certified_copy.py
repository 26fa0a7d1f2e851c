"""The investigator's copy of a hospital's data: whole, readable without us, and on record."""

import hashlib
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from lxml import etree, html
from sqlalchemy import select

from btb_pro import clock
from btb_pro.exports.proof import ProofBroken, prove
from btb_pro.models.base import AuditEvent, canonical_json
from btb_pro.roles import Role
from tests.integration.console import work
from tests.integration.console.correcting import ITEM, WHY, ask, sent_in
from tests.support.staff import refused_access, signed_in
from tests.support.world import World

COPY = "/console/certified-copy"


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    """Hours and days that do not depend on when the test runs."""
    with clock.at(work.NOON):
        yield


def take(world: World, site: str = "oslo", language: str = "nb") -> ZipFile:
    """Take a copy as the hospital's investigator would; the zip file."""
    browser = signed_in(world, Role.INVESTIGATOR, site, language=language).open(COPY)
    token = next(
        one.get("value") for one in browser.document.iter("input") if one.get("name") == "csrf_token"
    )
    response = browser.client.post(COPY, data={"csrf_token": token, "site": site})
    assert (response.status_code, response.mimetype) == (200, "application/zip")
    assert response.is_streamed
    return ZipFile(BytesIO(response.get_data()))


def text_of(page: etree._Element) -> str:
    """What a person reads on a page."""
    return "".join(str(one) for one in page.itertext())


@pytest.fixture
def corrected(world: World) -> World:
    """Two hospitals with a participant each, one of them corrected."""
    sent_in(world, "A", "oslo")
    sent_in(world, "B", "bergen")
    ask(world)
    browser = signed_in(world, Role.INVESTIGATOR, "oslo", "trondheim").open("/console/corrections/1")
    browser.pick("decision").fill("why", "Agreed with the participant.").press("decision", "accept")
    return world


def test_it_holds_the_own_hospital_with_old_and_new_answers_and_the_trail(corrected: World) -> None:
    archive = take(corrected)
    names = ["index.html", "participants/00001-A.html", "participants/00001-A.json", "SHA256SUMS"]
    assert archive.namelist() == [*names, "manifest.json"]
    content = json.loads(archive.read("participants/00001-A.json"))
    (visit,) = content["visits"]
    answer = next(one for one in visit["answers"] if one["item"] == ITEM)
    assert (answer["value"], answer["in_words"]) == ("4", "4 år")
    assert [(row["value"], row["mode"]) for row in answer["versions"]] == [
        ("14", "own_phone"),
        ("4", "correction"),
    ]
    (correction,) = content["corrections"]
    assert (correction["old"]["value"], correction["new"]["value"]) == ("14", "4")
    assert (correction["status"], correction["why"]) == ("accepted", WHY)
    tags = [event["tag"] for event in content["audit_trail"]]
    assert {"participant:add", "visit:submit", "correction:ask", "correction:accept"} <= set(tags)


def test_every_event_of_the_trail_can_be_proven_with_what_the_copy_holds(corrected: World) -> None:
    content = json.loads(take(corrected).read("participants/00001-A.json"))
    for event in content["audit_trail"]:
        body = {name: value for name, value in event.items() if name != "hash"}
        body["changes"] = canonical_json(body["changes"])
        body["row_changes"] = canonical_json(body["row_changes"])
        assert hashlib.sha256(canonical_json(body).encode()).hexdigest() == event["hash"]


@pytest.mark.parametrize("language", ["nb", "en"])
def test_the_page_says_what_the_json_says_and_needs_nothing_else(corrected: World, language: str) -> None:
    archive = take(corrected, language=language)
    page = html.fromstring(archive.read("participants/00001-A.html"))
    assert page.get("lang") == language
    assert page.xpath("//@src | //link/@href | //script") == []
    words = text_of(page)
    for one in ("14", WHY, "investigator-oslo-trondheim@hospital.example", "correction:accept"):
        assert one in words
    index = html.fromstring(archive.read("index.html"))
    assert index.xpath("//a/@href") == ["participants/00001-A.html", "participants/00001-A.json"]


def test_the_sums_and_the_manifest_prove_it(corrected: World, tmp_path: Path) -> None:
    archive = take(corrected)
    folder = tmp_path / "unpacked"
    archive.extractall(folder)
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    prove(folder)
    (folder / "index.html").write_text("changed")
    with pytest.raises(ProofBroken):
        prove(folder)


def test_taking_one_is_on_record_before_its_first_byte(corrected: World) -> None:
    manifest = json.loads(take(corrected).read("manifest.json"))
    with corrected.reading() as session:
        event = session.execute(select(AuditEvent).where(AuditEvent.tag == "copy:take")).scalar_one()
    assert (event.actor_role, event.seq) == ("investigator", manifest["cutoff"]["seq"])
    assert manifest["created_by"] == event.actor


def test_a_hospital_without_participants_gets_a_copy_that_says_so(world: World) -> None:
    archive = take(world)
    assert archive.namelist() == ["index.html", "SHA256SUMS", "manifest.json"]


def test_text_that_looks_like_a_page_stays_text(world: World) -> None:
    sent_in(world)
    browser = signed_in(world, Role.MONITOR).open(f"/console/participants/A/answers/baseline/{ITEM}")
    browser.fill(ITEM, "4").fill("why", "<script>alert(1)</script>").fill("source", "]]>&amp;").press()
    page = html.fromstring(take(world).read("participants/00001-A.html"))
    assert page.xpath("//script") == []
    assert "<script>alert(1)</script>" in text_of(page)
    assert "]]>&amp;" in text_of(page)


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.DATA_MANAGER, Role.MONITOR, Role.ADMIN])
def test_nobody_else_can_take_one(world: World, role: Role) -> None:
    assert signed_in(world, role).open(COPY).status == 404


def test_another_hospital_is_not_to_be_had(corrected: World) -> None:
    browser = signed_in(corrected, Role.INVESTIGATOR, "oslo").open(COPY)
    token = next(
        one.get("value") for one in browser.document.iter("input") if one.get("name") == "csrf_token"
    )
    assert browser.client.post(COPY, data={"csrf_token": token, "site": "bergen"}).status_code == 404
    assert [told[1:] for told in refused_access(corrected)] == [
        ("console.take_certified_copy", "hospital", "")
    ]
