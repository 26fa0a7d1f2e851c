"""The made-up study: complete, built afresh, on its own database, and up at the address that it prints."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro import create_app
from btb_pro.config import SETTINGS_FILE
from btb_pro.models.base import AuditEvent
from btb_pro.models.correction import Correction, CorrectionRequest
from btb_pro.models.response import Answer, LateSave
from btb_pro.roles import Role as StaffRole
from btb_pro.services.audit import Actor, Context
from btb_pro.services.backups import take_backup
from btb_pro.services.demo import (
    FEWEST_PARTICIPANTS,
    DemoRefused,
    DemoStudy,
    build_demo,
    demo_folder,
    reserved,
)
from btb_pro.services.demo_staff import DEMO_PASSWORD
from btb_pro.services.diagnosis import find_keys
from btb_pro.services.health import Check, Finding, Grade
from btb_pro.services.listing import ListedParticipant, list_participants
from btb_pro.services.opening import open_runtime
from btb_pro.services.quality import count_quality
from btb_pro.services.runtime import Runtime
from btb_pro.services.verification import verify
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import sign_in

BASE_URL = "http://localhost"
ACTOR = Actor("command", "tester")


def build(folder: Path, participants: int = 36) -> DemoStudy:
    with reserved(folder):
        return build_demo(folder, BASE_URL, ACTOR, participants)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DemoStudy, Runtime]]:
    study = build(tmp_path_factory.mktemp("demo") / "instance" / "demo")
    runtime = open_runtime(study.settings)
    yield study, runtime
    runtime.database.close()


@pytest.fixture
def session(demo: tuple[DemoStudy, Runtime]) -> Iterator[Session]:
    with demo[1].database.reading() as opened:
        yield opened


@pytest.fixture
def listed(demo: tuple[DemoStudy, Runtime], session: Session) -> list[ListedParticipant]:
    return list_participants(session, demo[1].study)


def test_made_up_participants_of_all_six_sites_are_in_every_state(listed: list[ListedParticipant]) -> None:
    assert len(listed) == 36
    assert Counter(one.site for one in listed) == dict.fromkeys(
        ("oslo", "fredrikstad", "trondheim", "bergen", "stavanger", "tromso"), 6
    )
    states = {state.value for one in listed for state in one.visits.values()}
    assert states == {"not invited", "invited", "started", "submitted", "expired", "revoked", "withdrawn"}
    assert {one.language for one in listed} == {"nb", "en"}


def test_every_site_has_participants_in_several_states(listed: list[ListedParticipant]) -> None:
    for site in {one.site for one in listed}:
        assert len({one.visits["baseline"] for one in listed if one.site == site}) >= 3, site


def test_at_least_three_links_in_each_language_are_unopened(demo: tuple[DemoStudy, Runtime]) -> None:
    unopened = [link for link in demo[0].links if link.visit == "baseline" and link.state == "not opened yet"]
    counted = Counter(link.language for link in unopened)
    assert counted["nb"] >= 3
    assert counted["en"] >= 3


@pytest.mark.parametrize(
    ("state", "status", "page"),
    [
        ("not opened yet", 200, "start"),
        ("started", 200, "start"),
        ("half-way", 200, "start"),
        ("submitted", 200, "receipt"),
        ("expired", 410, "dead"),
        ("revoked", 410, "dead"),
        ("replaced", 410, "dead"),
        ("withdrawn", 410, "dead"),
        ("not open yet", 403, "dead"),
    ],
)
def test_a_link_of_each_state_opens_what_its_label_says(
    demo: tuple[DemoStudy, Runtime], state: str, status: int, page: str
) -> None:
    link = next(one for one in demo[0].links if one.visit == "baseline" and one.state == state)
    app = create_app(demo[0].settings)
    browser = PlainBrowser(app.test_client(), link.language).open(link.address.removeprefix(BASE_URL))
    app.extensions["btb_pro"].database.close()
    assert (browser.status, browser.page) == (status, page)


def test_somebody_can_be_invited_still(
    demo: tuple[DemoStudy, Runtime], listed: list[ListedParticipant]
) -> None:
    number = demo[0].not_invited[0]
    baseline = {one.study_number: one.visits["baseline"].value for one in listed}
    assert baseline[number] == "not invited"


def test_a_later_visit_is_open_to_somebody(demo: tuple[DemoStudy, Runtime]) -> None:
    assert any(link.visit != "baseline" and link.state == "not opened yet" for link in demo[0].links)


def test_the_audit_trail_is_whole_and_tells_the_past_in_its_order(session: Session) -> None:
    assert verify(session).answers > 500
    instants = list(session.execute(select(AuditEvent.at).order_by(AuditEvent.seq)).scalars())
    assert instants == sorted(instants)


def test_the_study_allows_unapproved_wordings_and_is_the_packaged_one_otherwise(
    demo: tuple[DemoStudy, Runtime],
) -> None:
    study = demo[1].study
    assert study.allow_unapproved_wording
    assert (study.code, len(study.visits), len(study.sites)) == ("backtobasic", 7, 6)


def test_a_backup_of_it_can_be_taken_and_opened(demo: tuple[DemoStudy, Runtime], tmp_path: Path) -> None:
    assert find_keys(demo[0].settings) == Finding(Check.KEYS, Grade.OK, "secret")
    assert take_backup(demo[1], Context(ACTOR), tmp_path / "one.btb-backup").was_opened


def test_three_visits_are_worth_a_look_each_for_a_reason_of_its_own(demo: tuple[DemoStudy, Runtime]) -> None:
    looks = count_quality(demo[1], lambda *_: None)["looks"]
    reasons = [(one["night"] is not None, one["pages"][0] > 20, one["changes"][0] > 10) for one in looks]
    assert sorted(reasons) == [(False, False, True), (False, True, False), (True, False, False)]


def test_only_the_owner_can_read_it(demo: tuple[DemoStudy, Runtime]) -> None:
    folder = demo[0].settings.instance
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_it_is_built_afresh_with_the_same_answers_other_links_and_keys(tmp_path: Path) -> None:
    def answers(study: DemoStudy) -> list[tuple[str, str | None]]:
        runtime = open_runtime(study.settings)
        with runtime.database.reading() as session:
            rows = session.execute(select(Answer.item, Answer.value).order_by(Answer.id)).all()
        runtime.database.close()
        return [(item, value) for item, value in rows]

    first = build(tmp_path / "demo", FEWEST_PARTICIPANTS)
    first_answers = answers(first)
    second = build(tmp_path / "demo", FEWEST_PARTICIPANTS)
    assert answers(second) == first_answers
    assert {link.address for link in first.links}.isdisjoint(link.address for link in second.links)
    assert first.settings.backup_keys != second.settings.backup_keys


def test_as_many_participants_as_asked_for_are_made(tmp_path: Path) -> None:
    assert build(tmp_path / "demo", 50).participants == 50


def test_the_environment_cannot_lead_it_into_a_real_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tmp_path / "real.db"
    monkeypatch.setenv("BTB_DATABASE_URL", f"sqlite:///{real}")
    study = build(tmp_path / "demo", FEWEST_PARTICIPANTS)
    assert not real.exists()
    assert study.settings.database_url == f"sqlite:///{tmp_path / 'demo' / 'btb.db'}"


def test_a_real_instance_is_never_built_over(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / SETTINGS_FILE).write_text("BTB_BASE_URL=https://btb.hospital.example\n")
    with pytest.raises(DemoRefused, match="not made up"):
        build(folder)
    assert "hospital" in (folder / SETTINGS_FILE).read_text()


def test_it_lies_below_the_instance_and_is_found_when_it_is_the_instance(tmp_path: Path) -> None:
    assert demo_folder(tmp_path) == tmp_path / "demo"
    with reserved(tmp_path / "demo"):
        assert demo_folder(tmp_path / "demo") == tmp_path / "demo"


# ---------------------------------------------------------------- the real command


class Running:
    """A demo in a process of its own."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.log = folder / "log.txt"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BTB_")}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "btb_pro", "demo", *words],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def printed(self) -> str:
        """What it prints until the QR code is whole."""
        lines: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            lines.append(line)
            if sum("QR code" in one for one in lines) and not line.strip():
                break
        return "".join(lines)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def status_of(address: str) -> int:
    """The status of a page, waited for while the port opens."""
    for _ in range(200):
        try:
            with urlopen(address, timeout=10) as answer:
                return int(answer.status)
        except HTTPError as error:
            error.close()
            return error.code
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"{address} does not answer")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str, int, Path]]:
    folder = tmp_path_factory.mktemp("running")
    port = free_port()
    process = Running(folder, "--port", str(port))
    printed = process.printed()
    status_of(f"http://127.0.0.1:{port}/")
    yield process, printed, port, folder
    assert process.stop() == 0


def test_it_prints_links_of_every_kind_and_a_code_for_a_phone(
    running: tuple[Running, str, int, Path],
) -> None:
    _, printed, port, _ = running
    labels = (
        "started",
        "half-way",
        "submitted",
        "expired",
        "revoked",
        "replaced",
        "withdrawn",
        "not open yet",
    )
    for label in labels:
        assert re.search(rf"^  {label} +http://127\.0\.0\.1:{port}/s/\S{{45}}$", printed, re.MULTILINE), label
    for language in ("Norwegian", "English"):
        block = printed.partition(f"Baseline, {language}, not opened yet\n")[2].partition("\n\n")[0]
        assert block.count("/s/") >= 3
    assert "BTB_INSTANCE=instance/demo" in printed
    for role in StaffRole:
        assert f"  {role.value}@demo.example\n" in printed
    assert DEMO_PASSWORD in printed
    assert "█" in printed


def test_every_printed_link_answers(running: tuple[Running, str, int, Path]) -> None:
    links = re.findall(r"http://\S+/s/\S+", running[1])
    assert len(links) >= 15
    assert {status_of(link) for link in links} == {200, 403, 410}


def test_every_command_works_on_it(running: tuple[Running, str, int, Path]) -> None:
    folder = running[3]
    listed = subprocess.run(
        [sys.executable, "-m", "btb_pro", "participant", "list"],
        cwd=folder,
        env=os.environ | {"BTB_INSTANCE": "instance/demo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(listed.stdout.splitlines()) == 37


def test_no_log_line_holds_a_token(running: tuple[Running, str, int, Path]) -> None:
    process, printed, port, _ = running
    tokens = re.findall(r"/s/(\S+)", printed)
    status_of(f"http://127.0.0.1:{port}/s/{tokens[0]}")
    for request in (
        f"GET /s/{tokens[0]} HTTP/9.9\r\n\r\n",
        f"GET /s/{tokens[0]}\0 x HTTP/1.1\r\nHost: a\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(request.encode())
            connection.recv(1000)
    log = process.log.read_text()
    assert "/s/<token>" in log
    assert "invalid request" in log
    assert not [token for token in tokens if token.split(".")[0] in log]


def test_a_second_one_on_the_same_port_or_folder_is_refused_in_a_sentence(
    running: tuple[Running, str, int, Path],
) -> None:
    _, _, port, folder = running
    for used, words in ((port, "is in use"), (free_port(), "runs on")):
        result = subprocess.run(
            [sys.executable, "-m", "btb_pro", "demo", "--port", str(used)],
            cwd=folder,
            env={name: value for name, value in os.environ.items() if not name.startswith("BTB_")},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (result.returncode, result.stdout) == (1, "")
        assert words in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_corrections_were_asked_for_accepted_and_refused_and_one_answer_came_late(session: Session) -> None:
    decided = [one.is_accepted for one in session.execute(select(Correction)).scalars()]
    assert sorted(decided) == [False, True]
    asked = session.execute(select(CorrectionRequest.asked_role)).scalars().all()
    assert len(asked) > len(decided)
    assert set(asked) == {"data-manager", "monitor"}
    assert session.execute(select(func.count(LateSave.id))).scalar_one() == 1
    at = session.execute(select(AuditEvent.at).order_by(AuditEvent.seq)).scalars().all()
    assert at == sorted(at)


def test_every_role_signs_in_with_the_password_that_is_printed_and_no_code(
    demo: tuple[DemoStudy, Runtime],
) -> None:
    app = create_app(demo[0].settings)
    for role in StaffRole:
        browser = sign_in(PlainBrowser(app.test_client(), "nb"), f"{role.value}@demo.example", DEMO_PASSWORD)
        first = "console-staff" if role is StaffRole.ADMIN else "console-today"
        assert browser.page == first, role
    app.extensions["btb_pro"].database.close()
