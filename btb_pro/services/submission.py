"""Sending a visit in: lock and score, in one transaction."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from btb_pro.models.response import Response, ScoreRow
from btb_pro.scoring.scores import ScoreResult, score_response
from btb_pro.services.answers import find_response, new_response
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.runtime import Runtime
from btb_pro.services.sessions import Answering, present_answers, stored_only
from btb_pro.services.weekly_counts import Counted, count_visit
from btb_pro.study import sections_asked

_RECEIPT_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0, 1, I, L, O and U, which are misread or misheard."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a participant is given for a visit that was sent in."""

    submitted_at: datetime
    code: str


def submit_visit(session: Session, context: Context, runtime: Runtime, answering: Answering) -> Receipt:
    """Lock every response of the visit and score it. A second submit gives the same receipt."""
    visit = answering.visit
    if visit.submitted_at is not None and visit.receipt_code is not None:
        return Receipt(visit.submitted_at, visit.receipt_code)
    planned = runtime.study.visit(visit.code)
    current = stored_only(present_answers(session, visit))
    number = answering.participant.study_number
    with step(session, context, Tag.VISIT_SUBMIT, study_number=number) as event:
        for code, sections in sections_asked(planned.parts).items():
            instrument = runtime.instruments[code]
            response = find_response(session, visit, code)
            if response is None:
                response = new_response(event, visit, instrument, answering.session.language)
                session.add(response)
            response.submitted_at, response.is_locked = event.at, True
            session.flush()
            event.change("response", f"{response.id}", "is_locked", "false", "true")
            results = score_response(instrument, current, runtime.study.minimum_share, sections)
            for result in results:
                add_score(session, event, response, result)
        receipt = Receipt(event.at, _new_receipt_code())
        visit.submitted_at, visit.receipt_code, visit.submitted_seq = event.at, receipt.code, event.seq
        count_visit(session, answering.participant, Counted.SUBMITTED, event.at)
        event.change("visit", f"{number}/{visit.code}", "receipt_code", None, receipt.code)
    return receipt


def add_score(
    session: Session, event: Step, response: Response, result: ScoreResult, before: str | None = None
) -> None:
    """Store a version of a score; `before` is the value of the version that it takes the place of."""
    session.add(
        ScoreRow(
            response_id=response.id,
            code=result.code,
            value=result.value,
            n_answered=result.n_answered,
            n_items=result.n_items,
            rule=str(result.rule),
            rule_version=result.rule_version,
            reason=result.reason,
            computed_at=event.at,
            event_seq=event.seq,
        )
    )
    event.change("score", f"{response.id}/{result.code}", "value", before, result.value)


def _new_receipt_code() -> str:
    letters = [secrets.choice(_RECEIPT_LETTERS) for _ in range(8)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])
