"""What the doctor finds, and that each finding says how it is mended."""

import json
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from btb_pro import clock
from btb_pro.cli import doctor as words
from btb_pro.config import add_settings
from btb_pro.migrate import newest_revision
from btb_pro.services import diagnosis, health
from btb_pro.services.audit import Tag, step
from btb_pro.services.backup_files import new_backup_key
from btb_pro.services.outbox import queue_message
from tests.integration.cli.shell import Run, number_of_events
from tests.support.engines import EngineName
from tests.support.live_server import free_port
from tests.support.mail import mail_server
from tests.support.world import COMMAND, World


def _grades(run: Run, **settings: str) -> dict[str, str]:
    """Grade and code by check, as a monitoring system reads them."""
    result = run("doctor", "--json", **settings)
    told = {one["check"]: f"{one['grade']} {one['code']}" for one in json.loads(result.stdout)}
    assert result.exit_code == any(grade.startswith("fail") for grade in told.values())
    return told


@pytest.fixture
def sound(world: World, run: Run, tmp_path: Path) -> World:
    """An instance that is as an operator should have it, but that it is a test and sends nothing."""
    world.add()
    add_settings(world.folder, {"BTB_BACKUP_KEY": new_backup_key()})
    for file in world.folder.glob("btb.db*"):
        file.chmod(0o600)
    assert run("backup", str(tmp_path / "one.btb-backup")).exit_code == 0
    return world


def test_a_sound_instance_has_nothing_that_fails(sound: World, run: Run, engine: EngineName) -> None:
    told = _grades(run)
    if engine is EngineName.POSTGRESQL:
        # The tests' server is told to forget, for speed, and that is found.
        assert told.pop("engine") == "fail weak"
        # And its role is a superuser.
        assert told.pop("owner") == "warn mighty"
    assert {check: found for check, found in told.items() if not found.startswith("ok")} == {
        "mail": "warn off",
        "wordings": "warn test",
    }


def test_looking_changes_nothing(sound: World, run: Run) -> None:
    before = number_of_events(sound)
    run("doctor")
    assert number_of_events(sound) == before


def test_each_line_says_what_to_do(world: World, run: Run) -> None:
    lines = run("doctor").stdout.splitlines()
    assert any(re.match(r"fail keys +BTB_BACKUP_KEY is missing", line) for line in lines)
    assert "                Run btb-pro init, which makes one." in lines


def test_every_finding_has_words_and_every_trouble_a_cure() -> None:
    source = "".join(Path(module.__file__ or "").read_text("utf-8") for module in (diagnosis, health))
    made = set(re.findall(r"Grade\.(?:WARN|FAIL)(?: if [^,]+)?, \"(\w+)\"", source))
    assert len(made) > 10
    assert made <= {code for _, code in words._SAID}
    assert all(mend for (_, code), (_, mend) in words._SAID.items() if code in made - {"ok"})


@pytest.mark.parametrize(
    ("settings", "check", "found"),
    [
        ({"BTB_LINK_KEYS": "short"}, "settings", "fail wrong"),
        ({"BTB_BACKUP_KEY": ""}, "keys", "fail no_backup_key"),
        ({"BTB_BACKUP_KEY": "AGE-SECRET-KEY-1QQQ"}, "keys", "fail broken_backup_key"),
        ({"BTB_STUDY": "/no/such/study.toml"}, "study", "fail wrong"),
        ({"BTB_DATABASE_URL": "sqlite:////no/such/folder/btb.db"}, "database", "fail unreachable"),
    ],
)
def test_what_is_wrong_with_settings_is_found(
    sound: World, run: Run, settings: dict[str, str], check: str, found: str
) -> None:
    assert _grades(run, **settings)[check] == found


def test_files_that_others_may_read_are_found(sound: World, run: Run) -> None:
    (sound.folder / "settings.env").chmod(0o644)
    assert _grades(run)["rights"] == "warn open"


def test_an_old_backup_is_found_after_26_hours(sound: World, run: Run) -> None:
    with clock.at(clock.now() + timedelta(hours=25)):
        assert _grades(run)["backup"] == "ok ok"
    with clock.at(clock.now() + timedelta(hours=27)):
        assert _grades(run)["backup"] == "warn old"


def test_no_backup_is_found(world: World, run: Run) -> None:
    assert _grades(run)["backup"] == "warn none"


def test_a_clock_that_went_back_is_found(sound: World, run: Run) -> None:
    with clock.at(clock.now() - timedelta(hours=3)):
        assert _grades(run)["clock"] == "fail behind"


def test_an_old_schema_is_found_and_nothing_behind_it_asked(sound: World, run: Run) -> None:
    change = text("UPDATE alembic_version SET version_num = :it")
    with sound.runtime.database.engine.begin() as connection:
        connection.execute(change, {"it": "0002"})
    told = _grades(run)
    with sound.runtime.database.engine.begin() as connection:
        connection.execute(change, {"it": newest_revision()})
    assert told["schema"] == "fail older"
    assert "backup" not in told


@pytest.mark.spoilt
def test_a_trigger_that_somebody_dropped_is_found(sound: World, run: Run, engine: EngineName) -> None:
    is_sqlite = engine is EngineName.SQLITE
    drop = "answer_no_update" if is_sqlite else "answer_no_change ON answer"
    with sound.runtime.database.engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER {drop}"))
    assert _grades(run)["guards"] == "fail missing"


@pytest.mark.parametrize("engine", [EngineName.SQLITE], indirect=True)
def test_a_damaged_file_is_found(sound: World, run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "damaged.db"
    with sound.runtime.database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(sound.folder / "btb.db", copy)
    content = bytearray(copy.read_bytes())
    for page in range(len(content) // 4096 * 3 // 4, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = bytes(range(64))
    copy.write_bytes(content)
    told = _grades(run, BTB_DATABASE_URL=f"sqlite:///{copy}")
    assert "fail damaged" in (told.get("integrity"), told["database"])


def test_a_scarce_disk_is_found(sound: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    free = shutil.disk_usage(sound.folder).free
    monkeypatch.setattr(health, "SCARCE_ROOM", free * 2)
    assert _grades(run)["room"] == "warn scarce"


def test_a_mail_server_is_asked_whether_it_is_there(sound: World, run: Run) -> None:
    sender = {"BTB_MAIL_FROM": "post@hospital.example"}
    with mail_server() as server:
        assert _grades(run, BTB_SMTP_URL=server.url, **sender)["mail"] == "ok ok"
    assert _grades(run, BTB_SMTP_URL=f"smtp://127.0.0.1:{free_port()}", **sender)["mail"] == "fail silent"


def test_messages_that_nobody_sends_are_found_but_not_by_night(sound: World, run: Run) -> None:
    noon = clock.now().astimezone(clock.OSLO).replace(hour=12, minute=0) + timedelta(days=1)
    with clock.at(noon):
        with sound.writing() as session, step(session, COMMAND, Tag.STAFF_LINK) as event:
            queue_message(
                session, event, kind="staff_link", channel="email", language="nb", once_key="a",
                due_at=clock.now(),
            )  # fmt: skip
        assert _grades(run)["queue"] == "ok ok"
    with clock.at(noon + timedelta(minutes=20)):
        assert _grades(run)["queue"] == "fail waits"
    with clock.at(noon + timedelta(hours=14)):
        assert _grades(run)["queue"] == "ok ok"
