"""What happened in the made-up study: who was invited when, who answered how far. All by the real services.

A story is told in the order of its instants, so that the audit trail reads like that of a real study.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.instruments.paging import Page, pages_of
from btb_pro.messaging.outcome import Outcome
from btb_pro.models.participant import Participant
from btb_pro.services.answers import PageSave, save_page
from btb_pro.services.audit import Context
from btb_pro.services.demo_answers import MadeUpPerson
from btb_pro.services.demo_console import WENT_OUT, make_wish, send_queued, type_in_once
from btb_pro.services.invitations import link_address, revoke_invitation
from btb_pro.services.inviting import invite_participant
from btb_pro.services.made_requests import RequestKind
from btb_pro.services.participant_checks import NewParticipant
from btb_pro.services.participants import add_participant, withdraw_participant
from btb_pro.services.runtime import Runtime
from btb_pro.services.sessions import (
    Answering,
    OpenedLink,
    find_session,
    look_up,
    participant_actor,
    start_session,
)
from btb_pro.services.submission import submit_visit
from btb_pro.study import sections_asked

BASELINE = "baseline"


class Role(StrEnum):
    """How far a made-up participant has come; the words stand beside the link that the demo prints."""

    UNOPENED = "not opened yet"
    NOT_INVITED = "not invited"
    STARTED = "started"
    HALF_WAY = "half-way"
    SUBMITTED = "submitted"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"
    NOT_OPEN_YET = "not open yet"
    FOLLOW_UP = "in follow-up"


class Manner(StrEnum):
    """How a made-up participant goes about the baseline visit."""

    ORDINARY = "ordinary"
    AT_NIGHT = "at night"
    QUICKLY = "quickly"
    CHANGING = "changing"
    """Goes back to the first pages before sending in, and answers them otherwise."""


DAY0 = {
    Role.UNOPENED: 7,
    Role.NOT_INVITED: 9,
    Role.STARTED: 5,
    Role.HALF_WAY: 6,
    Role.SUBMITTED: 4,
    Role.EXPIRED: -6,
    Role.REVOKED: 8,
    Role.REPLACED: 7,
    Role.WITHDRAWN: 3,
    Role.NOT_OPEN_YET: 30,
}
"""Days from today to day 0, so that the packaged study's baseline is open, over, or not open yet."""
_AFTER_ONE_AT_NIGHT = -6 * 60 - 48
"""Minutes from eight in the morning."""
_PAGES_AGAIN = 14
FOLLOW_UP_DAY0 = (-13, -153, -41, -280, -97, -30, -60, -120)
"""Further participants are so far into the study; at some of these a later visit is open today."""


@dataclass(slots=True)
class Character:
    """A made-up participant."""

    study_number: str
    site: str
    language: str
    role: Role
    day0: date
    person: MadeUpPerson
    outcome: Outcome = WENT_OUT
    """What becomes of the messages that carry the links."""
    wish: RequestKind | None = None
    """What the holder of the baseline visit's link asks for in the end."""
    manner: Manner = Manner.ORDINARY
    is_on_paper: bool = False
    """The baseline visit came back on paper, and was typed in once."""
    links: dict[str, str] = field(default_factory=dict)
    """Address of the first link by visit: the dead one, where it was replaced."""
    answering: Answering | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """Where scenes are played: one transaction of one instance."""

    runtime: Runtime
    session: Session
    context: Context
    """Of what the coordinator does."""

    def of(self, participant: Participant) -> Context:
        """The context of what a participant does."""
        return Context(participant_actor(participant), study_version=self.context.study_version)


Play = Callable[[Stage], None]
Scene = tuple[datetime, Play]
"""When something happens, and what."""


def play_all(stage: Stage, characters: Sequence[Character], today: date) -> None:
    """Play every character's story up to today, in the order of the instants; the caller commits."""
    scenes = [
        (at, order, play)
        for order, character in enumerate(characters)
        for at, play in _Story(stage.runtime, character, today).scenes()
    ]
    scenes.sort(key=lambda scene: scene[:2])
    for at, _, play in scenes:
        with clock.at(at):
            play(stage)


@dataclass(frozen=True, slots=True)
class _Story:
    runtime: Runtime
    character: Character
    today: date

    def scenes(self) -> Iterator[Scene]:
        """What happens to the character, each scene by itself in order."""
        role, yesterday = self.character.role, self.today - timedelta(days=1)
        invited_on = min(self.character.day0 - timedelta(days=12), yesterday - timedelta(days=1))
        yield _moment(min(self.character.day0 - timedelta(days=21), invited_on)), self._add
        if role is Role.NOT_INVITED:
            return
        yield _moment(invited_on, 60), self._invite(BASELINE)
        pages = self._pages(BASELINE)
        if role is Role.STARTED:
            yield from self._answer(BASELINE, yesterday - timedelta(days=2), pages[:1])
        elif role in (Role.HALF_WAY, Role.WITHDRAWN):
            yield from self._answer(BASELINE, yesterday, pages[: len(pages) // 2])
        elif role is Role.SUBMITTED:
            yield from self._answer(BASELINE, yesterday, pages, submits=True)
        elif role is Role.FOLLOW_UP:
            yield from self._answer(BASELINE, self.character.day0 - timedelta(days=3), pages, submits=True)
            yield from self._later_visits()
        if role in (Role.REVOKED, Role.REPLACED, Role.WITHDRAWN):
            yield _moment(yesterday, 600), self._end
        if self.character.wish is not None:
            yield _moment(yesterday, 640), self._ask(self.character.wish)
        if self.character.is_on_paper:
            yield _moment(yesterday, 660), self._type_in

    def _later_visits(self) -> Iterator[Scene]:
        for visit in self.runtime.study.visits:
            planned_on = self.character.day0 + timedelta(days=visit.day)
            opens_on = planned_on + timedelta(days=visit.opens)
            if visit.day <= 0 or not visit.parts or opens_on >= self.today:
                continue
            yield _moment(opens_on, 30), self._invite(visit.code)
            is_missed = self.character.person.random.random() < 0.15
            if planned_on < self.today and not is_missed:
                yield from self._answer(visit.code, planned_on, self._pages(visit.code), submits=True)

    def _pages(self, visit: str) -> tuple[Page, ...]:
        asked = sections_asked(self.runtime.study.visit(visit).parts)
        return pages_of([(self.runtime.instruments[code], sections) for code, sections in asked.items()])

    def _add(self, stage: Stage) -> None:
        who = self.character
        new = NewParticipant(
            study_number=who.study_number,
            site=who.site,
            language=who.language,
            email=f"participant-{who.study_number}@btb.example",
            day0=who.day0.isoformat(),
        )
        add_participant(stage.session, stage.context, stage.runtime, new)

    def _invite(self, visit: str) -> Play:
        def play(stage: Stage) -> None:
            number = self.character.study_number
            invitation = invite_participant(
                stage.session, stage.context, stage.runtime, number, visit, "email"
            )
            self.character.links[visit] = link_address(stage.runtime, invitation)
            send_queued(stage.session, stage.runtime, self.character.outcome)

        return play

    def _ask(self, wish: RequestKind) -> Play:
        def play(stage: Stage) -> None:
            link = self._link(stage, BASELINE)
            make_wish(stage.session, stage.of(link.participant), link, wish)

        return play

    def _type_in(self, stage: Stage) -> None:
        who = self.character
        pages = self._pages(BASELINE)
        type_in_once(stage.session, stage.runtime, who.study_number, BASELINE, pages, who.person)

    def _answer(
        self, visit: str, on: date, pages: Sequence[Page], *, submits: bool = False
    ) -> Iterator[Scene]:
        random = self.character.person.random
        manner = self.character.manner if visit == BASELINE else Manner.ORDINARY
        at = _moment(on, _AFTER_ONE_AT_NIGHT if manner is Manner.AT_NIGHT else random.randint(90, 500))
        yield at, self._start(visit)
        again = pages[:_PAGES_AGAIN] if manner is Manner.CHANGING else ()
        for page in (*pages, *again):
            seconds = len(page.items) if manner is Manner.QUICKLY else random.randint(15, 60)
            shown_at, at = at, at + timedelta(seconds=seconds)
            yield at, self._save(page, shown_at)
        if submits:
            yield at + timedelta(seconds=20), self._submit

    def _start(self, visit: str) -> Play:
        def play(stage: Stage) -> None:
            link = self._link(stage, visit)
            context = stage.of(link.participant)
            started, secret = start_session(stage.session, context, link, self.character.language)
            self.character.answering = find_session(stage.session, started.handle, secret)
            self.character.person.answers = {}

        return play

    def _save(self, page: Page, shown_at: datetime) -> Play:
        def play(stage: Stage) -> None:
            values, declined = self.character.person.answer(page)
            save = PageSave(
                instrument=page.instrument,
                items=page.items,
                values=values,
                client_key=f"made-up-{page.number}-{shown_at.timestamp():.0f}",
                language=self.character.language,
                shown_at=shown_at,
                device_at=clock.local_text(clock.now()),
                decline=declined,
                passes_on=True,
            )
            answering = self._answering()
            save_page(stage.session, stage.of(answering.participant), stage.runtime, answering, save)

        return play

    def _submit(self, stage: Stage) -> None:
        answering = self._answering()
        submit_visit(stage.session, stage.of(answering.participant), stage.runtime, answering)

    def _end(self, stage: Stage) -> None:
        number = self.character.study_number
        if self.character.role is Role.REVOKED:
            revoke_invitation(stage.session, stage.context, stage.runtime, number, BASELINE)
        elif self.character.role is Role.REPLACED:
            invite_participant(
                stage.session, stage.context, stage.runtime, number, BASELINE, "email", replace=True
            )
            send_queued(stage.session, stage.runtime, self.character.outcome)
        else:
            withdraw_participant(stage.session, stage.context, number, "Made up: has no time for it.")

    def _link(self, stage: Stage, visit: str) -> OpenedLink:
        token = self.character.links[visit].rpartition("/")[2]
        link = look_up(stage.session, stage.runtime.links.public_id(token))
        if link is None:
            raise LookupError(f"the made-up link of {self.character.study_number} leads nowhere")
        return link

    def _answering(self) -> Answering:
        if self.character.answering is None:
            raise LookupError(f"{self.character.study_number} has not started")
        return self.character.answering


def _moment(day: date, minutes: int = 0) -> datetime:
    """So many minutes after eight in the morning in Norway."""
    return datetime.combine(day, time(8), clock.OSLO) + timedelta(minutes=minutes)
