"""Five hundred messages, and workers that are killed while they send them."""

import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.message import Message
from btb_pro.models.participant import Contact, Invitation, Visit
from btb_pro.services.addressees import open_contact
from btb_pro.services.inviting import invite_participant
from btb_pro.services.participant_checks import NewParticipant
from btb_pro.services.participants import add_participant
from btb_pro.services.sending import STALE
from btb_pro.services.today import MOST_COUNTED, day
from btb_pro.services.waiting import Scope
from tests.support.mail import MailServerHere, mail_server
from tests.support.outgoing import mailing, states, work
from tests.support.workers import nursery
from tests.support.world import COMMAND, World


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the messages of one run."""

    people: int
    received: int
    """E-mails that the server has."""
    twice: int
    """People who got more than one."""
    noted_sent: int
    unknown: int
    """Left to a person; some of them did arrive."""
    wrongly_sent: int
    """Noted as sent, and not there."""
    forgotten: int
    """Neither there nor left to a person."""
    killed_while_sending: int
    is_on_today: bool
    """Today counts every one that is left to a person, as far as it counts."""


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


def kill_while_sending(world: World, people: int, kills: int, seed: int = 4) -> Tally:
    """Kill worker after worker with SIGKILL at random points, then let one finish when claims are old."""
    random = Random(seed)
    with mail_server() as server:
        queue_for(world, server, people)
        with nursery(world.folder) as workers:
            for _ in range(kills):
                worker = workers.begin()
                taken = len(server.mailbox.received)
                # From the first message on, so that kills fall into the sending and not into the start.
                end = time.monotonic() + 2
                while len(server.mailbox.received) == taken and time.monotonic() < end:
                    time.sleep(0.001)
                time.sleep(random.uniform(0, 0.12))
                workers.kill(worker)
        killed = states(world).count("sending")
        with clock.at(clock.now() + STALE + timedelta(seconds=1)):
            work(world)
        received = Counter(address for address, _ in server.mailbox.received)
    return _tally(world, received, people, killed)


def _tally(world: World, received: Counter[str], people: int, killed: int) -> Tally:
    told = state_by_address(world)
    assert len(told) == people
    unknown = [address for address, state in told.items() if state == "unknown"]
    sites = tuple(site.code for site in world.runtime.study.sites)
    visits = tuple(visit.code for visit in world.runtime.study.visits)
    with world.reading() as session:
        shown = day(session, Scope(sites, clock.now(), visits)).failed.number
    return Tally(
        people=people,
        received=received.total(),
        twice=sum(number > 1 for number in received.values()),
        noted_sent=list(told.values()).count("sent"),
        unknown=len(unknown),
        wrongly_sent=sum(state == "sent" and address not in received for address, state in told.items()),
        forgotten=sum(state != "unknown" and address not in received for address, state in told.items()),
        killed_while_sending=killed,
        is_on_today=shown == min(len(unknown), MOST_COUNTED),
    )


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
