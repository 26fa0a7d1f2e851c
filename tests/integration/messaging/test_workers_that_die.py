"""Workers that are killed, and workers side by side: nobody gets a message twice, nobody is forgotten."""

from collections import Counter

from sqlalchemy import select

from btb_pro.models.message import Message
from btb_pro.services.verification import verify
from tests.support.killed_workers import kill_while_sending, queue_for
from tests.support.mail import mail_server
from tests.support.outgoing import states
from tests.support.workers import nursery
from tests.support.world import World

KILLS, PEOPLE = 8, 60
"""A sample: `make faults` kills at fifty points while five hundred messages go out."""


def test_a_worker_killed_at_random_points_sends_nothing_twice_and_forgets_nobody(world: World) -> None:
    tally = kill_while_sending(world, PEOPLE, KILLS)
    assert tally.twice == 0, tally
    assert tally.wrongly_sent == 0, tally
    assert tally.forgotten == 0, tally
    assert tally.noted_sent + tally.unknown == PEOPLE, tally
    assert tally.killed_while_sending > 0, "no kill fell into the sending"
    assert tally.is_on_today, tally
    with world.reading() as session:
        verify(session)


def test_two_workers_share_the_queue_and_nobody_gets_two(world: World) -> None:
    with mail_server() as server:
        queue_for(world, server, 60)
        with nursery(world.folder) as one, nursery(world.folder) as other:
            one.begin()
            other.begin()
            one.wait()
            other.wait()
    assert Counter(address for address, _ in server.mailbox.received) == {
        f"p{number}@example.org": 1 for number in range(60)
    }
    assert set(states(world)) == {"sent"}
    with world.reading() as session:
        assert len(set(session.execute(select(Message.claimed_by)).scalars())) == 2
        verify(session)
