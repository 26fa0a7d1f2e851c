"""Answers that came back on paper or were given over the phone: typed in by two people before they count.

What is typed lies apart from the answers until both agree, and no page shows it. Then it becomes answers by
the very services that a participant's own answers go through, and what was typed is deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.instruments.paging import Page, pages_of
from btb_pro.models.correction import PaperEntry, PaperKeying
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.refusals import PlainRefusal
from btb_pro.security import new_public_id
from btb_pro.services.answers import PageSave, save_page
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.keyed_paper import Keyed, differing_items, read_keyed
from btb_pro.services.known_visits import NoLink, why_not_asked
from btb_pro.services.runtime import Runtime
from btb_pro.services.sessions import Answering, LinkState, OpenedLink, present_answers, start_session
from btb_pro.services.submission import submit_visit
from btb_pro.study import sections_asked

AGREED = "done"
DISCARDED = "discarded"


class PaperRefusal(StrEnum):
    """Why nothing can be typed in now, or not by this person."""

    ASKS_NOTHING = "asks_nothing"
    WITHDRAWN = "withdrawn"
    SUBMITTED = "submitted"
    NOT_APPROVED = "not_approved"
    HAS_ANSWERS = "has_answers"
    """The participant has begun on a screen; paper never goes over what somebody entered."""
    OPEN_ALREADY = "open_already"
    IN_THE_FUTURE = "in_the_future"
    SAME_PERSON = "same_person"
    SOMEBODY_ELSES = "somebody_elses"
    """Another person has begun this round and is not done."""
    NOT_ALL_TYPED = "not_all_typed"


class PaperEntryRefused(PlainRefusal):
    """Paper cannot be typed in as asked."""

    def __init__(self, code: PaperRefusal) -> None:
        self.code = code
        super().__init__(f"This paper cannot be typed in: {code.value.replace('_', ' ')}.")


@dataclass(frozen=True, slots=True)
class PaperVisit:
    """A participant's visit whose paper is typed in."""

    runtime: Runtime
    participant: Participant
    visit: Visit

    @property
    def number(self) -> str:
        """The study number."""
        return self.participant.study_number

    @property
    def pages(self) -> tuple[Page, ...]:
        """What is typed, cut as on the participant's screen."""
        asked = sections_asked(self.runtime.study.visit(self.visit.code).parts)
        return pages_of([(self.runtime.instruments[code], sections) for code, sections in asked.items()])


def open_entry(session: Session, visit: Visit) -> PaperEntry | None:
    """The entry of a visit that is under way, if there is one."""
    return session.execute(
        select(PaperEntry).where(PaperEntry.visit_id == visit.id, PaperEntry.ended_at.is_(None))
    ).scalar_one_or_none()


def why_not_typed(session: Session, paper: PaperVisit) -> PaperRefusal | None:
    """Why a visit takes no paper; None if it does."""
    refused = why_not_asked(session, paper.runtime, paper.participant, paper.visit)
    if refused is not None and refused is not NoLink.OVER:
        return PaperRefusal(refused.value)
    return PaperRefusal.HAS_ANSWERS if present_answers(session, paper.visit) else None


def begin_entry(
    session: Session,
    context: Context,
    paper: PaperVisit,
    *,
    mode: str,
    language: str,
    paper_on: date,
) -> PaperEntry:
    """Begin to type in a visit's paper, or a phone interview, of a day and in a language.

    Raises:
        PaperEntryRefused: the visit takes none, one is under way, or the day has not come.
    """
    refused = why_not_typed(session, paper)
    if refused is None and open_entry(session, paper.visit) is not None:
        refused = PaperRefusal.OPEN_ALREADY
    if refused is None and paper_on > clock.today():
        refused = PaperRefusal.IN_THE_FUTURE
    if refused is not None:
        raise PaperEntryRefused(refused)
    with step(session, context, Tag.PAPER_OPEN, study_number=paper.number) as event:
        entry = PaperEntry(
            visit_id=paper.visit.id,
            mode=mode,
            language=language,
            paper_on=paper_on,
            opened_at=event.at,
            first_by=context.actor.name,
            event_seq=event.seq,
        )
        session.add(entry)
        session.flush()
        for name, value in (("visit", paper.visit.code), ("mode", mode), ("paper_on", paper_on.isoformat())):
            event.change("paper_entry", f"{entry.id}", name, None, value)
    return entry


def round_of(entry: PaperEntry) -> int:
    """Which round is being typed: 1, 2, or 3 for whatever still differs after two."""
    if entry.first_done_at is None:
        return 1
    return 2 if entry.second_done_at is None else 3


def why_not_this_person(entry: PaperEntry, name: str) -> PaperRefusal | None:
    """Why somebody may not type the present round; None if they may."""
    match round_of(entry):
        case 1:
            return None if name == entry.first_by else PaperRefusal.SOMEBODY_ELSES
        case 2 if name == entry.first_by:
            return PaperRefusal.SAME_PERSON
        case 2 if entry.second_by not in (None, name):
            return PaperRefusal.SOMEBODY_ELSES
    return None


def key_page(
    session: Session,
    context: Context,
    paper: PaperVisit,
    entry: PaperEntry,
    page: Page,
    values: Mapping[str, str | None],
) -> None:
    """Keep what one person typed for a page: every field of it, None where the paper is blank.

    The same page again in the same round takes the place of what was typed before.

    Raises:
        PaperEntryRefused: this person may not type this round.
    """
    with step(session, context, Tag.PAPER_KEY, study_number=paper.number) as event:
        # Writers come one after another from here on: somebody else may have taken the round meanwhile.
        session.refresh(entry)
        _require_person(entry, context)
        typed = round_of(entry)
        if typed == 2 and entry.second_by is None:
            entry.second_by = context.actor.name
            event.change("paper_entry", f"{entry.id}", "second_by", None, context.actor.name)
        _keep(session, event, entry, typed, values)
        # How many, never what: until both agree these are no answers, and the trail shows none of them.
        count = sum(value is not None for value in values.values())
        event.change(
            "paper_entry", f"{entry.id}", f"round_{typed}_page_{page.number}", None, f"{count} fields"
        )


def key_again(
    session: Session,
    context: Context,
    paper: PaperVisit,
    entry: PaperEntry,
    values: Mapping[str, str | None],
) -> bool:
    """Keep what was typed once more for what differed, and finish if two rounds agree; whether they do.

    Raises:
        PaperEntryRefused: see `end_round`.
    """
    keyed = read_keyed(session, entry)
    typed = max(keyed.rounds) + 1
    codes = [field.code for item in differing_items(paper.pages, keyed) for field in item.fields]
    with step(session, context, Tag.PAPER_KEY, study_number=paper.number) as event:
        _keep(session, event, entry, typed, {code: values.get(code) for code in codes})
        event.change("paper_entry", f"{entry.id}", f"round_{typed}", None, f"{len(codes)} fields")
    return _settle(session, context, paper, entry)


def end_round(
    session: Session,
    context: Context,
    paper: PaperVisit,
    entry: PaperEntry,
) -> bool:
    """Say that everything was typed. After the second round it counts if both agree; whether it does.

    Raises:
        PaperEntryRefused: a page is missing, this person may not type this round, or the participant has
            answered or sent in meanwhile.
    """
    _require_person(entry, context)
    typed = round_of(entry)
    keyed = read_keyed(session, entry)
    if typed < 3 and any(not keyed.has_page(typed, page) for page in paper.pages):
        raise PaperEntryRefused(PaperRefusal.NOT_ALL_TYPED)
    with step(session, context, Tag.PAPER_KEY, study_number=paper.number) as event:
        if typed == 1:
            entry.first_done_at = event.at
        elif typed == 2:
            entry.second_done_at = event.at
        event.change("paper_entry", f"{entry.id}", f"round_{typed}", None, "typed")
    return typed > 1 and _settle(session, context, paper, entry)


def discard_entry(session: Session, context: Context, paper: PaperVisit, entry: PaperEntry) -> None:
    """Throw away what was typed; nothing of it counts."""
    with step(session, context, Tag.PAPER_DISCARD, study_number=paper.number) as event:
        _end(session, event, entry, DISCARDED)


def _require_person(entry: PaperEntry, context: Context) -> None:
    refused = why_not_this_person(entry, context.actor.name)
    if refused is not None:
        raise PaperEntryRefused(refused)


def _keep(
    session: Session, event: Step, entry: PaperEntry, typed: int, values: Mapping[str, str | None]
) -> None:
    _take_out(session, entry, PaperKeying.round == typed, PaperKeying.item.in_(list(values)))
    session.add_all(
        PaperKeying(entry_id=entry.id, round=typed, item=code, value=value, event_seq=event.seq)
        for code, value in values.items()
    )
    session.flush()


def _settle(
    session: Session,
    context: Context,
    paper: PaperVisit,
    entry: PaperEntry,
) -> bool:
    """Turn what was typed into answers, if two rounds agree on every question."""
    keyed = read_keyed(session, entry)
    differing = differing_items(paper.pages, keyed)
    if differing:
        with step(session, context, Tag.PAPER_KEY, study_number=paper.number) as event:
            codes = " ".join(item.code for item in differing)
            event.change("paper_entry", f"{entry.id}", "differs", None, codes)
        return False
    refused = why_not_typed(session, paper)
    if refused is not None:
        raise PaperEntryRefused(refused)
    answering = _answering(session, context, paper, entry)
    for page in paper.pages:
        save_page(session, context, paper.runtime, answering, _save_of(entry, page, keyed))
    submit_visit(session, context, paper.runtime, answering)
    with step(session, context, Tag.PAPER_FINISH, study_number=paper.number) as event:
        entry.session_id = answering.session.id
        _end(session, event, entry, AGREED)
    return True


def _save_of(entry: PaperEntry, page: Page, keyed: Keyed) -> PageSave:
    return PageSave(
        instrument=page.instrument,
        items=page.items,
        values={field.code: keyed.agreed(item, field) for item in page.items for field in item.fields},
        client_key=f"paper-{entry.id}-{page.number}",
        language=entry.language,
        passes_on=True,
    )


def _answering(session: Session, context: Context, paper: PaperVisit, entry: PaperEntry) -> Answering:
    invitation = _invitation(session, context, paper)
    link = OpenedLink(invitation, paper.visit, paper.participant, LinkState.OPEN)
    started, _secret = start_session(session, context, link, entry.language, "paper")
    session.flush()
    return Answering(started, invitation, paper.visit, paper.participant, LinkState.OPEN, is_over=False)


def _invitation(session: Session, context: Context, paper: PaperVisit) -> Invitation:
    """The visit's newest link; for somebody who never had one, one that is dead from the start."""
    newest = (
        select(Invitation)
        .where(Invitation.visit_id == paper.visit.id)
        .order_by(Invitation.id.desc())
        .limit(1)
    )
    found = session.execute(newest).scalar_one_or_none()
    if found is not None:
        return found
    with step(session, context, Tag.INVITATION_ISSUE, study_number=paper.number) as event:
        made = Invitation(
            public_id=new_public_id(),
            visit_id=paper.visit.id,
            language=paper.participant.language,
            issued_at=event.at,
            opens_at=event.at,
            expires_at=event.at + timedelta(days=1),
            ended_at=event.at,
            end_reason="revoked",
            event_seq=event.seq,
        )
        session.add(made)
        session.flush()
        event.change("invitation", f"{paper.number}/{paper.visit.code}", "end_reason", None, "revoked")
    return made


def _end(session: Session, event: Step, entry: PaperEntry, reason: str) -> None:
    _take_out(session, entry)
    entry.ended_at, entry.end_reason = event.at, reason
    event.change("paper_entry", f"{entry.id}", "end_reason", None, reason)


def _take_out(session: Session, entry: PaperEntry, *which: ColumnElement[bool]) -> None:
    # One by one, so that the trail is told of each.
    for row in session.execute(select(PaperKeying).where(PaperKeying.entry_id == entry.id, *which)).scalars():
        session.delete(row)
    session.flush()
