"""Asking for the password once more before what must not be done by whoever finds an open screen."""

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from btb_pro.console.desk import allow, at_desk, console, signed_in
from btb_pro.console.door import hold, refusal_notice
from btb_pro.console.forms import ConsoleForm, Shown, busy_notice, stale_notice
from btb_pro.console.keeping import Wish, caller, go_on, wish_of_request
from btb_pro.roles import Permission
from btb_pro.services.passwords import TooManyAtOnce
from btb_pro.services.signing_in import SignInRefused
from btb_pro.services.signing_in import confirm as confirm_password
from btb_pro.this_request import runtime


def ask_to_confirm(wish: Wish) -> ResponseReturnValue:
    """For the gate: the page that asks, with what was typed on the way kept."""
    if wish.kept:
        return show_confirm(wish, Shown(), 403)
    return redirect(wish.by_way_of("console.confirm"), 303)


def show_confirm(wish: Wish, shown: Shown, status: int = 200) -> ResponseReturnValue:
    """The page that asks for the password."""
    return render_template("console/confirm.html", form=ConsoleForm(), wish=wish, shown=shown), status


@console.get("/confirm")
@allow(Permission.OWN_ACCOUNT)
def confirm() -> ResponseReturnValue:
    """The page that asks for the password."""
    return show_confirm(wish_of_request(), Shown())


@console.post("/confirm")
@allow(Permission.OWN_ACCOUNT)
def give_password_again() -> ResponseReturnValue:
    """Check it, go on in a fresh session, and to what was wished for."""
    wish, me = wish_of_request(), signed_in()
    if not ConsoleForm().is_sound():
        return show_confirm(wish, Shown(notice=stale_notice()))
    with at_desk() as desk:
        context = desk.context
    try:
        password = request.form.get("password", "")
        secret = confirm_password(runtime(), context, me.email, me.session_id, password, caller())
    except TooManyAtOnce:
        return show_confirm(wish, Shown(notice=busy_notice()), 503)
    except SignInRefused as error:
        notice, status = refusal_notice(error, gettext("The password is wrong."))
        return show_confirm(wish, Shown(notice=notice), status)
    hold(secret)
    return go_on(wish, me.staff_id)
