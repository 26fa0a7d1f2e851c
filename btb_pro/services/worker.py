"""The worker's round: plan what the study file makes due, then send what is queued, message by message."""

import secrets
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import select

from btb_pro import clock
from btb_pro.messaging.outcome import Outcome
from btb_pro.models.message import Message
from btb_pro.services.addressees import addressee_of
from btb_pro.services.audit import Actor, Context
from btb_pro.services.handing_over import Servers, hand_over
from btb_pro.services.invitations import InvitationRefused
from btb_pro.services.inviting import DueInvitation, due_invitations, invite_participant, open_channels
from btb_pro.services.quiet_hours import is_quiet
from btb_pro.services.reminders import due_reminders, queue_reminder
from btb_pro.services.runtime import Runtime
from btb_pro.services.sending import QUIET_KINDS, Claim, Taken, claim_next, mark_stale, note_outcome
from btb_pro.services.wordings import WordingNotApproved

ACTOR = Actor("job", "btb-pro work")


@dataclass(frozen=True, slots=True)
class Planned:
    """A message that would go out now, without the address."""

    kind: str
    channel: str
    study_number: str
    """Empty when it goes to staff."""
    visit: str


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one message in a round."""

    claim: Claim
    outcome: Outcome | None
    """None when it was called off."""


class Worker:
    """One process that sends. Any number of them share one queue."""

    def __init__(
        self, runtime: Runtime, servers: Servers, is_stopping: Callable[[], bool] = lambda: False
    ) -> None:
        self._runtime = runtime
        self._servers = servers
        self._is_stopping = is_stopping
        self.name = f"{socket.gethostname()[:50]}/{secrets.token_hex(6)}"

    def round(self) -> Iterator[Done]:
        """Plan, then send until nothing is due; each message is committed before the next is looked at."""
        with self._runtime.database.writing() as session:
            mark_stale(session, self._context())
            session.commit()
        self._plan()
        while not self._is_stopping():
            claim = self._claim()
            if claim.taken is Taken.NOTHING:
                return
            if claim.taken is Taken.SKIPPED:
                if claim.reason:
                    yield Done(claim, None)
                continue
            outcome = hand_over(self._runtime, self._servers, claim)
            with self._runtime.database.writing() as session:
                note_outcome(session, self._context(), claim, self.name, outcome)
                session.commit()
            yield Done(claim, outcome)

    def _claim(self) -> Claim:
        with self._runtime.database.writing() as session:
            claim = claim_next(session, self._context(), self._runtime, self.name)
            session.commit()
        return claim

    def _plan(self) -> None:
        study = self._runtime.study
        with self._runtime.database.reading() as session:
            reminders = due_reminders(session, study)
            invitations = due_invitations(session, study) if study.invites_by_itself else []
        for reminder in reminders:
            with self._runtime.database.writing() as session:
                queue_reminder(session, self._context(), reminder)
                session.commit()
        for due in invitations:
            self._invite(due)

    def _invite(self, due: DueInvitation) -> None:
        channel = channel_for(due, open_channels(self._runtime))
        if not channel:
            return
        with self._runtime.database.writing() as session:
            try:
                invite_participant(
                    session, self._context(), self._runtime, due.study_number, due.visit, channel
                )
            except (InvitationRefused, WordingNotApproved):
                # Somebody was quicker, or the wording waits for approval: it stays on the coordinator's list.
                return
            session.commit()

    def _context(self) -> Context:
        return Context(ACTOR, request_id=secrets.token_hex(6), study_version=self._runtime.study.version)


def channel_for(due: DueInvitation, can_send: tuple[str, ...]) -> str:
    """The channel that the worker invites by: e-mail where it can, else SMS, else none (empty)."""
    return next((one for one in ("email", "sms") if one in due.channels and one in can_send), "")


def would_send(runtime: Runtime) -> list[Planned]:
    """What a round would begin to send now. Writes nothing."""
    study = runtime.study
    with runtime.database.reading() as session:
        wanted = (
            select(Message)
            .where(
                Message.state == "queued",
                Message.due_at <= clock.now(),
                Message.channel.in_(("email", "sms")),
            )
            .order_by(Message.due_at, Message.id)
        )
        planned = []
        for message in session.execute(wanted).scalars():
            addressee = addressee_of(session, message)
            number = addressee.participant.study_number if addressee else ""
            visit = addressee.visit.code if addressee else ""
            planned.append(Planned(message.kind, message.channel, number, visit))
        planned += [
            Planned("reminder", one.channel, one.study_number, one.visit)
            for one in due_reminders(session, study)
        ]
        if study.invites_by_itself:
            planned += [
                Planned("invitation", channel, one.study_number, one.visit)
                for one in due_invitations(session, study)
                if (channel := channel_for(one, open_channels(runtime)))
            ]
    if is_quiet(study.quiet_hours, clock.now()):
        return [one for one in planned if one.kind not in QUIET_KINDS]
    return planned
