"""What the holder of a link may ask for without a session: not me, no more messages, a new link.

The token in the address is the authority, beside the check of where a form comes from. Looking writes
nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import g, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from btb_pro.damage import DATABASE_FAILURES
from btb_pro.participant.visitor import (
    Access,
    GoTo,
    ResponseValue,
    access,
    open_link,
    participant,
    request_context,
)
from btb_pro.services.audit import Context
from btb_pro.services.made_requests import RequestKind, has_asked, has_stopped_messages, may_ask
from btb_pro.services.requests import ask_for_new_link, report_not_me, stop_messages
from btb_pro.services.sessions import LinkState, OpenedLink, participant_actor
from btb_pro.this_request import log_error, runtime

_VERBS: Mapping[RequestKind, Callable[[Session, Context, OpenedLink], None]] = {
    RequestKind.NOT_ME: report_not_me,
    RequestKind.STOP: stop_messages,
    RequestKind.NEW_LINK: ask_for_new_link,
}
_PAGES = {
    RequestKind.NOT_ME: "participant.not_me",
    RequestKind.STOP: "participant.stop",
    RequestKind.NEW_LINK: "participant.new_link",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What a page says, in the language of the request."""

    title: str
    paragraphs: tuple[str, ...]
    button: str = ""


@participant.get("/s/<token>/not-me")
@access(Access.ANYONE)
def not_me(token: str) -> ResponseValue:
    """For whoever got somebody else's link."""
    return _show(token, RequestKind.NOT_ME)


@participant.post("/s/<token>/not-me")
@access(Access.ANYONE)
def tell_not_me(token: str) -> ResponseValue:
    """Record it and end the link."""
    return _ask(token, RequestKind.NOT_ME)


@participant.get("/s/<token>/stop")
@access(Access.ANYONE)
def stop(token: str) -> ResponseValue:
    """For whoever wants no more messages."""
    return _show(token, RequestKind.STOP)


@participant.post("/s/<token>/stop")
@access(Access.ANYONE)
def tell_stop(token: str) -> ResponseValue:
    """Record it; the link goes on working."""
    return _ask(token, RequestKind.STOP)


@participant.get("/s/<token>/new-link")
@access(Access.ANYONE)
def new_link(token: str) -> ResponseValue:
    """That a new link was asked for."""
    return _show(token, RequestKind.NEW_LINK)


@participant.post("/s/<token>/new-link")
@access(Access.ANYONE)
def ask_new_link(token: str) -> ResponseValue:
    """Record that a new link is wanted."""
    return _ask(token, RequestKind.NEW_LINK)


def _show(token: str, kind: RequestKind) -> ResponseValue:
    """That it was asked for, or the page to ask on; where neither fits, what the link shows now."""
    with runtime().database.reading() as db:
        link = open_link(db, token)
        back = url_for("participant.start", token=token, lang=g.language)
        if _is_done(db, link, kind):
            goes_on = link.state in (LinkState.OPEN, LinkState.SUBMITTED)
            back = back if goes_on else ""
            return render_template("participant/done.html", words=_words_after(kind), back=back)
        if not may_ask(link.state, kind) or kind is RequestKind.NEW_LINK:
            raise GoTo(back)
        action = url_for(_PAGES[kind], token=token, lang=g.language)
        words = _words_before(kind)
        return render_template("participant/step.html", words=words, back=back, action=action)


def _ask(token: str, kind: RequestKind) -> ResponseValue:
    house = runtime()
    try:
        with house.database.writing() as db:
            link = open_link(db, token)
            if may_ask(link.state, kind):
                _VERBS[kind](db, request_context(house, participant_actor(link.participant)), link)
                db.commit()
    except DATABASE_FAILURES as error:
        log_error(error)
        return render_template("participant/retry.html", sent=list(request.form.items(multi=True))), 503
    return redirect(url_for(_PAGES[kind], token=token, lang=g.language), 303)


def _is_done(db: Session, link: OpenedLink, kind: RequestKind) -> bool:
    if kind is RequestKind.NOT_ME:
        return link.state is LinkState.REVOKED and has_asked(db, link.invitation, kind)
    if not may_ask(link.state, kind):
        return False
    if kind is RequestKind.STOP:
        return has_stopped_messages(db, link.participant)
    return has_asked(db, link.invitation, kind)


def _words_before(kind: RequestKind) -> Words:
    if kind is RequestKind.NOT_ME:
        return Words(
            gettext("Was the message not meant for you?"),
            (
                gettext("Then we have probably sent it to the wrong e-mail address or telephone number."),
                gettext(
                    "When you press the button, the link stops working at once and we send you nothing more. "
                    "The hospital is told that the message went to the wrong person."
                ),
            ),
            gettext("The message was not for me"),
        )
    return Words(
        gettext("Would you like no more reminders?"),
        (
            gettext("Press the button, and we send you no more reminders."),
            gettext("The link goes on working, in case you change your mind."),
            _still_in_the_study(),
        ),
        gettext("Send me no more reminders"),
    )


def _words_after(kind: RequestKind) -> Words:
    if kind is RequestKind.NOT_ME:
        return Words(
            gettext("Thank you for telling us"),
            (
                gettext("The link no longer works, and we send you nothing more."),
                gettext("The hospital is told. You need do nothing else, and may delete the message."),
                gettext("Was it for you after all? Ring us."),
            ),
        )
    if kind is RequestKind.STOP:
        return Words(
            gettext("We send you no more reminders"),
            (gettext("The link goes on working, in case you change your mind."), _still_in_the_study()),
        )
    return Words(
        gettext("You have asked for a new link"),
        (
            gettext("The hospital decides whether you get one."),
            gettext("It comes only to the e-mail address or telephone number that the hospital has for you."),
            gettext("Have you not heard from us in a few days? Ring us."),
        ),
    )


def _still_in_the_study() -> str:
    return str(gettext("You are still in the study. Would you like to leave it? Ring us."))
