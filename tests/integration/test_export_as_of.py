"""A day that is moved afterwards changes no export up to an earlier cut-off."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.exports.as_of import AsOf
from btb_pro.exports.formats import ExportFormat
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation
from btb_pro.services.audit import Tag, step
from btb_pro.services.invitations import revoke_invitation
from btb_pro.services.known_participants import find_participant
from btb_pro.services.letters import print_letter
from btb_pro.services.moving import VisitDay, move_visit, set_day0
from btb_pro.services.outbox import queue_message
from btb_pro.services.participants import withdraw_participant
from btb_pro.services.verification import verify
from tests.integration.export_world import ExportWorld, contents, told_world
from tests.support.world import COMMAND

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study; N-002 began on 27 March, and the link died on 30 March."""
    with told_world(tmp_path / "instance") as made:
        yield made


def move_day0(world: ExportWorld, study_number: str, day: date) -> None:
    """Count a participant's visits from another day."""
    world.now += timedelta(seconds=1)
    with clock.at(world.now), world.runtime.database.writing() as session:
        set_day0(session, COMMAND, world.runtime, find_participant(session, study_number), day)
        session.commit()


def move(world: ExportWorld, study_number: str, visit: str, day: date) -> None:
    """Set a visit's day by hand."""
    world.now += timedelta(seconds=1)
    with clock.at(world.now), world.runtime.database.writing() as session:
        participant = find_participant(session, study_number)
        move_visit(session, COMMAND, world.runtime, participant, visit, VisitDay(day))
        session.commit()


def test_a_visit_that_is_moved_is_no_longer_expired_from_then_on_and_not_before(
    world: ExportWorld, tmp_path: Path
) -> None:
    before = world.export(tmp_path / "before")
    assert b"N-002,north,start,expired," in contents(tmp_path / "before")["wide.csv"]
    move(world, "N-002", "start", date(2026, 4, 20))
    world.export(tmp_path / "now")
    world.export(tmp_path / "as-of", until=f"{before.cutoff_seq}")
    assert b"N-002,north,start,started," in contents(tmp_path / "now")["wide.csv"]
    assert contents(tmp_path / "as-of") == contents(tmp_path / "before")
    with world.runtime.database.reading() as session:
        verify(session)


def test_every_earlier_cutoff_gives_its_bytes_after_moves_new_links_and_moves_of_those(
    world: ExportWorld, tmp_path: Path
) -> None:
    move_day0(world, "N-002", date(2026, 4, 10))
    last = world.export(tmp_path / "last").cutoff_seq
    for seq in range(1, last + 1, 2):
        world.export(tmp_path / f"early-{seq}", until=f"{seq}")
    move(world, "N-002", "start", date(2026, 4, 6))
    move_day0(world, "N-001", date(2026, 4, 3))
    world.invite("N-002", "start")
    move(world, "N-002", "start", date(2026, 4, 7))
    move_day0(world, "N-002", date(2026, 4, 12))
    move(world, "N-001", "later", date(2026, 5, 2))
    world.export(tmp_path / "between")
    for seq in range(1, last + 1, 2):
        world.export(tmp_path / f"late-{seq}", until=f"{seq}")
        assert contents(tmp_path / f"late-{seq}") == contents(tmp_path / f"early-{seq}"), seq


def test_a_link_that_replaced_another_and_was_moved_leaves_the_first_as_it_was(
    world: ExportWorld, tmp_path: Path
) -> None:
    before = world.export(tmp_path / "before")
    move(world, "N-002", "start", date(2026, 4, 2))
    between = world.export(tmp_path / "between")
    world.invite("N-002", "start", replace=True)
    move(world, "N-002", "start", date(2026, 6, 1))
    for name, cutoff in (("before", before), ("between", between)):
        world.export(tmp_path / f"{name}-again", until=f"{cutoff.cutoff_seq}")
        assert contents(tmp_path / f"{name}-again") == contents(tmp_path / name)


def test_days_and_texts_too_are_told_as_they_stood(world: ExportWorld) -> None:
    with world.runtime.database.reading() as session:
        old = find_participant(session, "S-002").day0
    assert old is not None
    seq = world.export(world.runtime.settings.instance / "out").cutoff_seq
    move_day0(world, "S-002", date(2026, 4, 20))
    move_day0(world, "S-002", date(2026, 4, 21))
    with world.runtime.database.reading() as session:
        as_of = AsOf(session, seq, ("day0", "planned_on"))
        assert as_of.day("participant", "S-002", "day0", date(2026, 4, 21)) == old
        assert as_of.text("participant", "S-002", "day0", "2026-04-21") == old.isoformat()
        assert as_of.day("visit", "S-002/start", "planned_on", None) == old
        assert as_of.day("visit", "S-001/start", "planned_on", old) == old


def line(folder: Path, study_number: str, visit: str) -> dict[str, str]:
    """A visit's row of visits.csv."""
    with open(folder / "visits.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    (found,) = [row for row in rows if (row["participant"], row["visit"]) == (study_number, visit)]
    return found


def withdraw(world: ExportWorld, study_number: str) -> None:
    """A participant leaves the study."""
    world.now += timedelta(seconds=1)
    with clock.at(world.now), world.runtime.database.writing() as session:
        withdraw_participant(session, COMMAND, study_number, "flyttet til utlandet")
        session.commit()


def revoke(world: ExportWorld, study_number: str, visit: str) -> None:
    """A link is ended before its time."""
    world.now += timedelta(seconds=1)
    with clock.at(world.now), world.runtime.database.writing() as session:
        revoke_invitation(session, COMMAND, world.runtime, study_number, visit)
        session.commit()


def test_every_planned_visit_is_told_whoever_withdraws_is_moved_or_invited_later(
    world: ExportWorld, tmp_path: Path
) -> None:
    world.export(tmp_path / "before")
    world.invite("S-002", "later")
    revoke(world, "S-002", "later")
    move(world, "N-002", "later", date(2026, 4, 20))
    withdraw(world, "N-001")
    after = world.export(tmp_path / "after")
    was, now = (line(tmp_path / name, "S-002", "later") for name in ("before", "after"))
    assert (was["state"], was["n_invitations"], was["invited_at"]) == ("no_link", "0", "")
    assert (now["state"], now["n_invitations"]) == ("link_ended", "1")
    was, now = (line(tmp_path / name, "N-002", "later") for name in ("before", "after"))
    assert (was["planned_on"], now["planned_on"]) == ("2026-04-03", "2026-04-20")
    was, now = (line(tmp_path / name, "N-001", "later") for name in ("before", "after"))
    assert (was["withdrawn_on"], now["withdrawn_on"]) == ("", "2026-04-01")
    assert (now["state"], now["n_answered"]) == ("started", "2")
    assert line(tmp_path / "after", "N-001", "screening")["state"] == "no_questions"
    assert b"utlandet" not in b"".join(contents(tmp_path / "after").values())
    assert after.rows["visits.csv"] == 4 * 3


def test_every_earlier_cutoff_gives_its_visits_after_links_that_end_and_come_anew(
    world: ExportWorld, tmp_path: Path
) -> None:
    world.invite("S-002", "later")
    revoke(world, "S-002", "later")
    world.invite("S-002", "later")
    last = world.export(tmp_path / "last").cutoff_seq
    for seq in range(last - 8, last + 1):
        world.export(tmp_path / f"early-{seq}", until=f"{seq}")
    world.invite("S-002", "later", replace=True)
    revoke(world, "S-002", "later")
    world.invite("S-002", "later")
    withdraw(world, "S-002")
    withdraw(world, "N-001")
    for seq in range(last - 8, last + 1):
        world.export(tmp_path / f"late-{seq}", until=f"{seq}")
        assert contents(tmp_path / f"late-{seq}") == contents(tmp_path / f"early-{seq}"), seq


def test_a_follow_up_names_the_visits_whose_plan_is_new_and_no_other(
    world: ExportWorld, tmp_path: Path
) -> None:
    first = world.export(tmp_path / "first").number
    move(world, "N-002", "later", date(2026, 4, 20))
    withdraw(world, "S-001")
    follow_up = world.take(ExportFormat.CSV, tmp_path / "follow-up", since=first)
    with open(tmp_path / "follow-up" / "visits.csv", encoding="utf-8", newline="") as file:
        found = [(row["participant"], row["visit"]) for row in csv.DictReader(file)]
    of_withdrawn = [("S-001", code) for code in ("screening", "start", "later")]
    assert found == [("N-002", "later"), *of_withdrawn]
    assert (follow_up.rows["wide.csv"], follow_up.rows["responses.csv"]) == (0, 0)


def test_messages_are_counted_as_they_had_gone_out_by_then(world: ExportWorld, tmp_path: Path) -> None:
    world.invite("S-002", "later")
    with clock.at(world.now), world.runtime.database.writing() as session:
        participant = find_participant(session, "S-002")
        print_letter(session, COMMAND, world.runtime, participant.study_number, "later")
        with step(session, COMMAND, Tag.MESSAGE_QUEUE, study_number="S-002") as event:
            link = session.execute(select(Invitation).order_by(Invitation.id.desc())).scalars().first()
            assert link is not None
            for kind, channel in (("invitation", "email"), ("reminder", "sms")):
                queue_message(
                    session,
                    event,
                    kind=kind,
                    channel=channel,
                    language="nb",
                    once_key=f"{kind}/{channel}",
                    due_at=event.at,
                    invitation_id=link.id,
                )
        session.commit()
    before = world.export(tmp_path / "before")
    world.now += timedelta(seconds=1)
    with clock.at(world.now), world.runtime.database.writing() as session:
        with step(session, COMMAND, Tag.MESSAGE_SEND, study_number="S-002") as event:
            for message in session.execute(select(Message).where(Message.state == "queued")).scalars():
                event.change("message", message.once_key, "state", "queued", "sent")
                message.state, message.sent_at = "sent", event.at
        session.commit()
    world.export(tmp_path / "after")
    world.export(tmp_path / "as-of", until=f"{before.cutoff_seq}")
    names = ("n_emails", "n_sms", "n_letters", "n_reminders")
    assert [line(tmp_path / "before", "S-002", "later")[name] for name in names] == ["0", "0", "1", "0"]
    assert [line(tmp_path / "after", "S-002", "later")[name] for name in names] == ["1", "1", "1", "1"]
    assert contents(tmp_path / "as-of") == contents(tmp_path / "before")
