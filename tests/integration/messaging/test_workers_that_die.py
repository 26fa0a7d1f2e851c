"""Workers that are killed, and workers side by side: nobody gets a message twice, nobody is forgotten."""

import time
from collections import Counter
from datetime import timedelta
from random import Random

from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.message import Message
from btb_pro.models.participant import Contact
from btb_pro.models.visit import Invitation, Visit
from btb_pro.services.composing import open_contact
from btb_pro.services.inviting import invite_participant
from btb_pro.services.participant_checks import NewParticipant
from btb_pro.services.participants import add_participant
from btb_pro.services.sending import STALE
from btb_pro.services.verification import verify
from tests.support.mail import MailServerHere, mail_server
from tests.support.outgoing import mailing, states, work
from tests.support.workers import nursery
from tests.support.world import COMMAND, World

KILLS, PEOPLE = 50, 500


def queue_for(world: World, server: MailServerHere, people: int) -> None:
    """People with an invitation each, at an hour that is not quiet."""
    quiet = clock.now().astimezone(clock.OSLO) + timedelta(hours=12)
    path = world.folder / "study.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace('from = "20:00"', f'from = "{quiet:%H:%M}"')
    text = text.replace('to = "08:00"', f'to = "{quiet + timedelta(minutes=1):%H:%M}"')
    path.write_text(text, encoding="utf-8")
    mailing(world, server.url)
    with world.writing() as session:
        for number in range(people):
            new = NewParticipant(
                f"P-{number:04}", "oslo", "nb", f"p{number}@example.org", day0=clock.today().isoformat()
            )
            add_participant(session, COMMAND, world.runtime, new)
            invite_participant(session, COMMAND, world.runtime, new.study_number, "baseline", "email")


def state_by_address(world: World) -> dict[str, str]:
    """What is told of each participant's message."""
    wanted = (
        select(Contact, Message.state)
        .join(Visit, Visit.participant_id == Contact.participant_id)
        .join(Invitation, Invitation.visit_id == Visit.id)
        .join(Message, Message.invitation_id == Invitation.id)
    )
    with world.reading() as session:
        return {open_contact(world.runtime, contact): state for contact, state in session.execute(wanted)}


def test_a_worker_killed_at_fifty_points_sends_nothing_twice_and_forgets_nobody(world: World) -> None:
    random = Random(4)
    with mail_server() as server:
        queue_for(world, server, PEOPLE)
        with nursery(world.folder) as workers:
            for _ in range(KILLS):
                worker = workers.begin()
                taken = len(server.mailbox.received)
                # From the first message on, so that kills fall into the sending and not into the start.
                end = time.monotonic() + 2
                while len(server.mailbox.received) == taken and time.monotonic() < end:
                    time.sleep(0.001)
                time.sleep(random.uniform(0, 0.12))
                workers.kill(worker)
        killed_while_sending = states(world).count("sending")
        with clock.at(clock.now() + STALE + timedelta(seconds=1)):
            work(world)
    received = Counter(address for address, _ in server.mailbox.received)
    told = state_by_address(world)
    assert len(told) == PEOPLE
    assert set(received.values()) == {1}
    assert {told[address] for address in told if address not in received} <= {"unknown"}
    assert all(address in received for address, state in told.items() if state == "sent")
    assert set(told.values()) <= {"sent", "unknown"}
    assert killed_while_sending > 0
    with world.reading() as session:
        verify(session)


def test_two_workers_share_the_queue_and_nobody_gets_two(world: World) -> None:
    with mail_server() as server:
        queue_for(world, server, 120)
        with nursery(world.folder) as one, nursery(world.folder) as other:
            one.begin()
            other.begin()
            one.wait()
            other.wait()
    assert Counter(address for address, _ in server.mailbox.received) == {
        f"p{number}@example.org": 1 for number in range(120)
    }
    assert set(states(world)) == {"sent"}
    with world.reading() as session:
        assert len(set(session.execute(select(Message.claimed_by)).scalars())) == 2
        verify(session)
