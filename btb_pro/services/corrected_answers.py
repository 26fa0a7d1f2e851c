"""The newer answer that an accepted correction writes, and the scores that come out otherwise by it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.instruments.answers import StoredAnswer
from btb_pro.instruments.model import FieldKind, Instrument, wording_sha256
from btb_pro.models.base import new_salt, salted_sha256
from btb_pro.models.participant import Invitation, Visit
from btb_pro.models.response import Answer, ParticipantSession, Response, ScoreRow
from btb_pro.scoring.scores import score_response
from btb_pro.services.answers import find_response
from btb_pro.services.audit import Step
from btb_pro.services.runtime import Runtime
from btb_pro.services.submission import add_score
from btb_pro.services.visit_answers import AnswerOnFile, newest_rows, stored
from btb_pro.study import sections_asked


def write_answer(
    session: Session, event: Step, visit: Visit, now: AnswerOnFile, becomes: StoredAnswer, key: str
) -> Answer:
    """A newer row of a field, in the wording and from the session that the older one had.

    That it is a correction, its own table tells; a field that was never reached takes the visit's last
    session and the response's language.
    """
    response = _response(session, visit, now.asked.instrument)
    old, field = now.row, now.asked.field
    language = old.language if old else response.language
    is_text = field.kind is FieldKind.TEXT
    entered_in = session.get_one(ParticipantSession, old.session_id) if old else _last_session(session, visit)
    answer = Answer(
        response_id=response.id,
        item=field.code,
        value=becomes.value,
        state=becomes.state.value,
        language=language,
        wording_sha256=old.wording_sha256 if old else wording_sha256(now.asked.instrument, language),
        received_at=event.at,
        mode=entered_in.mode,
        session_id=entered_in.id,
        client_key=key,
        salt=new_salt() if is_text and becomes.value is not None else None,
        event_seq=event.seq,
    )
    session.add(answer)
    session.flush()
    new = salted_sha256(answer.salt, answer.value) if answer.salt and answer.value else answer.value
    about = f"{response.id}/{field.code}"
    event.change("answer", about, "value", old.value if old and not is_text else None, new)
    event.change("answer", about, "state", old.state if old else None, answer.state)
    return answer


def score_anew(session: Session, event: Step, runtime: Runtime, visit: Visit, instrument: Instrument) -> None:
    """A newer version of each score of an instrument that comes out otherwise now; the older one stays."""
    response = _response(session, visit, instrument)
    sections = sections_asked(runtime.study.visit(visit.code).parts)[instrument.code]
    newest = _newest_scores(session, response)
    current = stored(newest_rows(session, visit))
    for result in score_response(instrument, current, runtime.study.minimum_share, sections):
        now = (result.value, result.n_answered, result.reason)
        before = newest.get(result.code)
        if before is None or (before.value, before.n_answered, before.reason) != now:
            add_score(session, event, response, result, before.value if before else None)


def _response(session: Session, visit: Visit, instrument: Instrument) -> Response:
    response = find_response(session, visit, instrument.code)
    assert response is not None, "a visit that was sent in has a response to each instrument"
    return response


def _newest_scores(session: Session, response: Response) -> dict[str, ScoreRow]:
    rows = session.execute(
        select(ScoreRow).where(ScoreRow.response_id == response.id).order_by(ScoreRow.id)
    ).scalars()
    return {row.code: row for row in rows}


def _last_session(session: Session, visit: Visit) -> ParticipantSession:
    return session.execute(
        select(ParticipantSession)
        .join(Invitation, Invitation.id == ParticipantSession.invitation_id)
        .where(Invitation.visit_id == visit.id)
        .order_by(ParticipantSession.id.desc())
        .limit(1)
    ).scalar_one()
