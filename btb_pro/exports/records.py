"""What a data set holds: frozen records without a database behind them.

Nothing here tells who somebody is or opens anything: no contact detail, no link, no session's handle.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from btb_pro.instruments.answers import AnswerState, ItemState, StoredAnswer
from btb_pro.instruments.model import Field, Instrument


class VisitStatus(StrEnum):
    """How far a visit had come at the cut-off. A visit without a saved answer is in no file."""

    STARTED = "started"
    SUBMITTED = "submitted"
    EXPIRED = "expired"
    """Begun and not sent in, and its newest link had expired by the time of the cut-off's event."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """The last audit event whose changes are in the files: its number, its time (UTC) and its hash."""

    seq: int
    at: datetime
    hash: str


@dataclass(frozen=True, slots=True)
class Filters:
    """Which visits are taken. An empty tuple leaves nothing out."""

    visits: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    submitted_only: bool = False


CORRECTION = "correction"
"""How an answer came in that an investigator accepted after the visit was sent in."""


@dataclass(frozen=True, slots=True)
class Origin:
    """How an answer came in, and who else had a hand in it."""

    mode: str
    """``own_phone``, ``clinic_tablet``, ``paper``, ``phone_interview`` or `CORRECTION`."""
    entered_by: tuple[str, ...] = ()
    """The accounts of the two who typed it in, or of the investigator who accepted it; empty when the
    participant entered it."""
    paper_on: date | None = None
    """The day on the paper, or of the interview."""


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One stored row of one form field. Instants are UTC."""

    seq: int
    """The audit event that it was written in."""
    field: str
    stored: StoredAnswer
    language: str
    wording_sha256: str
    origin: Origin
    shown_at: datetime | None
    device_at: str | None
    """What the phone's own clock said, as it said it."""
    received_at: datetime
    session: int
    """1 for the first session of the visit, 2 for the next; of a correction that of the older answer."""

    @property
    def is_correction(self) -> bool:
        """Whether it was written after the visit was sent in, by an investigator's decision."""
        return self.origin.mode == CORRECTION


@dataclass(frozen=True, slots=True)
class FieldRecord:
    """One form field of one visit at the cut-off, with every row of it, oldest first."""

    instrument: Instrument
    instrument_version: str
    """The one that the response is pinned to; what the file has now where nothing was begun."""
    field: Field
    state: ItemState
    value: str | None
    """The stored value; None unless the state is answered."""
    rows: tuple[AnswerRow, ...]

    @property
    def newest(self) -> AnswerRow | None:
        """The row that holds now; None for a field that was never reached."""
        return self.rows[-1] if self.rows else None

    @property
    def first_answered_at(self) -> datetime | None:
        """When a first answer came in, whether or not it was taken back later."""
        answered = (row.received_at for row in self.rows if row.stored.state is AnswerState.ANSWERED)
        return next(answered, None)

    @property
    def changes(self) -> int:
        """How often value or state changed after the first row; a row that repeats both is no change."""
        pairs = zip(self.rows, self.rows[1:], strict=False)
        return sum(earlier.stored != later.stored for earlier, later in pairs)


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """One score of one visit, the newest at the cut-off."""

    instrument: str
    code: str
    value: str | None
    n_answered: int
    n_items: int
    rule: str
    rule_version: str
    reason: str
    computed_at: datetime
    seq: int
    """The audit event that it was written in."""


@dataclass(frozen=True, slots=True)
class ScoreHistoryRecord:
    """One version of a score with where it belongs: the one at submission, or one after a correction."""

    participant: str
    site: str
    visit: str
    score: ScoreRecord


@dataclass(frozen=True, slots=True)
class VisitRecord:
    """One participant's visit at the cut-off."""

    participant: str
    site: str
    visit: str
    status: VisitStatus
    started_at: datetime | None
    """When the first answer came in; None for a visit that was sent in without any."""
    submitted_at: datetime | None
    fields: Mapping[str, FieldRecord]
    """By field code, in order: what the visit asks, and what was answered though it is asked no more."""
    scores: Mapping[str, ScoreRecord]
    """By score code, in order; empty before the visit is sent in."""


class VisitState(StrEnum):
    """How far a planned visit had come at the cut-off, also one that nobody was asked about."""

    NO_QUESTIONS = "no_questions"
    """The study file asks nothing at it."""
    NO_LINK = "no_link"
    INVITED = "invited"
    """A link was made and lives, and nothing is answered."""
    LINK_ENDED = "link_ended"
    """Nothing is answered, and the newest link was ended before its time."""
    EXPIRED = "expired"
    STARTED = "started"
    SUBMITTED = "submitted"


@dataclass(frozen=True, slots=True)
class VisitPlan:
    """What was planned and arranged for a visit by the cut-off, whatever was answered."""

    language: str
    """The participant's; empty: the phone's own decides."""
    day0: date | None
    withdrawn_on: date | None
    """The day in Norway."""
    planned_on: date | None
    begins_at: datetime | None
    """The appointment, where its hour is noted."""
    opens_at: datetime | None
    closes_at: datetime | None
    invited_at: datetime | None = None
    """When the first link was made."""
    n_invitations: int = 0
    n_reminders: int = 0
    n_sent: tuple[tuple[str, int], ...] = ()
    """Channel and how many messages with a link went out over it, reminders among them."""
    is_link_ended: bool = False
    is_link_expired: bool = False


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A visit that was planned, and what is stored for it, if only that nothing is."""

    plan: VisitPlan
    record: VisitRecord
    is_begun: bool
    """Something is answered, or it was sent in."""
    is_new: bool
    """Something of the record is new; without an earlier export always."""
    asks: bool

    @property
    def state(self) -> VisitState:
        """How far it had come; of one that is begun the record's status."""
        if self.is_begun:
            return VisitState(self.record.status.value)
        if self.plan.invited_at is None:
            return VisitState.NO_LINK if self.asks else VisitState.NO_QUESTIONS
        if self.plan.is_link_expired:
            return VisitState.EXPIRED
        return VisitState.LINK_ENDED if self.plan.is_link_ended else VisitState.INVITED


@dataclass(frozen=True, slots=True)
class HistoryRecord:
    """One stored answer row with where it belongs."""

    participant: str
    site: str
    visit: str
    instrument: str
    instrument_version: str
    entered_by: str
    """What kind of actor wrote it, never who: participant, staff, command or job."""
    answer: AnswerRow
    correction: "CorrectionRecord | None" = None
    """The decision that wrote it, if it is a correction."""


@dataclass(frozen=True, slots=True)
class CorrectionRecord:
    """One correction that was asked for, with what was decided by the cut-off."""

    participant: str
    site: str
    visit: str
    instrument: str
    field: str
    old: StoredAnswer | None
    """The answer when it was asked for; None: not reached."""
    new: StoredAnswer
    reason: str
    """slip, misunderstood, typed_in_wrongly, came_late or other."""
    why: str
    """In words; empty once erased, as source and decided_why."""
    source: str
    noticed_on: date
    asked_by: str
    """A staff account, or the study number of a participant who asks."""
    asked_role: str
    asked_at: datetime
    asked_seq: int
    answer_age_s: int | None
    """Seconds from the answer's arrival to the decision, or while it waits to the request."""
    is_accepted: bool | None = None
    """None: nobody had decided."""
    decided_by: str = ""
    decided_role: str = ""
    decided_at: datetime | None = None
    decided_seq: int | None = None
    decided_why: str = ""

    @property
    def status(self) -> str:
        """open, accepted or refused."""
        if self.is_accepted is None:
            return "open"
        return "accepted" if self.is_accepted else "refused"


@dataclass(frozen=True, slots=True)
class LateSaveRecord:
    """One answer that came after its visit was sent in, and changed nothing."""

    participant: str
    site: str
    visit: str
    instrument: str
    field: str
    stored: StoredAnswer
    shown_at: datetime | None
    device_at: str | None
    received_at: datetime
    seq: int
