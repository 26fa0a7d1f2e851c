"""Tables out: the bytes of the command, for the sites of the key, each taking on record."""

import base64
import csv
import hashlib
import io
import json
import tracemalloc
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from btb_pro.exports.format_names import Table, TableFormat
from btb_pro.models.base import AuditEvent
from btb_pro.models.job import ExportRun
from btb_pro.roles import Scope
from btb_pro.services.exporting import ExportOrder, take_csv_export
from btb_pro.services.table_exports import TableOrder, take_table
from tests.bench.exports import fill
from tests.integration.export_world import make_export_world
from tests.support.engines import EngineName
from tests.support.machine import Machine, machine, make_key, refused
from tests.support.world import COMMAND, World


@pytest.fixture
def answered(world: World) -> World:
    """A first page answered at each of two sites."""
    for number, site in (("BTB-001", "oslo"), ("BTB-002", "bergen")):
        world.add(number, site)
        browser = world.started(world.invite(number)).press()
        name = browser.names()[0]
        browser.fill(name, browser.inputs(name)[0].get("value") or "40").press()
        assert browser.status == 200
    return world


def digest(response: TestResponse) -> str:
    """What the header says of the bytes."""
    value = response.headers["Repr-Digest"]
    assert value.startswith("sha-256=:")
    return base64.b64decode(value.removeprefix("sha-256=:").removesuffix(":")).hex()


def test_csv_is_byte_for_byte_the_file_of_the_command(answered: World, tmp_path: Path) -> None:
    program = machine(answered, Scope.EXPORT)
    take_csv_export(answered.runtime, COMMAND, tmp_path / "out")
    for table in Table:
        response = program.get(f"/exports/{table}")
        assert response.data == (tmp_path / "out" / f"{table}.csv").read_bytes()
        assert response.mimetype == "text/csv"
        assert digest(response) == hashlib.sha256(response.data).hexdigest()
        assert int(response.headers["Content-Length"]) == len(response.data)
        assert f'filename="{table}.csv"' in response.headers["Content-Disposition"]


def test_ndjson_holds_the_same_cells(answered: World) -> None:
    program = machine(answered, Scope.EXPORT)
    for table in Table:
        rows = list(csv.DictReader(io.StringIO(program.get(f"/exports/{table}").text, newline="")))
        response = program.get(f"/exports/{table}?format=ndjson")
        assert [json.loads(line) for line in response.text.splitlines()] == rows
        assert int(response.headers["Btb-Rows"]) == len(rows)


def test_every_table_is_offered_that_the_command_writes(answered: World, tmp_path: Path) -> None:
    take_csv_export(answered.runtime, COMMAND, tmp_path / "out")
    assert {path.stem for path in (tmp_path / "out").glob("*.csv")} == set(Table)


def test_the_manifest_has_the_hash_that_came_with_the_table(answered: World) -> None:
    program = machine(answered, Scope.EXPORT)
    taken = program.get("/exports/long?format=ndjson&visit=baseline")
    answered.add("BTB-009")
    query = f"format=ndjson&visit=baseline&until={taken.headers['Btb-Cutoff-Seq']}"
    manifest = program.get(f"/exports/long/manifest?{query}")
    assert hashlib.sha256(manifest.data).hexdigest() == taken.headers["Btb-Manifest-Sha256"]
    told = manifest.get_json()["files"]["long.ndjson"]
    assert told == {"rows": int(taken.headers["Btb-Rows"]), "sha256": digest(taken)}


def test_the_same_cut_off_gives_the_same_bytes(answered: World) -> None:
    program = machine(answered, Scope.EXPORT)
    first = program.get("/exports/history")
    answered.add("BTB-003")
    answered.started(answered.invite("BTB-003"))
    again = machine(answered, Scope.EXPORT).get(f"/exports/history?until={first.headers['Btb-Cutoff-Seq']}")
    assert again.data == first.data
    assert again.headers["Btb-Manifest-Sha256"] == first.headers["Btb-Manifest-Sha256"]


def test_a_key_of_one_site_gets_that_site_alone(answered: World) -> None:
    oslo = machine(answered, Scope.EXPORT, site="oslo")
    for table in ("wide", "long", "history"):
        text = oslo.get(f"/exports/{table}").text
        assert "BTB-001" in text
        assert "BTB-002" not in text
    assert "oslo" in refused(oslo.get("/exports/wide?site=bergen"), 403, "other_site")
    assert "oslo" in refused(oslo.get("/exports/wide?site=oslo&site=bergen"), 403, "other_site")
    everybody = machine(answered, Scope.EXPORT).get("/exports/wide?site=oslo&site=bergen").text
    assert "BTB-001" in everybody
    assert "BTB-002" in everybody


def test_who_took_what_is_on_record(answered: World) -> None:
    program = Machine(answered.app.test_client(), make_key(answered, Scope.EXPORT, name="trial database"))
    taken = program.get("/exports/wide?visit=baseline")
    program.get("/exports/wide/manifest")
    with answered.reading() as session:
        run = session.execute(select(ExportRun)).scalar_one()
        event = session.execute(select(AuditEvent).where(AuditEvent.tag == "export:take")).scalar_one()
        assert (run.format, run.taken_by) == ("csv/wide", "api key trial database")
        assert f"{run.id}" == taken.headers["Btb-Export"]
        assert run.manifest_sha256 == taken.headers["Btb-Manifest-Sha256"]
        assert (event.actor, event.seq) == (run.taken_by, run.event_seq)


def test_only_what_is_new_comes_with_since(answered: World) -> None:
    program = machine(answered, Scope.EXPORT)
    first = program.get("/exports/history").headers["Btb-Export"]
    assert program.get(f"/exports/history?since={first}").headers["Btb-Rows"] == "0"
    other = machine(answered, Scope.EXPORT, site="oslo")
    assert "other visits, sites" in refused(
        other.get(f"/exports/history?since={first}"), 422, "export_refused"
    )


@pytest.mark.parametrize(
    "query",
    [
        "until=0", "until=999999", "until=9999999999999999999999", "until=yesterday",
        "until=2099-01-01T00:00:00Z",
        "until=%00", "visit=day15", "site=atlantis", "since=2147483647", "until=0001-01-01T00:00:00%2B23:59",
    ],
)  # fmt: skip
def test_an_export_that_cannot_be_is_refused_and_leaves_no_record(world: World, query: str) -> None:
    world.add()
    refused(machine(world, Scope.EXPORT).get(f"/exports/long?{query}"), 422, "export_refused")
    with world.reading() as session:
        assert session.execute(select(ExportRun)).first() is None


@pytest.mark.parametrize(
    "query", ["format=xml", "since=0", "since=x", "since=99999999999", "submitted_only=maybe", "limit=1",
              "format=csv&format=csv", f"until={'1' * 41}", "visit=a%00b", "site=%0a"],
)  # fmt: skip
def test_a_query_that_does_not_fit_is_refused(world: World, query: str) -> None:
    refused(machine(world, Scope.EXPORT).get(f"/exports/long?{query}"), 400, "query_wrong")


def test_there_is_no_other_table_and_no_head_of_one(world: World) -> None:
    program = machine(world, Scope.EXPORT)
    assert "history" in refused(program.get("/exports/contacts"), 404, "not_found")
    response = program.client.head("/api/v1/exports/long", headers={"Authorization": f"Bearer {program.key}"})
    assert response.status_code == 405


def test_memory_stays_the_same_whatever_the_size(tmp_path: Path) -> None:
    sizes, peaks = [], []
    for answers in (1_000, 15_000):
        world = make_export_world(tmp_path / f"{answers}", None, engine=EngineName.SQLITE)
        fill(world, answers)
        tracemalloc.start()
        taken = take_table(world.runtime, COMMAND, TableOrder(Table.LONG, TableFormat.NDJSON, ExportOrder()))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        sizes.append(taken.written.size)
        taken.file.close()
        world.close()
    assert sizes[1] > 10 * sizes[0]
    assert peaks[1] < peaks[0] + 4_000_000
