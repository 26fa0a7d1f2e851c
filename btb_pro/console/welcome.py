"""The one-time link with which a colleague chooses a password. Opening it changes nothing."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from btb_pro.console.desk import Open, allow, console
from btb_pro.console.door import door_context, password_given
from btb_pro.console.forms import ConsoleForm, Shown, busy_notice, stale_notice
from btb_pro.console.keeping import Wish
from btb_pro.console.staff_words import password_sentence
from btb_pro.services.open_staff_links import StaffLinkState, find_link
from btb_pro.services.own_account import LinkSpent, PasswordRefused, choose_password_by_link
from btb_pro.services.passwords import LONGEST, RECOMMENDED, SHORTEST, TooManyAtOnce
from btb_pro.this_request import runtime, speak

_GONE = 410


@console.get("/welcome/<token>")
@allow(Open.ANYONE)
def welcome(token: str) -> ResponseReturnValue:
    """The page that asks for a password, or why the link does not."""
    return _show(token, Shown())


@console.post("/welcome/<token>")
@allow(Open.ANYONE)
def choose_password(token: str) -> ResponseReturnValue:
    """Set the password, then go on to the second factor."""
    if not ConsoleForm().is_sound():
        return _show(token, Shown(notice=stale_notice()))
    try:
        proven = choose_password_by_link(
            runtime(), door_context(), token, request.form.get("new_password", "")
        )
    except LinkSpent:
        return _show(token, Shown())
    except TooManyAtOnce:
        return _show(token, Shown(notice=busy_notice()), 503)
    except PasswordRefused as error:
        return _show(token, Shown(faults={"new_password": password_sentence(error.fault)}), 422)
    return password_given(proven, Wish())


def _show(token: str, shown: Shown, status: int = 200) -> ResponseReturnValue:
    with runtime().database.reading() as db:
        found = find_link(db, token)
        if found.staff is None:
            return _spent(found.state)
        if found.staff.language and "lang" not in request.args:
            speak(found.staff.language)
        page = render_template(
            "console/welcome.html",
            form=ConsoleForm(),
            shown=shown,
            staff=found.staff,
            shortest=SHORTEST,
            recommended=RECOMMENDED,
            longest=LONGEST,
        )
    return page, status


def _spent(state: StaffLinkState) -> ResponseReturnValue:
    if state is StaffLinkState.UNKNOWN:
        title = gettext("We do not know this link")
        told = gettext("Part of it may have been lost on the way. Copy the whole link once more.")
    elif state is StaffLinkState.USED:
        title = gettext("This link has been used")
        told = gettext("It works once. If it was you, sign in. If not, tell your administrator at once.")
    else:
        title = gettext("This link is too old")
        told = gettext("Ask your administrator for a new one.")
    page = render_template("console/error.html", title=title, paragraphs=[told], to_sign_in=True)
    return page, 404 if state is StaffLinkState.UNKNOWN else _GONE
