"""Corrections after a visit was sent in: somebody asks, the hospital's investigator decides.

An answer is never changed: what is accepted is a newer answer, and the older one stays. Scores that come out
otherwise get a newer version beside the older one.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.instruments.answers import AnswerState, StoredAnswer, is_storable
from btb_pro.instruments.model import FieldKind
from btb_pro.models.base import new_salt, salted_sha256
from btb_pro.models.correction import Correction, CorrectionRequest
from btb_pro.models.participant import Participant, Visit
from btb_pro.models.response import Answer
from btb_pro.roles import Permission, Role
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.corrected_answers import score_anew, write_answer
from btb_pro.services.correction_faults import (
    LONGEST_SOURCE,
    LONGEST_WHY,
    SHORTEST_WHY,
    CorrectionFault,
    CorrectionRefused,
    Reason,
)
from btb_pro.services.runtime import Runtime
from btb_pro.services.safety import raise_alerts
from btb_pro.services.staff_sessions import SignedIn
from btb_pro.services.visit_answers import AnswerOnFile, AskedField, answer_on_file, find_asked

PARTICIPANT = "participant"
"""What a request calls the role of a participant who asks."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: a field, what it should hold, and why."""

    field: str
    becomes: StoredAnswer
    """Answered with a canonical value (see `instruments.answers.read_value`), cleared, or declined."""
    reason: Reason
    why: str
    source: str
    """Where the right value stands."""
    noticed_on: date
    """When the participant, or who asks, said so."""


@dataclass(frozen=True, slots=True)
class FromParticipant:
    """What the participant asked with: a wish of the receipt's, or an answer that came too late."""

    wish_id: int | None = None
    late_save_id: int | None = None


@dataclass(frozen=True, slots=True)
class FoundRequest:
    """A request with whose visit it is about, and what was decided."""

    request: CorrectionRequest
    visit: Visit
    participant: Participant
    decision: Correction | None


def ask_correction(
    session: Session,
    context: Context,
    runtime: Runtime,
    person: SignedIn,
    visit: Visit,
    wanted: Wanted,
    origin: FromParticipant | None = None,
) -> CorrectionRequest:
    """Record that somebody asks for a correction. With an origin the participant asks, in the words of an
    investigator who read the wish or the late answer; without one the data manager or monitor asks.

    Raises:
        CorrectionRefused: with why.
    """
    participant = session.get_one(Participant, visit.participant_id)
    asks = Permission.ASK_CORRECTIONS if origin is None else Permission.DECIDE_CORRECTIONS
    if not (person.may(asks) and person.works_for(participant.site_code)):
        raise CorrectionRefused(CorrectionFault.MAY_NOT_ASK)
    _require_texts(wanted)
    number = participant.study_number
    with step(session, context, Tag.CORRECTION_ASK, study_number=number) as event:
        # Within the step writers come one after another: nobody asks the same in between.
        asked = _require_correctable(runtime, participant, visit, wanted.field)
        now = answer_on_file(session, visit, asked)
        _require_change(now, wanted.becomes)
        if _open_request(session, visit, wanted.field) is not None:
            raise CorrectionRefused(CorrectionFault.ASKED_ALREADY)
        origin = origin or FromParticipant()
        is_own = origin == FromParticipant()
        row = CorrectionRequest(
            visit_id=visit.id,
            instrument=asked.instrument.code,
            item=wanted.field,
            old_answer_id=now.row.id if now.row else None,
            state=wanted.becomes.state.value,
            value=wanted.becomes.value,
            reason=wanted.reason.value,
            why=wanted.why.strip(),
            source=wanted.source.strip(),
            noticed_on=wanted.noticed_on,
            asked_by=person.email if is_own else number,
            asked_role=person.role.value if is_own else PARTICIPANT,
            written_by=person.email,
            wish_id=origin.wish_id,
            late_save_id=origin.late_save_id,
            asked_at=event.at,
            salt=new_salt(),
            event_seq=event.seq,
        )
        session.add(row)
        session.flush()
        _tell_request(event, row, f"{number}/{visit.code}/{wanted.field}", asked)
    return row


def decide_correction(
    session: Session,
    context: Context,
    runtime: Runtime,
    person: SignedIn,
    found: FoundRequest,
    why: str,
    *,
    accepts: bool,
) -> Correction:
    """Accept or refuse a request, for good. Accepting writes the newer answer and scores in the same step.

    Raises:
        CorrectionRefused: with why: it is decided, the participant withdrew, or this person may not decide.
    """
    request, participant = found.request, found.participant
    if not (person.may(Permission.DECIDE_CORRECTIONS) and person.works_for(participant.site_code)):
        raise CorrectionRefused(CorrectionFault.MAY_NOT_DECIDE)
    if request.asked_by == person.email:
        raise CorrectionRefused(CorrectionFault.OWN_REQUEST)
    _require_why(why)
    tag = Tag.CORRECTION_ACCEPT if accepts else Tag.CORRECTION_REFUSE
    with step(session, context, tag, study_number=participant.study_number) as event:
        # Within the step: of two investigators at once the second finds the first one's decision.
        if _decision(session, request) is not None:
            raise CorrectionRefused(CorrectionFault.DECIDED_ALREADY)
        answer = _accept(session, event, runtime, found) if accepts else None
        salt = new_salt()
        row = Correction(
            request_id=request.id,
            is_accepted=accepts,
            why=why.strip(),
            decided_by=person.email,
            decided_role=Role.INVESTIGATOR.value,
            decided_at=event.at,
            answer_id=answer.id if answer else None,
            salt=salt,
            event_seq=event.seq,
        )
        session.add(row)
        session.flush()
        event.change("correction", f"{request.id}", "is_accepted", None, f"{accepts}".lower())
        event.change("correction", f"{request.id}", "why", None, salted_sha256(salt, why.strip()))
    return row


def find_correction(session: Session, number: int) -> FoundRequest | None:
    """The request of a number, decided or not, or nothing."""
    row = session.execute(
        select(CorrectionRequest, Visit, Participant, Correction)
        .join(Visit, Visit.id == CorrectionRequest.visit_id)
        .join(Participant, Participant.id == Visit.participant_id)
        .outerjoin(Correction, Correction.request_id == CorrectionRequest.id)
        .where(CorrectionRequest.id == number)
    ).one_or_none()
    return None if row is None else FoundRequest(*row)


def _require_texts(wanted: Wanted) -> None:
    _require_why(wanted.why)
    source = wanted.source.strip()
    if not source:
        raise CorrectionRefused(CorrectionFault.NO_SOURCE)
    if len(source) > LONGEST_SOURCE:
        raise CorrectionRefused(CorrectionFault.SOURCE_TOO_LONG)
    if not is_storable(source):
        raise CorrectionRefused(CorrectionFault.SOURCE_NOT_STORABLE)
    if wanted.noticed_on > clock.today():
        raise CorrectionRefused(CorrectionFault.NOTICED_IN_THE_FUTURE)


def _require_why(why: str) -> None:
    if len(why.strip()) < SHORTEST_WHY:
        raise CorrectionRefused(CorrectionFault.WHY_TOO_SHORT)
    if len(why.strip()) > LONGEST_WHY:
        raise CorrectionRefused(CorrectionFault.WHY_TOO_LONG)
    if not is_storable(why):
        raise CorrectionRefused(CorrectionFault.WHY_NOT_STORABLE)


def _require_correctable(
    runtime: Runtime, participant: Participant, visit: Visit, field_code: str
) -> AskedField:
    if participant.withdrawn_at is not None:
        raise CorrectionRefused(CorrectionFault.WITHDRAWN)
    if visit.submitted_at is None:
        raise CorrectionRefused(CorrectionFault.NOT_SUBMITTED)
    asked = find_asked(runtime, visit.code, field_code)
    if asked is None:
        raise CorrectionRefused(CorrectionFault.NOT_OF_VISIT)
    return asked


def _require_change(now: AnswerOnFile, becomes: StoredAnswer) -> None:
    if not now.applies:
        raise CorrectionRefused(CorrectionFault.NOT_APPLICABLE)
    state = now.row.state if now.row else AnswerState.CLEARED
    blank = (AnswerState.CLEARED, AnswerState.SKIPPED)
    is_same = state == becomes.state or (state in blank and becomes.state in blank)
    if is_same and (now.row.value if now.row else None) == becomes.value:
        raise CorrectionRefused(CorrectionFault.NO_CHANGE)


def _open_request(session: Session, visit: Visit, field_code: str) -> CorrectionRequest | None:
    return session.execute(
        select(CorrectionRequest)
        .outerjoin(Correction, Correction.request_id == CorrectionRequest.id)
        .where(
            CorrectionRequest.visit_id == visit.id,
            CorrectionRequest.item == field_code,
            Correction.id.is_(None),
        )
    ).scalar_one_or_none()


def _decision(session: Session, request: CorrectionRequest) -> Correction | None:
    return session.execute(select(Correction).where(Correction.request_id == request.id)).scalar_one_or_none()


def _tell_request(event: Step, row: CorrectionRequest, about: str, asked: AskedField) -> None:
    """What is asked for, in the trail: coded values in clear, whatever somebody wrote as a salted hash."""
    assert row.salt is not None
    is_text = asked.field.kind is FieldKind.TEXT
    value = salted_sha256(row.salt, row.value) if is_text and row.value is not None else row.value
    for name, told in (
        ("about", about),
        ("asked_by", row.asked_by),
        ("asked_role", row.asked_role),
        ("state", row.state),
        ("value", value),
        ("reason", row.reason),
        ("why", salted_sha256(row.salt, row.why or "")),
        ("source", salted_sha256(row.salt, row.source or "")),
    ):
        if told is not None:
            event.change("correction", f"{row.id}", name, None, told)


def _accept(session: Session, event: Step, runtime: Runtime, found: FoundRequest) -> Answer:
    """The newer answer, once it is sure that it may still be written."""
    request, visit = found.request, found.visit
    asked = _require_correctable(runtime, found.participant, visit, request.item)
    becomes = StoredAnswer(AnswerState(request.state), request.value)
    now = answer_on_file(session, visit, asked)
    _require_change(now, becomes)
    answer = write_answer(session, event, visit, now, becomes, f"correction-{request.id}")
    score_anew(session, event, runtime, visit, asked.instrument)
    raise_alerts(session, event, runtime.study, found.participant, visit, {answer.item: answer.value})
    return answer
