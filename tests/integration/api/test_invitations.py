"""Links out: they open, the trail tells who got them and how, and a lost answer makes no second one."""

import json

import pytest
from sqlalchemy import select

from btb_pro.models.base import AuditEvent
from btb_pro.models.message import Message
from btb_pro.roles import Scope
from tests.integration.participant.steps import dump
from tests.support.machine import Machine, machine, make_key, refused
from tests.support.outgoing import mailing
from tests.support.world import World

PATH = "/participants/BTB-001/visits/baseline/invitation"


def handed_out(world: World) -> list[tuple[str, str]]:
    """Who got a link, and by which ways it went."""
    with world.reading() as session:
        events = session.execute(
            select(AuditEvent).where(AuditEvent.tag == "invitation:hand_out").order_by(AuditEvent.seq)
        ).scalars()
        return [(event.actor, json.loads(event.changes)[0]["new"]) for event in events]


@pytest.fixture
def program(world: World) -> Machine:
    """A program that may do nothing but give out links, beside a participant."""
    world.add()
    return Machine(world.app.test_client(), make_key(world, Scope.ISSUE_INVITATIONS, name="sender"))


def test_the_link_opens_and_the_same_one_comes_again(world: World, program: Machine) -> None:
    first = program.post(PATH, {})
    assert first.status_code == 201
    again = program.post(PATH, {})
    assert again.status_code == 200
    assert (first.get_json()["is_new"], again.get_json()["is_new"]) == (True, False)
    assert first.get_json()["link"] == again.get_json()["link"]
    assert world.browser().open(first.get_json()["link"].removeprefix("http://localhost")).page == "start"


def test_every_time_a_link_is_given_out_the_trail_says_to_whom_and_how(
    world: World, program: Machine
) -> None:
    program.post(PATH, {})
    program.post(PATH, {})
    program.post(PATH, {"replace": True})
    assert handed_out(world) == [("api key sender", "api")] * 3


def test_a_replaced_link_is_dead(world: World, program: Machine) -> None:
    old = program.post(PATH, {}).get_json()["link"]
    new = program.post(PATH, {"replace": True})
    assert new.status_code == 201
    assert new.get_json()["link"] != old
    assert world.browser().open(old.removeprefix("http://localhost")).page == "dead"


def test_a_lost_answer_is_given_again_and_makes_no_second_link(world: World, program: Machine) -> None:
    headers = {"Idempotency-Key": "order-1"}
    first = program.post(PATH, {"replace": True}, headers=headers)
    again = program.post(PATH, {"replace": True}, headers=headers)
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(handed_out(world)) == 1


def test_no_link_lies_in_the_database(world: World, program: Machine) -> None:
    token = program.post(PATH, {}).get_json()["link"].rpartition("/")[2]
    stored = repr(dump(world))
    assert token.partition(".")[0] in stored
    assert token.partition(".")[2] not in stored


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_what_cannot_be_sent_is_not_given_out(world: World, program: Machine, channel: str) -> None:
    assert channel in refused(program.post(PATH, {"send": channel}), 409, "invitation_refused")
    assert handed_out(world) == []


def test_what_is_sent_as_well_stands_in_the_queue_once_and_in_the_trail(world: World) -> None:
    mailing(world, "smtp://127.0.0.1:9")
    world.add(email="kari@sykehus.example")
    program = machine(world, Scope.ISSUE_INVITATIONS)
    answers = [program.post(PATH, {"send": "email"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert {answer.get_json()["send"] for answer in answers} == {"email"}
    with world.reading() as session:
        message = session.execute(select(Message)).scalar_one()
        assert (message.channel, message.state) == ("email", "queued")
    assert [ways for _, ways in handed_out(world)] == ["api, email"] * 2


def test_who_is_withdrawn_or_asked_nothing_gets_no_link(world: World, program: Machine) -> None:
    refused(program.post("/participants/BTB-001/visits/screening/invitation", {}), 409, "invitation_refused")
    refused(program.post("/participants/BTB-001/visits/day15/invitation", {}), 404, "not_found")
    world.withdraw("BTB-001")
    assert "withdrawn" in refused(program.post(PATH, {}), 409, "invitation_refused")
