"""When the database does not answer: the page holds all that was typed, and its button sends it again."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from psycopg import errors
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session

from tests.integration.participant.steps import (
    count,
    dump,
    fill_in,
    go_to,
    session_address,
    values,
    visit_row,
)
from tests.support.behind import kept_locked
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World


@contextmanager
def failing_at_commit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The disk is full just when the transaction is to be made durable."""

    def fail(_session: Session) -> None:
        raise OperationalError("COMMIT", {}, sqlite.OperationalError("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(Session, "commit", fail)
        yield


@pytest.fixture
def page(world: World) -> PlainBrowser:
    """A page with answers on it, not sent yet, in a session of another language than the phone."""
    world.add(language="nb")
    page = go_to(world.browser("en").open(world.invite()).press(), world, "pain_worse")
    given = {
        "pain_duration_years": "5",
        "pain_worse": ("lifting", "other"),
        "pain_worse_other": "«blåbær» & <is>",
    }
    return fill_in(page, given)


STORED = {
    "pain_duration_years": "5",
    "pain_worse": "lifting other",
    "pain_worse_other": "«blåbær» & <is>",
}


def assert_not_saved_yet(page: PlainBrowser) -> None:
    """The page that says so, in the session's language."""
    assert (page.status, page.page, page.document.get("lang")) == (503, "step", "nb")


def test_a_locked_database_gives_a_page_that_holds_everything_and_sends_it_again(
    world: World, page: PlainBrowser
) -> None:
    before = dump(world)
    sent = [*page.values, ("next", "1")]
    with kept_locked(world):
        page.press()
        assert_not_saved_yet(page)
        assert page.values == sent
        page.press()
        assert_not_saved_yet(page)
        assert page.values == sent
    assert dump(world) == before
    page.press()
    assert (page.status, page.page) == (200, "items")
    assert values(world) == STORED


def test_a_commit_that_fails_writes_nothing_and_is_not_called_saved(
    world: World, page: PlainBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dump(world)
    with failing_at_commit(monkeypatch):
        page.press("later")
        assert_not_saved_yet(page)
    assert dump(world) == before
    assert page.press().page == "parts"
    assert values(world) == STORED


def test_an_answer_that_was_saved_though_its_page_got_lost_is_not_doubled(
    world: World, page: PlainBrowser
) -> None:
    sent, here = [*page.values, ("later", "1")], page.address
    page.press("later")
    before = dump(world)
    page.send(here, sent)
    assert (page.page, dump(world)) == ("parts", before)


@pytest.mark.parametrize("failure", ["locked", "commit"])
def test_sending_in_is_not_called_done_before_it_is(
    world: World, page: PlainBrowser, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    page.press("later").open(f"{session_address(page)}/review")
    before = dump(world)
    with kept_locked(world) if failure == "locked" else failing_at_commit(monkeypatch):
        page.press()
        assert_not_saved_yet(page)
    assert dump(world) == before
    assert page.press().page == "receipt"
    assert visit_row(world).submitted_at is not None


def test_the_other_buttons_of_a_session_wait_too(world: World, page: PlainBrowser) -> None:
    page.open(f"{session_address(page)}/")
    with kept_locked(world):
        page.press("lang", "en")
        assert_not_saved_yet(page)
    assert page.press().document.get("lang") == "en"


def test_start_waits_and_begins_one_session(world: World) -> None:
    world.add(language="nb")
    browser = world.browser().open(world.invite())
    with kept_locked(world):
        assert browser.press().status == 503
        assert browser.press().status == 503
    assert browser.press().page == "parts"
    assert count(world, "participant_session") == 1


def test_reading_goes_on_while_another_process_writes(world: World, page: PlainBrowser) -> None:
    link = world.invite()
    with kept_locked(world):
        for path in ("/page/1", "/review", "/"):
            assert page.open(session_address(page) + path).status == 200
        assert world.browser().open(link).status == 200


def test_a_database_that_is_gone_gives_a_page_and_no_traceback(
    world: World, page: PlainBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, sqlite.OperationalError("unable to open database file"))

    monkeypatch.setattr(Session, "execute", refuse)
    response = page.client.get(page.address)
    assert (response.status_code, 'data-page="dead"' in response.text) == (503, True)
    assert "unable to open" not in response.text
    page.press()
    assert (page.status, page.page) == (503, "step")
    monkeypatch.undo()
    page.press()
    assert values(world) == STORED


@pytest.mark.parametrize(
    "failure",
    [
        DBAPIError.instance("COMMIT", {}, errors.ReadOnlySqlTransaction("a standby by now"), errors.Error),
        DBAPIError.instance("COMMIT", {}, errors.IdleInTransactionSessionTimeout("too slow"), errors.Error),
        DBAPIError.instance("SELECT", {}, errors.InterfaceError("the connection is closed"), errors.Error),
        DBAPIError.instance("COMMIT", {}, sqlite.DatabaseError("disk image is malformed"), sqlite.Error),
        NoConnectionFree("every connection of the pool is in use"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_whatever_the_database_answers_the_page_holds_what_was_typed(
    world: World, page: PlainBrowser, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    sent = [*page.values, ("later", "1")]

    def fail(_session: Session) -> None:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(Session, "commit", fail)
        page.press("later")
        assert_not_saved_yet(page)
        assert page.values == sent
    assert page.press().page == "parts"
    assert values(world) == STORED


def test_a_mistake_of_ours_gives_a_page_in_the_sessions_language_and_no_traceback(
    world: World, page: PlainBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dump(world)
    with monkeypatch.context() as patch:
        patch.setattr("btb_pro.participant.items.save_page", lambda *_: 1 / 0)
        page.press()
    assert (page.status, page.page, page.document.get("lang")) == (500, "dead", "nb")
    assert "ZeroDivision" not in page.html
    assert dump(world) == before
