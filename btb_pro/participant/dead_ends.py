"""Pages for whatever cannot go on; each says what to do and whom to ring."""

import math
from contextlib import suppress
from datetime import datetime

from flask import g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from btb_pro import clock
from btb_pro.damage import DATABASE_FAILURES
from btb_pro.incoming import drain, refuse_foreign, refuse_unreadable
from btb_pro.links import UnknownLink
from btb_pro.participant.cookies import session_secret
from btb_pro.participant.guesses import note_guess
from btb_pro.participant.visitor import CookiesOff, DeadEnd, GoTo, ResponseValue, participant
from btb_pro.participant.words import minute_in_words
from btb_pro.services.made_requests import RequestKind, may_ask
from btb_pro.services.sessions import LinkState, find_session, look_up
from btb_pro.services.wordings import WordingNotApproved
from btb_pro.this_request import language_of_request, log_error, runtime, speak

_STATUS = {LinkState.NOT_OPEN_YET: 403}
_GONE = 410


@participant.before_request
def refuse_what_no_page_sends() -> None:
    """Look at where a form comes from and what it is made of before any view does."""
    if request.method == "POST":
        refuse_foreign(request, runtime().settings.base_url)
        refuse_unreadable(request)


@participant.errorhandler(GoTo)
def go_to(error: GoTo) -> Response:
    """Send the browser where it can go on."""
    return redirect(error.address, 303)


@participant.errorhandler(UnknownLink)
def unknown_link(_error: UnknownLink) -> ResponseValue:
    """One page for every link that is none of ours, whatever is wrong with it; 429 for whoever guesses."""
    until = note_guess(request.remote_addr or "")
    if until is not None:
        return _too_fast(until)
    return _dead_end(
        gettext("We do not know this link"),
        [
            gettext("Part of it may have been lost on the way. Open the link in the message once more."),
            gettext("Does it still not work? Ring the hospital that invited you."),
        ],
        404,
    )


@participant.errorhandler(CookiesOff)
def cookies_off(error: CookiesOff) -> ResponseValue:
    """The page of a browser that gave back no cookie right after Start."""
    try:
        _take_link(error.token)
    except UnknownLink as unknown:
        return unknown_link(unknown)
    return _dead_end(
        gettext("Your browser keeps no cookies"),
        [
            gettext("Without them we cannot tell which answers are yours. We use them for nothing else."),
            gettext(
                "Allow cookies for this page in your browser and press Start once more, or open the link in "
                "another browser, such as Safari or Chrome."
            ),
            gettext("Does it still not work? Ring us."),
        ],
        403,
        back=url_for("participant.start", token=error.token),
    )


@participant.errorhandler(DeadEnd)
def dead_link(error: DeadEnd) -> ResponseValue:
    """The page of a link that is good but opens nothing now."""
    g.site_code = error.site_code
    title, paragraphs = _words(error.state)
    ask_action = ""
    if may_ask(error.state, RequestKind.NEW_LINK) and "tablet_handle" not in g:
        ask_action = url_for("participant.ask_new_link", token=_token(error), lang=language_of_request())
    return _dead_end(title, paragraphs, _STATUS.get(error.state, _GONE), ask_action=ask_action)


@participant.errorhandler(WordingNotApproved)
def not_ready(_error: WordingNotApproved) -> ResponseValue:
    """The page of a link whose questions were changed and are not approved yet."""
    return _dead_end(
        gettext("The questions are not ready yet"),
        [gettext("Keep the message and try again tomorrow. Does it still not work? Ring us.")],
        503,
    )


def database_failed(error: Exception) -> ResponseValue:
    """The page of a database that does not answer: it holds what was sent, and its button sends it again."""
    log_error(error)
    _take_language_of_session()
    if request.method == "POST":
        return render_template("participant/retry.html", sent=list(request.form.items(multi=True))), 503
    title, paragraphs = _our_mistake()
    return _dead_end(title, paragraphs, 503)


for _failure in DATABASE_FAILURES:
    participant.register_error_handler(_failure, database_failed)


def http_error(error: HTTPException) -> ResponseValue:
    """The page of a request that the server refuses, in the visitor's language, with a way back."""
    code = error.code or 500
    if code == 404 and request.path.startswith("/s/"):
        return unknown_link(UnknownLink())
    if code == 413:
        drain(request)
    _take_language_of_session()
    try:
        _take_link(str((request.view_args or {}).get("token", "")))
    except UnknownLink as unknown:
        return unknown_link(unknown)
    title, paragraphs = _refusal_words(code)
    return _dead_end(title, paragraphs, code, back=_way_back(code))


def unexpected(_error: Exception) -> ResponseValue:
    """The page for a mistake of ours."""
    title, paragraphs = _our_mistake()
    return _dead_end(title, paragraphs, 500)


def _dead_end(
    title: str, paragraphs: list[str], status: int, *, back: str = "", ask_action: str = ""
) -> tuple[str, int]:
    page = render_template(
        "participant/dead.html", title=title, paragraphs=paragraphs, back=back, ask_action=ask_action
    )
    return page, status


def _too_fast(until: datetime) -> Response:
    seconds = max(1, math.ceil((until - clock.now()).total_seconds()))
    response = make_response(
        _dead_end(
            gettext("Too many tries with links that we do not know"),
            [
                gettext("Try again after %(time)s.", time=minute_in_words(until)),
                gettext("A link that is whole works meanwhile too: open it in the message once more."),
                gettext("Does it still not work? Ring the hospital that invited you."),
            ],
            429,
        )
    )
    response.headers["Retry-After"] = f"{seconds}"
    return response


def _way_back(code: int) -> str:
    """Where the page that was refused can be sent again from; empty where there is none."""
    arguments = request.view_args or {}
    if code in (400, 413, 415) and "number" in arguments:
        return url_for("participant.items", **arguments)
    if code in (400, 413, 415) and arguments:
        return request.path
    if "handle" in arguments:
        return url_for("participant.parts", handle=arguments["handle"])
    if "token" in arguments:
        return url_for("participant.start", token=arguments["token"])
    return ""


def _token(error: DeadEnd) -> str:
    """The token of the link that led here, by itself or by its session."""
    if error.answering is None:
        return str((request.view_args or {})["token"])
    return runtime().links.token(error.answering.invitation.public_id)


def _words(state: LinkState) -> tuple[str, list[str]]:
    safe = gettext("Answers that you have given already are safe with us.")
    ring = gettext("Would you still like to answer? Ring us.")
    ask = gettext("Would you still like to answer? Ask for a new link, or ring us.")
    return {
        LinkState.NOT_OPEN_YET: (
            gettext("It is too early to answer"),
            [gettext("This link opens closer to your visit. Keep the message and try again later.")],
        ),
        LinkState.EXPIRED: (gettext("The time for answering is over"), [safe, ask]),
        LinkState.REVOKED: (gettext("This link is no longer in use"), [safe, ring]),
        LinkState.REPLACED: (
            gettext("You have been sent a newer link"),
            [
                gettext("Open the newest message from us and use the link in that one."),
                safe,
                gettext("Can you not find the message? Ask for a new link, or ring us."),
            ],
        ),
        LinkState.WITHDRAWN: (
            gettext("You are no longer asked to answer"),
            [gettext("We send you nothing more. Is this not right? Ring us.")],
        ),
    }[state]


def _our_mistake() -> tuple[str, list[str]]:
    return gettext("Something went wrong on our side"), [
        gettext("The answers that were saved are safe."),
        gettext("Wait a minute and try again. Does it still not work? Ring us."),
    ]


def _refusal_words(code: int) -> tuple[str, list[str]]:
    nothing_saved = gettext("Nothing of it was saved. What was saved before is safe.")
    if code == 413:
        return gettext("That was too much text"), [
            gettext("Write less and send the page again."),
            nothing_saved,
        ]
    if code in (400, 415):
        return gettext("We could not read what was sent"), [
            gettext("Go back to the page and send it again."),
            nothing_saved,
        ]
    if code == 403:
        return gettext("This did not come from our page"), [
            gettext("Open the link in the message from us and answer there."),
            nothing_saved,
        ]
    if code in (404, 405):
        return gettext("There is no such page"), [gettext("Open the link in the message from us.")]
    return gettext("This did not work"), [gettext("Wait a minute and try again."), nothing_saved]


def _take_language_of_session() -> None:
    handle = (request.view_args or {}).get("handle")
    if not handle or "language" in g:
        return
    house = runtime()
    # A database that does not answer leaves the browser's own language.
    with suppress(*DATABASE_FAILURES), house.database.reading() as db:
        found = find_session(db, handle, session_secret(request, handle, house.settings.is_production))
        if found is not None:
            g.language = found.session.language
            g.site_code = found.participant.site_code


def _take_link(token: str) -> None:
    """Speak the language of a link, and name its hospital.

    Raises:
        UnknownLink: it is none of ours, or its row is gone.
    """
    if not token or "language" in g:
        return
    house = runtime()
    with suppress(*DATABASE_FAILURES), house.database.reading() as db:
        link = look_up(db, house.links.public_id(token))
        if link is None:
            raise UnknownLink
        g.site_code = link.participant.site_code
        wished = request.args.get("lang", "")
        if wished not in house.study.languages:
            wished = link.invitation.language or language_of_request()
        speak(wished)
