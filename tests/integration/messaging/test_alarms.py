"""Who keeps the instance running is written to when it needs a person: once a day for each cause."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from btb_pro import clock
from btb_pro.damage import DamageKind, DamageNote
from btb_pro.messaging.outcome import Fate
from btb_pro.models.base import AuditEvent
from btb_pro.services.alarms import AlarmBell, Cause, Rung
from btb_pro.services.audit import Tag, step
from tests.support.mail import MailServerHere, mail_server
from tests.support.outgoing import mailing
from tests.support.world import COMMAND, World

OPERATOR = "drift@hospital.example"


@pytest.fixture
def server() -> Iterator[MailServerHere]:
    with mail_server() as running:
        yield running


@pytest.fixture
def watched(world: World, server: MailServerHere) -> World:
    """A study that has run for two days without a backup, since its clock was set by an hour."""
    mailing(world, server.url, BTB_ALARM_TO=OPERATOR)
    with world.writing() as session, step(session, COMMAND, Tag.CLOCK_STEP) as event:
        event.change("clock", "here", "step_seconds", None, "+3600.000")
    return world


def ring(world: World, hours: float = 0) -> list[Rung]:
    """A new worker's look, so many hours from now: what it tells of troubles."""
    with clock.at(clock.now() + timedelta(hours=hours)):
        return [rung for rung in AlarmBell(world.runtime).ring() if rung.cause is not Cause.HEAD]


def test_each_cause_is_told_once_a_day_until_it_is_mended(watched: World, server: MailServerHere) -> None:
    assert [rung.cause for rung in ring(watched)] == [Cause.CLOCK]
    DamageNote(watched.folder).write(DamageKind.TRAIL, "row 7 of participant BTB-001")
    assert [rung.cause for rung in ring(watched)] == [Cause.DAMAGE]
    assert ring(watched, 20) == []
    # The step is a day old and told; no backup came; the damage stands.
    assert [rung.cause for rung in ring(watched, 27)] == [Cause.DAMAGE, Cause.BACKUP]
    assert ring(watched, 28) == []
    DamageNote(watched.folder).lift()
    assert [rung.cause for rung in ring(watched, 52)] == [Cause.BACKUP]
    told = [message.as_string() for message in server.mailbox.to(OPERATOR)]
    said = [one for one in told if "the head of the audit trail" not in one]
    assert len(said) == 5
    assert "the clock was set" in said[0]
    assert all("btb-pro doctor" in one and "BTB-001" not in one for one in said)


def test_what_the_server_does_not_take_is_tried_again(watched: World, server: MailServerHere) -> None:
    server.mailbox.answers[OPERATOR] = "450 4.2.1 later"
    (rung,) = ring(watched)
    assert rung.outcome.fate is Fate.LATER
    del server.mailbox.answers[OPERATOR]
    assert [rung.cause for rung in ring(watched)] == [Cause.CLOCK]
    subjects = [message["Subject"] for message in server.mailbox.to(OPERATOR)]
    assert sorted(subjects) == ["btb_pro: the clock was set", "btb_pro: the head of the audit trail"]


def test_a_file_of_alarms_that_was_cut_short_silences_nothing(watched: World) -> None:
    (watched.folder / "alarms.json").write_text('{"clock": "20', encoding="utf-8")
    assert [rung.cause for rung in ring(watched)] == [Cause.CLOCK]


def test_a_worker_asks_the_database_once_a_minute_at_most(watched: World, server: MailServerHere) -> None:
    bell = AlarmBell(watched.runtime)
    assert len(bell.ring()) == 2
    # A worker looks every five seconds; the database is asked once a minute.
    DamageNote(watched.folder).write(DamageKind.PAGES, "a page")
    assert bell.ring() == []


def test_without_an_address_nobody_is_written_to(world: World, server: MailServerHere) -> None:
    mailing(world, server.url)
    assert ring(world, 100) == []


def test_a_head_of_the_trail_comes_each_week_and_proves_it(watched: World, server: MailServerHere) -> None:
    for days in (0, 1, 7):
        ring(watched, days * 24)
    heads = [one for one in server.mailbox.to(OPERATOR) if "head" in one["Subject"]]
    assert 1 < len(heads) < 4
    said = heads[0].get_body(("plain",))
    assert said is not None
    found = re.search(r"ends at (\d+):([0-9a-f]{64})", " ".join(said.get_content().split()))
    assert found is not None
    with watched.reading() as session:
        assert session.get_one(AuditEvent, int(found[1])).hash == found[2]
