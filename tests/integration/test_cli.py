"""The command line: each command on a real instance, its words, its exit codes, what it leaves behind."""

import json
import os
import re
import socket
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import event, select

from btb_pro import clock
from btb_pro.__main__ import main
from btb_pro.cli.commands import COMMANDS
from btb_pro.config import SETTINGS_FILE, read_settings
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.models.audit_event import AuditEvent
from btb_pro.models.contact import Contact
from btb_pro.models.participant import Participant
from btb_pro.services.listing import list_participants
from tests.support.world import World, make_world

Run = Callable[..., Result]

DAY0 = clock.today().isoformat()
ALL_SAID = ["--language", "nb", "--email", "kari@hospital.example", "--phone", "40612345", "--day0", DAY0]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("BTB_")]:
        monkeypatch.delenv(name)
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)


def run_in(folder: Path, *words: str, **more: str) -> Result:
    return CliRunner().invoke(main, words, env={"BTB_INSTANCE": str(folder), **more}, prog_name="btb-pro")


@pytest.fixture
def run(world: World) -> Run:
    def in_world(*words: str, **more: str) -> Result:
        return run_in(world.folder, *words, **more)

    return in_world


def refused(result: Result) -> str:
    """What a refused command said; it said it on standard error and without a traceback."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def number_of_events(world: World) -> int:
    with world.reading() as session:
        return len(session.execute(select(AuditEvent.seq)).all())


# ---------------------------------------------------------------- help and usage


def all_commands() -> Iterator[tuple[str, click.Command]]:
    for command in COMMANDS:
        yield str(command.name), command
        if isinstance(command, click.Group):
            for inner in command.commands.values():
                yield f"{command.name} {inner.name}", inner


@pytest.mark.parametrize("words", [words for words, _ in all_commands()])
def test_each_command_explains_itself_with_an_example(words: str) -> None:
    told = done(CliRunner().invoke(main, [*words.split(), "--help"], prog_name="btb-pro"))
    assert "Example:" in told
    assert f"btb-pro {words}" in told.partition("Example:")[2]


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["invite", "1-001"],
        ["invite", "1-001", "baseline", "--send", "pigeon"],
        ["participant", "add", "1-001"],
        ["participant", "add", "1-001", "--site", "oslo", "--language", "sv"],
        ["participant", "import", "no-such-file.csv"],
        ["participant", "withdraw", "1-001"],
        ["serve", "--port", "70000"],
        ["demo", "--participants", "3"],
        ["init", "--production"],
        ["init", "--production", "--base-url", "http://btb.hospital.example"],
        ["init", "--base-url", "https://btb.hospital.example"],
    ],
)
def test_bad_usage_is_told_with_exit_code_2(tmp_path: Path, words: list[str]) -> None:
    result = run_in(tmp_path / "instance", *words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert not (tmp_path / "instance").exists()


def test_the_same_commands_run_under_flask(world: World) -> None:
    world.add("1-001")
    result = world.app.test_cli_runner().invoke(args=["participant", "list"])
    assert "1-001" in done(result)
    assert "another number" not in result.stderr
    result = world.app.test_cli_runner().invoke(args=["invite", "no-such-one", "baseline"])
    assert "No participant" in refused(result)


# ---------------------------------------------------------------- init


def test_init_makes_an_instance_that_only_its_owner_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "instance"
    told = done(run_in(folder, "init"))
    assert "btb-pro serve" in told
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in (SETTINGS_FILE, "btb.db", "study.toml"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
    settings = read_settings(folder, {})
    assert settings.base_url == "http://127.0.0.1:8000"
    keys = [*settings.secret_keys, *settings.link_keys, *settings.contact_keys]
    assert len(set(keys)) == 3
    assert "The audit trail is whole: 1 events" in done(run_in(folder, "audit", "verify"))
    assert "no mistakes" in done(run_in(folder, "study", "check"))


def test_running_init_again_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    done(run_in(folder, "init"))
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".env", ".toml")}
    told_before = done(run_in(folder, "audit", "verify"))
    assert "Made" not in done(run_in(folder, "init"))
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".env", ".toml")}
    assert after == before
    assert done(run_in(folder, "audit", "verify")) == told_before


def test_init_adds_a_key_that_is_missing_and_leaves_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    done(run_in(folder, "init"))
    settings = folder / SETTINGS_FILE
    kept = [line for line in settings.read_text().splitlines() if not line.startswith("BTB_LINK_KEYS")]
    settings.write_text("\n".join(kept))
    assert "BTB_LINK_KEYS" in refused(run_in(folder, "participant", "list"))
    assert "BTB_LINK_KEYS" in done(run_in(folder, "init"))
    assert settings.read_text().splitlines()[: len(kept)] == kept
    done(run_in(folder, "participant", "list"))


def test_init_records_a_changed_study_file(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    done(run_in(folder, "init"))
    study = folder / "study.toml"
    study.write_text(
        study.read_text(encoding="utf-8").replace('version = "1"', 'version = "2"'), encoding="utf-8"
    )
    done(run_in(folder, "init"))
    assert "2 events" in done(run_in(folder, "audit", "verify"))


def test_init_for_production_trusts_the_host_of_its_address_alone(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    told = done(run_in(folder, "init", "--production", "--base-url", "https://btb.hospital.example"))
    assert "proxy" in told
    settings = read_settings(folder, {})
    assert settings.is_production
    assert settings.trusted_hosts == ("btb.hospital.example",)


def test_init_does_not_move_an_instance_to_another_address(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    done(run_in(folder, "init"))
    before = (folder / SETTINGS_FILE).read_bytes()
    told = refused(run_in(folder, "init", "--production", "--base-url", "https://btb.hospital.example"))
    assert "BTB_BASE_URL" in told
    assert (folder / SETTINGS_FILE).read_bytes() == before


@pytest.mark.parametrize("address", ["https://", "https://[half", "https://h.example?x=1"])
def test_init_writes_nothing_for_an_address_that_is_none(tmp_path: Path, address: str) -> None:
    told = refused(run_in(tmp_path / "instance", "init", "--production", "--base-url", address))
    assert "BTB_BASE_URL" in told
    assert not (tmp_path / "instance").exists()


def test_a_folder_that_cannot_be_written_is_told_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = refused(run_in(tmp_path / "file" / "instance", "init"))
    assert "BTB_INSTANCE" in told
    assert len(told.splitlines()) == 1


# ---------------------------------------------------------------- wrong settings


@pytest.mark.parametrize("name", ["BTB_SECRET_KEYS", "BTB_LINK_KEYS", "BTB_CONTACT_KEYS", "BTB_BASE_URL"])
@pytest.mark.parametrize("words", [["serve"], ["participant", "list"], ["invite", "1-001", "baseline"]])
def test_a_missing_setting_stops_the_start_with_a_sentence(world: World, name: str, words: list[str]) -> None:
    settings = world.folder / SETTINGS_FILE
    lines = settings.read_text().splitlines()
    settings.write_text("\n".join(line for line in lines if not line.startswith(name)))
    told = refused(run_in(world.folder, *words))
    assert name in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BTB_SECRET_KEYS", "short"),
        ("BTB_BASE_URL", "btb.hospital.example"),
        ("BTB_PROXY_HOPS", "many"),
        ("BTB_DATABASE_URL", "sqlite:////no/such/folder/btb.db"),
        ("BTB_DATABASE_URL", "nonsense"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_a_sentence(run: Run, name: str, value: str) -> None:
    told = refused(run("serve", **{name: value}))
    assert name in told
    assert len(told.splitlines()) == 1


def test_a_database_without_tables_sends_to_init(world: World, tmp_path: Path) -> None:
    told = refused(
        run_in(world.folder, "participant", "list", BTB_DATABASE_URL=f"sqlite:///{tmp_path / 'new.db'}")
    )
    assert "btb-pro init" in told
    assert len(told.splitlines()) == 1


def test_a_port_in_use_is_told_in_a_sentence(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"Port {port} of 127.0.0.1 is in use" in refused(run("serve", "--port", str(port)))


def test_a_host_that_is_not_ours_is_told_in_a_sentence(run: Run) -> None:
    assert "--host 192.0.2.1" in refused(run("serve", "--host", "192.0.2.1"))


# ---------------------------------------------------------------- study and instruments


def test_study_check_names_every_mistake_by_line(tmp_path: Path, world: World) -> None:
    text = (world.folder / "study.toml").read_text(encoding="utf-8")
    wrong = text.replace('"hscl25"', '"hscl26"').replace('code = "day42"', 'code = "day14"')
    wrong = wrong.replace("opens = -14\ncloses = 0", "opens = 3\ncloses = 0")
    path = tmp_path / "wrong.toml"
    path.write_text(wrong, encoding="utf-8")
    told = refused(run_in(tmp_path, "study", "check", str(path))).splitlines()
    lines = wrong.splitlines()
    assert len(told) == 3
    for line in told:
        match = re.fullmatch(rf"{re.escape(str(path))}:(\d+): .+", line)
        assert match
        assert any(word in lines[int(match[1]) - 1] for word in ("hscl26", "day14", "opens", "closes"))


def test_study_check_says_that_there_is_no_mistake(run: Run, world: World) -> None:
    assert done(run("study", "check")) == f"{world.folder / 'study.toml'}: no mistakes.\n"


def test_study_show_tells_sites_visits_and_that_this_is_a_test(run: Run) -> None:
    told = done(run("study", "show"))
    for words in ("backtobasic", "Tromsø", "day154", "pain/intensity", "A TEST"):
        assert words in told


def test_a_changed_study_file_with_a_mistake_stops_every_command(run: Run, world: World) -> None:
    (world.folder / "study.toml").write_text("code = 1\n", encoding="utf-8")
    before = number_of_events(world)
    assert "study.toml:1: " in refused(run("invite", "1-001", "baseline"))
    assert number_of_events(world) == before


def test_instruments_list_shows_every_wording_with_its_hash(tmp_path: Path) -> None:
    told = done(run_in(tmp_path, "instruments", "list"))
    for instrument in load_instruments().values():
        assert (
            f"{instrument.code}  version {instrument.version}  {len(instrument.items)} items  nb, en" in told
        )
    hashes = re.findall(r"SHA-256 ([0-9a-f]{64})", told)
    assert len(set(hashes)) == 12


def test_instruments_show_prints_the_questionnaire(tmp_path: Path) -> None:
    told = done(run_in(tmp_path, "instruments", "show", "hscl25", "--language", "nb"))
    assert "Veldig mye plaget" in told
    assert told.count("Hodepine") == 1
    assert "hscl26" in refused(run_in(tmp_path, "instruments", "show", "hscl26"))
    assert "use one of nb, en" in refused(run_in(tmp_path, "instruments", "show", "shc", "--language", "fi"))


def test_instruments_check_names_file_item_and_rule(tmp_path: Path) -> None:
    assert "no mistakes" in done(run_in(tmp_path, "instruments", "check"))
    path = tmp_path / "broken.yaml"
    path.write_text("code: broken\nversion: '1'\nlanguages: [nb]\n", encoding="utf-8")
    told = refused(run_in(tmp_path, "instruments", "check", str(path)))
    assert "broken.yaml: broken: " in told
    assert "[key-missing]" in told


# ---------------------------------------------------------------- participants


def test_an_added_participant_is_listed_without_contact_details(run: Run) -> None:
    assert done(run("participant", "add", "1-001", "--site", "oslo", *ALL_SAID)) == "Added 1-001.\n"
    told = done(run("participant", "list"))
    row = next(line for line in told.splitlines() if line.startswith("1-001"))
    assert re.split(r" {2,}", row)[:5] == ["1-001", "oslo", "nb", DAY0, "not invited"]
    assert "kari" not in told
    assert "406" not in told
    assert "screening" not in told


def test_contact_details_lie_sealed_in_the_database(run: Run, world: World) -> None:
    done(run("participant", "add", "1-001", "--site", "oslo", *ALL_SAID))
    with world.reading() as session:
        sealed = session.execute(select(Contact.sealed)).scalars().all()
        stored = session.execute(select(Participant.id)).scalar_one()
    assert len(sealed) == 2
    opened = {
        world.runtime.sealer.open(one, f"contact/{stored}/{kind}")
        for one, kind in zip(sealed, ("email", "phone"), strict=True)
    }
    assert opened == {"kari@hospital.example", "+4740612345"}
    for file in world.folder.glob("btb.db*"):
        assert b"kari@hospital" not in file.read_bytes()


def test_every_fault_of_a_participant_is_told_and_nothing_is_written(run: Run, world: World) -> None:
    before = number_of_events(world)
    told = refused(
        run("participant", "add", "01018012345", "--site", "paris", "--phone", "12", "--day0", "today")
    )
    assert len(told.splitlines()) == 4
    assert number_of_events(world) == before


def test_a_command_writes_who_did_it_into_the_audit_trail(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "kari")
    done(run("participant", "add", "1-001", "--site", "oslo"))
    with world.reading() as session:
        last = session.execute(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).scalar_one()
    assert (last.tag, last.actor_kind, last.actor, last.study_number) == (
        "participant:add",
        "command",
        "kari",
        "1-001",
    )
    assert last.request_id
    assert last.study_version == "1"


def test_a_file_is_imported_whole(run: Run, world: World, tmp_path: Path) -> None:
    path = tmp_path / "participants.csv"
    path.write_bytes("id;site;phone\r\n1-001;oslo;40612345\r\n6-001;tromso;\r\n".encode("utf-8-sig"))
    before = number_of_events(world)
    told = done(run("participant", "import", str(path), "--dry-run"))
    assert told.splitlines() == [
        "line 2: would add 1-001 (site oslo, no language, no day 0, phone)",
        "line 3: would add 6-001 (site tromso, no language, no day 0)",
        "Would import 2 participants. Nothing was changed.",
    ]
    assert number_of_events(world) == before
    assert done(run("participant", "import", str(path))) == "Imported 2 participants.\n"
    assert "There is a participant 1-001 already." in refused(run("participant", "import", str(path)))


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_bad_file_is_told_by_line_and_imports_nothing(
    run: Run, world: World, tmp_path: Path, more: list[str]
) -> None:
    path = tmp_path / "participants.csv"
    path.write_text("id,site,phone\n1-001,oslo,\n1-002,paris,123\n1-001,oslo,\n", encoding="utf-8")
    before = number_of_events(world)
    told = refused(run("participant", "import", str(path), *more)).splitlines()
    assert [line.split(": ")[0] for line in told[:-1]] == [f"{path}:{number}" for number in (3, 3, 4)]
    assert told[-1] == "Nothing was imported."
    assert number_of_events(world) == before


def test_a_file_of_50_mb_is_refused_unread(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "participants.csv"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    assert "larger than 1 MB" in refused(run("participant", "import", str(path)))


def test_a_withdrawn_participant_gets_no_link(run: Run, world: World) -> None:
    world.add("1-001")
    world.invite("1-001")
    assert "needs a reason" in refused(run("participant", "withdraw", "1-001", "--reason", " "))
    assert done(run("participant", "withdraw", "1-001", "--reason", "moved")) == "Withdrew 1-001.\n"
    assert "already" in refused(run("participant", "withdraw", "1-001", "--reason", "moved"))
    assert "is withdrawn" in refused(run("invite", "1-001", "baseline"))


# ---------------------------------------------------------------- the list's states


def states_of(world: World, study_number: str) -> dict[str, str]:
    with world.reading() as session:
        listed = {one.study_number: one for one in list_participants(session, world.runtime.study)}
    return {visit: state.value for visit, state in listed[study_number].visits.items()}


def test_the_list_tells_how_far_each_visit_has_come(world: World) -> None:
    world.add("1-001")
    assert states_of(world, "1-001")["baseline"] == "not invited"
    link = world.invite("1-001")
    assert states_of(world, "1-001")["baseline"] == "invited"
    browser = world.browser().open(link).press().press()
    assert states_of(world, "1-001")["baseline"] == "invited"
    browser.fill(browser.names()[0], browser.inputs(browser.names()[0])[0].get("value") or "40").press()
    assert states_of(world, "1-001")["baseline"] == "started"
    assert states_of(world, "1-001")["day14"] == "not invited"
    with clock.at(clock.now() + timedelta(days=4)):
        assert states_of(world, "1-001")["baseline"] == "expired"
    world.revoke("1-001")
    assert states_of(world, "1-001")["baseline"] == "revoked"
    world.invite("1-001")
    assert states_of(world, "1-001")["baseline"] == "started"
    world.withdraw("1-001")
    assert set(states_of(world, "1-001").values()) == {"withdrawn"}


def test_the_list_asks_the_database_as_often_for_many_as_for_one(world: World) -> None:
    def queries() -> int:
        asked: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            asked.append(statement)

        engine = world.runtime.database.engine
        event.listen(engine, "before_cursor_execute", note)
        with world.reading() as session:
            list_participants(session, world.runtime.study)
        event.remove(engine, "before_cursor_execute", note)
        return len(asked)

    world.add("1-001")
    for_one = queries()
    for number in range(2, 12):
        world.add(f"1-{number:03d}")
        world.invite(f"1-{number:03d}")
    assert queries() == for_one


def test_an_empty_list_says_how_to_add_somebody(run: Run) -> None:
    result = run("participant", "list")
    assert done(result) == ""
    assert "btb-pro participant add" in result.stderr


# ---------------------------------------------------------------- links


def test_invite_prints_the_link_alone_and_it_opens_the_visit(run: Run, world: World) -> None:
    world.add("1-001")
    result = run("invite", "1-001", "baseline")
    link = done(result).removesuffix("\n")
    assert re.fullmatch(r"http://localhost/s/[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{22}", link)
    assert "Norwegian time" in result.stderr
    assert world.browser().open(link.removeprefix("http://localhost")).page == "start"


def test_inviting_again_gives_the_same_live_link(run: Run, world: World) -> None:
    world.add("1-001")
    first = done(run("invite", "1-001", "baseline"))
    assert done(run("invite", "1-001", "baseline", "--send", "none")) == first
    second = done(run("invite", "1-001", "baseline", "--replace"))
    assert second != first
    assert done(run("invite", "1-001", "baseline")) == second
    assert world.browser().open(first.strip().removeprefix("http://localhost")).status == 410


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["1-009", "baseline"], "No participant has the study number 1-009"),
        (["1-001", "screening"], "asks no questions"),
        (["1-001", "day15"], "no visit of this study"),
    ],
)
def test_an_invitation_that_cannot_be_is_refused_with_the_reason(
    run: Run, world: World, words: list[str], told: str
) -> None:
    world.add("1-001")
    assert told in refused(run("invite", *words))


def test_a_revoked_link_is_dead(run: Run, world: World) -> None:
    world.add("1-001")
    link = world.invite("1-001")
    assert "Revoked" in done(run("revoke", "1-001", "baseline"))
    assert world.browser().open(link).status == 410
    assert "no live link" in refused(run("revoke", "1-001", "baseline"))


def test_an_unapproved_wording_stops_the_invitation_until_each_is_approved(tmp_path: Path) -> None:
    world = make_world(tmp_path / "strict", allow_unapproved=False)
    world.add("1-001")
    told = refused(run_in(world.folder, "invite", "1-001", "baseline"))
    assert "btb-pro instruments approve" in told
    named = re.findall(r"(\w+) 1 (nb|en)", told)
    assert len(named) == 12
    for code, language in named:
        words = ["--by", "Kari Nordmann", "--evidence", "letter of 31 January"]
        done(run_in(world.folder, "instruments", "approve", code, "--language", language, *words))
    done(run_in(world.folder, "invite", "1-001", "baseline"))
    with world.reading() as session:
        events = (
            session.execute(select(AuditEvent).where(AuditEvent.tag == "wording:approve")).scalars().all()
        )
    assert len(events) == 12
    assert {change["new"] for one in events for change in json.loads(one.changes)} >= {"Kari Nordmann"}
    assert {one.reason for one in events} == {"letter of 31 January"}
    world.close()


@pytest.mark.parametrize(
    ("code", "language", "by", "told"),
    [
        ("hscl26", "nb", "Kari", "no instrument"),
        ("hscl25", "fi", "Kari", "no wording in fi"),
        ("hscl25", "nb", " ", "name of a person"),
    ],
)
def test_an_approval_of_nothing_or_by_nobody_is_refused(
    run: Run, code: str, language: str, by: str, told: str
) -> None:
    words = ["--language", language, "--by", by, "--evidence", "letter"]
    assert told in refused(run("instruments", "approve", code, *words))


# ---------------------------------------------------------------- the audit trail


def test_audit_verify_prints_the_head_that_a_later_proof_can_be_compared_with(run: Run, world: World) -> None:
    world.add("1-001")
    told = done(run("audit", "verify"))
    with world.reading() as session:
        head = session.execute(select(AuditEvent.hash).order_by(AuditEvent.seq.desc()).limit(1)).scalar_one()
    assert f"{number_of_events(world)} events" in told
    assert head in told


def test_audit_verify_names_the_first_event_that_was_tampered_with(run: Run, world: World) -> None:
    for number in ("1-001", "1-002", "1-003"):
        world.add(number)
    connection = sqlite.connect(str(world.folder / "btb.db"))
    # Whoever can write the file can take its triggers away.
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("UPDATE audit_event SET reason = 'x' WHERE seq IN (3, 4)")
    connection.commit()
    connection.close()
    assert "Event 3 was changed" in refused(run("audit", "verify"))


# ---------------------------------------------------------------- the operator's page


def test_the_operators_page_names_every_setting_and_command() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operator.md").read_text(encoding="utf-8")
    source = (Path(__file__).parents[2] / "btb_pro" / "config.py").read_text(encoding="utf-8")
    settings = set(re.findall(r'"(BTB_[A-Z_]+)"', source))
    assert len(settings) >= 9
    missing = [name for name in sorted(settings) if f"`{name}`" not in page]
    missing += [
        words
        for words, command in all_commands()
        if not isinstance(command, click.Group) and f"btb-pro {words}" not in page
    ]
    assert missing == []
