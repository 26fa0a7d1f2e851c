"""A database that is found damaged: nothing is written, what was typed is kept, and mending it is enough."""

import json
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import text

from btb_pro.config import add_settings
from btb_pro.damage import NOTE_FILE, DamageKind, DamageNote, DatabaseDamaged, is_damage
from btb_pro.services.backup_files import new_backup_key
from btb_pro.services.inspection import inspect, inspect_when_due
from tests.integration.cli.shell import done, run_in
from tests.integration.participant.steps import dump, fill_in, go_to, values
from tests.support.behind import change, guards_off
from tests.support.engines import EngineName
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World

ON_SQLITE = pytest.mark.parametrize("engine", [EngineName.SQLITE], indirect=True)


@pytest.fixture
def page(world: World) -> PlainBrowser:
    """A page with an answer on it, not sent yet."""
    world.add(language="nb")
    page = go_to(world.started(world.invite()), world, "pain_worse")
    return fill_in(page, {"pain_duration_years": "5"})


def _note(world: World) -> DamageNote:
    note = world.runtime.database.note
    assert note is not None
    return note


def _flip_bytes(path: Path) -> None:
    """Every page of the last quarter begins with other bytes."""
    connection = sqlite.connect(str(path))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(path.read_bytes())
    pages = len(content) // 4096
    for number in range(pages * 3 // 4, pages):
        content[number * 4096 : number * 4096 + 64] = bytes(range(64))
    path.write_bytes(content)


def test_nothing_is_written_while_the_note_lies_and_the_page_keeps_what_was_typed(
    world: World, page: PlainBrowser
) -> None:
    before = dump(world)
    _note(world).write(DamageKind.TRAIL, "Event 3 was changed after it was written.")
    sent = [*page.values, ("next", "1")]
    page.press()
    assert (page.status, page.page, page.document.get("lang")) == (503, "step", "nb")
    assert page.values == sent
    assert "ikke lagre svar akkurat nå" in page.html
    assert "Event 3" not in page.html
    with pytest.raises(DatabaseDamaged, match="btb-pro restore"), world.runtime.database.writing():
        pass
    assert dump(world) == before
    _note(world).lift()
    page.press()
    assert (page.status, page.page) == (200, "items")
    assert values(world)["pain_duration_years"] == "5"
    assert "akkurat nå" not in page.html


def test_a_move_stops_the_old_database_alone_until_somebody_goes_on_with_it(tmp_path: Path) -> None:
    old, same = "postgresql://kari:secret@db/btb", "postgresql+psycopg://kari@db/btb"
    assert DamageNote(tmp_path, old).write(DamageKind.MOVED, "x")
    assert "secret" not in (tmp_path / NOTE_FILE).read_text(encoding="utf-8")
    new = DamageNote(tmp_path, "postgresql://kari@db/new")
    assert new.read() is None
    assert not new.lift()
    moved = DamageNote(tmp_path, same).read()
    assert moved is not None
    assert moved.kind is DamageKind.MOVED
    assert new.write(DamageKind.TRAIL, "damage of the new one is noted all the same")
    assert new.read() is not None


def test_a_file_is_the_same_database_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    DamageNote(tmp_path, "sqlite:///btb.db").write(DamageKind.MOVED, "x")
    assert DamageNote(tmp_path, f"sqlite:///{tmp_path / 'btb.db'}").read() is not None


def test_pages_can_be_read_and_say_at_their_top_that_nothing_can_be_saved(
    world: World, page: PlainBrowser
) -> None:
    link = world.invite()
    _note(world).write(DamageKind.TRAIL, "x")
    for address in (page.address, link):
        shown = world.browser().open(address) if address == link else page.open(address)
        assert shown.status == 200
        assert "test-banner" in shown.html
    assert "ikke lagre svar akkurat nå" in page.html


def test_a_tap_is_told_that_it_was_not_saved(world: World, page: PlainBrowser) -> None:
    _note(world).write(DamageKind.PAGES, "x")
    address = page.address.replace("/page/", "/tap/")
    assert page.client.post(address, data=dict(page.values)).status_code == 503


@pytest.mark.spoilt
def test_a_changed_row_is_found_at_the_daily_look_and_stops_all_processes(
    world: World, page: PlainBrowser, tmp_path: Path
) -> None:
    page.press()
    guards_before = inspect(world.runtime, whole=True)
    assert guards_before is None
    trigger = "answer_no_update" if world.runtime.database.engine.name == "sqlite" else "answer_no_change"
    table = "" if world.runtime.database.engine.name == "sqlite" else " ON answer"
    with world.runtime.database.engine.begin() as connection:
        made = _made(connection, trigger)
        connection.execute(text(f"DROP TRIGGER {trigger}{table}"))
        connection.execute(text("UPDATE answer SET value = '6' WHERE item = 'pain_duration_years'"))
        connection.execute(text(made))
    # It was looked at a moment ago.
    assert inspect_when_due(world.runtime) is None
    (world.folder / "inspected.json").unlink()
    damage = inspect_when_due(world.runtime)
    assert damage is not None
    assert (damage.kind, "value is not what event" in damage.detail) == (DamageKind.TRAIL, True)
    # Another process looks at the same note.
    assert DamageNote(world.folder).read() == damage
    assert page.press().status == 503


def _made(connection: object, trigger: str) -> str:
    """The statement that makes a trigger as it is."""
    dialect = connection.dialect.name  # type: ignore[attr-defined]  # SQLAlchemy's, of either engine
    query = (
        f"SELECT sql FROM sqlite_master WHERE name = '{trigger}'"
        if dialect == "sqlite"
        else f"SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = '{trigger}'"
    )
    return str(connection.execute(text(query)).scalar_one())  # type: ignore[attr-defined]


@pytest.mark.spoilt
def test_guards_that_were_taken_off_are_found_at_a_start(world: World) -> None:
    guards_off(world)
    damage = inspect(world.runtime, whole=False)
    assert damage is not None
    assert damage.kind is DamageKind.GUARDS


@ON_SQLITE
@pytest.mark.spoilt
def test_flipped_bytes_are_found_at_a_start_and_a_restore_lets_the_running_app_go_on(
    world: World, page: PlainBrowser, tmp_path: Path
) -> None:
    add_settings(world.folder, {"BTB_BACKUP_KEY": new_backup_key()})
    backup = tmp_path / "one.btb-backup"
    done(run_in(world.folder, "backup", str(backup)))
    world.runtime.database.close()
    _flip_bytes(world.folder / "btb.db")
    damage = inspect(world.runtime, whole=False)
    assert damage is not None
    assert damage.kind is DamageKind.PAGES
    assert page.press().status == 503
    assert run_in(world.folder, "doctor", "--json").exit_code == 1
    assert world.app.test_client().get("/readyz").status_code == 503
    assert "malformed" in run_in(world.folder, "audit", "verify").output
    asked = run_in(world.folder, "restore", str(backup))
    assert (asked.exit_code, "--unreadable" in asked.output) == (1, True)
    said = done(run_in(world.folder, "restore", str(backup), "--unreadable"))
    kept = world.folder / said.partition("The database as it was before: ")[2].splitlines()[0].rstrip(".")
    assert kept.stat().st_size > 0
    assert not (world.folder / "damage.json").exists()
    page.press()
    assert (page.status, page.page) == (200, "items")
    done(run_in(world.folder, "audit", "verify"))


@ON_SQLITE
@pytest.mark.spoilt
def test_a_file_that_is_no_database_any_more_is_noted_by_whoever_meets_it_first(
    world: World, page: PlainBrowser
) -> None:
    world.runtime.database.close()
    for file in world.folder.glob("btb.db-*"):
        file.unlink()
    path = world.folder / "btb.db"
    path.write_bytes(b"x" * path.stat().st_size)
    assert page.press().status == 503
    damage = DamageNote(world.folder).read()
    assert damage is not None
    assert damage.kind is DamageKind.PAGES


def test_a_proof_takes_the_note_away_and_a_failed_one_leaves_it(world: World) -> None:
    _note(world).write(DamageKind.TRAIL, "x")
    said = done(run_in(world.folder, "audit", "verify"))
    assert "answers can be saved again" in said
    assert _note(world).read() is None
    world.is_spoilt = True
    guards_off(world)
    change(world, "UPDATE audit_event SET actor = 'x' WHERE seq = 1")
    _note(world).write(DamageKind.TRAIL, "x")
    assert "Event 1" in run_in(world.folder, "audit", "verify").output
    assert _note(world).read() is not None


def test_a_study_file_that_changed_under_its_version_is_found(world: World) -> None:
    with (world.folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write("# another word\n")
    result = run_in(world.folder, "audit", "verify")
    assert result.exit_code == 1
    assert "recorded with another content" in result.output


def test_a_wording_that_changed_under_its_version_is_found(
    world: World, page: PlainBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.press()
    monkeypatch.setattr("btb_pro.services.recorded_files.wording_sha256", lambda *_: "0" * 64)
    result = run_in(world.folder, "audit", "verify")
    assert result.exit_code == 1
    assert "a changed wording needs a new version" in result.output


def test_a_note_that_cannot_be_read_stops_writing_too(world: World) -> None:
    (world.folder / "damage.json").write_text("{", encoding="utf-8")
    with pytest.raises(DatabaseDamaged, match="unreadable"), world.runtime.database.writing():
        pass


def test_the_first_finding_is_kept_and_its_words_are_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    note = DamageNote(tmp_path)
    note.write(DamageKind.PAGES, "first")
    note.write(DamageKind.TRAIL, "second")
    assert json.loads((tmp_path / "damage.json").read_text(encoding="utf-8"))["detail"] == "first"
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]


def test_a_note_that_finds_no_room_still_stops_its_process(tmp_path: Path) -> None:
    note = DamageNote(tmp_path / "gone")
    note.write(DamageKind.PAGES, "x")
    assert note.read() is not None
    assert note.lift()
    assert note.read() is None


def test_a_full_disk_a_lock_and_a_lost_connection_are_no_damage() -> None:
    class Error(Exception):
        sqlite_errorcode: int | None = None
        sqlstate: str | None = None

    full, gone = Error(), Error()
    full.sqlite_errorcode, gone.sqlstate = sqlite.SQLITE_FULL, "57P01"
    assert not is_damage(full)
    assert not is_damage(gone)
    assert not is_damage(OSError("disk"))
    full.sqlite_errorcode, gone.sqlstate = sqlite.SQLITE_CORRUPT | (1 << 8), "XX001"
    assert is_damage(full)
    assert is_damage(gone)


def test_commands_are_refused_in_a_sentence_while_the_note_lies(world: World) -> None:
    _note(world).write(DamageKind.PAGES, "x")
    result = run_in(world.folder, "participant", "add", "BTB-009", "--site", "oslo")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Nothing is written" in result.stderr
