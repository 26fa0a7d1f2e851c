"""An answer that the protocol wants a call for: told at once, without the answer, and acknowledged."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.message import Message
from btb_pro.models.response import SafetyAlert
from btb_pro.roles import Role
from btb_pro.study import SafetyContact, safety_contact
from tests.support.engines import EngineName
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import refused_access, signed_in
from tests.support.watched import WATCHED_STUDY
from tests.support.world import World, make_world

NUMBER = "BTB-001"


@pytest.fixture
def watched(tmp_path: Path, engine: EngineName) -> Iterator[World]:
    """A study whose protocol has a safety procedure."""
    made = make_world(tmp_path / "watched", study=WATCHED_STUDY)
    yield made
    made.close()


def answer(world: World, value: str, number: str = NUMBER, site: str = "oslo") -> PlainBrowser:
    """Answer the watched question, and nothing else; nothing is sent in."""
    world.add(number, site, day0=(clock.today() - timedelta(days=14)).isoformat())
    phone = world.browser().open(world.invite(number, "day14")).press().press()
    return phone.fill("pain_now", value).press("next")


def alerts(world: World) -> list[SafetyAlert]:
    with world.reading() as session:
        return list(session.execute(select(SafetyAlert)).scalars())


def test_the_alert_is_there_with_the_answer_though_nothing_was_sent_in(watched: World) -> None:
    answer(watched, "9")
    (alert,) = alerts(watched)
    with watched.reading() as session:
        message = session.execute(select(Message)).scalar_one()
        events = session.execute(select(AuditEvent).where(AuditEvent.seq == alert.event_seq)).scalar_one()
    assert (message.kind, message.channel, message.state) == ("safety", "email", "queued")
    assert (message.subject_key, message.event_seq) == (str(alert.id), alert.event_seq)
    assert events.tag == "answer:save"
    assert f"{NUMBER}/day14/very_bad" in events.changes


def test_another_answer_raises_nothing(watched: World) -> None:
    answer(watched, "8")
    assert alerts(watched) == []


def test_changing_the_answer_and_back_raises_it_once(watched: World) -> None:
    phone = answer(watched, "9")
    handle = phone.address.split("/")[2]
    for value in ("3", "10"):
        phone.open(f"/q/{handle}/page/1").fill("pain_now", value).press("next")
    assert len(alerts(watched)) == 1


def test_the_packaged_study_raises_nothing(world: World) -> None:
    answer(world, "10")
    assert alerts(world) == []


def test_each_site_has_its_own_contact_or_the_others(watched: World) -> None:
    study = watched.runtime.study
    assert safety_contact(study, "very_bad", "oslo") == SafetyContact("email", "safety@oslo.example")
    assert safety_contact(study, "very_bad", "bergen") == SafetyContact("sms", "+4799999999")


def test_somebody_sees_to_it_and_the_page_never_says_what_was_answered(watched: World) -> None:
    answer(watched, "10")
    number = alerts(watched)[0].id
    browser = signed_in(watched, Role.COORDINATOR, "oslo").open(f"/console/safety/{number}")
    assert NUMBER in browser.heading
    # The page says when, and may well say it at ten.
    assert "10" not in re.sub(r"\d+\. \w+ \d{4} \d\d:\d\d", "", browser.text.replace(NUMBER, ""))
    assert "pain_now" not in browser.html
    after = browser.press()
    assert "har tatt seg av det" in after.text
    (alert,) = alerts(watched)
    assert alert.acknowledged_by == "coordinator-oslo@hospital.example"
    with watched.reading() as session:
        tags = session.execute(select(AuditEvent.tag)).scalars().all()
    assert tags.count("safety:acknowledge") == 1


def test_another_hospitals_alert_is_not_there(watched: World) -> None:
    answer(watched, "10")
    address = f"/console/safety/{alerts(watched)[0].id}"
    stranger = signed_in(watched, Role.COORDINATOR, "bergen")
    assert stranger.client.get(address).status_code == 404
    assert stranger.client.post(address).status_code == 404
    assert signed_in(watched, Role.DATA_MANAGER).client.get(address).status_code == 404
    assert [told[2] for told in refused_access(watched)] == ["hospital", "hospital", "role"]
