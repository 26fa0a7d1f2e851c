"""Answers that were not taken: those that cannot be, and those that came after their visit was sent in.

What cannot be was filled in by a participant, or by somebody of the staff from paper or to ask for a
correction. A regulator asks for the value that was refused and the one that came instead. A number is told as
it was typed; anything else may be somebody's words and is told by its length alone.

A phone that was out of coverage, a second phone or a page left open may hold an answer that the visit was
sent in without. It changes no answer: nobody knows which of the two was meant, so the investigator is shown
it and may correct.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.instruments.answers import AnswerState, Refusal, StoredAnswer
from btb_pro.instruments.model import Field, FieldKind
from btb_pro.models.base import new_salt, salted_sha256
from btb_pro.models.participant import Visit
from btb_pro.models.response import Answer, LateSave, Response
from btb_pro.services.answers import PageSave, came_in_time
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.sessions import Answering


def keep_late_save(session: Session, context: Context, answering: Answering, save: PageSave) -> bool:
    """Keep what a page sent for a visit that is sent in; whether there was anything to keep.

    The repeat of a save that arrived before, in time or late, is kept once.
    """
    if came_in_time(session, answering.visit, save):
        return False
    known = _known(session, answering.visit, save)
    late = [(field, stored) for field, stored in _asked_for(save) if (field.code, stored) not in known]
    if not late:
        return False
    number = answering.participant.study_number
    with step(session, context, Tag.ANSWER_LATE, study_number=number) as event:
        for field, stored in late:
            _add(session, event, answering, save, field, stored)
    return True


def late_saves(session: Session, visit: Visit) -> list[LateSave]:
    """What came late for a visit, in the order in which it came."""
    wanted = select(LateSave).where(LateSave.visit_id == visit.id).order_by(LateSave.id)
    return list(session.execute(wanted).scalars())


def _asked_for(save: PageSave) -> Iterator[tuple[Field, StoredAnswer]]:
    for item in save.items:
        for field in item.fields:
            if save.decline is item:
                yield field, StoredAnswer(AnswerState.DECLINED, None)
            elif save.clear is item:
                yield field, StoredAnswer(AnswerState.CLEARED, None)
            elif field.code in save.values:
                value = save.values[field.code]
                state = AnswerState.CLEARED if value is None else AnswerState.ANSWERED
                yield field, StoredAnswer(state, value)


def _known(session: Session, visit: Visit, save: PageSave) -> set[tuple[str, StoredAnswer]]:
    """What this very page has brought before."""
    in_time = (
        select(Answer.item, Answer.state, Answer.value)
        .join(Response, Response.id == Answer.response_id)
        .where(
            Response.visit_id == visit.id,
            Response.instrument == save.instrument.code,
            Answer.client_key == save.client_key,
        )
    )
    late = select(LateSave.item, LateSave.state, LateSave.value).where(
        LateSave.visit_id == visit.id,
        LateSave.instrument == save.instrument.code,
        LateSave.client_key == save.client_key,
    )
    rows = [*session.execute(in_time), *session.execute(late)]
    return {(item, StoredAnswer(AnswerState(state), value)) for item, state, value in rows}


def _add(
    session: Session, event: Step, answering: Answering, save: PageSave, field: Field, stored: StoredAnswer
) -> None:
    salt = new_salt() if field.kind is FieldKind.TEXT and stored.value is not None else None
    session.add(
        LateSave(
            visit_id=answering.visit.id,
            instrument=save.instrument.code,
            item=field.code,
            value=stored.value,
            state=stored.state.value,
            shown_at=save.shown_at,
            device_at=save.device_at,
            received_at=event.at,
            session_id=answering.session.id,
            client_key=save.client_key,
            salt=salt,
            event_seq=event.seq,
        )
    )
    new = salted_sha256(salt, stored.value) if salt and stored.value is not None else stored.value
    key = f"{answering.participant.study_number}/{answering.visit.code}/{save.instrument.code}/{field.code}"
    event.change("late_save", key, "value", None, new)
    event.change("late_save", key, "state", None, stored.state.value)


_NUMBER = re.compile(r"[+-]?[0-9]{1,12}([.,][0-9]{1,6})?", re.ASCII)
_AT_MOST = 40


def note_refused_answers(
    session: Session,
    context: Context,
    study_number: str,
    place: str,
    refused: Mapping[str, Refusal],
    typed: Mapping[str, Sequence[str]],
) -> None:
    """Note each field that was refused, by which check, and what was typed. Changes no answer.

    `place` is where the answers belong: the visit's code, ``/``, the instrument's.
    """
    if not refused:
        return
    with step(session, context, Tag.ANSWER_REFUSE, study_number=study_number) as event:
        for code in sorted(refused)[:_AT_MOST]:
            value = told(typed.get(code, ()))
            event.change("edit_check", f"{place}/{code}", refused[code].value, None, value)


def told(values: Sequence[str]) -> str:
    """What may be told of values that were typed."""
    return " ".join(
        value if _NUMBER.fullmatch(value) else f"[{len(value)} characters]" for value in values[:_AT_MOST]
    )
