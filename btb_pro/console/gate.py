"""The one gate that all of the console lies behind."""

from flask import Flask, current_app, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import LoginManager, current_user

from btb_pro.config import Settings
from btb_pro.console.confirming import ask_to_confirm
from btb_pro.console.desk import Open, console, refuse
from btb_pro.console.door import show_sign_in
from btb_pro.console.forms import Shown
from btb_pro.console.keeping import Holder, Wish, keep_form
from btb_pro.incoming import refuse_foreign, refuse_unreadable
from btb_pro.roles import Permission
from btb_pro.services.staff_sessions import SignedIn, find_session, is_due_to_be_noted, note_use
from btb_pro.this_request import runtime, speak


def prepare_gate(app: Flask, settings: Settings) -> None:
    """Let Flask-Login find the session of each request; the cookie is the staff's alone."""
    app.config.update(
        SESSION_COOKIE_NAME="__Host-btb-staff" if settings.is_production else "btb-staff",
        SESSION_COOKIE_SECURE=settings.is_production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    # Without its init_app: the hook for "remember me", which we do not have, would read the cookie at every
    # response, files too, and so forbid to keep them.
    manager = LoginManager()
    manager.user_loader(_load)
    app.login_manager = manager  # type: ignore[attr-defined]  # where Flask-Login looks for it


@console.before_request
def refuse_what_no_page_sends() -> None:
    """Look at where a form comes from and what it is made of before any view does."""
    if request.method == "POST":
        refuse_foreign(request, runtime().settings.base_url)
        refuse_unreadable(request, takes_files=True)


@console.before_request
def let_in() -> ResponseReturnValue | None:
    """Open a route for whom its rule names; without a rule it opens for nobody."""
    view = current_app.view_functions[request.endpoint or ""]
    rule = getattr(view, "access_rule", None)
    if rule is Open.ANYONE:
        return None
    if not current_user.is_authenticated:
        return _ask_to_sign_in()
    signed_in: SignedIn = current_user.signed_in
    greet(signed_in)
    if not isinstance(rule, Permission) or not signed_in.may(rule):
        refuse("role")
    if getattr(view, "needs_confirmation", False) and not signed_in.is_confirmed():
        return ask_to_confirm(_wish())
    return None


def greet(signed_in: SignedIn) -> None:
    """Let the page of this request know who is there, and speak that person's language."""
    g.signed_in = signed_in
    if signed_in.language and "lang" not in request.args:
        speak(signed_in.language)


def _ask_to_sign_in() -> ResponseReturnValue:
    wish = _wish()
    if request.method != "POST":
        return redirect(wish.by_way_of("console.sign_in"), 303)
    notice = gettext("You were signed out. Nothing was saved yet.")
    if wish.kept:
        notice = gettext("You were signed out. Sign in, and what you wrote is still here.")
    return show_sign_in(wish, Shown(notice=notice), 403)


def _wish() -> Wish:
    """The page asked for, or the form that was sent."""
    if request.method != "POST":
        return Wish(next=request.full_path.removesuffix("?"))
    with runtime().database.reading() as db:
        return keep_form(db)


def _load(secret: str) -> Holder | None:
    with runtime().database.reading() as session:
        found = find_session(session, secret)
        is_due = found is not None and is_due_to_be_noted(session, found)
    if found is None:
        return None
    if is_due:
        with runtime().database.writing() as session:
            note_use(session, found)
            session.commit()
    return Holder(secret, found)
