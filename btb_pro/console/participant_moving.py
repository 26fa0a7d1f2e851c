"""Setting day 0, and one visit's day and hour: shown first, with every old and new day, then done."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from btb_pro import clock
from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.fault_words import fault_text
from btb_pro.console.participant_forms import ChangeForm, Day0Form, VisitForm
from btb_pro.console.participant_page import titles_of
from btb_pro.console.participant_words import (
    appointment_text,
    day_or_dash,
    days_from_to,
    move_text,
    stays_text,
    told_changes,
)
from btb_pro.models.participant import Participant
from btb_pro.roles import Permission
from btb_pro.services.change_history import ChangedMeanwhile, newest_event
from btb_pro.services.moving import VisitDay, appointment_of, move_visit, set_day0
from btb_pro.services.participant_checks import DayRefused, read_day
from btb_pro.services.visit_plan import (
    MoveFault,
    MoveRefused,
    PlannedVisit,
    plan_of_day0,
    plan_of_visit,
    visits_of,
)
from btb_pro.study import VisitWindow


@dataclass(frozen=True, slots=True)
class MovedRow:
    """One visit before and after, in words."""

    title: str
    old_day: str
    new_day: str
    old_window: str
    new_window: str
    stays: str


@console.get("/participants/<number>/day0")
@allow(Permission.CHANGE_PARTICIPANTS)
def day0_page(number: str) -> ResponseReturnValue:
    """The form with day 0 as it is."""
    with at_desk() as desk:
        found, form = desk.participant(number), Day0Form()
        form.day0.data = found.day0.isoformat() if found.day0 else ""
        return _show(desk, found, form)


@console.post("/participants/<number>/day0")
@allow(Permission.CHANGE_PARTICIPANTS)
def save_day0(number: str) -> ResponseReturnValue:
    """Show what would move; or, once that was confirmed, move it."""
    form = Day0Form()
    with at_desk(writes=True) as desk:
        found = desk.participant(number)
        if not form.validate_on_submit():
            return _show(desk, found, form, is_stale=True)
        try:
            day = read_day(form.day0.data or "")
            if request.form.get("step") != "save":
                plan = plan_of_day0(desk.db, desk.runtime.study, found, day)
                return _show(desk, found, form, plan=plan)
            set_day0(desk.db, desk.context, desk.runtime, found, day, form.seen_event)
        except DayRefused as error:
            form.day0.errors = [fault_text(error.fault)]
            return _show(desk, found, form, status=422)
        except MoveRefused as error:
            form.day0.errors = [move_text(error, titles_of(desk))]
            return _show(desk, found, form, status=422)
        except ChangedMeanwhile as error:
            return _show(desk, found, form, meanwhile=error, status=409)
    flash(gettext("Day 0 is %(day)s now, and the visits have moved.", day=day_or_dash(day)), "success")
    return redirect(url_for("console.participant", number=number), 303)


@console.get("/participants/<number>/visits/<code>")
@allow(Permission.CHANGE_PARTICIPANTS)
def visit_page(number: str, code: str) -> ResponseReturnValue:
    """The form with the visit's day and hour as they are."""
    with at_desk() as desk:
        found, form = desk.participant(number), VisitForm()
        row = next((one for one in visits_of(desk.db, desk.runtime.study, found) if one.code == code), None)
        if row is None:
            abort(404)
        form.day.data = row.planned_on.isoformat() if row.planned_on else ""
        form.hour.data = appointment_text(row.begins_at)
        return _show(desk, found, form, code=code)


@console.post("/participants/<number>/visits/<code>")
@allow(Permission.CHANGE_PARTICIPANTS)
def save_visit(number: str, code: str) -> ResponseReturnValue:
    """Show what would move; or, once that was confirmed, move it."""
    form = VisitForm()
    with at_desk(writes=True) as desk:
        found = desk.participant(number)
        if not form.validate_on_submit():
            return _show(desk, found, form, code=code, is_stale=True)
        try:
            wished = VisitDay(
                None if form.is_counted.data else read_day(form.day.data or ""), form.hour.data or ""
            )
            if request.form.get("step") != "save":
                plan = plan_of_visit(desk.db, desk.runtime.study, found, code, wished.planned_on)
                appointment_of(plan, wished)
                return _show(desk, found, form, code=code, plan=[plan])
            move_visit(desk.db, desk.context, desk.runtime, found, code, wished, form.seen_event)
        except DayRefused as error:
            form.day.errors = [fault_text(error.fault)]
            return _show(desk, found, form, code=code, status=422)
        except MoveRefused as error:
            return _refused_visit(desk, found, form, code, error)
        except ChangedMeanwhile as error:
            return _show(desk, found, form, code=code, meanwhile=error, status=409)
    flash(gettext("The visit is saved."), "success")
    return redirect(url_for("console.participant", number=number), 303)


def _refused_visit(
    desk: Desk, found: Participant, form: VisitForm, code: str, error: MoveRefused
) -> ResponseReturnValue:
    if error.fault is MoveFault.VISIT_UNKNOWN:
        abort(404)
    field = form.hour if error.fault is MoveFault.HOUR_ILLEGAL else form.day
    field.errors = [move_text(error, titles_of(desk))]
    return _show(desk, found, form, code=code, status=422)


def _show(
    desk: Desk,
    found: Participant,
    form: ChangeForm,
    *,
    code: str = "",
    plan: Sequence[PlannedVisit] = (),
    meanwhile: ChangedMeanwhile | None = None,
    is_stale: bool = False,
    status: int = 200,
) -> ResponseReturnValue:
    if form.seen.data is None or meanwhile is not None:
        form.seen.data = f"{newest_event(desk.db, found.study_number)}"
    titles = titles_of(desk)
    html = render_template(
        "console/participant/visit.html" if code else "console/participant/day0.html",
        participant=found,
        form=form,
        title=titles.get(code, code),
        plan=[_row(one, titles) for one in plan],
        changes=told_changes(meanwhile.changes, titles) if meanwhile else [],
        is_stale=is_stale,
    )
    return html, status


def _row(one: PlannedVisit, titles: dict[str, str]) -> MovedRow:
    return MovedRow(
        title=titles.get(one.code, one.code),
        old_day=day_or_dash(one.old.planned_on),
        new_day=day_or_dash(one.new.planned_on),
        old_window=_window(one.old),
        new_window=_window(one.new),
        stays=stays_text(one.stays) if one.stays else "",
    )


def _window(window: VisitWindow) -> str:
    if window.opens_at is None or window.closes_at is None:
        return "–"
    opens_on = window.opens_at.astimezone(clock.OSLO).date()
    return days_from_to(opens_on, clock.last_day(window.closes_at))
