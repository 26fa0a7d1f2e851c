"""No token, name or answer in any log line, whatever goes wrong."""

import io
import logging
from collections.abc import Iterator

import pytest
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from btb_pro.logs import set_up_logging
from btb_pro.participant import items
from tests.integration.participant.steps import go_to
from tests.support.world import World

# Words that neither a time nor a random number of a request can happen to hold.
CANARIES = ("kanarifugl", "47,11 kg")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger says, down to debugging."""
    stream = io.StringIO()
    set_up_logging(stream, logging.DEBUG)
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)
    logging.getLogger("btb_pro").handlers = []


def test_a_whole_visit_leaves_no_trace_of_who_answered_what(world: World, log: io.StringIO) -> None:
    number = world.add("BTB-KANARI", language="nb", email="kanari@sykehus.example", phone="41234567")
    link = world.invite(number)
    browser = world.browser().open(link).press().press()
    for name in browser.names():
        first = browser.inputs(name)[0]
        browser.fill(name, "47" if first.get("type") == "text" else first.get("value", ""))
    browser.press()
    browser.send(browser.address, [("csrf_token", "x"), ("pain_now", CANARIES[1])])
    browser.open(link + CANARIES[0])
    browser.open(f"/q/{CANARIES[0]}/page/1")
    world.app.test_client().post(link, data=f"name={CANARIES[0]}" * 100_000)
    world.app.test_client().post(link, data=b"\xff" + CANARIES[0].encode())
    written = log.getvalue()
    assert "GET /s/<token> 200" in written
    for secret in (link.removeprefix("/s/"), number, "kanari@", "4123456", *CANARIES):
        assert secret not in written


def test_an_error_of_ours_is_logged_without_its_words(
    world: World, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(CANARIES[0])

    browser = world.started().press()
    monkeypatch.setattr(items, "render_template", fail)
    browser.open(browser.address)
    assert browser.status == 500
    written = log.getvalue()
    assert "RuntimeError" in written
    assert CANARIES[0] not in written
    assert browser.address.split("/")[2] not in written


def test_what_was_written_in_words_is_in_no_log_whether_it_was_saved_refused_or_waits(
    world: World, log: io.StringIO, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_session: Session) -> None:
        raise OperationalError("COMMIT", {"value": CANARIES[0]}, sqlite.OperationalError(CANARIES[1]))

    browser = go_to(world.started(), world, "pain_worse")
    browser.fill("pain_worse", "other").fill("pain_worse_other", CANARIES[0])
    browser.fill("pain_duration_years", CANARIES[1]).press()
    assert browser.status == 422
    with monkeypatch.context() as patch:
        patch.setattr(Session, "commit", fail)
        browser.fill("pain_duration_years", "47").press("later")
        assert browser.status == 503
    assert browser.press().page == "parts"
    written = log.getvalue() + "".join(capfd.readouterr())
    assert "POST /q/<handle>/page/<number> 422" in written
    assert "OperationalError" in written
    for secret in CANARIES:
        assert secret not in written
