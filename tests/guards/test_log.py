"""No token, name or answer in any log line, whatever goes wrong."""

import io
import logging
from collections.abc import Iterator

import pytest

from btb_pro.logs import set_up_logging
from btb_pro.participant import items
from tests.support.world import World

CANARIES = ("kanarifugl", "4711")


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
