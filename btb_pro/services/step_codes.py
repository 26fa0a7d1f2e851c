"""One-time codes for the second step: whoever has the participant's phone or mailbox sees earlier answers.

A code is good once, for ten minutes, for five tries, and for the session that asked for it. It is stored
nowhere: web and worker both compute it from the row and a key of the settings.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.participant import Contact, Invitation, Participant, Visit
from btb_pro.models.response import Answer, ParticipantSession, Response, StepCode
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.outbox import queue_message
from btb_pro.services.runtime import Runtime
from btb_pro.services.sessions import Answering, LinkState

LIFETIME = timedelta(minutes=10)
DIGITS = 7
"""23 bits; six would be 19.9, below the 20 that are asked of such a code."""
MOST_TRIES = 5
MOST_AN_HOUR = 3
MOST_A_DAY = 8
_SAME_WISH = timedelta(seconds=30)
"""Whoever presses twice wants one code."""
_CHANNELS = {"phone": "sms", "email": "email"}


class CodeGone(Exception):
    """The row's code cannot be made any more: the key that it was made with is out of the settings."""


@dataclass(frozen=True, slots=True)
class Way:
    """A channel that a code can be sent by."""

    channel: str
    """``sms`` or ``email``."""
    hint: str
    """The last two digits of a telephone number; empty for an e-mail address."""


class Outcome(StrEnum):
    """What became of a code that somebody typed."""

    CONFIRMED = "confirmed"
    WRONG = "wrong"
    GONE = "gone"
    """There is none to try: used, too old, tried too often, or never sent."""


def is_offered(session: Session, runtime: Runtime, answering: Answering) -> bool:
    """Whether a session should be asked for a code: the study wants it, and there is something to see by it.

    A tablet at the clinic is nobody's own: there earlier answers are never shown.
    """
    found = answering.session
    if not runtime.study.second_step or answering.is_over or answering.state is not LinkState.OPEN:
        return False
    if found.confirmed_at is not None or found.mode != "own_phone":
        return False
    earlier = (
        select(Answer.id)
        .join(Response, Response.id == Answer.response_id)
        .where(
            Response.visit_id == answering.visit.id,
            Answer.session_id != found.id,
            Answer.value.is_not(None),
        )
    )
    if session.execute(earlier.limit(1)).first() is None:
        return False
    return bool(ways_to_send(session, runtime, answering))


def ways_to_send(session: Session, runtime: Runtime, answering: Answering) -> tuple[Way, ...]:
    """The channels by which a participant can get a code; none that failed for good or is not set up."""
    rows = session.execute(
        select(Contact)
        .where(Contact.participant_id == answering.participant.id, Contact.failed_at.is_(None))
        .order_by(Contact.kind.desc())
    ).scalars()
    return tuple(
        Way(_CHANNELS[row.kind], _hint(runtime, row))
        for row in rows
        if _CHANNELS[row.kind] in runtime.settings.channels
    )


def sends_from(session: Session, answering: Answering) -> datetime | None:
    """From when another code may be sent to a participant; None if it may be sent now.

    Counted over every link and session of the participant: it is their phone that would ring.
    """
    now = clock.now()
    issued = list(
        session.execute(
            select(StepCode.issued_at)
            .join(ParticipantSession, ParticipantSession.id == StepCode.session_id)
            .join(Invitation, Invitation.id == ParticipantSession.invitation_id)
            .join(Visit, Visit.id == Invitation.visit_id)
            .where(
                Visit.participant_id == answering.participant.id,
                StepCode.issued_at > now - timedelta(days=1),
            )
            .order_by(StepCode.issued_at.desc(), StepCode.id.desc())
        ).scalars()
    )
    waits = []
    for most, span in ((MOST_AN_HOUR, timedelta(hours=1)), (MOST_A_DAY, timedelta(days=1))):
        if len(issued) >= most:
            waits.append(issued[most - 1] + span)
    return max((one for one in waits if one > now), default=None)


def send_code(
    session: Session, context: Context, runtime: Runtime, answering: Answering, channel: str
) -> bool:
    """Queue a code by a channel; whether there is one on its way now. It ends the code that was sent before.

    A second wish within half a minute is the same wish.
    """
    session.execute(
        select(Participant.id).where(Participant.id == answering.participant.id).with_for_update()
    )
    if channel not in [way.channel for way in ways_to_send(session, runtime, answering)]:
        return False
    now = clock.now()
    last = _newest(session, answering)
    if last is not None and last.used_at is None and now < last.issued_at + _SAME_WISH:
        return True
    if sends_from(session, answering) is not None:
        return False
    number = answering.participant.study_number
    with step(session, context, Tag.STEP_CODE_SEND, study_number=number) as event:
        if last is not None and last.expires_at > event.at:
            last.expires_at = event.at
        row = _new_code(session, event, runtime, answering)
        queue_message(
            session,
            event,
            kind="code",
            channel=channel,
            language=answering.session.language,
            once_key=f"code/{row.id}",
            due_at=event.at,
            invitation_id=answering.invitation.id,
            subject_key=f"{row.id}",
        )
    return True


def has_live_code(session: Session, answering: Answering) -> bool:
    """Whether a code was sent that could still be typed."""
    row = _newest(session, answering)
    return row is not None and is_live(row)


def try_code(
    session: Session, context: Context, runtime: Runtime, answering: Answering, typed: str
) -> Outcome:
    """Judge a code that somebody typed; the right one confirms the session. The caller commits."""
    row = _newest(session, answering, locks=True)
    if row is None or not is_live(row):
        return Outcome.GONE
    digits = "".join(letter for letter in typed if letter.isascii() and letter.isdigit())
    is_right = any(
        hmac.compare_digest(row.code_sha256, _digest(key, row, digits))
        for key in runtime.settings.secret_keys
    )
    number, handle = answering.participant.study_number, answering.session.handle
    tag = Tag.SESSION_CONFIRM if is_right else Tag.STEP_CODE_REFUSE
    with step(session, context, tag, study_number=number) as event:
        row.tries += 1
        event.change("step_code", f"{row.id}", "tries", f"{row.tries - 1}", f"{row.tries}")
        if is_right:
            row.used_at = answering.session.confirmed_at = event.at
            event.change("session", handle, "confirmed_at", None, clock.utc_text(event.at))
    if is_right:
        return Outcome.CONFIRMED
    return Outcome.WRONG if is_live(row) else Outcome.GONE


def code_for(runtime: Runtime, row: StepCode) -> str:
    """The digits of a row, for the message that brings them to the participant.

    Raises:
        CodeGone: see there.
    """
    for key in runtime.settings.secret_keys:
        digits = _digits(key, row)
        if hmac.compare_digest(row.code_sha256, _digest(key, row, digits)):
            return digits
    raise CodeGone


def _new_code(session: Session, event: Step, runtime: Runtime, answering: Answering) -> StepCode:
    row = StepCode(
        session_id=answering.session.id,
        issued_at=event.at,
        expires_at=event.at + LIFETIME,
        tries=0,
        event_seq=event.seq,
    )
    key = runtime.settings.secret_keys[0]
    row.code_sha256 = _digest(key, row, _digits(key, row))
    session.add(row)
    session.flush()
    event.change("step_code", f"{row.id}", "session", None, answering.session.handle)
    return row


def _newest(session: Session, answering: Answering, *, locks: bool = False) -> StepCode | None:
    found = (
        select(StepCode)
        .where(StepCode.session_id == answering.session.id)
        .order_by(StepCode.id.desc())
        .limit(1)
    )
    return session.execute(found.with_for_update() if locks else found).scalar_one_or_none()


def is_live(row: StepCode) -> bool:
    """Whether a code could still be typed."""
    return row.used_at is None and row.tries < MOST_TRIES and clock.now() < row.expires_at


def _digits(key: str, row: StepCode) -> str:
    """What nobody knows without the key. The event's number makes each code of a session another one."""
    about = f"btb_pro.step_code\n{row.session_id}\n{row.event_seq}\n{clock.utc_text(row.issued_at)}"
    number = int.from_bytes(hmac.new(key.encode(), about.encode(), hashlib.sha256).digest())
    return f"{number % 10**DIGITS:0{DIGITS}}"


def _digest(key: str, row: StepCode, digits: str) -> str:
    about = f"btb_pro.step_code.hash\n{row.session_id}\n{row.event_seq}\n{digits}"
    return hmac.new(key.encode(), about.encode(), hashlib.sha256).hexdigest()


def _hint(runtime: Runtime, row: Contact) -> str:
    if row.kind != "phone":
        return ""
    return runtime.sealer.open(row.sealed, f"contact/{row.participant_id}/{row.kind}")[-2:]
