"""Taking free text out for good, where somebody wrote what must not be kept: names, other people, addresses.

The rows stay, with their state, their times and their place in the trail, and so does the hash that the trail
tells of each text. Its salt goes with the text, so nobody can find out the words by trying. The caller
commits, and then lets the database forget: `Database.forget`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from btb_pro.instruments.model import FieldKind
from btb_pro.models.base import FIRST_HASH, REDACTED, new_salt, salted_sha256
from btb_pro.models.correction import Correction, CorrectionRequest
from btb_pro.models.participant import Invitation, ParticipantRequest, Visit
from btb_pro.models.response import Answer, LateSave, Response, SaveKey
from btb_pro.refusals import PlainRefusal
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.correcting import find_correction
from btb_pro.services.known_participants import find_participant
from btb_pro.services.participant_checks import looks_like_a_person
from btb_pro.services.runtime import Runtime

LONGEST_REASON = 500
"""Characters."""


class RedactionRefused(PlainRefusal):
    """Nothing was taken out. The message says why."""


@dataclass(frozen=True, slots=True)
class FoundTexts:
    """Where the words of one free-text field of one visit stand."""

    study_number: str
    visit: Visit
    field: str
    answers: Sequence[Answer]
    late: Sequence[LateSave]
    requests: Sequence[CorrectionRequest]
    """Corrections that ask for such words or tell them again."""
    decisions: Sequence[Correction]
    wishes: Sequence[ParticipantRequest]
    """What the participant wrote from the receipt, where it tells the words again."""

    @property
    def counts(self) -> dict[str, int]:
        """How many of each, in the words of the command line."""
        return {
            "answers": len(self.answers),
            "late answers": len(self.late),
            "corrections": len(
                {row.id for row in self.requests} | {row.request_id for row in self.decisions}
            ),
            "requests of the participant": len(self.wishes),
        }


def find_answer_texts(
    session: Session, runtime: Runtime, study_number: str, visit_code: str, field_code: str
) -> FoundTexts:
    """Where the words of a free-text field stand that are not taken out yet.

    Raises:
        ParticipantUnknown: nobody has that study number.
        RedactionRefused: it is no free-text field, nothing is there, or a correction of it waits.
    """
    participant = find_participant(session, study_number)
    number = participant.study_number
    query = select(Visit).where(Visit.participant_id == participant.id, Visit.code == visit_code)
    visit = session.execute(query).scalar_one_or_none()
    if visit is None:
        raise RedactionRefused(f"{number} has no visit {visit_code!r}.")
    if not _is_text(runtime, field_code):
        raise RedactionRefused(
            f"{field_code!r} is no field of free text: nothing else can be taken out, a wrong answer is "
            "corrected."
        )
    answers = session.execute(
        select(Answer)
        .join(Response, Response.id == Answer.response_id)
        .where(Response.visit_id == visit.id, Answer.item == field_code, Answer.salt.is_not(None))
        .order_by(Answer.id)
    ).scalars()
    late = session.execute(
        select(LateSave)
        .where(LateSave.visit_id == visit.id, LateSave.item == field_code, LateSave.salt.is_not(None))
        .order_by(LateSave.id)
    ).scalars()
    found = _with_what_tells_again(session, number, visit, field_code, answers.all(), late.all())
    if not any(found.counts.values()):
        raise RedactionRefused(
            f"No text of {field_code} is stored for {number} at {visit_code}: it was not filled in, or it is "
            "taken out already."
        )
    for request in found.requests:
        _require_decided(session, request)
    return found


def redact_answer_text(
    session: Session,
    context: Context,
    runtime: Runtime,
    study_number: str,
    visit_code: str,
    field_code: str,
    why: str,
) -> FoundTexts:
    """Take every text of a free-text field of a visit out for good; where it stood.

    So go the newest answer and the older ones, what came late, and all texts of corrections and wishes that
    ask for these words or tell them again.

    Raises:
        ParticipantUnknown: nobody has that study number.
        RedactionRefused: see `find_answer_texts`; or the reason is missing, too long or names somebody.
    """
    _require_reason(why)
    found = find_answer_texts(session, runtime, study_number, visit_code, field_code)
    words = _words(found.answers, found.late, found.requests)
    if _holds_one(words, why):
        raise RedactionRefused(
            "The reason holds the very words that are to be taken out: write it otherwise."
        )
    number = found.study_number
    with step(session, context, Tag.ANSWER_REDACT, study_number=number, reason=why.strip()) as event:
        about = f"{number}/{visit_code}/{field_code}"
        event.change("redaction", about, "text", None, "taken_out")
        for answer in found.answers:
            _take_out(event, "answer", f"{answer.response_id}/{field_code}", answer)
        for late in found.late:
            _take_out(event, "late_save", about, late)
        _spoil_save_keys(session, found)
        for request in found.requests:
            _take_out_request(event, request, is_text=True)
        for decision in found.decisions:
            _take_out_decision(event, decision)
        for wish in found.wishes:
            event.change("participant_request", f"{wish.id}", "what", None, REDACTED)
            # Its table wants a text with a salt: these are the marker's own.
            wish.what, wish.why, wish.salt = REDACTED, None, new_salt()
    return found


def redact_correction_texts(
    session: Session, context: Context, runtime: Runtime, number: int, why: str
) -> str:
    """Take the free texts of a decided correction out for good; whose it was, as a study number.

    Its reasons and its source go; so does what it asked for if that is free text, since one salt served all.
    A coded value stays, and so does the answer that was written by it.

    Raises:
        RedactionRefused: there is no such correction, it waits for a decision, nothing is left to take out,
            or the reason is missing, too long or names somebody.
    """
    _require_reason(why)
    found = find_correction(session, number)
    if found is None:
        raise RedactionRefused(f"There is no correction {number}.")
    request, decision = found.request, found.decision
    _require_decided(session, request)
    has_salt = request.salt is not None or (decision is not None and decision.salt is not None)
    if not has_salt:
        raise RedactionRefused(f"The texts of correction {number} are taken out already.")
    own = {text for text in (request.why, request.source, decision.why if decision else None) if text}
    if _holds_one(own, why):
        raise RedactionRefused(
            "The reason holds the very words that are to be taken out: write it otherwise."
        )
    study_number = found.participant.study_number
    with step(
        session, context, Tag.CORRECTION_REDACT, study_number=study_number, reason=why.strip()
    ) as event:
        about = f"{study_number}/{found.visit.code}/{request.item}"
        event.change("redaction", about, "text", None, "taken_out")
        if request.salt is not None:
            _take_out_request(event, request, is_text=_is_text(runtime, request.item))
        if decision is not None and decision.salt is not None:
            _take_out_decision(event, decision)
    return study_number


def _is_text(runtime: Runtime, field_code: str) -> bool:
    return any(
        field.code == field_code and field.kind is FieldKind.TEXT
        for instrument in runtime.instruments.values()
        for section in instrument.sections
        for item in section.items
        for field in item.fields
    )


def _require_reason(why: str) -> None:
    if not why.strip():
        raise RedactionRefused("Taking a text out needs a reason: --reason TEXT.")
    if len(why) > LONGEST_REASON:
        raise RedactionRefused(f"The reason is longer than {LONGEST_REASON} characters: shorten it.")
    if "@" in why or looks_like_a_person(why.replace(" ", "")):
        raise RedactionRefused(
            "The reason holds an address or a long number: it stays in the audit trail for good, so name "
            "nobody."
        )


def _require_decided(session: Session, request: CorrectionRequest) -> None:
    decided = select(Correction.id).where(Correction.request_id == request.id)
    if session.execute(decided).first() is None:
        raise RedactionRefused(
            f"Correction {request.id} waits for an investigator, and holds such text: it is decided first."
        )


def _with_what_tells_again(
    session: Session,
    number: str,
    visit: Visit,
    field: str,
    answers: Sequence[Answer],
    late: Sequence[LateSave],
) -> FoundTexts:
    of_field = session.execute(
        select(CorrectionRequest, Correction)
        .outerjoin(Correction, Correction.request_id == CorrectionRequest.id)
        .where(CorrectionRequest.visit_id == visit.id, CorrectionRequest.item == field)
        .order_by(CorrectionRequest.id)
    ).all()
    wishes = session.execute(
        select(ParticipantRequest)
        .join(Invitation, Invitation.id == ParticipantRequest.invitation_id)
        .where(Invitation.visit_id == visit.id, ParticipantRequest.what.is_not(None))
        .order_by(ParticipantRequest.id)
    ).scalars()
    asked = [request for request, _ in of_field if request.salt is not None]
    words = _words(answers, late, asked)
    return FoundTexts(
        study_number=number,
        visit=visit,
        field=field,
        answers=answers,
        late=late,
        requests=[row for row in asked if row.value is not None or _holds_one(words, row.why, row.source)],
        decisions=[
            decision
            for _, decision in of_field
            if decision is not None and decision.salt is not None and _holds_one(words, decision.why)
        ],
        wishes=[wish for wish in wishes if _holds_one(words, wish.what, wish.why)],
    )


def _words(*rows: Sequence[Answer | LateSave | CorrectionRequest]) -> set[str]:
    return {row.value for of_table in rows for row in of_table if row.value is not None}


def _holds_one(words: Collection[str], *texts: str | None) -> bool:
    return any(word.casefold() in text.casefold() for word in words for text in texts if text is not None)


def _take_out(event: Step, kind: str, key: str, row: Answer | LateSave) -> None:
    assert row.salt is not None
    assert row.value is not None
    event.change(kind, key, "value", salted_sha256(row.salt, row.value), REDACTED)
    row.value, row.salt = REDACTED, None


def _take_out_request(event: Step, row: CorrectionRequest, *, is_text: bool) -> None:
    assert row.salt is not None
    for name in ("why", "source"):
        text = getattr(row, name)
        if text is not None:
            event.change("correction", f"{row.id}", name, salted_sha256(row.salt, text), None)
    if row.value is not None and is_text:
        event.change("correction", f"{row.id}", "value", salted_sha256(row.salt, row.value), REDACTED)
        row.value = REDACTED
    elif row.value is not None:
        # Without its salt it is told in clear, as everything coded: so the trail has to tell it again.
        flag_modified(row, "value")
    row.why = row.source = row.salt = None


def _take_out_decision(event: Step, row: Correction) -> None:
    assert row.salt is not None
    if row.why is not None:
        old = salted_sha256(row.salt, row.why)
        event.change("correction", f"{row.request_id}", "decided_why", old, None)
    row.why = row.salt = None


def _spoil_save_keys(session: Session, found: FoundTexts) -> None:
    """The hash of what a page asked for is salted with a key that stays: it would tell who tries words."""
    keys = {row.client_key for of_table in (found.answers, found.late) for row in of_table}
    query = select(SaveKey).where(SaveKey.visit_id == found.visit.id, SaveKey.client_key.in_(keys))
    for row in session.execute(query).scalars():
        row.body_sha256 = FIRST_HASH
