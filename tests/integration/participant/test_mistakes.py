"""A mistake in what was sent in: the wish to correct arrives whole and once, and changes nothing."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from btb_pro import clock
from btb_pro.logs import set_up_logging
from btb_pro.models.base import AuditEvent, salted_sha256
from btb_pro.models.participant import ParticipantRequest
from btb_pro.security import new_key
from btb_pro.services.requests import LONGEST_TEXT, settle_request
from btb_pro.services.verification import verify
from tests.integration.participant.steps import (
    dump,
    finish_pain,
    post,
    rebuilt,
    same_cookies,
    session_address,
    with_class,
)
from tests.support.behind import is_sqlite
from tests.support.plain_browser import PlainBrowser
from tests.support.world import COMMAND, World

WHAT = "Spørsmål 3: jeg mente 4, ikke 1 <b>& «ja»</b>"
WHY = "Jeg leste feil.\r\nÆrlig talt."


@dataclass(frozen=True, slots=True)
class SentIn:
    """A visit that was sent in: its link, and the browser that did it."""

    link: str
    browser: PlainBrowser

    def page(self, way: str) -> PlainBrowser:
        """The page to ask on, by the session's receipt or by the link's."""
        browser = same_cookies(self.browser) if way == "session" else PlainBrowser(self.browser.client)
        browser.open(self.browser.address if way == "session" else self.link)
        assert browser.page == "receipt"
        return browser.open(browser.link("Jeg svarte feil"))


@pytest.fixture
def sent_in(world: World) -> SentIn:
    """Three questions, answered in Norwegian and sent in."""
    world.add(day0=(clock.today() - timedelta(days=14)).isoformat(), language="nb")
    link = world.invite(visit="day14")
    browser = finish_pain(world.started(link), "7", "8", "9").press()
    assert browser.page == "receipt"
    return SentIn(link, browser)


@pytest.fixture(params=["session", "link"])
def way(request: pytest.FixtureRequest) -> str:
    """Both receipts lead to the page."""
    return str(request.param)


def wishes(world: World) -> list[tuple[str | None, str | None]]:
    """What and why of every wish, oldest first."""
    with world.reading() as session:
        rows = session.execute(select(ParticipantRequest).order_by(ParticipantRequest.id)).scalars()
        return [(row.what, row.why) for row in rows]


def focus_of(browser: PlainBrowser) -> list[str]:
    """Where the links of the error summary lead."""
    summaries = with_class(browser.document, "ds-error-summary")
    return [one.get("href", "") for summary in summaries for one in summary.iter("a")]


def test_a_wish_reaches_the_hospital_word_for_word_and_the_receipt_says_so(
    world: World, sent_in: SentIn, way: str
) -> None:
    browser = sent_in.page(way)
    assert (browser.page, browser.heading) == ("step", "Jeg svarte feil")
    assert "Ingenting endres av seg selv" in browser.text
    browser.fill("what", WHAT).fill("why", WHY).press()
    assert (browser.status, browser.page) == (200, "receipt")
    assert "Meldingen din om en feil kom fram" in browser.text
    assert wishes(world) == [(WHAT, WHY.replace("\r\n", "\n"))]


def test_a_wish_needs_no_reason(world: World, sent_in: SentIn, way: str) -> None:
    assert sent_in.page(way).fill("what", WHAT).fill("why", "  \r\n ").press().page == "receipt"
    assert wishes(world) == [(WHAT, None)]


def test_a_wish_changes_neither_answers_nor_scores_nor_the_receipt(
    world: World, sent_in: SentIn, way: str
) -> None:
    before = dump(world)
    sent_in.page(way).fill("what", WHAT).press()
    changed = {name for name, rows in dump(world).items() if rows != before[name]}
    assert changed == {"participant_request", "audit_event"}


def test_looking_at_the_page_writes_nothing(world: World, sent_in: SentIn, way: str) -> None:
    before = dump(world)
    sent_in.page(way)
    assert dump(world) == before


def test_the_text_enters_the_audit_trail_as_a_salted_hash_only(
    world: World, sent_in: SentIn, way: str
) -> None:
    sent_in.page(way).fill("what", WHAT).fill("why", WHY).press()
    with world.reading() as session:
        row = session.execute(select(ParticipantRequest)).scalar_one()
        told = session.execute(select(AuditEvent).where(AuditEvent.seq == row.event_seq)).scalar_one()
        everything = session.execute(select(AuditEvent.changes)).scalars().all()
        verify(session)
    assert row.salt is not None
    assert row.what is not None
    assert row.why is not None
    changes = {one["field"]: one["new"] for one in json.loads(told.changes)}
    assert (told.tag, told.actor_kind, told.study_number) == (
        "request:ask_for_correction",
        "participant",
        "BTB-001",
    )
    assert changes == {
        "kind": "mistake",
        "visit": "day14",
        "what": salted_sha256(row.salt, row.what),
        "why": salted_sha256(row.salt, row.why),
    }
    assert not any("jeg mente" in one or "leste feil" in one for one in everything)


def test_a_double_tap_a_reload_and_a_second_tab_are_one_wish(world: World, sent_in: SentIn, way: str) -> None:
    browser, tab = sent_in.page(way), sent_in.page(way)
    address, sent = browser.address, [*browser.fill("what", WHAT).values, ("next", "1")]
    for _ in range(3):
        browser.send(address, sent)
        assert browser.page == "receipt"
    tab.fill("what", WHAT).press()
    assert wishes(world) == [(WHAT, None)]


def test_several_wishes_may_be_sent(world: World, sent_in: SentIn, way: str) -> None:
    sent_in.page(way).fill("what", WHAT).press()
    sent_in.page(way).fill("what", WHAT).fill("why", "x").press()
    sent_in.page(way).fill("what", "Spørsmål 1 også").press()
    assert wishes(world) == [(WHAT, None), (WHAT, "x"), ("Spørsmål 1 også", None)]


def test_the_same_wish_after_the_first_was_settled_is_a_new_one(
    world: World, sent_in: SentIn, way: str
) -> None:
    sent_in.page(way).fill("what", WHAT).press()
    with world.writing() as session:
        settle_request(session, COMMAND, 1, "told the investigator")
    sent_in.page(way).fill("what", WHAT).press()
    assert wishes(world) == [(WHAT, None), (WHAT, None)]


def test_no_page_shows_what_was_wished_before(world: World, sent_in: SentIn, way: str) -> None:
    browser = sent_in.page(way).fill("what", WHAT).press()
    for page in (browser.html, sent_in.page(way).html):
        assert "jeg mente" not in page


@pytest.mark.parametrize("blank", ["", "   ", "\r\n\r\n", "\u00a0"])
def test_a_wish_that_says_nothing_is_asked_for_again_and_keeps_the_reason(
    world: World, sent_in: SentIn, way: str, blank: str
) -> None:
    browser = sent_in.page(way).fill("what", blank).fill("why", WHY).press()
    assert (browser.status, browser.page, focus_of(browser)) == (422, "step", ["#what"])
    assert "Skriv hva som skal rettes." in browser.text
    assert browser.value("why") == [WHY]
    assert browser.document.findtext("head/title", "").startswith("Feil:")
    assert wishes(world) == []


@pytest.mark.parametrize("name", ["what", "why"])
def test_a_text_of_1000_characters_is_taken_and_of_1001_refused_with_everything_kept(
    world: World, sent_in: SentIn, way: str, name: str
) -> None:
    other = "why" if name == "what" else "what"
    # A line break is one character to the participant, although a browser sends two.
    fits = "å\r\n" * (LONGEST_TEXT // 2)
    browser = sent_in.page(way).fill(name, f"{fits}y").fill(other, "kort").press()
    assert (browser.status, focus_of(browser)) == (422, [f"#{name}"])
    assert f"{LONGEST_TEXT}" in browser.text
    assert browser.value(name) == [f"{fits}y"]
    assert browser.value(other) == ["kort"]
    assert wishes(world) == []
    assert browser.fill(name, fits).press().page == "receipt"
    stored = {"what": wishes(world)[0][0], "why": wishes(world)[0][1]}
    assert stored == {name: "å\n" * (LONGEST_TEXT // 2), other: "kort"}


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b", "\uffff"])
def test_a_sign_that_cannot_be_kept_is_refused_and_the_rest_is_still_there(
    world: World, sent_in: SentIn, way: str, sign: str
) -> None:
    browser = sent_in.page(way).fill("what", f"før{sign}etter").fill("why", WHY).press()
    assert (browser.status, focus_of(browser)) == (422, ["#what"])
    assert browser.value("what") == ["føretter"]
    assert browser.value("why") == [WHY]
    assert wishes(world) == []
    browser.press()
    assert wishes(world) == [("føretter", WHY.replace("\r\n", "\n"))]


def test_a_text_that_begins_with_an_empty_line_keeps_it_when_the_page_is_shown_again(
    world: World, sent_in: SentIn, way: str
) -> None:
    browser = sent_in.page(way).fill("why", "\r\n\r\nnederst").press()
    assert browser.status == 422
    assert browser.value("why") == ["\r\n\r\nnederst"]


def test_a_field_that_comes_twice_is_refused(world: World, sent_in: SentIn, way: str) -> None:
    browser = sent_in.page(way)
    browser.send(browser.address, [*browser.values, ("what", "a"), ("what", "b")])
    assert browser.status == 422
    assert wishes(world) == []


def test_five_megabytes_are_too_much_and_the_way_back_leads_to_the_page(
    world: World, sent_in: SentIn, way: str
) -> None:
    browser = sent_in.page(way)
    address = browser.address
    browser.fill("what", "x" * 5_000_000).press()
    assert (browser.status, browser.page, browser.document.get("lang")) == (413, "dead", "nb")
    assert browser.open(browser.link("Tilbake til siden")).page == "step"
    assert browser.address == address.partition("?")[0]
    assert wishes(world) == []


def test_changing_the_language_loses_nothing_that_was_typed_and_sends_nothing(
    world: World, sent_in: SentIn, way: str
) -> None:
    browser = sent_in.page(way).fill("what", WHAT).fill("why", WHY).press("lang", "en")
    assert (browser.status, browser.document.get("lang"), browser.heading) == (200, "en", "I made a mistake")
    assert (browser.value("what"), browser.value("why")) == ([WHAT], [WHY])
    browser.fill("what", "").press()
    assert (browser.status, browser.document.get("lang")) == (422, "en")
    browser.fill("what", WHAT).press("lang", "nb").press("lang", "en").press()
    assert (browser.page, browser.document.get("lang")) == ("receipt", "en")
    assert len(wishes(world)) == 1


def test_a_token_that_went_stale_costs_no_word(world: World, sent_in: SentIn) -> None:
    browser = sent_in.page("session").fill("csrf_token", "stale").fill("what", WHAT).press()
    assert (browser.status, browser.page) == (200, "step")
    assert "Ingenting er sendt ennå" in browser.text
    assert wishes(world) == []
    assert browser.value("what") == [WHAT]
    browser.press()
    assert wishes(world) == [(WHAT, None)]


def test_keys_may_be_rotated_while_somebody_writes(world: World, sent_in: SentIn) -> None:
    address = session_address(sent_in.browser)
    browser = sent_in.page("session").fill("what", WHAT)
    name = f"btb-{address.rpartition('/')[2]}"
    cookie = browser.client.get_cookie(name)
    assert cookie is not None
    other = rebuilt(world, secret_keys=(new_key(), *world.runtime.settings.secret_keys))
    moved = other.browser()
    moved.client.set_cookie(name, cookie.value)
    moved.address = browser.address
    moved.send(f"{address}/mistake", [*browser.values, ("next", "1")])
    assert moved.page == "receipt"
    assert wishes(other) == [(WHAT, None)]


def test_a_visit_that_was_not_sent_in_has_nothing_to_correct(world: World) -> None:
    world.add(language="nb")
    link = world.invite()
    browser = world.started(link)
    before = dump(world)
    address = f"{session_address(browser)}/mistake"
    token = browser.value("csrf_token")[0]
    assert browser.open(address).page == "review"
    assert browser.send(address, [("csrf_token", token), ("what", WHAT)]).page == "review"
    by_link = world.browser()
    assert by_link.open(f"{link}/mistake").page == "start"
    assert by_link.send(f"{link}/mistake", [("what", WHAT)]).page == "start"
    assert dump(world) == before


@pytest.mark.parametrize("end", ["revoked", "withdrawn"])
def test_a_link_that_was_ended_after_it_was_sent_in_asks_for_nothing(
    world: World, sent_in: SentIn, way: str, end: str
) -> None:
    browser = sent_in.page(way).fill("what", WHAT)
    if end == "revoked":
        world.revoke("BTB-001", "day14")
    else:
        world.withdraw("BTB-001")
    before = dump(world)
    assert (browser.press().status, browser.page) == (410, "dead")
    assert dump(world) == before


def test_somebody_without_the_sessions_cookie_cannot_ask_by_its_address(
    world: World, sent_in: SentIn
) -> None:
    browser = sent_in.page("session")
    before = dump(world)
    response = post(world.app.test_client(), browser.address, "what=x")
    assert response.status_code == 303
    assert dump(world) == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_is_stored_as_it_was_typed_or_refused(world: World, sent_in: SentIn, typed: str) -> None:
    already = wishes(world)
    body = urlencode({"what": "Spørsmål 3", "why": typed})
    response = post(world.app.test_client(), f"{sent_in.link}/mistake", body)
    if response.status_code == 422:
        assert wishes(world) == already
    else:
        assert response.status_code == 303
        kept = typed.replace("\r\n", "\n") if typed.strip() else None
        assert ("Spørsmål 3", kept) in wishes(world)


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Everything that the app logs."""
    stream = StringIO()
    set_up_logging(stream, logging.DEBUG)
    yield stream
    logging.getLogger("btb_pro").handlers = []


def test_the_log_holds_no_word_of_a_wish_even_when_the_database_refuses_it(
    world: World, sent_in: SentIn, way: str, log: StringIO
) -> None:
    world.app.testing = False
    # The row is refused by the database itself, in the middle of the service.
    when = "BEFORE INSERT ON participant_request"
    with world.writing() as session:
        if is_sqlite(world):
            refuse = "WHEN NEW.what = 'brenner ikke' BEGIN SELECT RAISE(ABORT, 'brenner'); END"
            session.execute(text(f"CREATE TRIGGER full_up {when} {refuse}"))
        else:
            refuse = "IF NEW.what = 'brenner ikke' THEN RAISE integrity_constraint_violation; END IF"
            body = f"$$ BEGIN {refuse}; RETURN NEW; END $$"
            session.execute(text(f"CREATE FUNCTION full_up() RETURNS trigger LANGUAGE plpgsql AS {body}"))
            session.execute(text(f"CREATE TRIGGER full_up {when} FOR EACH ROW EXECUTE FUNCTION full_up()"))
    sent_in.page(way).fill("what", "brenner vann").press()
    sent_in.page(way).fill("what", "brenner\x00alt").press()
    browser = sent_in.page(way).fill("what", "brenner ikke").press()
    assert (browser.status, browser.page) == (503, "step")
    told = log.getvalue()
    assert "IntegrityError" in told
    assert "/mistake 303" in told
    assert "/mistake 422" in told
    assert "brenner" not in told
    assert sent_in.link.rpartition("/")[2] not in told
