"""A link: who asks, how long it takes, and one Start button."""

from dataclasses import dataclass

from flask import g, redirect, render_template, request, url_for
from flask_babel import force_locale, gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from btb_pro.i18n import LANGUAGE_NAMES
from btb_pro.participant.cookies import remember_link, remember_session, session_secrets
from btb_pro.participant.visitor import (
    Access,
    DeadEnd,
    ResponseValue,
    access,
    open_link,
    participant,
    request_context,
)
from btb_pro.participant.words import last_day_in_words
from btb_pro.services.made_requests import correction_asked_at, has_stopped_messages
from btb_pro.services.sessions import (
    LinkState,
    OpenedLink,
    find_session,
    participant_actor,
    start_session,
)
from btb_pro.services.step_codes import is_offered
from btb_pro.services.wordings import require_approved
from btb_pro.this_request import runtime

_MOST_SESSIONS_OF_A_BROWSER = 20


@participant.get("/s/<token>")
@access(Access.ANYONE)
def start(token: str) -> ResponseValue:
    """The start page of a link, its receipt, or its dead end. Writes nothing."""
    house = runtime()
    with house.database.reading() as db:
        link = open_link(db, token)
        if link.state is LinkState.SUBMITTED:
            return _receipt(db, link, token)
        require_open(db, link)
        page = start_page(
            db,
            link,
            action=url_for("participant.begin", token=token),
            not_me_address=url_for("participant.not_me", token=token, lang=g.language),
            stop_address=url_for("participant.stop", token=token, lang=g.language),
            leave_address=_leave_address(token),
        )
        response = Response(page, mimetype="text/html")
        remember_link(response, token, house.settings.is_production)
        return response


@participant.post("/s/<token>")
@access(Access.ANYONE)
def begin(token: str) -> ResponseValue:
    """Trade the link for a session and leave its address behind."""
    house = runtime()
    is_production = house.settings.is_production
    with house.database.writing() as db:
        link = open_link(db, token)
        if link.state is LinkState.SUBMITTED:
            return _receipt(db, link, token)
        require_open(db, link)
        handle, secret = _session_of_this_browser(db, link)
        if not handle:
            context = request_context(house, participant_actor(link.participant))
            session, secret = start_session(db, context, link, g.language)
            handle = session.handle
            db.commit()
        answering = find_session(db, handle, secret)
        offers_code = answering is not None and is_offered(db, house, answering)
    page = "participant.step_code" if offers_code else "participant.parts"
    response = redirect(url_for(page, handle=handle), 303)
    remember_session(response, handle, secret, is_production)
    return response


@participant.get("/")
@access(Access.ANYONE)
def home() -> ResponseValue:
    """For whoever comes without a link."""
    return render_template("participant/home.html")


def require_open(db: Session, link: OpenedLink) -> None:
    """Refuse a link that cannot be started now.

    Raises:
        DeadEnd: it is over, or not open yet.
        WordingNotApproved: a wording was changed after the link was issued, and nobody approved it since.
    """
    if link.state is not LinkState.OPEN:
        raise DeadEnd(link.state, link.participant.site_code)
    house = runtime()
    require_approved(db, house.study, house.study.visit(link.visit.code), house.instruments)


def _session_of_this_browser(db: Session, link: OpenedLink) -> tuple[str, str]:
    """A session of this very link that this browser holds and that is not over; empty if none."""
    held = session_secrets(request, runtime().settings.is_production)
    for handle, secret in list(held.items())[:_MOST_SESSIONS_OF_A_BROWSER]:
        found = find_session(db, handle, secret)
        if found is not None and found.invitation.id == link.invitation.id and not found.is_over:
            return handle, secret
    return "", ""


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the start page says, in one language."""

    language: str
    name: str
    sentences: tuple[str, ...]
    switch: str


def start_page(db: Session, link: OpenedLink, action: str, **addresses: str) -> str:
    """The page of an open link. `addresses`: of what else may be pressed; one left out is not shown."""
    languages = [g.language, *(code for code in runtime().study.languages if code != g.language)]
    welcome, *others = [_welcome(link, language) for language in languages]
    return render_template(
        "participant/start.html",
        welcome=welcome,
        others=others,
        action=action,
        addresses=addresses,
        has_stopped=has_stopped_messages(db, link.participant),
    )


def _leave_address(token: str) -> str:
    """Where the phone is left to somebody else; empty while this browser holds nothing to leave behind."""
    is_held = session_secrets(request, runtime().settings.is_production)
    return url_for("participant.leave_phone", token=token, lang=g.language) if is_held else ""


def _welcome(link: OpenedLink, language: str) -> Welcome:
    study = runtime().study
    with force_locale(language):
        return Welcome(
            language=language,
            name=LANGUAGE_NAMES[language],
            sentences=(
                gettext(
                    "%(asker)s asks you to answer some questions for the study %(study)s.",
                    asker=study.asker[language],
                    study=study.name[language],
                ),
                gettext("It takes about %(minutes)s minutes.", minutes=study.visit(link.visit.code).minutes),
                gettext("Please answer by %(day)s.", day=last_day_in_words(link.invitation.expires_at)),
                gettext("You may pause. What you have answered is kept, and you go on with the same link."),
                gettext("You may skip questions and stop when you like."),
            ),
            switch=gettext("Go on in English"),
        )


def _receipt(db: Session, link: OpenedLink, token: str) -> str:
    return render_template(
        "participant/receipt.html",
        submitted_at=link.visit.submitted_at,
        code=link.visit.receipt_code,
        mistake_address=url_for("participant.mistake_by_link", token=token, lang=g.language),
        leave_address=url_for("participant.leave_phone", token=token, lang=g.language),
        correction_asked_at=correction_asked_at(db, link.invitation),
    )
