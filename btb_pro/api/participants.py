"""Participants and their visits: reading them, adding them, setting their days."""

from collections.abc import Sequence
from dataclasses import replace

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer
from msgspec import UNSET
from sqlalchemy.orm import Session

from btb_pro.api.known import known_participant, require_own_site
from btb_pro.api.operations import Desk, Reply, operation
from btb_pro.api.problems import FaultOut, ProblemKind, Refused
from btb_pro.api.shapes import (
    ParticipantChange,
    ParticipantIn,
    ParticipantOut,
    ParticipantPage,
    ParticipantQuery,
    VisitDayIn,
    VisitOfParticipantOut,
    VisitOut,
    WithdrawalIn,
)
from btb_pro.models.participant import Participant
from btb_pro.roles import Scope
from btb_pro.services.moving import VisitDay, move_visit, set_day0
from btb_pro.services.participant_changes import (
    ChangeRefused,
    ContactRefused,
    Wish,
    change_participant,
)
from btb_pro.services.participant_checks import DayRefused, NewParticipant, read_day
from btb_pro.services.participant_faults import Fault, RefusalCode, told
from btb_pro.services.participant_pages import FollowedParticipant, PlannedVisit, followed, participants_after
from btb_pro.services.participants import ParticipantRefused, add_participant, withdraw_participant
from btb_pro.services.visit_plan import MoveFault, MoveRefused

_ADDRESSES = ("email", "phone")
_MOVE_SENTENCES = {
    MoveFault.VISIT_UNKNOWN: "The study has no such visit.",
    MoveFault.SUBMITTED: "The visit was sent in: its day stays.",
    MoveFault.WITHDRAWN: "The participant is withdrawn.",
    MoveFault.BEFORE_INCLUSION: "A visit would lie before the study's first one.",
    MoveFault.NO_DAY: "No day 0 is known that the visit could be counted from.",
    MoveFault.HOUR_ILLEGAL: "There is no such hour on that day.",
}
_REASON_SENTENCES = {RefusalCode.REASON_MISSING: "A withdrawal needs a reason: send one."}


@operation("GET", "/participants", Scope.READ_PARTICIPANTS, {200: ParticipantPage})
def list_participants(desk: Desk, db: Session, query: ParticipantQuery) -> Reply:
    """Participants with the states of their visits, by study number, a page at a time.

    Follow `next` until it is null. Whoever is added meanwhile with an earlier number is not on a later page.
    """
    if query.site:
        require_own_site(desk, query.site)
    sites = {query.site or desk.holder.site} - {None, ""}
    after = _read_cursor(desk, query)
    wanted = {site for site in sites if site is not None} or None
    found = participants_after(db, desk.runtime.study, wanted, after, query.limit + 1)
    page = found[: query.limit]
    is_last = len(found) == len(page)
    cursor = None if is_last else _cursors().dumps([*_of_cursor(desk, query), page[-1].study_number])
    return Reply(ParticipantPage(items=[_out(one) for one in page], next=cursor))


@operation(
    "POST",
    "/participants",
    Scope.WRITE_PARTICIPANTS,
    {201: ParticipantOut},
    (ProblemKind.OTHER_SITE, ProblemKind.PARTICIPANT_REFUSED),
)
def add_one_participant(desk: Desk, db: Session, body: ParticipantIn) -> Reply:
    """Adds a participant with all visits of the study; `faults` tells everything that is wrong at once."""
    require_own_site(desk, body.site)
    new = NewParticipant(
        study_number=body.id,
        site=body.site,
        language=body.language or "",
        email=body.email,
        phone=body.phone,
        day0=body.day0.isoformat() if body.day0 else "",
    )
    sites = None if desk.holder.site is None else {desk.holder.site}
    try:
        made = add_participant(db, desk.context, desk.runtime, new, sites)
    except ParticipantRefused as error:
        raise _faulty("This participant cannot be added", error.faults) from error
    return _participant(desk, db, made, 201)


@operation("GET", "/participants/{id}", Scope.READ_PARTICIPANTS, {200: ParticipantOut})
def read_participant(desk: Desk, db: Session, id: str) -> Reply:
    """One participant with the states of the visits."""
    return _participant(desk, db, known_participant(desk, db, id))


@operation(
    "PATCH",
    "/participants/{id}",
    Scope.WRITE_PARTICIPANTS,
    {200: ParticipantOut},
    (ProblemKind.CHANGE_REFUSED, ProblemKind.PARTICIPANT_REFUSED),
    erases=True,
)
def change_one_participant(desk: Desk, db: Session, id: str, body: ParticipantChange) -> Reply:
    """Sets language, day 0, e-mail address and telephone.

    With another day 0 the windows, the links that live and the messages that wait move along. With another
    address the links that may lie at the old one end.
    """
    participant = known_participant(desk, db, id)
    contacts = {kind: given for kind in _ADDRESSES if (given := getattr(body, kind)) is not UNSET}
    try:
        if body.language is not UNSET or contacts:
            language = None if body.language is UNSET else body.language or ""
            change_participant(db, desk.context, desk.runtime, participant, Wish(language, contacts))
        if body.day0 is not UNSET:
            day0 = read_day(body.day0.isoformat())
            set_day0(db, desk.context, desk.runtime, participant, day0)
    except (DayRefused, ContactRefused) as error:
        faults = [error.fault] if isinstance(error, DayRefused) else error.faults
        raise _faulty("This participant cannot be changed", faults) from error
    except ChangeRefused as error:
        raise Refused(ProblemKind.CHANGE_REFUSED, str(error)) from error
    except MoveRefused as error:
        raise _not_moved(error) from error
    return _participant(desk, db, participant)


@operation(
    "PUT",
    "/participants/{id}/visits/{visit}",
    Scope.WRITE_PARTICIPANTS,
    {200: ParticipantOut},
    (ProblemKind.CHANGE_REFUSED, ProblemKind.PARTICIPANT_REFUSED),
)
def set_visit_day(desk: Desk, db: Session, id: str, visit: str, body: VisitDayIn) -> Reply:
    """Sets the day of one visit, and the hour of its appointment.

    A day that was set, or has an appointment, stays when day 0 changes.
    """
    participant = known_participant(desk, db, id)
    try:
        day = body.planned_on and read_day(body.planned_on.isoformat())
        move_visit(db, desk.context, desk.runtime, participant, visit, VisitDay(day, body.hour))
    except DayRefused as error:
        raise _faulty("The visit cannot be moved", [error.fault]) from error
    except MoveRefused as error:
        raise _not_moved(error) from error
    return _participant(desk, db, participant)


@operation("GET", "/participants/{id}/visits/{visit}", Scope.READ_PARTICIPANTS, {200: VisitOfParticipantOut})
def read_visit(desk: Desk, db: Session, id: str, visit: str) -> Reply:
    """One visit: its day, its window, how far it has come."""
    return visit_reply(desk, db, known_participant(desk, db, id), visit)


@operation(
    "POST",
    "/participants/{id}/withdrawal",
    Scope.WRITE_PARTICIPANTS,
    {200: ParticipantOut},
    (ProblemKind.CHANGE_REFUSED, ProblemKind.PARTICIPANT_REFUSED),
    erases=True,
)
def withdraw(desk: Desk, db: Session, id: str, body: WithdrawalIn) -> Reply:
    """Somebody leaves the study: every link ends at once, no message goes out any more, answers stay."""
    participant = known_participant(desk, db, id)
    try:
        withdraw_participant(
            db, desk.context, participant.study_number, body.reason, erases_contacts=body.erase_contacts
        )
    except ChangeRefused as error:
        if error.code is RefusalCode.WITHDRAWN:
            raise Refused(ProblemKind.CHANGE_REFUSED, str(error)) from error
        sentence = _REASON_SENTENCES.get(error.code, str(error))
        fault = FaultOut(field="reason", code=error.code.value, detail=sentence)
        raise Refused(ProblemKind.PARTICIPANT_REFUSED, sentence, [fault]) from error
    return _participant(desk, db, participant)


def visit_reply(desk: Desk, db: Session, participant: Participant, code: str) -> Reply:
    """One visit of a participant as an answer.

    Raises:
        Refused: the study asks nothing at such a visit.
    """
    db.flush()
    found = followed(db, desk.runtime.study, participant)
    shown = next((one for one in found.visits if one.code == code), None)
    if shown is None:
        raise Refused(ProblemKind.NOT_FOUND, "The study has no such visit that asks something.")
    content = VisitOfParticipantOut(
        id=found.study_number, site=found.site, is_withdrawn=found.is_withdrawn, visit=_visit_out(shown)
    )
    return Reply(content)


def _participant(desk: Desk, db: Session, participant: Participant, status: int = 200) -> Reply:
    db.flush()
    found = followed(db, desk.runtime.study, participant)
    headers = {"Location": f"/api/v1/participants/{found.study_number}"} if status == 201 else {}
    return Reply(_out(found), status, headers)


def _out(one: FollowedParticipant) -> ParticipantOut:
    return ParticipantOut(
        id=one.study_number,
        site=one.site,
        language=one.language,  # type: ignore[arg-type]  # the table holds no other
        day0=one.day0,
        is_withdrawn=one.is_withdrawn,
        visits=[_visit_out(visit) for visit in one.visits],
    )


def _visit_out(visit: PlannedVisit) -> VisitOut:
    return VisitOut(
        visit=visit.code,
        state=visit.state.name.lower(),  # type: ignore[arg-type]  # a test compares them
        planned_on=visit.planned_on,
        begins_at=visit.begins_at,
        opens_at=visit.opens_at,
        closes_at=visit.closes_at,
        submitted_at=visit.submitted_at,
    )


def _faulty(what: str, faults: Sequence[Fault]) -> Refused:
    """Every fault in words; an address that was sent is not sent back."""
    shown = [replace(one, given="…") if one.column in _ADDRESSES else one for one in faults]
    listed = [FaultOut(field=one.column, code=one.code.value, detail=told(one)) for one in shown]
    detail = f"{what}: {' '.join(one.detail for one in listed)}"
    return Refused(ProblemKind.PARTICIPANT_REFUSED, detail, listed)


def _not_moved(error: MoveRefused) -> Refused:
    kind = ProblemKind.NOT_FOUND if error.fault is MoveFault.VISIT_UNKNOWN else ProblemKind.CHANGE_REFUSED
    return Refused(kind, _MOVE_SENTENCES[error.fault])


def _read_cursor(desk: Desk, query: ParticipantQuery) -> str:
    """The study number that a page begins after."""
    if not query.cursor:
        return ""
    try:
        *asked, after = _cursors().loads(query.cursor)
    except BadData:
        asked, after = [], ""
    if asked != _of_cursor(desk, query):
        raise Refused(
            ProblemKind.CURSOR_UNKNOWN,
            "This is no cursor of ours for this key and site: begin without one, and take `next` as it is.",
        )
    return str(after)


def _of_cursor(desk: Desk, query: ParticipantQuery) -> list[object]:
    return ["participants", desk.holder.key_id, query.site]


def _cursors() -> URLSafeSerializer:
    # The newest key stands last, as the library has it.
    keys = [*reversed(current_app.config["SECRET_KEY_FALLBACKS"]), current_app.config["SECRET_KEY"]]
    return URLSafeSerializer(keys, salt="btb_pro.api.cursor")
