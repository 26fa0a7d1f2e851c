"""What the holder of a link may ask for: not me, no more reminders, a new link."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.participant import Invitation, Participant, ParticipantRequest
from btb_pro.services.made_requests import is_stopped
from btb_pro.services.requests import settle_request
from btb_pro.services.verification import verify
from tests.integration.participant.steps import (
    dump,
    invitation_row,
    post,
    session_address,
    trail,
    with_class,
)
from tests.support.behind import kept_locked
from tests.support.plain_browser import PlainBrowser
from tests.support.world import COMMAND, World

PAGES = ("not-me", "stop", "new-link", "mistake")
NUMBER = "BTB-001"


@dataclass(frozen=True, slots=True)
class Given:
    """A link, and an instant at which it is in the state that is asked for."""

    link: str
    at: datetime


def open_(world: World) -> Given:
    return Given(world.invite(NUMBER), clock.now())


def not_open_yet(world: World) -> Given:
    link = world.invite(NUMBER)
    return Given(link, invitation_row(world, NUMBER).opens_at - timedelta(milliseconds=1))


def expired(world: World) -> Given:
    link = world.invite(NUMBER)
    return Given(link, invitation_row(world, NUMBER).expires_at)


def replaced(world: World) -> Given:
    link = world.invite(NUMBER)
    world.invite(NUMBER, replace=True)
    return Given(link, clock.now())


def revoked(world: World) -> Given:
    link = world.invite(NUMBER)
    world.revoke(NUMBER)
    return Given(link, clock.now())


def withdrawn(world: World) -> Given:
    link = world.invite(NUMBER)
    world.withdraw(NUMBER)
    return Given(link, clock.now())


def submitted(world: World) -> Given:
    link = world.invite(NUMBER)
    browser = world.started(link)
    assert browser.open(f"{session_address(browser)}/review").press().page == "receipt"
    return Given(link, clock.now())


STATES: dict[str, Callable[[World], Given]] = {
    "open": open_,
    "not open yet": not_open_yet,
    "expired": expired,
    "replaced": replaced,
    "revoked": revoked,
    "withdrawn": withdrawn,
    "submitted": submitted,
}


def rows(world: World) -> list[ParticipantRequest]:
    """Every request, oldest first."""
    with world.reading() as session:
        return list(session.execute(select(ParticipantRequest).order_by(ParticipantRequest.id)).scalars())


def kinds(world: World) -> list[str]:
    """What was asked for, in order."""
    return [row.kind for row in rows(world)]


def stopped(world: World, number: str = NUMBER) -> bool:
    """What a job that sends reminders is told."""
    with world.reading() as session:
        wanted = select(Participant).where(Participant.study_number == number)
        return is_stopped(session, session.execute(wanted).scalar_one())


def settle(world: World, number: int, *, resumes_messages: bool = False) -> None:
    """What the hospital does with a request."""
    with world.writing() as session:
        settle_request(session, COMMAND, number, "looked at", resumes_messages=resumes_messages)


def newest_event(world: World) -> AuditEvent:
    """The end of the audit trail."""
    with world.reading() as session:
        return session.execute(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).scalar_one()


def asks_for_a_new_link(browser: PlainBrowser) -> bool:
    """Whether the page has the button."""
    return any("/new-link?" in one.get("action", "") for one in browser.document.iter("form"))


@pytest.fixture
def added(world: World) -> World:
    """A study with one participant, who reads Norwegian and has an address."""
    world.add(NUMBER, language="nb", email="ola@hospital.example", phone="41234567")
    return world


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_machine_that_looks_at_these_pages_writes_nothing_whatever_the_link_is(
    added: World, method: str, state: str
) -> None:
    given = STATES[state](added)
    before = dump(added)
    with clock.at(given.at):
        for page in PAGES:
            response = added.app.test_client().open(f"{given.link}/{page}", method=method)
            assert response.status_code in (200, 303)
    assert dump(added) == before


@pytest.mark.parametrize("page", PAGES)
def test_a_link_that_is_none_of_ours_is_the_same_unknown_page_here(added: World, page: str) -> None:
    link = added.invite(NUMBER)
    client = added.app.test_client()
    unknown = client.get("/s/nobody-made-this").data
    before = dump(added)
    for address in (f"{link[:-1]}/{page}", f"/s/x/{page}", f"{link}/{page}/", f"{link}/{page}/more"):
        looked, sent = client.get(address), post(client, address, "next=1")
        assert (looked.status_code, looked.data) == (404, unknown), address
        assert (sent.status_code, sent.data) == (404, unknown), address
    assert dump(added) == before


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}])
def test_a_form_on_another_site_can_ask_for_nothing(added: World, page: str, headers: dict[str, str]) -> None:
    given = {"new-link": expired, "mistake": submitted}.get(page, open_)(added)
    before = dump(added)
    with clock.at(given.at):
        response = post(added.app.test_client(), f"{given.link}/{page}", "what=x", **headers)
    assert response.status_code == 403
    assert dump(added) == before


@pytest.mark.parametrize("language", ["nb", "en"])
def test_the_start_page_offers_both_as_links_that_speak_its_language(added: World, language: str) -> None:
    browser = added.browser().open(f"{added.invite(NUMBER)}?lang={language}")
    (quiet,) = with_class(browser.document, "quiet-links")
    assert len(list(browser.document.iter("button"))) == 1
    for one in list(quiet.iter("a")):
        browser.open(one.get("href", ""))
        assert (browser.page, browser.document.get("lang")) == ("step", language)


@pytest.mark.parametrize("page", ["not-me", "stop"])
def test_a_step_has_one_form_whose_first_button_goes_forward_and_a_way_back(added: World, page: str) -> None:
    link = added.invite(NUMBER)
    browser = added.browser().open(f"{link}/{page}")
    assert browser.page == "step"
    assert [one.get("method") for one in browser.document.iter("form")] == ["post"]
    assert [one.get("name") for one in browser.document.iter("button")] == ["next"]
    assert browser.open(browser.link("Tilbake")).page == "start"
    assert rows(added) == []


def test_whoever_says_that_it_is_not_them_ends_the_link_at_once_and_is_thanked(added: World) -> None:
    link = added.invite(NUMBER)
    browser = added.browser().open(link)
    browser.open(browser.link("Dette er ikke meg")).press()
    assert (browser.status, browser.page, browser.heading) == (200, "receipt", "Takk for at du sa fra")
    assert (added.browser().open(link).status, added.browser().open(link).page) == (410, "dead")
    assert kinds(added) == ["not_me"]
    assert invitation_row(added).end_reason == "revoked"
    assert stopped(added)


def test_that_it_was_somebody_else_is_one_event_that_says_so(added: World) -> None:
    link = added.invite(NUMBER)
    added.browser().open(f"{link}/not-me").press()
    told = newest_event(added)
    changes = {(one["object"], one["field"]): one["new"] for one in json.loads(told.changes)}
    assert (told.tag, told.study_number) == ("request:report_not_me", NUMBER)
    assert changes == {
        ("request", "kind"): "not_me",
        ("request", "visit"): "baseline",
        ("invitation", "end_reason"): "revoked",
    }
    (row,) = rows(added)
    assert (row.received_at, row.event_seq) == (told.at, told.seq)


def test_not_me_pressed_twice_is_one_request_and_the_same_thanks(added: World) -> None:
    link = added.invite(NUMBER)
    first, second = added.browser().open(f"{link}/not-me"), added.browser().open(f"{link}/not-me")
    assert first.press().html == second.press().html
    assert first.open(first.address).html == second.html
    assert kinds(added) == ["not_me"]


def test_not_me_ends_a_session_that_was_begun_and_keeps_its_answers(added: World) -> None:
    link = added.invite(NUMBER)
    answering = added.started(link).press().fill("bg_age", "47").press("later")
    kept = [(row.item, row.value) for row in trail(added)]
    added.browser().open(f"{link}/not-me").press()
    assert answering.open(answering.address).status == 410
    assert ("bg_age", "47") in kept
    assert [(row.item, row.value) for row in trail(added)] == kept


def test_after_not_me_the_hospital_can_give_a_new_link(added: World) -> None:
    link = added.invite(NUMBER)
    added.browser().open(f"{link}/not-me").press()
    assert added.browser().open(added.invite(NUMBER)).press().page == "parts"


def test_not_me_from_a_page_that_was_open_when_the_link_expired_is_heeded(added: World) -> None:
    given = expired(added)
    browser = added.browser().open(f"{given.link}/not-me")
    with clock.at(given.at):
        assert browser.press().heading == "Takk for at du sa fra"
    assert kinds(added) == ["not_me"]


@pytest.mark.parametrize("state", ["replaced", "revoked", "withdrawn", "submitted"])
def test_not_me_with_a_link_that_is_over_shows_what_the_link_shows_and_writes_nothing(
    added: World, state: str
) -> None:
    given = STATES[state](added)
    before = dump(added)
    shown = added.browser().open(f"{given.link}?lang=nb")
    sent = added.browser().send(f"{given.link}/not-me", [("next", "1")])
    assert (sent.status, sent.html) == (shown.status, shown.html)
    assert dump(added) == before


def test_whoever_wants_no_more_messages_gets_none_and_the_link_goes_on_working(added: World) -> None:
    link = added.invite(NUMBER)
    browser = added.browser().open(link)
    browser.open(browser.link("Ikke send meg")).press()
    assert (browser.status, browser.page) == (200, "receipt")
    assert browser.heading == "Vi sender deg ingen flere påminnelser"
    assert (kinds(added), stopped(added)) == (["stop"], True)
    assert newest_event(added).tag == "request:stop_messages"
    browser.open(browser.link("Tilbake til første side"))
    assert "slik du ba om" in browser.text
    assert f"{link}/stop" not in browser.html
    assert browser.press().page == "parts"


def test_stopping_twice_or_by_another_link_of_the_same_person_is_one_request(added: World) -> None:
    link, other = added.invite(NUMBER), added.invite(NUMBER, "day14")
    for address in (link, link, other):
        added.browser().open(link).send(f"{address}/stop", [("next", "1")])
    assert kinds(added) == ["stop"]


def test_stopping_stops_nobody_else(added: World) -> None:
    added.add("BTB-002")
    added.browser().open(f"{added.invite(NUMBER)}/stop").press()
    assert (stopped(added), stopped(added, "BTB-002")) == (True, False)


@pytest.mark.parametrize("state", ["not open yet", "expired", "submitted"])
def test_stopping_is_heeded_although_the_link_opens_nothing_now(added: World, state: str) -> None:
    given = STATES[state](added)
    with clock.at(given.at):
        browser = added.browser().open(f"{given.link}/stop").press()
    assert browser.heading == "Vi sender deg ingen flere påminnelser"
    assert stopped(added)


@pytest.mark.parametrize("state", ["replaced", "revoked", "withdrawn"])
def test_stopping_with_a_link_that_was_ended_shows_its_dead_end_and_writes_nothing(
    added: World, state: str
) -> None:
    given = STATES[state](added)
    before = dump(added)
    assert added.browser().send(f"{given.link}/stop", [("next", "1")]).status == 410
    assert dump(added) == before


@pytest.mark.parametrize("page", ["not-me", "stop"])
def test_settling_lets_no_message_out_until_that_is_said(added: World, page: str) -> None:
    added.browser().open(f"{added.invite(NUMBER)}/{page}").press()
    settle(added, 1)
    assert stopped(added)


@pytest.mark.parametrize("page", ["not-me", "stop"])
def test_messages_go_out_again_once_the_hospital_says_so_and_can_be_stopped_again(
    added: World, page: str
) -> None:
    added.browser().open(f"{added.invite(NUMBER)}/{page}").press()
    settle(added, 1, resumes_messages=True)
    assert not stopped(added)
    added.browser().open(f"{added.invite(NUMBER)}/stop").press()
    assert stopped(added)
    assert len(rows(added)) == 2


@pytest.mark.parametrize("state", STATES)
def test_only_the_expired_and_the_replaced_page_offer_a_new_link(added: World, state: str) -> None:
    given = STATES[state](added)
    with clock.at(given.at):
        browser = added.browser().open(given.link)
    assert asks_for_a_new_link(browser) == (state in ("expired", "replaced"))


@pytest.mark.parametrize("state", ["expired", "replaced"])
def test_a_new_link_is_asked_for_once_and_again_gives_the_same_page(added: World, state: str) -> None:
    given = STATES[state](added)
    with clock.at(given.at):
        first = added.browser().open(given.link).press()
        again = added.browser().open(given.link).press()
        assert again.html == first.html == first.open(first.address).html
    assert (first.status, first.page, first.heading) == (200, "receipt", "Du har bedt om en ny lenke")
    assert kinds(added) == ["new_link"]
    assert newest_event(added).tag == "request:ask_for_new_link"
    assert not stopped(added)


def test_asking_for_a_new_link_tells_no_address_and_makes_no_link(added: World) -> None:
    given = expired(added)
    links = len(dump(added)["invitation"])
    with clock.at(given.at):
        browser = added.browser().open(given.link)
        pages = browser.html + browser.press().html
    assert "ola@" not in pages
    assert "41234567" not in pages.replace(" ", "").replace("\u00a0", "")
    assert NUMBER not in pages
    assert len(dump(added)["invitation"]) == links


def test_asking_for_a_new_link_looks_the_same_for_somebody_without_any_address(added: World) -> None:
    added.add("BTB-002", language="nb")
    pages = []
    for number in (NUMBER, "BTB-002"):
        link = added.invite(number)
        with clock.at(invitation_row(added, number).expires_at):
            browser = added.browser().open(link).press()
        pages.append(browser.html.replace(link, "LINK"))
    assert pages[0] == pages[1]


def test_a_new_link_can_be_asked_for_again_when_the_first_wish_was_settled(added: World) -> None:
    given = expired(added)
    with clock.at(given.at):
        added.browser().open(given.link).press()
        settle(added, 1)
        assert added.browser().open(f"{given.link}/new-link").page == "dead"
        added.browser().open(given.link).press()
    assert kinds(added) == ["new_link", "new_link"]


@pytest.mark.parametrize("state", ["open", "not open yet", "revoked", "withdrawn", "submitted"])
def test_no_other_link_can_ask_for_a_new_one(added: World, state: str) -> None:
    given = STATES[state](added)
    before = dump(added)
    with clock.at(given.at):
        shown = added.browser().open(f"{given.link}?lang=nb")
        sent = added.browser().send(f"{given.link}/new-link", [("ask", "1")])
    assert (sent.status, sent.html) == (shown.status, shown.html)
    assert dump(added) == before


def test_the_dead_end_of_a_session_offers_a_new_link_too_in_the_sessions_language(added: World) -> None:
    browser = added.started(added.invite(NUMBER))
    browser.press("lang", "en")
    added.invite(NUMBER, replace=True)
    browser.open(browser.address)
    assert (browser.status, browser.document.get("lang")) == (410, "en")
    browser.press()
    assert (browser.status, browser.heading) == (200, "You have asked for a new link")
    assert kinds(added) == ["new_link"]


@pytest.mark.parametrize(("page", "state"), [("not-me", "open"), ("stop", "open"), ("new-link", "expired")])
def test_the_language_that_was_chosen_stays_to_the_end(added: World, page: str, state: str) -> None:
    given = STATES[state](added)
    with clock.at(given.at):
        first = given.link if page == "new-link" else f"{given.link}/{page}"
        browser = added.browser("nb").open(f"{first}?lang=en").press()
        assert (browser.page, browser.document.get("lang")) == ("receipt", "en")
        assert browser.open(f"{given.link}/{page}{browser.link('Norsk')[-8:]}").document.get("lang") == "nb"


@pytest.mark.parametrize("page", ["not-me", "stop"])
def test_a_database_that_is_busy_asks_to_try_again_and_the_wish_is_not_lost(added: World, page: str) -> None:
    link = added.invite(NUMBER)
    browser = added.browser().open(f"{link}/{page}")
    with kept_locked(added):
        assert browser.press().status == 503
    assert rows(added) == []
    sent = [(one.get("name", ""), one.get("value", "")) for one in browser.main_form.iter("input")]
    assert browser.send(browser.address, sent).page == "receipt"
    assert len(rows(added)) == 1


def test_the_audit_trail_is_whole_after_every_kind_of_request(added: World) -> None:
    given = expired(added)
    with clock.at(given.at):
        added.browser().open(given.link).press()
        added.browser().open(f"{given.link}/stop").press()
        added.browser().open(f"{given.link}/not-me").press()
    settle(added, 2, resumes_messages=True)
    with added.reading() as session:
        verify(session)
        ended = session.execute(select(Invitation.end_reason)).scalars().all()
    assert kinds(added) == ["new_link", "stop", "not_me"]
    assert ended == ["revoked"]
