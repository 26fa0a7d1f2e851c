"""Where a member of staff works: the blueprint, who may come to its routes, and the desk of a request.

A desk is the signed-in person, a database session, and what both may reach.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from flask import Blueprint, abort, g, request
from sqlalchemy.orm import Session

from btb_pro.models.participant import Participant
from btb_pro.roles import Permission
from btb_pro.services.audit import Context
from btb_pro.services.known_participants import ParticipantUnknown, find_participant, note_refusal
from btb_pro.services.runtime import Runtime
from btb_pro.services.staff_sessions import SignedIn
from btb_pro.this_request import request_id, runtime

console = Blueprint("console", __name__, url_prefix="/console")

View = TypeVar("View", bound=Callable[..., Any])


class Open(StrEnum):
    """Who else may use a route of the console."""

    ANYONE = "anyone at the door"
    """Signing in, and what comes before it; shows nothing of the study."""


def allow(rule: Permission | Open, *, confirmed: bool = False) -> Callable[[View], View]:
    """Declare what a route needs. One without a rule opens for nobody, and a test fails.

    `confirmed` routes ask for the password anew when it was given longer ago than a few minutes.
    """

    def declare(view: View) -> View:
        # Functions take attributes, their type says no.
        view.access_rule = rule  # type: ignore[attr-defined]
        view.needs_confirmation = confirmed  # type: ignore[attr-defined]
        return view

    return declare


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
