"""The keys of other programs: which there are, making one, which is shown once, and revoking one."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.forms import ConsoleForm, Shown, stale_notice, typed
from btb_pro.console.key_words import fault_field, fault_sentence, scope_names, scope_words, state_words
from btb_pro.console.staff_words import moment
from btb_pro.roles import Permission, Scope
from btb_pro.services.api_keys import KeyRefused, NewKey, add_key, list_keys, revoke_key


@console.get("/api-keys")
@allow(Permission.MANAGE_API_KEYS)
def api_keys() -> ResponseReturnValue:
    """Every key that there is or was, with what it opens and when it was last used."""
    with at_desk() as desk:
        return render_template(
            "console/api_keys.html",
            keys=list_keys(desk.db),
            form=ConsoleForm(),
            scope_words=scope_words,
            state_words=state_words,
            moment=moment,
        )


@console.get("/api-keys/new")
@allow(Permission.MANAGE_API_KEYS, confirmed=True)
def new_api_key() -> ResponseReturnValue:
    """The form that makes a key."""
    with at_desk() as desk:
        return _show_form(desk, Shown(values={"days": "365"}))


@console.post("/api-keys/new")
@allow(Permission.MANAGE_API_KEYS, confirmed=True)
def make_api_key() -> ResponseReturnValue:
    """Make a key, and show it: now or never."""
    values = {name: typed(name) for name in ("name", "site", "days")}
    shown = Shown(values=values)
    with at_desk(writes=True) as desk:
        if not ConsoleForm().is_sound():
            shown.notice = stale_notice()
            return _show_form(desk, shown)
        try:
            new = NewKey(values["name"], _scopes(), values["site"] or None, _days(values["days"]))
            secret = add_key(desk.db, desk.context, desk.runtime.study, new)
        except KeyRefused as error:
            shown.faults.update({fault_field(fault): fault_sentence(fault) for fault in error.faults})
            return _show_form(desk, shown), 422
        return render_template("console/api_key.html", name=new.name.strip(), secret=secret)


@console.post("/api-keys/revoke")
@allow(Permission.MANAGE_API_KEYS, confirmed=True)
def revoke_api_key() -> ResponseReturnValue:
    """Let a key open nothing more."""
    with at_desk(writes=True) as desk:
        if not ConsoleForm().is_sound():
            flash(stale_notice(), "warning")
            return redirect(url_for("console.api_keys"), 303)
        try:
            revoke_key(desk.db, desk.context, typed("name"))
        except KeyRefused as error:
            flash(fault_sentence(error.faults[0]), "warning")
            return redirect(url_for("console.api_keys"), 303)
    flash(gettext("The key is revoked."))
    return redirect(url_for("console.api_keys"), 303)


def _scopes() -> list[Scope]:
    return [scope for scope in Scope if scope.value in request.form.getlist("scopes")]


def _days(text: str) -> int | None:
    """A number of days; one that is none is 0, which no key lasts."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0


def _show_form(desk: Desk, shown: Shown) -> str:
    return render_template(
        "console/api_key_form.html",
        form=ConsoleForm(),
        shown=shown,
        scopes=scope_names(),
        chosen=request.form.getlist("scopes"),
        sites=[(site.code, site.name) for site in desk.runtime.study.sites],
    )
