"""A participant's page: what it tells, and what it never tells."""

import re
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.participant import Contact
from btb_pro.roles import Role
from btb_pro.services.known_participants import NOTED_EVERY, find_participant
from btb_pro.services.moving import VisitDay, move_visit
from tests.integration.participant.steps import go_to, session_address
from tests.support.staff import signed_in
from tests.support.world import COMMAND, World

PAGE = "/console/participants/BTB-001"
TOKEN = re.compile(r'value="[^"]+"')
"""What the button that signs out sends; it tells the second in which it was made."""


def views(world: World) -> list[tuple[str, str]]:
    """Who was noted to have looked at what."""
    query = select(AuditEvent).where(AuditEvent.tag == "participant:view").order_by(AuditEvent.seq)
    with world.reading() as session:
        return [
            (event.actor, event.changes.split('"field":"')[1].split('"')[0])
            for event in session.execute(query).scalars()
        ]


def submit(world: World, link: str) -> None:
    """Send a visit in with nothing answered."""
    browser = world.started(link)
    assert browser.open(f"{session_address(browser)}/review").press().page == "receipt"


def move(world: World, visit: str, day: date, hour: str = "") -> None:
    """Set a visit's day by hand."""
    with world.writing() as session:
        found = find_participant(session, "BTB-001")
        move_visit(session, COMMAND, world.runtime, found, visit, VisitDay(day, hour))


def test_it_tells_facts_visits_and_what_happened(world: World) -> None:
    world.add(language="nb", day0="2026-01-31")
    page = signed_in(world, Role.COORDINATOR, "oslo", language="en").open(PAGE)
    assert page.page == "console-participant"
    assert page.heading == "Participant BTB-001"
    for words in ("Oslo", "Norsk", "31 Jan 2026", "2 weeks after the start", "Added to the study"):
        assert words in page.text


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.INVESTIGATOR, Role.DATA_MANAGER, Role.MONITOR])
def test_no_role_finds_an_answer_or_what_opens_a_link_on_it(world: World, role: Role) -> None:
    world.add(phone="40612345", email="kari@hospital.example")
    link = world.invite()
    browser = go_to(world.started(link), world, "pain_worse")
    browser.fill("pain_worse", "other").fill("pain_worse_other", "blåbær").press()
    page = signed_in(world, role, "oslo", language="en").open(PAGE)
    assert "blåbær" not in page.html
    assert link.removeprefix("/s/")[:22] not in page.html
    assert "kari@" not in page.html
    assert "40612345" not in page.html
    assert "Started" in page.text or "Under way" in page.text


def test_contact_details_are_masked_until_they_are_asked_for_and_each_look_is_noted(world: World) -> None:
    world.add(phone="40612345", email="kari@hospital.example")
    page = signed_in(world, Role.COORDINATOR, "oslo").open(PAGE)
    assert "•••• 45" in page.text
    assert "k••••@••••" in page.text
    page.press()
    assert "+4740612345" in page.text
    assert "kari@hospital.example" in page.text
    page.open(PAGE).press()
    who = "coordinator-oslo@hospital.example"
    assert views(world) == [(who, "participant"), (who, "contact"), (who, "contact")]


@pytest.mark.parametrize("role", [Role.INVESTIGATOR, Role.DATA_MANAGER, Role.MONITOR])
def test_who_may_not_see_contact_details_sees_no_sign_of_them(world: World, role: Role) -> None:
    world.add(phone="40612345")
    page = signed_in(world, role, "oslo").open(PAGE)
    assert "••••" not in page.text
    response = page.client.post(PAGE)
    assert response.status_code == 404
    assert b"40612345" not in response.data


def test_a_forged_wish_to_see_contact_details_shows_none(world: World) -> None:
    world.add(phone="40612345")
    page = signed_in(world, Role.COORDINATOR, "oslo").open(PAGE)
    page.send(PAGE, [("csrf_token", "forged")])
    assert "40612345" not in page.html
    assert ("coordinator-oslo@hospital.example", "contact") not in views(world)


def test_looking_again_is_noted_once_an_hour_and_for_each_person(world: World) -> None:
    world.add()
    page = signed_in(world, Role.COORDINATOR, "oslo").open(PAGE)
    page.open(PAGE)
    signed_in(world, Role.MONITOR, "oslo").open(PAGE)
    with clock.at(clock.now() + NOTED_EVERY + timedelta(minutes=1)):
        signed_in(world, Role.DATA_MANAGER).open(PAGE)
        signed_in(world, Role.MONITOR).open(PAGE)
    assert [who.split("@")[0] for who, _ in views(world)] == [
        "coordinator-oslo",
        "monitor-oslo",
        "data-manager-all",
        "monitor-all",
    ]


def test_a_sealed_address_whose_key_is_gone_is_said_to_be(world: World) -> None:
    world.add(phone="40612345")
    with world.writing() as session:
        session.execute(select(Contact)).scalar_one().sealed = b"of another key"
    page = signed_in(world, Role.COORDINATOR, "oslo", language="en").open(PAGE)
    assert "its key is missing" in page.text


def test_answered_late_is_shown(world: World) -> None:
    day0 = clock.today()
    world.add(day0=day0.isoformat())
    link = world.invite()
    midnight = datetime.combine(day0 + timedelta(days=1), datetime.min.time(), clock.OSLO)
    with clock.at(midnight + timedelta(minutes=5)):
        submit(world, link)
        page = signed_in(world, Role.COORDINATOR, "oslo", language="en").open(PAGE)
    assert "Answered late" in page.text
    assert "Answered after the visit began" in page.text


def test_answered_in_time_has_no_flag(world: World) -> None:
    world.add()
    submit(world, world.invite())
    page = signed_in(world, Role.COORDINATOR, "oslo", language="en").open(PAGE)
    assert "Sent in" in page.text
    assert "Answered" not in page.text


def test_answered_after_the_hour_of_the_appointment_is_shown_though_the_window_is_open(world: World) -> None:
    world.add()
    noon = datetime.combine(clock.today(), datetime.min.time(), clock.OSLO) + timedelta(hours=12)
    with clock.at(noon):
        move(world, "baseline", clock.today(), "09:30")
        submit(world, world.invite())
        page = signed_in(world, Role.COORDINATOR, "oslo", language="en").open(PAGE)
    assert "at 09:30" in page.text
    assert "Answered after the visit began" in page.text
    assert "Answered late" not in page.text


def test_another_hospitals_participant_and_one_that_is_none_are_the_same_page_not_found(
    world: World,
) -> None:
    world.add("BER-001", site="bergen")
    browser = signed_in(world, Role.COORDINATOR, "oslo")
    told = {
        TOKEN.sub("", browser.client.get(f"/console/participants/{number}{rest}").text)
        for number in ("BER-001", "NOBODY-1")
        for rest in ("", "/change", "/day0", "/withdraw", "/erase-contact", "/visits/baseline")
    }
    assert len(told) == 1
    assert views(world) == []
