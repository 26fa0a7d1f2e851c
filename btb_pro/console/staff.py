"""The staff of the study: who there is, inviting a colleague, changing an account."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.forms import ConsoleForm, Shown, stale_notice, typed
from btb_pro.console.staff_words import (
    moment,
    role_name,
    role_names,
    sites_in_words,
    staff_fault_field,
    staff_sentence,
)
from btb_pro.models.staff import Staff
from btb_pro.roles import Permission, Role
from btb_pro.services.clock_steps import clock_step_in_the_news
from btb_pro.services.last_backup import last_backup_at
from btb_pro.services.staff_accounts import StaffDetails, add_staff, change_staff, disable_staff, enable_staff
from btb_pro.services.staff_faults import StaffRefused
from btb_pro.services.staff_links import INVITE_LASTS, RESET_LASTS, issue_link, link_address
from btb_pro.services.staff_listing import ListedStaff, list_staff, list_staff_periods
from btb_pro.services.staff_sessions import end_all_sessions

_ALL, _CHOSEN = "all", "chosen"


@console.get("/staff")
@allow(Permission.MANAGE_STAFF)
def staff() -> ResponseReturnValue:
    """Everybody who has or had an account."""
    with at_desk() as desk:
        return render_template(
            "console/staff.html",
            staff=list_staff(desk.db),
            role_name=role_name,
            sites=lambda codes: sites_in_words(desk.runtime.study, codes),
            moment=moment,
            backup_at=last_backup_at(desk.db),
            clock_step=clock_step_in_the_news(desk.db),
        )


@console.get("/staff/periods")
@allow(Permission.MANAGE_STAFF)
def staff_periods() -> ResponseReturnValue:
    """Who had which role where, from when to when, to be printed."""
    with at_desk() as desk:
        return render_template(
            "console/staff_periods.html",
            periods=list_staff_periods(desk.db),
            role_name=role_name,
            sites=lambda codes: sites_in_words(desk.runtime.study, codes),
            moment=moment,
        )


@console.get("/staff/new")
@allow(Permission.MANAGE_STAFF, confirmed=True)
def new_staff() -> ResponseReturnValue:
    """The form that invites a colleague."""
    with at_desk() as desk:
        return _show_form(desk, Shown(), [])


@console.post("/staff/new")
@allow(Permission.MANAGE_STAFF, confirmed=True)
def invite_staff() -> ResponseReturnValue:
    """Add an account, and show the link to hand over."""
    with at_desk(writes=True) as desk:
        if not ConsoleForm().is_sound():
            return _show_form(desk, _typed(stale_notice()), request.form.getlist("sites"))
        try:
            colleague = add_staff(desk.db, desk.context, desk.runtime, typed("email"), _details())
        except StaffRefused as error:
            return _refused(desk, error, None)
        return _new_link(desk, colleague)


@console.get("/staff/<int(max=2147483647):number>")
@allow(Permission.MANAGE_STAFF, confirmed=True)
def one_of_staff(number: int) -> ResponseReturnValue:
    """One account, and what can be done about it."""
    with at_desk() as desk:
        colleague = _colleague(desk, number)
        known = {
            "name": colleague.name,
            "role": colleague.role,
            "language": colleague.language or "",
            "reach": _ALL if colleague.is_for_all_sites else _CHOSEN,
        }
        return _show_form(desk, Shown(values=known), sorted(_listed(desk, colleague).sites or ()), colleague)


@console.post("/staff/<int(max=2147483647):number>")
@allow(Permission.MANAGE_STAFF, confirmed=True)
def change_one_of_staff(number: int) -> ResponseReturnValue:
    """Change name, role, hospitals or language; with a new role the person must sign in anew."""
    with at_desk(writes=True) as desk:
        colleague = _colleague(desk, number)
        if not ConsoleForm().is_sound():
            return _show_form(desk, _typed(stale_notice()), request.form.getlist("sites"), colleague)
        try:
            change_staff(desk.db, desk.context, desk.runtime, colleague, _details())
        except StaffRefused as error:
            return _refused(desk, error, colleague)
    flash(gettext("The account is changed."))
    return redirect(url_for("console.staff"), 303)


@console.post("/staff/<int(max=2147483647):number>/link")
@allow(Permission.MANAGE_STAFF, confirmed=True)
def new_link_for_staff(number: int) -> ResponseReturnValue:
    """A new link to choose a password with; older ones end. For a lost phone, the second factor goes too."""
    with at_desk(writes=True) as desk:
        colleague = _colleague(desk, number)
        if not ConsoleForm().is_sound() or colleague.disabled_at is not None:
            return redirect(url_for("console.one_of_staff", number=number), 303)
        is_lost = typed("act") == "second-factor"
        return _new_link(desk, colleague, forgets_second_factor=is_lost)


@console.post("/staff/<int(max=2147483647):number>/state")
@allow(Permission.MANAGE_STAFF, confirmed=True)
def change_state_of_staff(number: int) -> ResponseReturnValue:
    """Disable, enable, or sign out everywhere."""
    acts = {"disable": disable_staff, "enable": enable_staff, "sign-out": end_all_sessions}
    with at_desk(writes=True) as desk:
        colleague = _colleague(desk, number)
        act = acts.get(typed("act"))
        if not ConsoleForm().is_sound() or act is None:
            return redirect(url_for("console.one_of_staff", number=number), 303)
        try:
            act(desk.db, desk.context, colleague)
        except StaffRefused as error:
            flash(staff_sentence(error.fault))
            return redirect(url_for("console.one_of_staff", number=number), 303)
    flash(gettext("Done."))
    return redirect(url_for("console.staff"), 303)


def _colleague(desk: Desk, number: int) -> Staff:
    found = desk.db.get(Staff, number) if number < 2**31 else None
    if found is None:
        abort(404)
    return found


def _listed(desk: Desk, colleague: Staff) -> ListedStaff:
    return next(one for one in list_staff(desk.db) if one.number == colleague.id)


def _details() -> StaffDetails:
    role = typed("role")
    sites = None if typed("reach") == _ALL else frozenset(request.form.getlist("sites"))
    language = typed("language")
    if role not in set(Role) or language not in ("", "nb", "en"):
        abort(400)
    return StaffDetails(typed("name"), Role(role), sites, language or None)


def _typed(notice: str = "") -> Shown:
    names = ("email", "name", "role", "reach", "language")
    return Shown(values={name: typed(name) for name in names}, notice=notice)


def _refused(desk: Desk, error: StaffRefused, colleague: Staff | None) -> ResponseReturnValue:
    shown = _typed()
    shown.faults[staff_fault_field(error.fault)] = staff_sentence(error.fault)
    desk.db.rollback()
    page = _show_form(desk, shown, request.form.getlist("sites"), colleague)
    return page, 422


def _show_form(desk: Desk, shown: Shown, chosen: list[str], colleague: Staff | None = None) -> str:
    return render_template(
        "console/staff_form.html",
        form=ConsoleForm(),
        shown=shown,
        chosen=chosen,
        colleague=colleague,
        roles=role_names(),
        sites=[(site.code, site.name) for site in desk.runtime.study.sites],
        moment=moment,
    )


def _new_link(desk: Desk, colleague: Staff, *, forgets_second_factor: bool = False) -> str:
    sends_mail = desk.runtime.settings.mail_server is not None
    link = issue_link(
        desk.db,
        desk.context,
        desk.runtime,
        colleague,
        forgets_second_factor=forgets_second_factor,
        sends_mail=sends_mail,
    )
    lasts = INVITE_LASTS if colleague.password_hash is None else RESET_LASTS
    return render_template(
        "console/staff_link.html",
        colleague=colleague,
        address=link_address(desk.runtime, link),
        days=lasts.days,
        sends_mail=sends_mail,
    )
