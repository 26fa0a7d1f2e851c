"""A link's life in any order: made, opened, sent in, revoked, replaced, expired, moved, its address changed.

Whatever a coordinator and a participant do after each other, at most one link of a visit lives, every link
opens what its row says, and a withdrawn participant's links are all dead.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.services.audit import Tag, step
from btb_pro.services.invitations import InvitationRefused, issue_invitation, revoke_invitation
from btb_pro.services.known_participants import find_participant
from btb_pro.services.moving import VisitDay, move_visit, set_day0
from btb_pro.services.outbox import queue_message
from btb_pro.services.participant_changes import ChangeRefused, Wish, change_participant
from btb_pro.services.participants import withdraw_participant
from btb_pro.services.sessions import LinkState, look_up
from btb_pro.services.verification import verify
from btb_pro.services.visit_plan import MoveRefused
from tests.integration.participant.steps import session_address
from tests.support.engines import EngineName
from tests.support.world import COMMAND, World, make_world

NUMBER, VISIT = "BTB-001", "baseline"


class LinkLife(RuleBasedStateMachine):
    """One participant, one visit, any order of what may happen."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.world: World = make_world(Path(self.folder.name) / "instance")
        self.world.add(NUMBER, email="kari@hospital.example", language="nb")
        self.now = clock.now()
        self.addresses = 0
        self.ended: dict[str, LinkState] = {}
        """What each link that ended said first: it says so ever after, but for a withdrawal."""

    def teardown(self) -> None:
        """Prove the chain; let go of the folder."""
        with self.world.reading() as session:
            verify(session)
        self.world.close()
        self.folder.cleanup()

    def _do(self, act: Callable[[Session], Any], *refusals: type[Exception]) -> bool:
        with clock.at(self.now), self.world.runtime.database.writing() as session:
            try:
                act(session)
            except refusals:
                return False
            session.commit()
        return True

    @property
    def is_withdrawn(self) -> bool:
        with self.world.reading() as session:
            return session.execute(select(Participant)).scalar_one().withdrawn_at is not None

    @rule(replace=st.booleans())
    def issue(self, replace: bool) -> None:
        """Make a link, or another."""
        self._do(
            lambda session: issue_invitation(
                session, COMMAND, self.world.runtime, NUMBER, VISIT, replace=replace
            ),
            InvitationRefused,
        )

    @rule()
    def revoke(self) -> None:
        """End the link that lives."""
        self._do(
            lambda session: revoke_invitation(session, COMMAND, self.world.runtime, NUMBER, VISIT),
            InvitationRefused,
        )

    @rule(channel=st.sampled_from(["email", "sms", "paper"]), is_sent=st.booleans())
    def send(self, channel: str, is_sent: bool) -> None:
        """Send the link that lives, or put it in the queue."""

        def act(session: Session) -> None:
            live = session.execute(
                select(Invitation).where(Invitation.ended_at.is_(None))
            ).scalar_one_or_none()
            if live is None:
                return
            with step(session, COMMAND, Tag.INVITATION_ISSUE, study_number=NUMBER) as event:
                message = queue_message(
                    session,
                    event,
                    kind="invitation",
                    channel=channel,
                    language="nb",
                    once_key=f"invitation/{live.id}/{channel}",
                    due_at=event.at,
                    invitation_id=live.id,
                )
                if is_sent and message.state == "queued":
                    # A step that notes no change tells of none, whatever it does to rows.
                    event.change("message", message.once_key, "state", "queued", "sent")
                    message.state, message.sent_at = "sent", event.at

        self._do(act)

    @rule(days=st.integers(-20, 30))
    def move(self, days: int) -> None:
        """Move the visit."""
        day = self.now.astimezone(clock.OSLO).date() + timedelta(days=days)
        self._do(
            lambda session: move_visit(
                session, COMMAND, self.world.runtime, find_participant(session, NUMBER), VISIT, VisitDay(day)
            ),
            MoveRefused,
        )

    @rule(days=st.integers(-20, 30))
    def count_anew(self, days: int) -> None:
        """Change day 0."""
        day = self.now.astimezone(clock.OSLO).date() + timedelta(days=days)
        self._do(
            lambda session: set_day0(
                session, COMMAND, self.world.runtime, find_participant(session, NUMBER), day
            ),
            MoveRefused,
        )

    @rule(takes_off=st.booleans())
    def change_address(self, takes_off: bool) -> None:
        """Another address, or none."""
        self.addresses += 1
        address = "" if takes_off else f"a{self.addresses}@hospital.example"
        self._do(
            lambda session: change_participant(
                session,
                COMMAND,
                self.world.runtime,
                find_participant(session, NUMBER),
                Wish(contacts={"email": address}),
            ),
            ChangeRefused,
        )

    @rule(days=st.integers(0, 12))
    def wait(self, days: int) -> None:
        """Let days go by."""
        self.now += timedelta(days=days, seconds=1)

    @precondition(lambda self: not self.is_withdrawn)
    @rule()
    def answer(self) -> None:
        """Open the newest link and send the visit in, if it lets one."""
        with self.world.reading() as session:
            newest = session.execute(select(Invitation).order_by(Invitation.id.desc()).limit(1)).scalar()
        if newest is None:
            return
        with clock.at(self.now):
            browser = self.world.browser().open(f"/s/{self.world.runtime.links.token(newest.public_id)}")
            if browser.page == "start":
                browser.press()
                assert browser.open(f"{session_address(browser)}/review").press().page == "receipt"

    @precondition(lambda self: not self.is_withdrawn)
    @rule()
    def withdraw(self) -> None:
        """Leave the study."""
        assert self._do(lambda session: withdraw_participant(session, COMMAND, NUMBER, "moved"))

    @invariant()
    def every_link_tells_the_truth(self) -> None:
        """At most one lives; dead is dead; withdrawn is withdrawn; nothing waits for a link that is dead."""
        with clock.at(self.now), self.world.reading() as session:
            is_withdrawn = session.execute(select(Participant)).scalar_one().withdrawn_at is not None
            visit = session.execute(select(Visit).where(Visit.code == VISIT)).scalar_one()
            links = session.execute(select(Invitation).order_by(Invitation.id)).scalars().all()
            assert sum(link.ended_at is None for link in links) <= (0 if is_withdrawn else 1)
            for link in links:
                found = look_up(session, link.public_id)
                assert found is not None
                if is_withdrawn:
                    assert found.state is LinkState.WITHDRAWN
                    continue
                if link.ended_at is not None:
                    assert found.state is self.ended.setdefault(link.public_id, found.state)
                elif visit.submitted_at is not None:
                    assert found.state is LinkState.SUBMITTED
                elif visit.opens_at is not None:
                    assert (link.opens_at, link.expires_at) == (visit.opens_at, visit.expires_at)
            ended = [link.id for link in links if link.ended_at is not None]
            waiting = select(Message.invitation_id).where(Message.state == "queued")
            of_replaced = {link_id for link_id in session.execute(waiting).scalars() if link_id in ended}
            assert not of_replaced or not is_withdrawn


def test_a_link_keeps_its_promises_in_any_order_of_events(engine: EngineName) -> None:
    assert engine
    run_state_machine_as_test(
        LinkLife, settings=settings(max_examples=15, stateful_step_count=20, deadline=None)
    )
