"""Backups: taken under load, proven, put back, and never the cause of a second message or a lost number."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pyrage
import pytest
from sqlalchemy import select, text

from btb_pro import clock
from btb_pro.cli.backups import _due_in_s, _go_on
from btb_pro.config import Settings, read_settings
from btb_pro.damage import DamageKind, DamageNote, DatabaseDamaged
from btb_pro.db import Database
from btb_pro.models.base import AuditEvent, AuditHead
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Participant
from btb_pro.services import restoring
from btb_pro.services.audit import ChainBroken, Tag, step
from btb_pro.services.backup_files import BackupManifest, BackupRefused, new_backup_key, read_backup
from btb_pro.services.backups import take_backup
from btb_pro.services.outbox import queue_message
from btb_pro.services.restoring import NewerThanBackup, restore_backup
from btb_pro.services.verification import Anchor, verify
from tests.integration.cli.shell import done, run_in
from tests.support.staff import signed_in
from tests.support.world import COMMAND, World


def _settings(world: World, *keys: str) -> Settings:
    return read_settings(world.folder, {"BTB_BACKUP_KEY": ",".join(keys)})


@pytest.fixture
def key(world: World) -> str:
    """A study with two participants, one invited, and the key of its backups."""
    world.add("BTB-001", email="kari@example.org")
    world.add("BTB-002")
    world.invite("BTB-001")
    made = new_backup_key()
    _give(world, made)
    return made


def _give(world: World, *keys: str) -> None:
    runtime = world.runtime
    object.__setattr__(runtime.settings, "backup_keys", keys)


def head_of(world: World) -> int:
    """Number of the last event."""
    with world.reading() as session:
        return session.execute(select(AuditHead.seq)).scalar_one()


def test_a_backup_is_written_proven_recorded_and_private(world: World, key: str, tmp_path: Path) -> None:
    before = head_of(world)
    taken = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    assert (taken.manifest.seq, taken.was_opened) == (before, True)
    assert taken.path.stat().st_mode & 0o777 == 0o600
    assert b"SQLite" not in taken.path.read_bytes()
    with world.reading() as session:
        event = session.get_one(AuditEvent, before + 1)
        assert (event.tag, taken.sha256 in event.changes) == ("backup:take", True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["instance", "one.btb-backup"]
    assert not [path for path in world.folder.iterdir() if path.name.startswith(".plain")]


def test_a_backup_can_be_read_without_btb_pro(world: World, key: str, tmp_path: Path) -> None:
    path = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup").path
    identity = pyrage.x25519.Identity.from_str(key)
    pyrage.decrypt_file(str(path), str(tmp_path / "plain.zip"), [identity])
    assert ZipFile(tmp_path / "plain.zip").namelist() == ["manifest.json", "btb.db"]


def test_every_row_that_was_there_before_a_backup_began_is_in_it_while_others_write(
    world: World, key: str, tmp_path: Path
) -> None:
    stop = threading.Event()
    added: list[str] = []

    def write() -> None:
        while not stop.is_set():
            added.append(world.add(f"LOAD-{len(added):04}"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            there = list(added)
            path = tmp_path / f"{number}.btb-backup"
            take_backup(world.runtime, COMMAND, path)
            folder = tmp_path / f"opened-{number}"
            folder.mkdir()
            copy, _ = read_backup(path, [key], folder)
            database = Database(f"sqlite:///{copy}")
            with database.reading() as session:
                found = set(session.execute(select(Participant.study_number)).scalars())
            database.close()
            assert set(there) <= found
    finally:
        stop.set()
        writer.join()
    assert len(added) > 5


def test_the_study_is_as_it_was_after_a_restore_into_an_empty_instance(
    world: World, key: str, tmp_path: Path
) -> None:
    taken = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    settings = read_settings(
        world.folder,
        {"BTB_BACKUP_KEY": key, "BTB_DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"},
    )
    restored = restore_backup(settings, COMMAND, taken.path)
    assert (restored.between, restored.kept) == (None, None)
    database = Database(settings.database_url)
    with database.reading() as session:
        proof = verify(session)
        assert session.execute(select(Participant.study_number)).scalars().all() == ["BTB-001", "BTB-002"]
    database.close()
    assert proof.seq == taken.manifest.seq + 1


def test_a_database_that_knows_more_is_not_overwritten_unless_the_loss_is_named(
    world: World, key: str, tmp_path: Path
) -> None:
    taken = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    world.add("BTB-003")
    world.withdraw("BTB-001")
    last = head_of(world)
    with pytest.raises(NewerThanBackup, match="--lose 3") as refused:
        restore_backup(_settings(world, key), COMMAND, taken.path)
    between = refused.value.between
    assert (between.last_seq, between.events) == (last, 3)
    assert between.by_tag == {"backup:take": 1, "participant:add": 1, "participant:withdraw": 1}
    assert between.undone == ("BTB-001",)
    assert head_of(world) == last
    with pytest.raises(NewerThanBackup):
        restore_backup(_settings(world, key), COMMAND, taken.path, lose=2)
    restored = restore_backup(_settings(world, key), COMMAND, taken.path, lose=3)
    with world.reading() as session:
        assert session.execute(select(Participant.study_number)).scalars().all() == ["BTB-001", "BTB-002"]
    if world.runtime.database.engine.dialect.name == "postgresql":
        assert restored.kept is None
        return
    assert restored.kept is not None
    kept = Database(f"sqlite:///{restored.kept}")
    with kept.reading() as session:
        assert "BTB-003" in session.execute(select(Participant.study_number)).scalars().all()
    kept.close()


def test_no_number_of_a_lost_event_is_given_out_again_and_the_trail_tells_the_gap(
    world: World, key: str, tmp_path: Path
) -> None:
    taken = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    world.add("BTB-003")
    last = head_of(world)
    restore_backup(_settings(world, key), COMMAND, taken.path, lose=2)
    assert head_of(world) == last + 1
    with world.reading() as session:
        event = session.get_one(AuditEvent, last + 1)
        assert (event.tag, session.get(AuditEvent, last)) == ("backup:restore", None)
        assert verify(session).seq == last + 1
    world.add("BTB-004")
    with world.reading() as session:
        verify(session)


def test_messages_that_may_have_gone_out_since_wait_for_a_person(
    world: World, key: str, tmp_path: Path
) -> None:
    with world.writing() as session, step(session, COMMAND, Tag.INVITATION_ISSUE) as event:
        invitation = session.execute(select(Invitation)).scalar_one()
        queue_message(
            session, event, kind="invitation", channel="email", language="nb", once_key="a",
            due_at=clock.now(), invitation_id=invitation.id,
        )  # fmt: skip
    taken = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    restored = restore_backup(_settings(world, key), COMMAND, taken.path, lose=1)
    assert restored.messages_held == 1
    with world.reading() as session:
        message = session.execute(select(Message)).scalar_one()
        assert (message.state, message.reason) == ("unknown", "restored")


def test_nobody_can_write_while_a_backup_is_put_back_and_all_go_on_afterwards(
    world: World, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    tried: list[str] = []

    def between(present: Database, manifest: BackupManifest) -> restoring.Between | None:
        with pytest.raises(DatabaseDamaged, match="a backup is being put in"):
            world.add("MEANWHILE")
        tried.append("add")
        return _between(present, manifest)

    _between = restoring._between
    monkeypatch.setattr(restoring, "_between", between)
    with pytest.raises(NewerThanBackup):
        restore_backup(_settings(world, key), COMMAND, taken.path)
    world.add("BTB-003")
    restore_backup(_settings(world, key), COMMAND, taken.path, lose=2)
    assert tried == ["add", "add"]
    world.add("BTB-004")


def test_who_waited_for_the_lock_writes_nothing_once_a_restore_has_begun(world: World, key: str) -> None:
    note = DamageNote(world.folder)
    with world.runtime.database.writing() as session:
        note.write(DamageKind.RESTORE, "x")
        with pytest.raises(DatabaseDamaged):
            session.execute(select(1))
    note.lift()


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_restore_that_dies_leaves_the_old_database_or_the_new_one_with_its_gap(
    world: World, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_replaced: bool
) -> None:
    taken = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    world.add("BTB-003")
    last = head_of(world)

    def die(*_: object) -> None:
        raise SystemExit

    if is_replaced:
        monkeypatch.setattr(DamageNote, "lift", die)
    else:
        monkeypatch.setattr(restoring, "_replace", die)
    with pytest.raises(SystemExit):
        restore_backup(_settings(world, key), COMMAND, taken.path, lose=2)
    with world.reading() as session:
        verify(session)
        is_there = "BTB-003" in session.execute(select(Participant.study_number)).scalars().all()
        assert is_there != is_replaced
        if is_replaced:
            assert session.get_one(AuditEvent, last + 1).tag == Tag.BACKUP_RESTORE.value


def test_a_restore_that_was_broken_off_is_told_and_ended_by_a_look(world: World, key: str) -> None:
    DamageNote(world.folder).write(DamageKind.RESTORE, "x")
    assert "run it again, or btb-pro audit verify" in run_in(world.folder, "doctor").stdout
    assert done(run_in(world.folder, "audit", "verify"))
    world.add("BTB-003")


def test_what_a_killed_backup_left_unencrypted_goes_with_the_next_one_a_day_later(
    world: World, key: str, tmp_path: Path
) -> None:
    for name, age_s in ((".plain-old", 90_000), (".plain-new", 60)):
        (world.folder / name).mkdir()
        (world.folder / name / "copy.db").write_text("plain")
        os.utime(world.folder / name, (time.time() - age_s,) * 2)
    take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    assert [path.name for path in world.folder.glob(".plain-*")] == [".plain-new"]


def test_a_restore_signs_the_staff_out(world: World, key: str, tmp_path: Path) -> None:
    browser = signed_in(world)
    taken = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    assert browser.open("/console/").page == "console-today"
    restore_backup(_settings(world, key), COMMAND, taken.path, lose=1)
    assert browser.open("/console/").page == "console-sign-in"


def test_a_backup_made_with_another_key_or_damaged_is_refused_and_nothing_changes(
    world: World, key: str, tmp_path: Path
) -> None:
    path = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup").path
    before = head_of(world)
    with pytest.raises(BackupRefused, match="another key"):
        restore_backup(_settings(world, new_backup_key()), COMMAND, path, lose=1)
    for broken in ("AGE-SECRET-KEY-1QQQ", key[:-1]):
        with pytest.raises(BackupRefused, match="a letter lost or mistaken"):
            restore_backup(_settings(world, broken), COMMAND, path, lose=1)
    whole = path.read_bytes()
    for place in (10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(BackupRefused):
            restore_backup(_settings(world, key), COMMAND, path, lose=1)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BackupRefused):
        restore_backup(_settings(world, key), COMMAND, path, lose=1)
    assert head_of(world) == before


def test_an_older_key_of_the_list_still_opens_its_backups(world: World, key: str, tmp_path: Path) -> None:
    path = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup").path
    restored = restore_backup(_settings(world, new_backup_key(), key), COMMAND, path, lose=1)
    assert restored.manifest.study == "backtobasic"


def test_the_public_key_alone_writes_and_cannot_read(world: World, tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    _give(world, str(identity.to_public()))
    taken = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    assert not taken.was_opened
    with pytest.raises(BackupRefused, match="no secret key"):
        restore_backup(_settings(world, str(identity.to_public())), COMMAND, taken.path, lose=1)
    restore_backup(_settings(world, str(identity)), COMMAND, taken.path, lose=1)


def test_a_folder_that_is_not_there_is_named(world: World, key: str, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="is no folder"):
        take_backup(world.runtime, COMMAND, tmp_path / "nowhere" / "one.btb-backup")


def test_a_backup_that_there_is_no_room_for_is_refused_in_a_sentence_and_leaves_nothing(
    world: World, key: str, tmp_path: Path
) -> None:
    before = head_of(world)
    target = tmp_path / "one.btb-backup"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BTB_")}
    environ |= {"BTB_INSTANCE": str(world.folder), "BTB_BACKUP_KEY": key}
    limit = f"ulimit -f 40; exec {sys.executable} -m btb_pro backup {target}"
    done = subprocess.run(["sh", "-c", limit], env=environ, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert "nothing was left there" in done.stderr
    assert not target.exists()
    assert not [path for path in world.folder.iterdir() if path.name.startswith(".plain")]
    assert head_of(world) == before


def test_a_file_that_is_there_already_is_not_overwritten(world: World, key: str, tmp_path: Path) -> None:
    (tmp_path / "one.btb-backup").write_text("mine")
    with pytest.raises(BackupRefused, match="exists already"):
        take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    assert (tmp_path / "one.btb-backup").read_text() == "mine"


@pytest.mark.spoilt
def test_a_broken_trail_is_found_when_the_backup_is_taken(world: World, key: str, tmp_path: Path) -> None:
    with world.writing() as session:
        session.execute(text("UPDATE participant SET language = 'en'"))
    with pytest.raises(BackupRefused, match="trail of the copy is broken"):
        take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    assert not (tmp_path / "one.btb-backup").exists()


def test_the_timer_writes_and_keeps_the_newest_and_stops_when_told(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BTB_")}
    environ |= {"BTB_INSTANCE": str(world.folder), "BTB_BACKUP_KEY": new_backup_key()}
    process = subprocess.Popen(
        [sys.executable, "-m", "btb_pro", "backup", str(folder), "--every", "0.001", "--keep", "2"],
        env=environ, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for _ in range(3):
        assert "SHA-256" in process.stdout.readline()
    process.terminate()
    assert process.wait(20) == 0
    process.stdout.close()
    assert len(list(folder.iterdir())) == 2


def test_a_timer_that_is_started_anew_waits_until_the_newest_backup_is_old_enough(
    world: World, key: str, tmp_path: Path
) -> None:
    newest = tmp_path / "2026-01-31T020000-000Z.btb-backup"
    newest.write_text("")
    for age_h, left_h in ((1, 23), (30, 0), (-5, 24)):
        os.utime(newest, ((clock.now() - timedelta(hours=age_h)).timestamp(),) * 2)
        assert _due_in_s(tmp_path, 24 * 3600) == pytest.approx(left_h * 3600, abs=5)
    newest.unlink()
    assert _due_in_s(tmp_path, 24 * 3600) == 0


def test_a_backup_that_fails_is_told_and_the_timer_goes_on(
    world: World,
    key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    note = DamageNote(world.folder)
    note.write(DamageKind.GUARDS, "x")
    waited: list[float] = []

    class Stop:
        def is_set(self) -> bool:
            return len(waited) == 4

        def wait(self, seconds: float) -> None:
            waited.append(round(seconds))
            if seconds == 900:
                note.lift()

    monkeypatch.setattr(threading, "Event", Stop)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    (tmp_path / "backups").mkdir()
    _go_on(world.runtime, tmp_path / "backups", 24, 2)
    assert waited == [0, 900, 0, 86_400]
    assert "No backup was taken: Nothing is written" in capsys.readouterr().err
    assert len(list((tmp_path / "backups").iterdir())) == 1


def note_head(world: World) -> Anchor:
    """The head as somebody writes it down elsewhere."""
    with world.reading() as session:
        head = session.execute(select(AuditHead)).scalar_one()
        return Anchor(head.seq, head.hash)


def told_of(world: World, *anchors: Anchor) -> str:
    """What the proof says of heads that were noted and are not in the trail."""
    with world.reading() as session, pytest.raises(ChainBroken) as refused:
        verify(session, anchors)
    return str(refused.value)


def test_a_head_noted_before_a_restore_fails_and_the_trail_tells_which_restore_left_it_out(
    world: World, key: str, tmp_path: Path
) -> None:
    kept = note_head(world)
    taken = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    world.add("BTB-003")
    noted = note_head(world)
    world.add("BTB-004")
    last = note_head(world)
    restore_backup(_settings(world, key), COMMAND, taken.path, lose=3)
    world.add("BTB-005")
    for anchor in (noted, last):
        told = told_of(world, kept, anchor)
        assert f"Event {anchor.seq} was noted elsewhere and is not in the trail: " in told
        assert f"restored the backup made at {taken.manifest.made_at}" in told
        assert f"left out events {kept.seq + 1} to {last.seq}, number {anchor.seq} among them" in told
        assert f"The restore at event {last.seq + 1} (2" in told
    assert "it cannot prove the noted one" in told_of(world, noted)
    assert "The noted one is the last of them." in told_of(world, last)
    assert "The noted one is not the last" in told_of(world, Anchor(last.seq, "0" * 64))


def test_no_head_whose_number_lies_in_a_gap_passes_whatever_its_hash(
    world: World, key: str, tmp_path: Path
) -> None:
    taken = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    world.add("BTB-003")
    world.add("BTB-004")
    restore_backup(_settings(world, key), COMMAND, taken.path, lose=3)
    present = note_head(world)
    with world.reading() as session:
        hashes = set(session.execute(select(AuditEvent.hash)).scalars()) | {present.hash}
        known = set(session.execute(select(AuditEvent.seq)).scalars())
    gap = sorted(set(range(1, present.seq)) - known)
    assert gap == [taken.manifest.seq + 1, taken.manifest.seq + 2, taken.manifest.seq + 3]
    for seq in gap:
        for one in hashes:
            assert "is not in the trail" in told_of(world, present, Anchor(seq, one))


def test_of_two_heads_noted_under_one_number_both_must_be_the_one_that_is_there(world: World) -> None:
    world.add("BTB-001")
    there = note_head(world)
    other = Anchor(there.seq, "0" * 64)
    for anchors in ((there, other), (other, there)):
        assert "is another one" in told_of(world, *anchors)


def test_a_head_noted_where_an_empty_instance_got_the_backup_is_told_of_that_restore(
    world: World, key: str, tmp_path: Path
) -> None:
    taken = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup")
    noted = note_head(world)
    settings = read_settings(
        world.folder, {"BTB_BACKUP_KEY": key, "BTB_DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"}
    )
    restore_backup(settings, COMMAND, taken.path)
    database = Database(settings.database_url)
    with database.reading() as session, pytest.raises(ChainBroken, match="numbers were given out again"):
        verify(session, [noted])
    database.close()
