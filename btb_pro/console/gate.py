"""The one gate that all of the console lies behind."""

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user

from btb_pro.config import Settings
from btb_pro.console.blueprint import Open, console
from btb_pro.console.desk import runtime
from btb_pro.roles import Permission
from btb_pro.services.staff_sessions import SignedIn, find_session, is_due_to_be_noted, note_use
from btb_pro.this_request import speak


class Holder:
    """What Flask-Login holds in the browser's cookie: the secret of a session, and whom it stands for."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, secret: str, signed_in: SignedIn) -> None:
        self.secret = secret
        self.signed_in = signed_in

    def get_id(self) -> str:
        """The secret: the cookie names a session, never an account."""
        return self.secret


def prepare_gate(app: Flask, settings: Settings) -> None:
    """Let Flask-Login find the session of each request; the cookie is the staff's alone."""
    app.config.update(
        SESSION_COOKIE_NAME="__Host-btb-staff" if settings.is_production else "btb-staff",
        SESSION_COOKIE_SECURE=settings.is_production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    LoginManager(app).user_loader(_load)


@console.before_request
def let_in() -> ResponseReturnValue | None:
    """Open a route for whom its rule names; without a rule it opens for nobody."""
    rule = getattr(current_app.view_functions[request.endpoint or ""], "access_rule", None)
    if rule is Open.ANYONE:
        return None
    if not current_user.is_authenticated:
        wished = request.full_path.removesuffix("?") if request.method == "GET" else None
        return redirect(url_for("console.sign_in", next=wished), 303)
    signed_in: SignedIn = current_user.signed_in
    g.signed_in = signed_in
    if signed_in.language and "lang" not in request.args:
        speak(signed_in.language)
    if not isinstance(rule, Permission) or not signed_in.may(rule):
        abort(404)
    return None


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
