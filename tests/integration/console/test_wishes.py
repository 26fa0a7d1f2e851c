"""What holders of links ask for is settled on one page, and its text is for the investigator."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, ParticipantRequest
from btb_pro.roles import Role
from btb_pro.services.inviting import invite_participant
from btb_pro.services.sending import Taken, claim_next
from tests.integration.console import work
from tests.integration.participant.steps import session_address
from tests.support.outgoing import mailing, texting
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import refused_access, signed_in
from tests.support.world import COMMAND, World

PAGE = "/console/requests/1"


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    """Hours and days that do not depend on when the test runs."""
    with clock.at(work.NOON):
        yield


def asks_new_link(world: World, **contacts: str) -> str:
    """A participant whose older link was opened and who asks for another; the address of the old link."""
    mailing(world, "smtp://127.0.0.1:2525")
    texting(world, "sveve+http://user:password@127.0.0.1:2526/SMS/SendMessage")
    return ask_new_link(world, **contacts)


def ask_new_link(world: World, **contacts: str) -> str:
    """As `asks_new_link`, of an instance with the servers that it happens to have."""
    day0 = (clock.today() + timedelta(days=5)).isoformat()
    world.add("A", "oslo", "nb", day0=day0, **contacts)
    old = world.invite("A")
    world.invite("A", replace=True)
    world.browser().open(old).send(f"{old}/new-link", [])
    return old


def asks_correction(world: World) -> None:
    """A participant who sent in, and wants something corrected."""
    work.person(world, "A", 5)
    link = world.invite("A")
    browser = world.browser().open(link).press()
    browser.open(f"{session_address(browser)}/review").press()
    browser.open(f"{link}/mistake").fill("what", "Smerte skulle vært 3").fill("why", "tastefeil").press()


def request_row(world: World) -> ParticipantRequest:
    """The only request."""
    with world.reading() as session:
        return session.execute(select(ParticipantRequest)).scalar_one()


def press(browser: PlainBrowser, action: str) -> PlainBrowser:
    """Send the form of that address."""
    main = next(browser.document.iter("main"))
    form = next(one for one in main.iter("form") if (one.get("action") or "").endswith(action))
    inputs = [(one.get("name", ""), one.get("value", "")) for one in form.iter("input")]
    return browser.send(form.get("action", ""), [pair for pair in inputs if pair[0] != "resumes"])


def test_one_press_sends_a_new_link_to_the_contact_on_file_and_settles(world: World) -> None:
    old = asks_new_link(world, email="kari@example.org")
    browser = signed_in(world).open(PAGE)
    assert "kari@example.org" not in browser.html
    press(browser.open("/console/"), "/new-link")
    assert browser.page == "console-today"
    assert "En ny lenke går til A." in browser.text
    with world.reading() as session:
        message = session.execute(select(Message)).scalar_one()
        newest = session.execute(select(Invitation).order_by(Invitation.id.desc())).scalars().first()
        assert newest is not None
        sent = (message.kind, message.channel, message.state, message.invitation_id)
        assert sent == ("invitation", "email", "queued", newest.id)
        assert newest.ended_at is None
        event = session.execute(select(AuditEvent).order_by(AuditEvent.seq.desc())).scalars().first()
        assert event is not None
        assert (event.tag, event.study_number, event.actor_kind) == ("request:settle", "A", "staff")
    assert request_row(world).settled_by == "coordinator-all@hospital.example"
    assert world.browser().open(old).page == "dead"


def test_a_second_press_sends_nothing_more(world: World) -> None:
    asks_new_link(world, email="kari@example.org")
    browser = signed_in(world).open(PAGE)
    sent = [*browser.values, ("channel", "email")]
    browser.send(f"{PAGE}/new-link", sent)
    browser.send(f"{PAGE}/new-link", sent)
    assert (browser.status, "Noen har allerede tatt seg av dette." in browser.text) == (409, True)
    with world.reading() as session:
        assert len(session.execute(select(Message)).all()) == 1


def test_only_channels_with_an_address_are_offered_and_taken(world: World) -> None:
    asks_new_link(world, phone="41234567")
    browser = signed_in(world).open(PAGE)
    buttons = ["".join(one.itertext()).strip() for one in next(browser.document.iter("main")).iter("button")]
    assert buttons == ["Send ny lenke: SMS", "Ferdig"]
    browser.send(f"{PAGE}/new-link", [*browser.fill("channel").values, ("channel", "email")])
    assert browser.status == 409
    assert "Vi har ingen adresse som virker." in browser.text
    assert request_row(world).settled_at is None


def test_without_an_address_or_after_the_window_it_says_why_and_what_to_do(world: World) -> None:
    asks_new_link(world)
    browser = signed_in(world).open(PAGE)
    assert "Ring, og rett adressen først." in browser.text
    with clock.at(work.NOON + timedelta(days=30)):
        browser = world.browser()
        late = signed_in(world, Role.COORDINATOR, "oslo").open(PAGE)
    assert "Fristen for å svare på dette besøket er ute." in late.text


def test_where_nothing_can_be_sent_by_the_page_says_so_and_the_old_link_stays_dead(world: World) -> None:
    ask_new_link(world, email="kari@example.org")
    browser = signed_in(world).open(PAGE)
    assert "Skriv ut lenken i stedet" in browser.text
    assert browser.send(f"{PAGE}/new-link", [*browser.values, ("channel", "email")]).status == 409
    with world.reading() as session:
        assert session.execute(select(Message)).all() == []


def test_a_new_link_waits_for_the_morning_and_is_one_message_with_the_coordinators_own(world: World) -> None:
    asks_new_link(world, email="kari@example.org")
    with clock.at(work.NOON.replace(hour=21)):
        press(signed_in(world).open(PAGE), "/new-link")
        with world.writing() as session:
            invite_participant(session, COMMAND, world.runtime, "A", "baseline", "email")
    with world.reading() as session:
        message = session.execute(select(Message)).scalar_one()
        assert message.once_key == f"invitation/{message.invitation_id}/email"
        with clock.at(work.NOON.replace(hour=21)):
            assert claim_next(session, COMMAND, world.runtime, "worker").taken is Taken.NOTHING


def test_a_stop_is_settled_with_or_without_messages_going_out_again(world: World) -> None:
    for number in ("A", "B"):
        work.person(world, number, 5)
        world.browser().open(f"{world.invite(number)}/stop").press()
    browser = signed_in(world).open(PAGE)
    browser.fill("note", "respektert").press()
    assert "Tatt hånd om: A" in browser.text
    browser.open("/console/requests/2").fill("resumes", "y").press()
    with world.reading() as session:
        rows = session.execute(select(ParticipantRequest).order_by(ParticipantRequest.id)).scalars().all()
        assert [(row.is_lifted, row.settled_at is not None) for row in rows] == [(False, True), (True, True)]
        notes = select(AuditEvent.reason).where(AuditEvent.tag == "request:settle").order_by(AuditEvent.seq)
        assert session.execute(notes).scalars().all() == ["respektert", "settled in the console"]


def test_a_wish_to_correct_is_read_by_the_investigator_alone(world: World) -> None:
    asks_correction(world)
    for role in (Role.COORDINATOR, Role.DATA_MANAGER, Role.MONITOR):
        browser = signed_in(world, role).open(PAGE)
        assert browser.status == 200
        assert "Smerte" not in browser.html
        assert "tastefeil" not in browser.html
        assert list(next(browser.document.iter("main")).iter("form")) == []
        assert browser.send(f"{PAGE}/correction", []).status in (404, 422)
    browser = signed_in(world, Role.INVESTIGATOR, "oslo").open(PAGE)
    assert "Smerte skulle vært 3" in browser.text
    assert "tastefeil" in browser.text
    browser.fill("note", "rettes i kildedata").press()
    assert browser.page == "console-today"
    assert request_row(world).settled_by == "investigator-oslo@hospital.example"


def test_a_coordinator_settles_no_correction_by_the_other_address(world: World) -> None:
    asks_correction(world)
    browser = signed_in(world).open(PAGE)
    assert browser.send(PAGE, []).status == 404
    assert request_row(world).settled_at is None


def test_another_hospitals_wish_is_not_there_by_page_or_form(world: World) -> None:
    asks_new_link(world, email="kari@example.org")
    browser = signed_in(world, Role.COORDINATOR, "bergen")
    assert browser.open(PAGE).status == 404
    assert browser.send(PAGE, []).status == 404
    assert browser.send(f"{PAGE}/new-link", [("channel", "email")]).status == 404
    assert browser.open("/console/requests/99").status == 404
    assert request_row(world).settled_at is None
    assert [told[2:] for told in refused_access(world)] == [("hospital", "A")] * 3


def test_a_stale_token_keeps_what_was_typed_and_settles_nothing(world: World) -> None:
    work.person(world, "A", 5)
    world.browser().open(f"{world.invite('A')}/stop").press()
    browser = signed_in(world).open(PAGE)
    browser.send(PAGE, [("note", "ringte deltakeren"), ("csrf_token", "stale")])
    assert browser.status == 422
    assert "ringte deltakeren" in browser.html
    assert request_row(world).settled_at is None
    browser.press()
    assert request_row(world).settled_at is not None
