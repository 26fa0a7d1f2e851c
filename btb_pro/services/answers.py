"""Reading and saving answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.instruments.answers import AnswerState, StoredAnswer, applicable_fields
from btb_pro.instruments.model import Field, FieldKind, Instrument, Item, wording_sha256
from btb_pro.models.base import canonical_json, new_salt, salted_sha256
from btb_pro.models.participant import Visit
from btb_pro.models.response import Answer, Response, SaveKey
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.runtime import Runtime
from btb_pro.services.safety import raise_alerts
from btb_pro.services.sessions import Answering, SeenAnswer, present_answers, stored_only
from btb_pro.services.weekly_counts import Counted, count_visit


class AlreadySubmitted(Exception):
    """The visit is sent in; nothing was changed."""


class KeyUsedTwice(Exception):
    """The same page was sent before with another answer; nothing was changed."""


@dataclass(frozen=True, slots=True)
class PageSave:
    """What one page, or one tap, asks to be stored.

    `values` holds only what differs from what the page was shown: a canonical value, or None to clear.
    """

    instrument: Instrument
    items: tuple[Item, ...]
    values: Mapping[str, str | None]
    client_key: str
    language: str
    shown_at: datetime | None = None
    device_at: str | None = None
    decline: Item | None = None
    clear: Item | None = None
    passes_on: bool = False
    """The participant goes on: applicable fields of the page that hold nothing are stored as skipped."""


def present_after(save: PageSave, seen: Mapping[str, SeenAnswer]) -> dict[str, StoredAnswer]:
    """Present answers as they would be once `save` is stored."""
    after = stored_only(seen)
    after.update({field.code: stored for field, stored in _wanted_rows(save, seen)})
    return after


def save_page(
    session: Session, context: Context, runtime: Runtime, answering: Answering, save: PageSave
) -> bool:
    """Store what differs, under one audit event; whether anything was written.

    A safety rule of the study file that comes true raises its alert with the very answer.

    Raises:
        AlreadySubmitted: the visit was sent in meanwhile.
        KeyUsedTwice: the same key came before with other answers.
    """
    if answering.visit.submitted_at is not None:
        raise AlreadySubmitted
    if not is_first_time(session, answering.visit, save):
        # What it asks for was done then; a button pressed since may still pass questions over.
        save = replace(save, values={}, decline=None, clear=None)
    seen = present_answers(session, answering.visit, answering.session.id)
    wanted = _wanted_rows(save, seen)
    wanted = _without_repeats(session, answering.visit, save, wanted)
    if not wanted:
        return False
    number = answering.participant.study_number
    with step(session, context, Tag.ANSWER_SAVE, study_number=number) as event:
        response = _response(session, event, answering, save)
        for field, stored in wanted:
            before = seen.get(field.code)
            _add_answer(session, event, answering, save, response, field, stored, before)
        values = {field.code: stored.value for field, stored in wanted}
        raise_alerts(session, event, runtime.study, answering.participant, answering.visit, values)
        # A session that is over may write what its open page holds, and is not brought back to life by it.
        if not answering.is_over:
            answering.session.last_saved_at = event.at
    return True


def is_first_time(session: Session, visit: Visit, save: PageSave) -> bool:
    """Take the key of a save that asks for something, or tell that it was taken by this very save.

    Raises:
        KeyUsedTwice: it was taken by another.
    """
    if not (save.values or save.decline or save.clear):
        return True
    before = _taken(session, visit, save)
    digest = _body_sha256(save)
    if before is None:
        session.add(SaveKey(visit_id=visit.id, client_key=save.client_key, body_sha256=digest))
        return True
    if before.body_sha256 != digest:
        raise KeyUsedTwice
    return False


def came_in_time(session: Session, visit: Visit, save: PageSave) -> bool:
    """Whether this very save was acknowledged while the visit was open, even if it changed nothing."""
    before = _taken(session, visit, save)
    return before is not None and before.body_sha256 == _body_sha256(save)


def _taken(session: Session, visit: Visit, save: PageSave) -> SaveKey | None:
    taken = select(SaveKey).where(SaveKey.visit_id == visit.id, SaveKey.client_key == save.client_key)
    return session.execute(taken).scalar_one_or_none()


def _body_sha256(save: PageSave) -> str:
    body = {
        "instrument": save.instrument.code,
        "values": dict(save.values),
        "decline": save.decline.code if save.decline else None,
        "clear": save.clear.code if save.clear else None,
    }
    return salted_sha256(save.client_key, canonical_json(body))


def _wanted_rows(save: PageSave, seen: Mapping[str, SeenAnswer]) -> list[tuple[Field, StoredAnswer]]:
    """The rows that a save asks for, in the order of the page, none that would change nothing."""
    fields = [field for item in save.items for field in item.fields]
    after = stored_only(seen)
    wanted: dict[str, StoredAnswer] = {}
    for field in fields:
        if field.code not in save.values:
            continue
        value = save.values[field.code]
        before = seen.get(field.code)
        if value is not None:
            stored = StoredAnswer(AnswerState.ANSWERED, value)
            if before is None or before.stored != stored or not before.is_own:
                wanted[field.code] = stored
        elif before is not None and before.stored.state is AnswerState.ANSWERED:
            wanted[field.code] = StoredAnswer(AnswerState.CLEARED, None)
    for item, state in ((save.decline, AnswerState.DECLINED), (save.clear, AnswerState.CLEARED)):
        if item is not None:
            wanted |= _whole_item(item, state, after | wanted)
    if save.passes_on:
        after |= wanted
        wanted |= {
            field.code: StoredAnswer(AnswerState.SKIPPED, None)
            for item in save.items
            for field in applicable_fields(item, save.instrument, after)
            if field.code not in after
        }
    return [(field, wanted[field.code]) for field in fields if field.code in wanted]


def _whole_item(item: Item, state: AnswerState, after: Mapping[str, StoredAnswer]) -> dict[str, StoredAnswer]:
    """Rows that decline or clear every field of an item; clearing what holds nothing needs none."""
    stored = StoredAnswer(state, None)
    if state is AnswerState.DECLINED:
        return {field.code: stored for field in item.fields if after.get(field.code) != stored}
    kept = (AnswerState.ANSWERED, AnswerState.DECLINED)
    return {
        field.code: stored for field in item.fields if field.code in after and after[field.code].state in kept
    }


def _without_repeats(
    session: Session, visit: Visit, save: PageSave, wanted: Iterable[tuple[Field, StoredAnswer]]
) -> list[tuple[Field, StoredAnswer]]:
    rows = session.execute(
        select(Answer.item, Answer.state, Answer.value)
        .join(Response, Response.id == Answer.response_id)
        .where(
            Response.visit_id == visit.id,
            Response.instrument == save.instrument.code,
            Answer.client_key == save.client_key,
        )
    )
    earlier = {item: StoredAnswer(AnswerState(state), value) for item, state, value in rows}
    fresh = []
    for field, stored in wanted:
        if field.code not in earlier:
            fresh.append((field, stored))
        elif earlier[field.code] != stored:
            raise KeyUsedTwice
    return fresh


def _response(session: Session, event: Step, answering: Answering, save: PageSave) -> Response:
    response = find_response(session, answering.visit, save.instrument.code)
    if response is None:
        response = new_response(event, answering.visit, save.instrument, save.language)
        session.add(response)
        session.flush()
        event.change("response", f"{response.id}", "instrument", None, save.instrument.code)
    if response.started_at is None:
        response.started_at = event.at
    if answering.visit.started_at is None:
        answering.visit.started_at = event.at
        count_visit(session, answering.participant, Counted.STARTED, event.at)
    return response


def find_response(session: Session, visit: Visit, instrument: str) -> Response | None:
    """The response of a visit to an instrument, if one was begun."""
    return session.execute(
        select(Response).where(Response.visit_id == visit.id, Response.instrument == instrument)
    ).scalar_one_or_none()


def new_response(event: Step, visit: Visit, instrument: Instrument, language: str) -> Response:
    """A response pinned to what the instrument's file holds now."""
    return Response(
        visit_id=visit.id,
        instrument=instrument.code,
        instrument_version=instrument.version,
        language=language,
        wording_sha256=wording_sha256(instrument, language),
        is_locked=False,
        event_seq=event.seq,
    )


def _add_answer(
    session: Session,
    event: Step,
    answering: Answering,
    save: PageSave,
    response: Response,
    field: Field,
    stored: StoredAnswer,
    before: SeenAnswer | None,
) -> None:
    salt = new_salt() if field.kind is FieldKind.TEXT and stored.value is not None else None
    session.add(
        Answer(
            response_id=response.id,
            item=field.code,
            value=stored.value,
            state=stored.state.value,
            language=save.language,
            wording_sha256=wording_sha256(save.instrument, save.language),
            shown_at=save.shown_at,
            device_at=save.device_at,
            received_at=event.at,
            mode=answering.session.mode,
            session_id=answering.session.id,
            client_key=save.client_key,
            salt=salt,
            event_seq=event.seq,
        )
    )
    new = salted_sha256(salt, stored.value) if salt and stored.value is not None else stored.value
    is_text = field.kind is FieldKind.TEXT
    old = before.stored if before else None
    old_value = None if is_text or old is None else old.value
    key = f"{response.id}/{field.code}"
    event.change("answer", key, "value", old_value, new)
    event.change("answer", key, "state", old.state.value if old else None, stored.state.value)
