"""Where a member of staff works: the signed-in person, a database session, and what both may reach."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from flask import abort, current_app, g, request
from sqlalchemy.orm import Session

from btb_pro.models.participant import Participant
from btb_pro.services.access_log import note_refusal
from btb_pro.services.audit import Context
from btb_pro.services.known_participants import ParticipantUnknown, find_participant
from btb_pro.services.runtime import Runtime
from btb_pro.services.signed_in import SignedIn
from btb_pro.this_request import request_id


@dataclass(frozen=True, slots=True)
class Desk:
    """One request of a member of staff."""

    db: Session
    runtime: Runtime
    signed_in: SignedIn
    context: Context

    def participant(self, study_number: str) -> Participant:
        """A participant of this person's hospitals; anybody else is 404, as if there were no such number."""
        try:
            found = find_participant(self.db, study_number)
        except ParticipantUnknown:
            abort(404)
        self.require_hospital(found.site_code, found.study_number)
        return found

    def require_hospital(self, site: str, study_number: str = "") -> None:
        """Go on for one of this person's hospitals; refuse for any other."""
        if not self.signed_in.works_for(site):
            refuse("hospital", study_number)


def refuse(why: str, study_number: str = "") -> NoReturn:
    """Answer as if there were no such page; the trail is told who asked for it (`note_what_was_refused`)."""
    g.refused = (why, study_number)
    abort(404)


def note_what_was_refused() -> None:
    """Write a refusal of this request into the trail, once the request's own session has let go."""
    if "refused" not in g:
        return
    why, study_number = g.pop("refused")
    with at_desk(writes=True) as desk:
        note_refusal(desk.db, desk.context, request.endpoint or "", why, study_number)


def runtime() -> Runtime:
    """The running instance."""
    found = current_app.extensions["btb_pro"]
    assert isinstance(found, Runtime)
    return found


def signed_in() -> SignedIn:
    """Who is signed in; the blueprint has let nobody else come this far."""
    found = g.signed_in
    assert isinstance(found, SignedIn)
    return found


@contextmanager
def at_desk(*, writes: bool = False) -> Iterator[Desk]:
    """The desk of this request; what is written is committed when the block ends well."""
    house = runtime()
    database = house.database.writing() if writes else house.database.reading()
    with database as db:
        context = Context(signed_in().actor, request_id=request_id(), study_version=house.study.version)
        yield Desk(db, house, signed_in(), context)
        if writes:
            db.commit()
