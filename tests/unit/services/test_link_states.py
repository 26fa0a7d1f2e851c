"""Link states that tell the truth."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from btb_pro import clock
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.services.audit import Tag, step
from btb_pro.services.link_states import LinkFacts, LinkStatus, SentMessage, link_states, link_status
from btb_pro.services.outbox import queue_message
from btb_pro.services.participant_list import Wish, list_page
from btb_pro.services.waiting import Scope
from btb_pro.states import LinkStage
from tests.integration.console import work
from tests.support.world import COMMAND, World

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIVE = NOW + timedelta(days=3)


def mail(state: str, kind: str = "invitation", reason: str = "") -> SentMessage:
    return SentMessage(kind, "email", state, reason)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (LinkFacts(), LinkStage.NOT_SENT),
        (LinkFacts(expires_at=LIVE), LinkStage.NOT_SENT),
        (LinkFacts(expires_at=LIVE, messages=(mail("queued"),)), LinkStage.QUEUED),
        (LinkFacts(expires_at=LIVE, messages=(mail("sending"),)), LinkStage.QUEUED),
        (LinkFacts(expires_at=LIVE, messages=(mail("sent"),)), LinkStage.SENT),
        (LinkFacts(expires_at=LIVE, messages=(mail("delivered"),)), LinkStage.DELIVERED),
        (LinkFacts(expires_at=LIVE, messages=(mail("bounced"),)), LinkStage.BOUNCED),
        (LinkFacts(expires_at=LIVE, messages=(mail("failed"),)), LinkStage.FAILED),
        (LinkFacts(expires_at=LIVE, messages=(mail("unknown"),)), LinkStage.UNKNOWN),
        (LinkFacts(expires_at=LIVE, messages=(mail("cancelled"),)), LinkStage.NOT_SENT),
        (
            LinkFacts(expires_at=LIVE, messages=(mail("delivered"), mail("queued", "reminder"))),
            LinkStage.DELIVERED,
        ),
        (
            LinkFacts(expires_at=LIVE, messages=(mail("delivered"), mail("bounced", "reminder"))),
            LinkStage.BOUNCED,
        ),
        (
            LinkFacts(expires_at=LIVE, messages=(mail("delivered"), mail("cancelled", "reminder"))),
            LinkStage.DELIVERED,
        ),
        (LinkFacts(expires_at=LIVE, messages=(mail("bounced"), mail("queued"))), LinkStage.QUEUED),
        (LinkFacts(expires_at=LIVE, messages=(mail("sent"),), saved=1), LinkStage.STARTED),
        (LinkFacts(expires_at=LIVE, messages=(mail("bounced"),), saved=2), LinkStage.IN_PROGRESS),
        (LinkFacts(expires_at=NOW, saved=2), LinkStage.EXPIRED),
        (LinkFacts(expires_at=LIVE, end_reason="revoked", saved=2), LinkStage.REVOKED),
        (LinkFacts(expires_at=NOW, end_reason="replaced"), LinkStage.REPLACED),
        (LinkFacts(expires_at=LIVE, end_reason="withdrawn", is_withdrawn=True), LinkStage.WITHDRAWN),
        (LinkFacts(expires_at=NOW, is_withdrawn=True, submitted_at=NOW), LinkStage.SUBMITTED),
    ],
)
def test_a_link_is_told_as_what_it_is(facts: LinkFacts, state: LinkStage) -> None:
    assert link_status(facts, NOW).state is state


def test_a_bounce_says_by_which_channel_and_why() -> None:
    facts = LinkFacts(expires_at=LIVE, messages=(mail("bounced", reason="mailbox_full"),))
    assert link_status(facts, NOW) == LinkStatus(LinkStage.BOUNCED, channel="email", reason="mailbox_full")


def visit_of(world: World, number: str, code: str = "baseline") -> int:
    wanted = (
        select(Visit.id)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(Participant.study_number == number, Visit.code == code)
    )
    with world.reading() as session:
        return session.execute(wanted).scalar_one()


def status_of(world: World, number: str, code: str = "baseline") -> LinkStatus:
    visit = visit_of(world, number, code)
    with world.reading() as session:
        return link_states(session, world.runtime.study, [visit, 99_999], world.runtime.instruments)[visit]


def test_a_fetched_link_is_not_started_and_a_saved_answer_is(world: World) -> None:
    number = world.add(day0=(clock.today() - timedelta(days=14)).isoformat())
    link = world.invite(number, "day14")
    browser = world.browser().open(link)
    assert status_of(world, number, "day14").state is LinkStage.NOT_SENT
    browser.press().press()
    assert status_of(world, number, "day14").state is LinkStage.NOT_SENT
    browser.fill("pain_now", "7").press("later")
    found = status_of(world, number, "day14")
    assert (found.answered, found.fields) == (1, 3)
    assert found.state in (LinkStage.STARTED, LinkStage.IN_PROGRESS)
    assert found.last_activity_at is not None


def test_the_message_of_a_replaced_link_says_nothing_of_the_new_one(world: World) -> None:
    number = world.add()
    world.invite(number)
    with world.writing() as session, step(session, COMMAND, Tag.INVITATION_ISSUE) as making:
        link = session.execute(select(Invitation.id)).scalar_one()
        message = queue_message(
            session,
            making,
            kind="invitation",
            channel="email",
            language="nb",
            once_key=f"invitation/{link}/1",
            due_at=clock.now(),
            invitation_id=link,
        )
        message.state, message.reason = "bounced", "mailbox_full"
    assert status_of(world, number).state is LinkStage.BOUNCED
    world.invite(number, replace=True)
    assert status_of(world, number) == LinkStatus(LinkStage.NOT_SENT)


def test_a_page_of_the_list_takes_four_queries_however_long_it_is(world: World) -> None:
    visits = []
    for index in range(12):
        number = world.add(f"BTB-{index:03}")
        world.invite(number)
        visits.append(visit_of(world, number))
    asked: list[str] = []
    event.listen(
        world.runtime.database.engine, "before_cursor_execute", lambda *given: asked.append(str(given[2]))
    )
    with world.reading() as session:
        assert len(link_states(session, world.runtime.study, visits, world.runtime.instruments)) == 12
    assert len([one for one in asked if one.startswith("SELECT")]) == 4


_SENT = [(), ("queued",), ("sent",), ("bounced",), ("unknown",), ("cancelled",), ("sent", "queued")]
_ENDINGS = ["started", "revoked", "submitted", "withdrawn", "expired"]


@pytest.mark.parametrize(
    ("sent", "ending"), [*((sent, "") for sent in _SENT), *((("sent",), ending) for ending in _ENDINGS)]
)
def test_the_list_and_the_participants_page_say_the_same(
    world: World, sent: tuple[str, ...], ending: str
) -> None:
    with clock.at(work.NOON):
        work.person(world, "A", days=11)
        world.invite("A")
        for place, state in enumerate(sent):
            work.message(world, "A", state, kind="reminder" if place else "invitation")
        if ending == "started":
            work.start(world, "A")
        if ending == "submitted":
            work.submit(world, "A")
        if ending == "revoked":
            world.revoke("A")
        if ending == "withdrawn":
            world.withdraw("A")
    with clock.at(work.NOON + timedelta(days=60 if ending == "expired" else 0)), world.reading() as session:
        scope = Scope(("oslo",), clock.now(), ("baseline",))
        (listed,) = list_page(session, scope, Wish(visit="baseline")).rows
        visit = work.visit_of(world, "A")
        told = link_states(session, world.runtime.study, [visit])[visit].state
    # The list tells how many forms were begun, and not how many answers were saved.
    assert listed.state.value == (LinkStage.STARTED if told is LinkStage.IN_PROGRESS else told).value
