"""Links on paper: what a letter says, whom it is due for, and noting that it was printed."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.exports.letters import Letter
from btb_pro.models.message import Message
from btb_pro.models.participant import Contact, Invitation, Participant, Visit
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.invitations import issue_invitation, link_address
from btb_pro.services.runtime import Runtime
from btb_pro.services.typed_codes import typed_code

MOST_AT_ONCE = 300
_NO_TOKEN = f"{'0' * 22}.{'0' * 22}"
_NO_CODE = "0000-0000-0000"
_REACHED = ("queued", "sending", "sent", "delivered", "unknown")


@dataclass(frozen=True, slots=True)
class DueLetter:
    """A visit that is open, not answered, and that no message has gone out for."""

    study_number: str
    site: str
    visit: str
    expires_at: datetime
    has_contact: bool
    """Whether the participant could be written to otherwise."""

    @property
    def last_day(self) -> date:
        """The last day on which the link works."""
        return clock.last_day(self.expires_at)


@dataclass(frozen=True, slots=True)
class Printed:
    """What is noted of a letter once it was handed over."""

    invitation_id: int
    study_number: str
    visit: str
    language: str


@dataclass(frozen=True, slots=True)
class MadeLetter:
    """A letter whose link and code work."""

    letter: Letter
    printed: Printed


def print_letter(
    session: Session,
    context: Context,
    runtime: Runtime,
    study_number: str,
    visit_code: str,
    *,
    all_languages: bool = False,
) -> Letter:
    """What the letter with a visit's live link says; the link is made where there is none.

    Printing counts as sending, each time. The letter is in the participant's language; in all of the study's
    if none is known or all are wished for.

    Raises:
        ParticipantUnknown, InvitationRefused, WordingNotApproved: see `issue_invitation`.
    """
    made = make_letter(session, context, runtime, study_number, visit_code, all_languages=all_languages)
    note_printed(session, context, made.printed)
    return made.letter


def make_letter(
    session: Session,
    context: Context,
    runtime: Runtime,
    study_number: str,
    visit_code: str,
    *,
    all_languages: bool = False,
) -> MadeLetter:
    """The letter as in `print_letter`, which does not count as sent before `note_printed`.

    Raises:
        ParticipantUnknown, InvitationRefused, WordingNotApproved: see `issue_invitation`.
    """
    invitation = issue_invitation(session, context, runtime, study_number, visit_code)
    session.flush()
    visit = session.get_one(Visit, invitation.visit_id)
    participant = session.get_one(Participant, visit.participant_id)
    code, fingerprint = typed_code(runtime, invitation)
    number = participant.study_number
    if invitation.typed_code_hmac != fingerprint:
        with step(session, context, Tag.LETTER_CODE, study_number=number) as event:
            invitation.typed_code_hmac = fingerprint
            event.change("invitation", f"{number}/{visit_code}", "typed_code", None, "given")
    make = _letter(
        runtime, participant, visit_code, invitation.opens_at, invitation.expires_at, all_languages
    )
    letter = make(link_address(runtime, invitation), code)
    return MadeLetter(letter, Printed(invitation.id, number, visit_code, letter.languages[0]))


def note_printed(session: Session, context: Context, made: Printed) -> None:
    """Note that a letter went out."""
    with step(session, context, Tag.LETTER_PRINT, study_number=made.study_number) as event:
        once_key = f"letter/{made.invitation_id}/{event.seq}"
        session.add(
            Message(
                kind="invitation",
                channel="paper",
                language=made.language,
                invitation_id=made.invitation_id,
                once_key=once_key,
                due_at=event.at,
                state="sent",
                attempts=0,
                sent_at=event.at,
                event_seq=event.seq,
            )
        )
        event.change("message", once_key, "state", None, "sent")
        event.change("message", once_key, "visit", None, made.visit)


def preview_letter(
    runtime: Runtime, participant: Participant, visit: Visit, *, all_languages: bool = False
) -> Letter:
    """The letter as it would be printed, with a link and a code that open nothing. Writes nothing."""
    opens_at = visit.opens_at or clock.now()
    days = timedelta(days=runtime.study.link_days_without_day0)
    expires_at = visit.expires_at or clock.now() + days
    made = _letter(runtime, participant, visit.code, opens_at, expires_at, all_languages)
    return made(f"{runtime.settings.base_url}/s/{_NO_TOKEN}", _NO_CODE)


def _letter(
    runtime: Runtime,
    participant: Participant,
    visit_code: str,
    opens_at: datetime,
    expires_at: datetime,
    all_languages: bool,
) -> Callable[[str, str], Letter]:
    """What makes the letter of a link and a code."""
    first = participant.language or runtime.study.languages[0]
    is_in_all = all_languages or participant.language is None
    others = [language for language in runtime.study.languages if language != first]
    return lambda link, code: Letter(
        study_number=participant.study_number,
        languages=(first, *others) if is_in_all else (first,),
        asker=runtime.study.asker,
        study=runtime.study.name,
        minutes=runtime.study.visit(visit_code).minutes,
        opens_on=None if opens_at <= clock.now() else opens_at.astimezone(clock.OSLO).date(),
        last_day=clock.last_day(expires_at),
        link=link,
        typed_address=f"{runtime.settings.base_url.partition('://')[2]}/k",
        typed_code=code,
        phone=runtime.study.site(participant.site_code).phone,
        is_test=runtime.study.allow_unapproved_wording,
    )


def letters_due(session: Session, runtime: Runtime, sites: Collection[str] | None) -> Sequence[DueLetter]:
    """Whose letter is due now at some sites (None: all), the nearest end first, at most `MOST_AT_ONCE`."""
    now = clock.now()
    asking = [visit.code for visit in runtime.study.visits if visit.parts]
    is_reached = exists().where(
        and_(
            Invitation.visit_id == Visit.id,
            Invitation.ended_at.is_(None),
            Message.invitation_id == Invitation.id,
            Message.state.in_(_REACHED),
        )
    )
    has_contact = exists().where(Contact.participant_id == Participant.id)
    query = (
        select(Participant.study_number, Participant.site_code, Visit.code, Visit.expires_at, has_contact)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(
            Participant.withdrawn_at.is_(None),
            Visit.submitted_at.is_(None),
            Visit.code.in_(asking),
            Visit.opens_at <= now,
            Visit.expires_at > now,
            ~is_reached,
        )
        .order_by(Visit.expires_at, Participant.study_number, Visit.code)
        .limit(MOST_AT_ONCE)
    )
    if sites is not None:
        query = query.where(Participant.site_code.in_(sites))
    return [
        DueLetter(number, site, visit, expires_at, is_known)
        for number, site, visit, expires_at, is_known in session.execute(query)
        if expires_at is not None
    ]
