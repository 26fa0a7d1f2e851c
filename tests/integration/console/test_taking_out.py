"""The data manager takes out data, comes back for the file, and takes the same again."""

import io
import json
import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from btb_pro.exports.formats import ExportFormat
from btb_pro.exports.names import Target
from btb_pro.models.base import AuditEvent
from btb_pro.models.job import Job
from btb_pro.roles import Role
from btb_pro.services.audit import Tag
from btb_pro.services.bundling import take_bundle
from btb_pro.services.export_history import find_export
from btb_pro.services.exporting import ExportOrder, take_export
from btb_pro.services.job_work import work_on_next
from btb_pro.services.mappings import make_template
from tests.support.answered import answered_world
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import refused_access, signed_in
from tests.support.world import COMMAND, World


@pytest.fixture
def manager(world: World) -> PlainBrowser:
    answered_world(world, 2)
    return signed_in(world, Role.DATA_MANAGER, language="en")


def looked_at(manager: PlainBrowser, **chosen: str) -> PlainBrowser:
    manager.open("/console/exports/new").pick("order")
    for name, value in chosen.items():
        manager.fill(name, value)
    return manager.press()


def made(world: World, manager: PlainBrowser, **chosen: str) -> PlainBrowser:
    looked_at(manager, **chosen).pick("take").press()
    work_on_next(world.runtime, "one")
    return manager.open(manager.address)


def tags(world: World) -> list[str]:
    with world.reading() as session:
        return list(session.execute(select(AuditEvent.tag).order_by(AuditEvent.seq)).scalars())


def test_nothing_is_made_before_the_first_rows_were_looked_at(world: World, manager: PlainBrowser) -> None:
    looked_at(manager, format="redcap")
    assert manager.page == "console-export-preview"
    assert "A-000" in manager.text
    assert re.search(r"Visits with answers\s*3\b", manager.text)
    with world.reading() as session:
        assert session.query(Job).count() == 0
    assert tags(world)[-1] == Tag.EXPORT_PREVIEW


def test_a_file_is_asked_for_left_and_fetched_later(world: World, manager: PlainBrowser) -> None:
    looked_at(manager, format="csv").pick("take").press()
    assert (manager.page, manager.status) == ("console-job", 200)
    assert "Waiting" in manager.text
    manager.open("/console/exports")
    assert "Under way" in manager.text
    work_on_next(world.runtime, "one")
    manager.open("/console/jobs/1")
    assert "Ready" in manager.text
    with ZipFile(io.BytesIO(fetched(manager, 1))) as archive:
        assert "wide.csv" in archive.namelist()
        assert b"kari.nordmann" not in b"".join(archive.read(name) for name in archive.namelist())
    assert tags(world)[-1] == Tag.EXPORT_FETCH


def token(browser: PlainBrowser) -> dict[str, str]:
    found = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', browser.html)
    return {"csrf_token": found[-1]}


def fetched(browser: PlainBrowser, number: int) -> bytes:
    with browser.client.post(f"/console/jobs/{number}/file", data=token(browser)) as response:
        assert response.status_code == 200
        assert response.headers["Content-Disposition"].startswith("attachment; filename=backtobasic-")
        return bytes(response.data)


def test_the_same_again_is_the_same_and_says_so(world: World, manager: PlainBrowser) -> None:
    made(world, manager, format="xlsx", language="nb")
    first = fetched(manager, 1)
    world.add("LATER")
    manager.open("/console/exports/1")
    manager.send("/console/exports/1/again", token(manager).items())
    work_on_next(world.runtime, "two")
    manager.open("/console/jobs/2")
    assert "The same as export 1, byte by byte." in manager.text
    assert fetched(manager, 2) == first


def test_an_export_of_the_command_line_is_in_the_history_and_can_be_taken_again(
    world: World, manager: PlainBrowser, tmp_path: Path
) -> None:
    order = ExportOrder(sites=("oslo",), language="nb", submitted_only=True)
    taken = take_export(world.runtime, COMMAND, ExportFormat.CSV, tmp_path / "out", order)
    bundle = take_bundle(world.runtime, COMMAND, tmp_path / "b.zip", ExportOrder(), [ExportFormat.ODM])
    mapping = make_template(world.runtime, Target.CSV).encode()
    mapped = take_export(
        world.runtime, COMMAND, ExportFormat.CSV, tmp_path / "mapped", ExportOrder(mapping=mapping)
    )
    manager.open("/console/exports")
    assert "tester" in manager.text
    for one in (taken, bundle):
        manager.open(f"/console/exports/{one.number}")
        assert one.manifest_sha256 in manager.text
        manager.send(f"/console/exports/{one.number}/again", token(manager).items())
        work_on_next(world.runtime, "one")
        assert f"The same as export {one.number}, byte by byte." in manager.open(manager.address).text
    manager.open(f"/console/exports/{mapped.number}")
    assert "only the one who took it has" in manager.text
    assert (
        manager.client.post(f"/console/exports/{mapped.number}/again", data=token(manager)).status_code == 404
    )


def test_a_cut_off_in_the_future_gets_a_sentence(manager: PlainBrowser) -> None:
    looked_at(manager, until="2999-01-01 10:00")
    assert manager.status == 422
    assert "This lies in the future." in manager.text
    assert "Write a day and a time" in looked_at(manager, until="tomorrow").text
    assert "Nothing was recorded before that." in looked_at(manager, until="1999-01-01 10:00").text


def test_a_mapping_file_is_checked_before_anything_is_made_and_can_be_chosen_again(
    world: World, manager: PlainBrowser
) -> None:
    def send(text: str, by: PlainBrowser = manager) -> PlainBrowser:
        by.open("/console/exports/new")
        content = (io.BytesIO(text.encode()), "ours.toml")
        data = {**token(by), "format": "redcap", "mapping": content, "known_mapping": "", "language": ""}
        response = by.client.post("/console/exports/new", data=data)
        by._take(response, "/console/exports/new")
        return by

    norwegian = signed_in(world, Role.DATA_MANAGER, "oslo", language="nb")
    told = send('target = "redcap"\n[variables]\nnone = "x"\nrain\n', norwegian).text
    assert "Se på linje 4" in told
    told = send('target = "redcap"\n[variables]\nnone = "x"\n', norwegian).text
    assert "Linje 3: Studien har ingen kode none" in told
    told = send('target = "redcap"\n[variables]\npain_now = "Ø"\n', norwegian).text
    assert "Linje 3: pain_now heter «Ø»" in told
    assert "is no name" not in told
    assert norwegian.status == 422
    sound = send(
        make_template(world.runtime, Target.REDCAP).replace(
            'participant = "record_id"', 'participant = "pid"'
        )
    )
    assert "pid" in sound.text
    sound.pick("take").press()
    work_on_next(world.runtime, "one")
    manager.open("/console/exports/new")
    assert "ours.toml" in manager.text
    with world.reading() as session:
        taken = find_export(session, 1)
    assert taken is not None
    assert taken.options["mapping_sha256"]


def test_one_of_one_hospital_gets_that_hospital_alone(world: World, manager: PlainBrowser) -> None:
    made(world, manager)
    own = signed_in(world, Role.DATA_MANAGER, "oslo", language="en")
    assert own.open("/console/jobs/1").status == 404
    looked_at(own)
    assert "A-000" in own.text
    assert "A-001" not in own.text
    own.pick("take").press()
    work_on_next(world.runtime, "one")
    with world.reading() as session:
        assert json.loads(session.get_one(Job, 2).asked)["sites"] == ["oslo"]
    assert own.open("/console/jobs/2").status == 200
    assert own.open("/console/exports/1").status == 200
    assert "Fetch the file" not in own.text
    assert own.client.post("/console/exports/1/again", data=token(own)).status_code == 404
    assert [told[1:] for told in refused_access(world)] == [
        ("console.job", "hospital", ""),
        ("console.take_again", "hospital", ""),
    ]


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.INVESTIGATOR, Role.MONITOR, Role.ADMIN])
def test_nobody_else_sees_or_fetches_the_file(world: World, manager: PlainBrowser, role: Role) -> None:
    made(world, manager)
    other = signed_in(world, role, language="en")
    assert other.open("/console/jobs/1").status == 404
    assert other.open("/console/exports/new").status == 404
    assert other.client.post("/console/jobs/1/file", data=token(manager)).status_code == 404
    assert other.open("/console/exports").status == (200 if role is Role.MONITOR else 404)


def test_a_stale_page_makes_nothing_and_keeps_what_was_chosen(world: World, manager: PlainBrowser) -> None:
    looked_at(manager, format="spss").pick("take").fill("csrf_token", "stale").press()
    assert manager.page == "console-export-preview"
    assert "Nothing was saved yet" in manager.text
    with world.reading() as session:
        assert session.query(Job).count() == 0
    manager.pick("take").press()
    assert manager.page == "console-job"


def test_what_is_not_wanted_any_more_is_given_up(world: World, manager: PlainBrowser) -> None:
    looked_at(manager).pick("take").press()
    manager.send("/console/jobs/1/stop", token(manager).items())
    assert "Given up" in manager.text
    assert work_on_next(world.runtime, "one") is None


def test_a_changed_file_is_not_handed_out(world: World, manager: PlainBrowser) -> None:
    made(world, manager)
    (path,) = (world.folder / "files").rglob("*.zip")
    path.write_bytes(path.read_bytes()[:-1])
    assert manager.client.post("/console/jobs/1/file", data=token(manager)).status_code == 404
