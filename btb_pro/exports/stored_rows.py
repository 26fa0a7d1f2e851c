"""The rows of a few visits as they stood at a cut-off, each list oldest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.exports.as_of import AsOf
from btb_pro.exports.records import CORRECTION, AnswerRow, CutOff, Origin, ScoreRecord
from btb_pro.exports.stored_corrections import accepted_by_event
from btb_pro.instruments.answers import AnswerState, StoredAnswer
from btb_pro.models.correction import PaperEntry
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.models.response import Answer, ParticipantSession, Response, ScoreRow

ANSWER_COLUMNS = (
    Answer.event_seq,
    Answer.item,
    Answer.state,
    Answer.value,
    Answer.language,
    Answer.wording_sha256,
    Answer.mode,
    Answer.session_id,
    Answer.shown_at,
    Answer.device_at,
    Answer.received_at,
)
"""In the order of `AnswerRow`, whose origin mode and session make."""
SCORE_COLUMNS = (
    Response.instrument,
    ScoreRow.code,
    ScoreRow.value,
    ScoreRow.n_answered,
    ScoreRow.n_items,
    ScoreRow.rule,
    ScoreRow.rule_version,
    ScoreRow.reason,
    ScoreRow.computed_at,
    ScoreRow.event_seq,
)
"""In the order of `ScoreRecord`."""


@dataclass(frozen=True, slots=True)
class RowsOfVisits:
    """What is stored for the visits of a few participants, by visit id, each list oldest first."""

    answers: Mapping[int, Sequence[AnswerRow]]
    versions: Mapping[int, Mapping[str, str]]
    """Instrument code to the version that the response is pinned to."""
    scores: Mapping[int, Sequence[ScoreRecord]]
    expiry: Mapping[int, Sequence[tuple[int, datetime]]]
    """Of each of the visit's links: the event that it was made in, and when it dies."""


class StoredRows:
    """Reads rows up to a cut-off."""

    def __init__(self, session: Session, cutoff: CutOff) -> None:
        self._session = session
        self._cutoff = cutoff
        self._session_numbers = self._number_sessions()
        self._as_of = AsOf(session, cutoff.seq, ("expires_at",))
        self._typed_in = self._read_typed_in()
        self.corrections = accepted_by_event(session, cutoff.seq)
        """By the event that wrote the newer answer."""

    def of_visits(self, visit_ids: Sequence[int]) -> RowsOfVisits:
        """Everything that these visits have up to the cut-off."""
        return RowsOfVisits(
            answers=self._read_answers(visit_ids),
            versions=self._read_versions(visit_ids),
            scores=self._read_scores(visit_ids),
            expiry=self._read_expiry(visit_ids),
        )

    def _read_answers(self, visit_ids: Sequence[int]) -> Mapping[int, Sequence[AnswerRow]]:
        answers: dict[int, list[AnswerRow]] = {}
        rows = self._session.execute(
            select(Response.visit_id, *ANSWER_COLUMNS)
            .join(Response, Response.id == Answer.response_id)
            .where(Response.visit_id.in_(visit_ids), Answer.event_seq <= self._cutoff.seq)
            .order_by(Answer.event_seq, Answer.id)
        )
        for visit_id, *answer in rows:
            answers.setdefault(visit_id, []).append(self.answer(answer))
        return answers

    def answer(self, columns: Sequence[Any]) -> AnswerRow:
        """One row, from `ANSWER_COLUMNS`."""
        seq, field, state, value, language, sha256, mode, session_id, *times = columns
        stored = StoredAnswer(AnswerState(state), value)
        origin = self._typed_in.get(session_id) or Origin(mode)
        if seq in self.corrections:
            origin = Origin(CORRECTION, (self.corrections[seq].decided_by,))
        return AnswerRow(
            seq, field, stored, language, sha256, origin, *(*times, self._session_numbers[session_id])
        )

    def _read_versions(self, visit_ids: Sequence[int]) -> Mapping[int, Mapping[str, str]]:
        versions: dict[int, dict[str, str]] = {}
        rows = self._session.execute(
            select(Response.visit_id, Response.instrument, Response.instrument_version).where(
                Response.visit_id.in_(visit_ids), Response.event_seq <= self._cutoff.seq
            )
        )
        for visit_id, instrument, version in rows:
            versions.setdefault(visit_id, {})[instrument] = version
        return versions

    def _read_scores(self, visit_ids: Sequence[int]) -> Mapping[int, Sequence[ScoreRecord]]:
        scores: dict[int, list[ScoreRecord]] = {}
        rows = self._session.execute(
            select(Response.visit_id, *SCORE_COLUMNS)
            .join(Response, Response.id == ScoreRow.response_id)
            .where(Response.visit_id.in_(visit_ids), ScoreRow.event_seq <= self._cutoff.seq)
            .order_by(ScoreRow.event_seq, ScoreRow.id)
        )
        for visit_id, *score in rows:
            scores.setdefault(visit_id, []).append(ScoreRecord(*score))
        return scores

    def _read_expiry(self, visit_ids: Sequence[int]) -> Mapping[int, Sequence[tuple[int, datetime]]]:
        expiry: dict[int, list[tuple[int, datetime]]] = {}
        rows = self._session.execute(
            select(
                Invitation.visit_id,
                Invitation.event_seq,
                Invitation.expires_at,
                Participant.study_number,
                Visit.code,
            )
            .join(Visit, Visit.id == Invitation.visit_id)
            .join(Participant, Participant.id == Visit.participant_id)
            .where(Invitation.visit_id.in_(visit_ids), Invitation.event_seq <= self._cutoff.seq)
            .order_by(Invitation.event_seq, Invitation.id)
        )
        for visit_id, seq, expires_at, number, code in rows:
            then = self._as_of.instant("invitation", f"{number}/{code}", "expires_at", expires_at)
            expiry.setdefault(visit_id, []).append((seq, then))
        return expiry

    def _read_typed_in(self) -> Mapping[int, Origin]:
        """Session id to where its answers came from, for what staff typed in. It never changes afterwards."""
        rows = self._session.execute(select(PaperEntry).where(PaperEntry.session_id.is_not(None))).scalars()
        return {
            row.session_id: Origin(row.mode, (row.first_by, row.second_by or ""), row.paper_on)
            for row in rows
            if row.session_id is not None
        }

    def _number_sessions(self) -> Mapping[int, int]:
        """Session id to its number within its visit, from 1. A session takes no part in any file itself."""
        counts: dict[int, int] = {}
        numbers = {}
        rows = self._session.execute(
            select(ParticipantSession.id, Invitation.visit_id)
            .join(Invitation, Invitation.id == ParticipantSession.invitation_id)
            .where(ParticipantSession.event_seq <= self._cutoff.seq)
            .order_by(ParticipantSession.event_seq, ParticipantSession.id)
        )
        for session_id, visit_id in rows:
            numbers[session_id] = counts[visit_id] = counts.get(visit_id, 0) + 1
        return numbers
