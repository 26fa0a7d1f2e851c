"""The own account: password, second factor, recovery codes, sessions, language."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from btb_pro.console.desk import Desk, allow, at_desk, console, signed_in
from btb_pro.console.door import hold, refusal_notice, show_proposal
from btb_pro.console.forms import ConsoleForm, Shown, busy_notice, stale_notice, typed
from btb_pro.console.keeping import Wish, caller
from btb_pro.console.staff_words import moment, password_sentence, role_name, sites_in_words
from btb_pro.models.staff import Staff
from btb_pro.roles import Permission
from btb_pro.services.own_account import (
    CodeRefused,
    PasswordRefused,
    change_password,
    new_recovery_codes,
    set_up_second_factor,
)
from btb_pro.services.passwords import LONGEST, RECOMMENDED, SHORTEST, TooManyAtOnce
from btb_pro.services.second_factor import recovery_codes_left
from btb_pro.services.signing_in import SignInRefused, check_password
from btb_pro.services.staff_accounts import set_language
from btb_pro.services.staff_sessions import end_all_sessions, end_session, open_sessions
from btb_pro.this_request import runtime


@console.get("/account")
@allow(Permission.OWN_ACCOUNT)
def account() -> ResponseReturnValue:
    """What a person may see and change about the own account."""
    return _show(Shown())


@console.post("/account/language")
@allow(Permission.OWN_ACCOUNT)
def change_language() -> ResponseReturnValue:
    """The language of the own pages."""
    language = typed("language")
    if not ConsoleForm().is_sound() or language not in runtime().study.languages:
        return _show(Shown(notice=stale_notice()))
    with at_desk(writes=True) as desk:
        set_language(desk.db, desk.context, _me(desk), language)
    return redirect(url_for("console.account"), 303)


@console.post("/account/password")
@allow(Permission.OWN_ACCOUNT)
def change_own_password() -> ResponseReturnValue:
    """Change the password, given the old one; every other browser is signed out."""
    me = signed_in()
    if not ConsoleForm().is_sound():
        return _show(Shown(notice=stale_notice()))
    with at_desk() as desk:
        context = desk.context
    try:
        check_password(runtime(), context, me.email, request.form.get("password", ""), caller())
        new = request.form.get("new_password", "")
        secret = change_password(runtime(), context, me.staff_id, me.session_id, new)
    except TooManyAtOnce:
        return _show(Shown(notice=busy_notice()), 503)
    except SignInRefused as error:
        sentence, status = refusal_notice(error, gettext("The password that you have now is another."))
        return _show(Shown(faults={"password": sentence}), status)
    except PasswordRefused as error:
        return _show(Shown(faults={"new_password": password_sentence(error.fault)}), 422)
    hold(secret)
    flash(gettext("Your password is changed. Other browsers are signed out."))
    return redirect(url_for("console.account"), 303)


@console.get("/account/second-factor")
@allow(Permission.OWN_ACCOUNT, confirmed=True)
def second_factor() -> ResponseReturnValue:
    """A new secret to set up in the app."""
    with at_desk() as desk:
        return show_proposal(_me(desk), Wish(), Shown(), "", url_for("console.second_factor"))


@console.post("/account/second-factor")
@allow(Permission.OWN_ACCOUNT, confirmed=True)
def replace_second_factor() -> ResponseReturnValue:
    """Take the first code of the new secret; the old one counts no more."""
    sealed, action = typed("sealed"), url_for("console.second_factor")
    shown = Shown()
    with at_desk(writes=True) as desk:
        me = _me(desk)
        if not ConsoleForm().is_sound():
            shown.notice = stale_notice()
            return show_proposal(me, Wish(), shown, sealed, action)
        number = desk.signed_in.session_id
        try:
            made = set_up_second_factor(
                desk.db, desk.context, desk.runtime, me, sealed, typed("code"), number
            )
        except CodeRefused:
            shown.faults["code"] = gettext("The code does not fit. Wait for the next one and type that.")
            return show_proposal(me, Wish(), shown, sealed, action, 422)
    hold(made.secret)
    return _show_codes(made.recovery_codes)


@console.post("/account/recovery-codes")
@allow(Permission.OWN_ACCOUNT, confirmed=True)
def renew_codes() -> ResponseReturnValue:
    """Ten new recovery codes, shown once."""
    if not ConsoleForm().is_sound():
        return _show(Shown(notice=stale_notice()))
    with at_desk(writes=True) as desk:
        codes = new_recovery_codes(desk.db, desk.context, _me(desk))
    return _show_codes(codes)


@console.post("/account/sessions")
@allow(Permission.OWN_ACCOUNT)
def end_sessions() -> ResponseReturnValue:
    """Sign out another browser, or all of them, this one too."""
    if not ConsoleForm().is_sound():
        return _show(Shown(notice=stale_notice()))
    number = typed("session")
    with at_desk(writes=True) as desk:
        if number.isascii() and number.isdigit() and len(number) < 10:
            end_session(desk.db, desk.context, desk.signed_in, int(number))
        else:
            end_all_sessions(desk.db, desk.context, _me(desk))
    return redirect(url_for("console.account"), 303)


def _me(desk: Desk) -> Staff:
    return desk.db.get_one(Staff, desk.signed_in.staff_id)


def _show(shown: Shown, status: int = 200) -> ResponseReturnValue:
    with at_desk() as desk:
        me = _me(desk)
        page = render_template(
            "console/account.html",
            form=ConsoleForm(),
            shown=shown,
            me=desk.signed_in,
            role=role_name(desk.signed_in.role),
            sites=sites_in_words(desk.runtime.study, desk.signed_in.sites),
            has_second_factor=me.totp_sealed is not None,
            codes_left=recovery_codes_left(desk.db, me.id),
            sessions=open_sessions(desk.db, me.id),
            moment=moment,
            shortest=SHORTEST,
            recommended=RECOMMENDED,
            longest=LONGEST,
        )
    return page, status


def _show_codes(codes: tuple[str, ...]) -> ResponseReturnValue:
    return render_template(
        "console/recovery_codes.html", codes=codes, kept=None, going_on=url_for("console.account")
    )
