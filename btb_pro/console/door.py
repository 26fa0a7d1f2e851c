"""What the pages before the console share: who has given a password, and what comes next."""

from datetime import datetime
from math import ceil

import segno
from flask import g, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user, login_user, logout_user
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.console.forms import ConsoleForm, Shown
from btb_pro.console.keeping import Holder, Wish, go_on, remember_browser
from btb_pro.models.staff import Staff
from btb_pro.services.audit import Actor, Context
from btb_pro.services.second_factor import new_secret, open_proposal, seal_proposal, setup_address
from btb_pro.services.signing_in import (
    PROVEN_FOR,
    Next,
    Proven,
    SignInRefused,
    find_proven,
    sign_in_without_code,
)
from btb_pro.services.staff_sessions import end_session, find_session
from btb_pro.this_request import request_id, runtime

_PROVEN = "proven"


def door_context() -> Context:
    """The context of somebody who is not signed in; the services put the account in once they know it."""
    return Context(Actor("staff", "unknown"), request_id=request_id(), study_version=runtime().study.version)


def show_sign_in(wish: Wish, shown: Shown, status: int = 200) -> ResponseReturnValue:
    """The page that asks who is there."""
    return render_template("console/sign_in.html", form=ConsoleForm(), wish=wish, shown=shown), status


def password_given(proven: Proven, wish: Wish) -> ResponseReturnValue:
    """Go on after a right password: into the console, to the code, or to setting up the second factor."""
    sign_out_here()
    if proven.next is Next.NOTHING:
        try:
            secret = sign_in_without_code(runtime(), door_context(), proven)
        except SignInRefused:
            return too_late(wish)
        return signed_in_as(secret, proven.staff_id, wish)
    session[_PROVEN] = [proven.staff_id, proven.mark, proven.next.value, clock.utc_text(clock.now())]
    if proven.next is Next.CODE:
        if wish.kept:
            return show_code(wish, Shown())
        return redirect(wish.by_way_of("console.code"), 303)
    if wish.kept:
        with runtime().database.reading() as db:
            return show_set_up(db, proven, wish, Shown())
    return redirect(wish.by_way_of("console.set_up"), 303)


def signed_in_as(secret: str, staff_id: int, wish: Wish) -> ResponseReturnValue:
    """Let the browser hold a new session, and nothing of what it held before; then go on."""
    hold(secret)
    remember_browser(staff_id)
    return go_on(wish, staff_id)


def hold(secret: str) -> None:
    """Put a new session into the browser's cookie in place of all that was there."""
    with runtime().database.reading() as db:
        found = find_session(db, secret)
    assert found is not None
    forget_cookie()
    login_user(Holder(secret, found))


def forget_cookie() -> None:
    """Begin the browser's cookie anew, and with it the token of the forms that this request may show."""
    session.clear()
    g.pop("csrf_token", None)


def sign_out_here() -> None:
    """End the session of this browser, and let its cookie hold nothing; whoever is out already stays out."""
    if current_user.is_authenticated:
        signed_in = current_user.signed_in
        house = runtime()
        with house.database.writing() as db:
            end_session(db, Context(signed_in.actor, request_id(), house.study.version), signed_in)
            db.commit()
        logout_user()
    forget_cookie()


def proven_before(wanted: Next) -> Proven | None:
    """The password that this browser has given a moment ago, when that is what comes next."""
    kept = session.get(_PROVEN)
    if kept is None:
        return None
    staff_id, mark, following, at = kept
    if following != wanted.value or clock.now() >= clock.read_utc(at) + PROVEN_FOR:
        return None
    return Proven(staff_id, mark, wanted)


def show_code(wish: Wish, shown: Shown, status: int = 200) -> ResponseReturnValue:
    """The page that asks for the code of the app."""
    return render_template("console/code.html", form=ConsoleForm(), wish=wish, shown=shown), status


def show_set_up(
    db: Session, proven: Proven, wish: Wish, shown: Shown, sealed: str = "", status: int = 200
) -> ResponseReturnValue:
    """The page that sets up the second factor of somebody who is at the door."""
    staff = find_proven(db, proven)
    if staff is None:
        return too_late(wish)
    return show_proposal(staff, wish, shown, sealed, url_for("console.set_up"), status)


def show_proposal(
    staff: Staff, wish: Wish, shown: Shown, sealed: str, action: str, status: int = 200
) -> ResponseReturnValue:
    """A secret as QR code and as text, the same one as long as its page is shown again."""
    house = runtime()
    secret = (sealed and open_proposal(house.sealer, staff, sealed)) or new_secret()
    address = setup_address(secret, staff.email, house.study.name[house.study.languages[0]])
    page = render_template(
        "console/second_factor.html",
        form=ConsoleForm(),
        wish=wish,
        shown=shown,
        action=action,
        sealed=seal_proposal(house.sealer, staff, secret),
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        address=address,
        picture=segno.make(address, error="m").png_data_uri(scale=5, border=4),
    )
    return page, status


def too_late(wish: Wish) -> ResponseReturnValue:
    """Begin anew: too long after the password, or the password has changed."""
    return show_sign_in(wish, Shown(notice=gettext("That took too long. Please sign in once more.")), 403)


def refusal_notice(error: SignInRefused, wrong: str) -> tuple[str, int]:
    """The sentence and the status of a refused try; `wrong` is the sentence without a pause."""
    if error.until is None:
        return wrong, 422
    wait = waiting_words(error.until)
    if error.was_checked:
        return f"{wrong} {wait}", 422
    return wait, 429


def waiting_words(until: datetime) -> str:
    """How long to wait before the next try."""
    seconds = max(1, ceil((until - clock.now()).total_seconds()))
    if seconds < 90:
        return str(
            ngettext(
                "Wait %(num)s second before you try again.",
                "Wait %(num)s seconds before you try again.",
                seconds,
            )
        )
    minutes = ceil(seconds / 60)
    return str(
        ngettext(
            "Wait %(num)s minute before you try again.", "Wait %(num)s minutes before you try again.", minutes
        )
    )
