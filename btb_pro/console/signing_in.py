"""Signing in and out: password, then code; for whoever comes first, setting the second factor up."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from btb_pro.console.desk import Open, allow, console
from btb_pro.console.door import (
    door_context,
    hold,
    password_given,
    proven_before,
    refusal_notice,
    show_code,
    show_set_up,
    show_sign_in,
    sign_out_here,
    signed_in_as,
    too_late,
)
from btb_pro.console.forms import ConsoleForm, Shown, busy_notice, stale_notice, typed
from btb_pro.console.keeping import caller, open_kept, remember_browser, wish_of_request
from btb_pro.services.own_account import CodeRefused, set_up_second_factor
from btb_pro.services.passwords import TooManyAtOnce
from btb_pro.services.signing_in import Next, SignInRefused, check_code, check_password, find_proven
from btb_pro.this_request import runtime


@console.get("/sign-in")
@allow(Open.ANYONE)
def sign_in() -> ResponseReturnValue:
    """The page that asks who is there."""
    wish = wish_of_request()
    if current_user.is_authenticated:
        return redirect(wish.next or url_for("console.today"), 303)
    return show_sign_in(wish, Shown())


@console.post("/sign-in")
@allow(Open.ANYONE)
def give_password() -> ResponseReturnValue:
    """Check e-mail and password."""
    wish = wish_of_request()
    shown = Shown(values={"email": typed("email")})
    if not ConsoleForm().is_sound():
        shown.notice = stale_notice()
        return show_sign_in(wish, shown)
    try:
        proven = check_password(
            runtime(), door_context(), typed("email"), request.form.get("password", ""), caller()
        )
        return password_given(proven, wish)
    except TooManyAtOnce:
        shown.notice = busy_notice()
        return show_sign_in(wish, shown, 503)
    except SignInRefused as error:
        wrong = gettext("The e-mail address or the password is wrong.")
        shown.notice, status = refusal_notice(error, wrong)
        return show_sign_in(wish, shown, status)


@console.get("/sign-in/code")
@allow(Open.ANYONE)
def code() -> ResponseReturnValue:
    """The page that asks for the code of the app."""
    wish = wish_of_request()
    if proven_before(Next.CODE) is None:
        return redirect(wish.by_way_of("console.sign_in"), 303)
    return show_code(wish, Shown())


@console.post("/sign-in/code")
@allow(Open.ANYONE)
def give_code() -> ResponseReturnValue:
    """Check the code and sign in."""
    wish = wish_of_request()
    proven = proven_before(Next.CODE)
    if proven is None:
        return too_late(wish)
    if not ConsoleForm().is_sound():
        return show_code(wish, Shown(notice=stale_notice()))
    try:
        secret = check_code(runtime(), door_context(), proven, typed("code"), caller())
    except SignInRefused as error:
        if not error.was_checked and error.until is None:
            return too_late(wish)
        wrong = gettext("The code is wrong, or it was used before. Wait for the next one.")
        notice, status = refusal_notice(error, wrong)
        return show_code(wish, Shown(notice=notice), status)
    return signed_in_as(secret, proven.staff_id, wish)


@console.get("/sign-in/second-factor")
@allow(Open.ANYONE)
def set_up() -> ResponseReturnValue:
    """The page that sets up the second factor before the first visit to the console."""
    wish = wish_of_request()
    proven = proven_before(Next.SET_UP)
    if proven is None:
        return redirect(wish.by_way_of("console.sign_in"), 303)
    with runtime().database.reading() as db:
        return show_set_up(db, proven, wish, Shown())


@console.post("/sign-in/second-factor")
@allow(Open.ANYONE)
def prove_set_up() -> ResponseReturnValue:
    """Take the first code of the app, sign in, and show the recovery codes."""
    wish = wish_of_request()
    proven = proven_before(Next.SET_UP)
    if proven is None:
        return too_late(wish)
    shown = Shown()
    with runtime().database.writing() as db:
        staff = find_proven(db, proven)
        if staff is None or staff.totp_sealed is not None:
            return too_late(wish)
        if not ConsoleForm().is_sound():
            shown.notice = stale_notice()
            return show_set_up(db, proven, wish, shown, typed("sealed"))
        try:
            made = set_up_second_factor(db, door_context(), runtime(), staff, typed("sealed"), typed("code"))
        except CodeRefused:
            shown.faults["code"] = gettext("The code does not fit. Wait for the next one and type that.")
            return show_set_up(db, proven, wish, shown, typed("sealed"), 422)
        db.commit()
    hold(made.secret)
    remember_browser(proven.staff_id)
    kept = open_kept(wish.kept, proven.staff_id)
    return render_template(
        "console/recovery_codes.html", codes=made.recovery_codes, kept=kept, going_on=wish.next
    )


@console.post("/sign-out")
@allow(Open.ANYONE)
def sign_out() -> ResponseReturnValue:
    """End the session of this browser. Whoever is out already stays out.

    A stale token must keep nobody signed in on a desk that is shared; where the form comes from was checked.
    """
    sign_out_here()
    return redirect(url_for("console.sign_in"), 303)
