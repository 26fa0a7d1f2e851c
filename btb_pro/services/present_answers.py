"""The answers that a visit holds now. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.instruments.states import AnswerState, StoredAnswer
from btb_pro.models.participant import Visit
from btb_pro.models.response import Answer, Response


@dataclass(frozen=True, slots=True)
class SeenAnswer:
    """The present answer of a field, and whether this very session entered it."""

    stored: StoredAnswer
    is_own: bool


def present_answers(
    session: Session, visit: Visit, own_session_id: int | None = None
) -> dict[str, SeenAnswer]:
    """The newest row of every form field of a visit, by field code."""
    rows = session.execute(
        select(Answer.item, Answer.state, Answer.value, Answer.session_id)
        .join(Response, Response.id == Answer.response_id)
        .where(Response.visit_id == visit.id)
        .order_by(Answer.id)
    )
    return {
        item: SeenAnswer(StoredAnswer(AnswerState(state), value), session_id == own_session_id)
        for item, state, value, session_id in rows
    }


def stored_only(seen: Mapping[str, SeenAnswer]) -> dict[str, StoredAnswer]:
    """Present answers without who entered them."""
    return {code: answer.stored for code, answer in seen.items()}
