"""A mistake in what was sent in: the participant's wish to correct, from either receipt."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import g, redirect, render_template, request, url_for
from flask_babel import gettext

from btb_pro.damage import DATABASE_FAILURES
from btb_pro.instruments.answers import ValueRefused, read_value
from btb_pro.instruments.model import Field, FieldKind
from btb_pro.participant.form import main_form
from btb_pro.participant.presenting import printable
from btb_pro.participant.visitor import (
    Access,
    GoTo,
    ResponseValue,
    Visitor,
    access,
    open_link,
    participant,
    request_context,
    switch_language,
    visiting,
)
from btb_pro.refused_values import refusal_text
from btb_pro.services.made_requests import RequestKind, may_ask
from btb_pro.services.requests import LONGEST_TEXT, ask_for_correction
from btb_pro.services.sessions import OpenedLink, participant_actor
from btb_pro.this_request import log_error, runtime

_FIELDS = {
    code: Field(code=code, item=code, kind=FieldKind.TEXT, label={}, max_length=LONGEST_TEXT)
    for code in ("what", "why")
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the two fields hold, and what is wrong with it."""

    what: str = ""
    why: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)
    """Field to sentence, in the language of the request."""


@dataclass(frozen=True, slots=True)
class _Addresses:
    action: str
    back: str


@participant.get("/q/<handle>/mistake")
@access(Access.SESSION)
def mistake(handle: str) -> ResponseValue:
    """The two fields, for the session that sent in."""
    with visiting(handle, after_submit=True) as visitor:
        _require_sent_in(visitor)
        return _show_in_session(visitor, Wish())


@participant.post("/q/<handle>/mistake")
@access(Access.SESSION)
def ask_correction(handle: str) -> ResponseValue:
    """Send the wish to the hospital, then the receipt, which says that it arrived."""
    try:
        with visiting(handle, writes=True, after_submit=True) as visitor:
            _require_sent_in(visitor)
            if switch_language(visitor):
                return _show_in_session(visitor, _typed())
            if not main_form(handle, runtime().settings.secret_keys).validate_on_submit():
                notice = gettext("Nothing was sent yet. What you wrote is still here: press Send again.")
                return _show_in_session(visitor, _typed(), notice)
            wish = _read()
            if wish.faults:
                return _show_in_session(visitor, wish)
            ask_for_correction(visitor.db, visitor.context, _link(visitor), wish.what, wish.why or None)
    except DATABASE_FAILURES as error:
        log_error(error)
        return _retry()
    return redirect(url_for("participant.receipt", handle=handle), 303)


@participant.get("/s/<token>/mistake")
@access(Access.ANYONE)
def mistake_by_link(token: str) -> ResponseValue:
    """The two fields, for whoever holds the link of a visit that was sent in."""
    with runtime().database.reading() as db:
        _require_submitted(open_link(db, token), token)
        return _show_by_link(token, Wish())


@participant.post("/s/<token>/mistake")
@access(Access.ANYONE)
def ask_correction_by_link(token: str) -> ResponseValue:
    """The same as from the session's receipt; the token in the address is the authority."""
    house = runtime()
    try:
        with house.database.writing() as db:
            link = open_link(db, token)
            _require_submitted(link, token)
            if "lang" in request.form:
                return _show_by_link(token, _typed())
            wish = _read()
            if wish.faults:
                return _show_by_link(token, wish)
            context = request_context(house, participant_actor(link.participant))
            ask_for_correction(db, context, link, wish.what, wish.why or None)
            db.commit()
    except DATABASE_FAILURES as error:
        log_error(error)
        return _retry()
    return redirect(url_for("participant.start", token=token, lang=g.language), 303)


def _require_sent_in(visitor: Visitor) -> None:
    if not may_ask(visitor.answering.state, RequestKind.MISTAKE):
        raise GoTo(url_for("participant.review", handle=visitor.handle))


def _require_submitted(link: OpenedLink, token: str) -> None:
    if not may_ask(link.state, RequestKind.MISTAKE):
        raise GoTo(url_for("participant.start", token=token, lang=g.language))


def _link(visitor: Visitor) -> OpenedLink:
    found = visitor.answering
    return OpenedLink(found.invitation, found.visit, found.participant, found.state)


def _typed() -> Wish:
    """The fields as they came, unread."""
    return Wish(printable(request.form.get("what", "")), printable(request.form.get("why", "")))


def _read() -> Wish:
    typed, faults = _typed(), {}
    texts: dict[str, str | None] = {}
    for code, one in _FIELDS.items():
        # A browser sends each line break of a text area as two signs, and counts it as one.
        raw = [value.replace("\r\n", "\n") for value in request.form.getlist(code)]
        try:
            texts[code] = read_value(one, raw)
        except ValueRefused as error:
            faults[code] = refusal_text(one, error.reason, g.language)
    if texts.get("what", "") is None:
        faults["what"] = gettext("Write what should be corrected.")
    if faults:
        return Wish(typed.what, typed.why, faults)
    return Wish(texts["what"] or "", texts["why"] or "")


def _show_in_session(visitor: Visitor, wish: Wish, notice: str = "") -> ResponseValue:
    handle = visitor.handle
    addresses = _Addresses(
        action=url_for("participant.mistake", handle=handle),
        back=url_for("participant.receipt", handle=handle),
    )
    form = main_form(handle, runtime().settings.secret_keys)
    return _page(wish, addresses, csrf_token=form.csrf_token.current_token, notice=notice)


def _show_by_link(token: str, wish: Wish) -> ResponseValue:
    addresses = _Addresses(
        action=url_for("participant.mistake_by_link", token=token, lang=g.language),
        back=url_for("participant.start", token=token, lang=g.language),
    )
    return _page(wish, addresses)


def _page(wish: Wish, addresses: _Addresses, csrf_token: str = "", notice: str = "") -> ResponseValue:
    page = render_template(
        "participant/mistake.html",
        what=wish.what,
        why=wish.why,
        faults=wish.faults,
        notice=notice,
        longest=LONGEST_TEXT,
        csrf_token=csrf_token,
        action=addresses.action,
        back=addresses.back,
    )
    return page, 422 if wish.faults else 200


def _retry() -> ResponseValue:
    return render_template("participant/retry.html", sent=list(request.form.items(multi=True))), 503
