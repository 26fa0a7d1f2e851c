"""Asking for a correction: the data manager and the monitor, or the investigator in a participant's name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, lazy_gettext
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, SelectField, StringField, TextAreaField

from btb_pro import clock
from btb_pro.console.answers_page import visit_at
from btb_pro.console.correction_words import (
    answer_words,
    fault_field,
    fault_sentence,
    question_of,
    reason_name,
)
from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.forms import ConsoleForm, stale_notice
from btb_pro.console.keying import KeyField, Typing, key_items, read_typed
from btb_pro.console.phrases import short_time
from btb_pro.instruments.answers import AnswerState, StoredAnswer
from btb_pro.models.participant import Participant, Visit
from btb_pro.roles import Permission
from btb_pro.services.asked_corrections import find_late_save
from btb_pro.services.correcting import FromParticipant, Wanted, ask_correction
from btb_pro.services.correction_faults import CorrectionFault, CorrectionRefused, Reason
from btb_pro.services.made_requests import find_request
from btb_pro.services.untaken_answers import note_refused_answers
from btb_pro.services.visit_answers import AskedField, answer_on_file, find_asked


class CorrectionForm(ConsoleForm):
    """What is asked for, beside the answer itself, whose field bears its own code."""

    declines = BooleanField(lazy_gettext("The participant prefers not to answer"))
    reason = SelectField(lazy_gettext("What went wrong?"), validate_choice=False)
    why = TextAreaField(lazy_gettext("Reason in words"))
    source = StringField(lazy_gettext("Where does the right answer stand?"))
    noticed_on = StringField(lazy_gettext("On which day was it noticed?"))


@dataclass(frozen=True, slots=True)
class Asking:
    """One question that somebody asks a correction of."""

    participant: Participant
    visit: Visit
    asked: AskedField
    back: str
    origin: FromParticipant | None = None
    first: Mapping[str, str] = field(default_factory=dict)
    """What the form begins with."""
    typed: tuple[str, ...] = ()
    """The answer that it begins with."""


@console.route("/participants/<number>/answers/<visit>/<field>", methods=["GET", "POST"])
@allow(Permission.ASK_CORRECTIONS)
def ask(number: str, visit: str, field: str) -> ResponseReturnValue:
    """The data manager or monitor asks."""
    with at_desk(writes=request.method == "POST") as desk:
        participant = desk.participant(number)
        row = visit_at(desk, participant, visit)
        back = url_for("console.answers", number=number, visit=visit)
        return _answer(desk, Asking(participant, row, _asked(desk, row, field), back))


@console.route("/requests/<int(max=2147483647):wish>/answers/<field>", methods=["GET", "POST"])
@allow(Permission.DECIDE_CORRECTIONS)
def ask_for_wish(wish: int, field: str) -> ResponseReturnValue:
    """The participant asks, by a wish that the investigator has read."""
    with at_desk(writes=request.method == "POST") as desk:
        found = find_request(desk.db, wish)
        if found is None or found.request.what is None:
            abort(404)
        participant = desk.participant(found.participant.study_number)
        row = visit_at(desk, participant, found.visit.code)
        received = found.request.received_at
        first = {
            "source": gettext("The participant’s wish of %(time)s", time=short_time(received)),
            "noticed_on": received.astimezone(clock.OSLO).date().isoformat(),
        }
        back = url_for("console.answers_of_wish", wish=wish)
        origin = FromParticipant(wish_id=wish)
        return _answer(desk, Asking(participant, row, _asked(desk, row, field), back, origin, first))


@console.route("/late-answers/<int(max=2147483647):late>", methods=["GET", "POST"])
@allow(Permission.DECIDE_CORRECTIONS)
def ask_for_late(late: int) -> ResponseReturnValue:
    """The participant asks, by an answer that came too late."""
    with at_desk(writes=request.method == "POST") as desk:
        found = find_late_save(desk.db, [one.code for one in desk.runtime.study.sites], late)
        if found is None:
            abort(404)
        participant = desk.participant(found.study_number)
        row = visit_at(desk, participant, found.visit)
        received = found.row.received_at
        first = {
            "reason": Reason.CAME_LATE.value,
            "source": gettext("The answer that came too late, %(time)s", time=short_time(received)),
            "noticed_on": received.astimezone(clock.OSLO).date().isoformat(),
            "declines": "y" if found.row.state == AnswerState.DECLINED else "",
        }
        asked = _asked(desk, row, found.row.item)
        is_several = asked.field.kind.value == "codes"
        value = found.row.value or ""
        typed = tuple(value.split(" ")) if is_several else (value,)
        origin = FromParticipant(late_save_id=late)
        back = url_for("console.late_answers")
        return _answer(desk, Asking(participant, row, asked, back, origin, first, typed))


def _asked(desk: Desk, visit: Visit, code: str) -> AskedField:
    asked = find_asked(desk.runtime, visit.code, code)
    if asked is None:
        abort(404)
    return asked


def _answer(desk: Desk, asking: Asking) -> ResponseReturnValue:
    form = _form(asking)
    if request.method != "POST":
        return _page(desk, asking, form)
    if not form.is_sound():
        return _page(desk, asking, form, stale_notice()), 422
    typed = read_typed([asking.asked.item], request.form)
    if not form.declines.data:
        _note_refused(desk, asking, typed)
    wanted = _wanted(asking, form, typed)
    if wanted is None:
        return _page(desk, asking, form), 422
    try:
        made = ask_correction(
            desk.db, desk.context, desk.runtime, desk.signed_in, asking.visit, wanted, asking.origin
        )
    except CorrectionRefused as error:
        return _page(desk, asking, form, _mark(form, error.why)), 422
    flash(gettext("The correction is asked for. Nothing has changed yet."), "success")
    return redirect(url_for("console.correction", number=made.id), 303)


def _form(asking: Asking) -> CorrectionForm:
    begins = {"noticed_on": clock.today().isoformat(), "reason": Reason.SLIP.value, **asking.first}
    form = CorrectionForm(data={**begins, "declines": bool(asking.first.get("declines"))})
    form.reason.choices = [(one.value, reason_name(one)) for one in Reason]
    return form


def _note_refused(desk: Desk, asking: Asking, typed: Typing) -> None:
    """Let the trail tell the new value if it cannot be, and why."""
    asked = asking.asked
    refused = {code: why for code, why in typed.refused.items() if code == asked.field.code}
    values = {code: request.form.getlist(code) for code in refused}
    place = f"{asking.visit.code}/{asked.instrument.code}"
    number = asking.participant.study_number
    note_refused_answers(desk.db, desk.context, number, place, refused, values)


def _wanted(asking: Asking, form: CorrectionForm, typed: Typing) -> Wanted | None:
    """What the form asks for; None when a field of it makes no sense, which it then says."""
    code = asking.asked.field.code
    noticed_on = _day(form.noticed_on.data or "")
    reason = form.reason.data or ""
    if noticed_on is None:
        form.noticed_on.errors = [gettext("Write a day like 2026-01-31.")]
    if reason not in set(Reason):
        form.reason.errors = [gettext("Choose one of the reasons.")]
    if noticed_on is None or reason not in set(Reason) or (code in typed.refused and not form.declines.data):
        return None
    value = None if form.declines.data else typed.values[code]
    blank = AnswerState.DECLINED if form.declines.data else AnswerState.CLEARED
    return Wanted(
        field=code,
        becomes=StoredAnswer(blank if value is None else AnswerState.ANSWERED, value),
        reason=Reason(reason),
        why=form.why.data or "",
        source=form.source.data or "",
        noticed_on=noticed_on,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _mark(form: CorrectionForm, fault: CorrectionFault) -> str:
    """Put a fault at its field, or give the sentence that stands above the form."""
    name = fault_field(fault)
    if not name:
        return fault_sentence(fault)
    form[name].errors = [fault_sentence(fault)]
    return ""


def _page(desk: Desk, asking: Asking, form: CorrectionForm, notice: str = "") -> str:
    language = str(get_locale())
    now = answer_on_file(desk.db, asking.visit, asking.asked)
    shown = _field(asking, language)
    return render_template(
        "console/correction_ask.html",
        form=form,
        field=shown,
        notice=notice,
        has_fault=bool(notice or shown.error or form.errors),
        back=asking.back,
        study_number=asking.participant.study_number,
        visit=desk.runtime.study.visit(asking.visit.code).title[language],
        question=question_of(asking.asked),
        answer=answer_words(now),
        received=short_time(now.received_at) if now.received_at else "",
        is_for_participant=asking.origin is not None,
    )


def _field(asking: Asking, language: str) -> KeyField:
    """The control for the answer, with what was typed, or what it begins with."""
    item, code = asking.asked.item, asking.asked.field.code
    is_sent = request.method == "POST"
    sent = request.form if is_sent else MultiDict([(code, one) for one in asking.typed])
    refused = read_typed([item], request.form).refused if is_sent else {}
    (shown,) = key_items(asking.asked.instrument, [item], language, sent, refused)
    return next(one for one in shown.fields if one.code == code)
