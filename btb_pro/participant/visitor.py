"""Whoever sends a request to a participant's page, and the blueprint with the rule of who may.

A visitor is found by a link, or by handle and cookie of a session, or is sent where they can go on.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, g, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from btb_pro.instruments.paging import Page, pages_of
from btb_pro.links import UnknownLink
from btb_pro.participant.cookies import remembered_link, session_secret
from btb_pro.services.audit import Actor, Context
from btb_pro.services.runtime import Runtime
from btb_pro.services.sessions import (
    CLINIC_TABLET,
    Answering,
    LinkState,
    OpenedLink,
    SeenAnswer,
    change_language,
    find_session,
    look_up,
    participant_actor,
    present_answers,
)
from btb_pro.study import sections_asked
from btb_pro.this_request import language_of_request, request_id, runtime, speak

participant = Blueprint("participant", __name__)

ResponseValue = str | tuple[str, int] | Response
"""What a view of a participant's page gives."""
View = TypeVar("View", bound=Callable[..., Any])


class Access(StrEnum):
    """Who may use a route."""

    ANYONE = "anyone"
    """Shows nothing of anybody, or decides by the signed link in its address."""
    SESSION = "session"
    """The browser that holds the session's cookie."""


def access(rule: Access) -> Callable[[View], View]:
    """Declare a route's access rule. A test walks all routes and fails where one is missing."""

    def declare(view: View) -> View:
        view.access_rule = rule  # type: ignore[attr-defined]  # functions take attributes, their type says no
        return view

    return declare


class GoTo(Exception):
    """The request belongs on another page."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(address)


class CookiesOff(Exception):
    """The browser came from Start without the cookie that it was given there."""

    def __init__(self, token: str) -> None:
        self.token = token
        super().__init__()


class DeadEnd(Exception):
    """A link or session that opens nothing any more, or not yet."""

    def __init__(self, state: LinkState, site_code: str, answering: Answering | None = None) -> None:
        self.state = state
        self.site_code = site_code
        self.answering = answering
        super().__init__(state.value)


@dataclass(frozen=True, slots=True)
class Visitor:
    """One request of one session: rows, pages and present answers."""

    db: Session
    runtime: Runtime
    answering: Answering
    pages: tuple[Page, ...]
    context: Context
    spoken: str = ""

    @property
    def handle(self) -> str:
        """The session's part of the address."""
        return self.answering.session.handle

    @property
    def is_on_tablet(self) -> bool:
        """Whether the device goes to somebody else afterwards."""
        return self.answering.session.mode == CLINIC_TABLET

    @property
    def language(self) -> str:
        """The language that the page is shown in: the session's, unless another one was asked for."""
        return self.spoken or self.answering.session.language

    def speaking(self, language: str) -> "Visitor":
        """The same visitor in another language; the session's own stays as it is."""
        speak(language)
        return replace(self, spoken=language)

    @property
    def is_sent_in(self) -> bool:
        """Whether the visit takes no more answers."""
        return self.answering.state is LinkState.SUBMITTED

    def seen(self) -> Mapping[str, SeenAnswer]:
        """Present answers by field code, read anew, and which of them this session may see.

        Those are its own; once a code was given, all of them. A session that is over sees none.
        """
        session, is_over = self.answering.session, self.answering.is_over
        found = present_answers(self.db, self.answering.visit, None if is_over else session.id)
        if is_over or session.confirmed_at is None:
            return found
        return {code: replace(answer, is_own=True) for code, answer in found.items()}


def open_link(db: Session, token: str) -> OpenedLink:
    """The link of a token, with the request's language and site set by it.

    Raises:
        UnknownLink: it is none of ours, or its row is gone.
    """
    link = look_up(db, runtime().links.public_id(token))
    if link is None:
        raise UnknownLink
    g.site_code = link.participant.site_code
    wished = request.form.get("lang") or request.args.get("lang", "")
    if wished in runtime().study.languages:
        g.language = wished
    else:
        g.language = link.invitation.language or language_of_request()
    return link


@contextmanager
def visiting(handle: str, *, writes: bool = False, after_submit: bool = False) -> Iterator[Visitor]:
    """The visitor of a session's page; what is written is committed when the block ends well.

    Raises:
        GoTo: the session is unknown here, is over, or was sent in.
        CookiesOff: see there.
        DeadEnd: its link opens nothing any more.
    """
    house = runtime()
    database = house.database.writing() if writes else house.database.reading()
    with database as db:
        secret = session_secret(request, handle, house.settings.is_production)
        answering = find_session(db, handle, secret)
        if answering is None:
            _refuse_without_cookies()
            raise GoTo(start_address())
        speak(answering.session.language)
        g.site_code = answering.participant.site_code
        if answering.session.mode == CLINIC_TABLET:
            g.tablet_handle = handle
        _refuse_dead(answering, house, after_submit=after_submit, writes=writes)
        yield Visitor(
            db=db,
            runtime=house,
            answering=answering,
            pages=pages_of_visit(house, answering.visit.code),
            context=request_context(house, participant_actor(answering.participant)),
        )
        if writes:
            db.commit()


def switch_language(visitor: Visitor) -> bool:
    """Change the session's language if a language button was pressed."""
    language = request.form.get("lang", "")
    if language not in visitor.runtime.study.languages:
        return False
    change_language(visitor.db, visitor.context, visitor.answering, language)
    speak(language)
    return True


def pages_of_visit(house: Runtime, visit_code: str) -> tuple[Page, ...]:
    """The pages of a visit, in order."""
    asked = sections_asked(house.study.visit(visit_code).parts)
    return pages_of([(house.instruments[code], sections) for code, sections in asked.items()])


def start_address() -> str:
    """Where Start is: behind the link that this browser opened last, else the page that explains links."""
    token = remembered_link(request, runtime().settings.is_production)
    if token:
        return url_for("participant.start", token=token)
    return url_for("participant.home")


def _refuse_without_cookies() -> None:
    """Tell a browser that keeps no cookies from one that was never here: it comes straight from a link.

    Raises:
        CookiesOff: see there.
    """
    came_from = urlsplit(request.referrer or "")
    room, _, token = came_from.path.lstrip("/").partition("/")
    if came_from.netloc == request.host and room == "s" and token and not request.cookies:
        raise CookiesOff(token.partition("/")[0])


def way_out(answering: Answering, house: Runtime) -> str:
    """Where a session that is over leads: to the link's first page, on the clinic's tablet to nobody's."""
    if answering.session.mode == CLINIC_TABLET:
        return url_for("participant.done")
    return url_for("participant.start", token=house.links.token(answering.invitation.public_id))


def request_context(house: Runtime, actor: Actor) -> Context:
    """What the audit trail says of this request."""
    return Context(actor, request_id=request_id(), study_version=house.study.version)


def _refuse_dead(answering: Answering, house: Runtime, *, after_submit: bool, writes: bool) -> None:
    is_on_tablet = answering.session.mode == CLINIC_TABLET
    if answering.state is LinkState.SUBMITTED:
        if is_on_tablet:
            raise GoTo(way_out(answering, house))
        if not after_submit:
            raise GoTo(url_for("participant.receipt", handle=answering.session.handle))
        return
    if answering.state is not LinkState.OPEN:
        raise DeadEnd(answering.state, answering.participant.site_code, answering)
    # A page that was left open may still be saved: it carries its answers, and nothing is shown for it.
    if answering.is_over and not writes:
        raise GoTo(way_out(answering, house))
