"""Corrections as those who ask and those who decide see them, and the answers that came too late."""

from datetime import timedelta

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_timedelta, get_locale, gettext, lazy_gettext
from wtforms import TextAreaField

from btb_pro.console.correction_words import (
    answer_words,
    correction_phrase,
    fault_field,
    fault_sentence,
    question_of,
    reason_name,
    stored_words,
)
from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.forms import ConsoleForm, stale_notice
from btb_pro.console.phrases import asker_name, short_day, short_time
from btb_pro.console.scope import site_names, visit_titles
from btb_pro.instruments.answers import AnswerState, StoredAnswer
from btb_pro.models.participant import Visit
from btb_pro.models.response import Answer
from btb_pro.roles import Permission
from btb_pro.services.asked_corrections import (
    CorrectionState,
    ListedLateSave,
    list_corrections,
    list_late_saves,
    old_answer,
)
from btb_pro.services.correcting import FoundRequest, decide_correction, find_correction
from btb_pro.services.correction_faults import CorrectionFault, CorrectionRefused
from btb_pro.services.visit_answers import answer_on_file, find_asked


class DecisionForm(ConsoleForm):
    """Why a correction is accepted or refused."""

    why = TextAreaField(lazy_gettext("Why do you decide so?"))


@console.get("/corrections")
@allow(Permission.SEE_ANSWERS)
def corrections() -> ResponseReturnValue:
    """What was asked for at the own hospitals, the open ones first."""
    asked = request.args.get("state", "")
    state = CorrectionState(asked) if asked in set(CorrectionState) else None
    number = _page_asked()
    with at_desk() as desk:
        sites, titles = site_names(desk), visit_titles(desk)
        rows, has_more = list_corrections(desk.db, tuple(sites), state=state, page=number)
        listed = [(row, correction_phrase(row.state), _question(desk, row.visit, row.item)) for row in rows]
    return render_template(
        "console/corrections.html",
        rows=listed,
        sites=sites,
        titles=titles,
        asker_name=asker_name,
        short_time=short_time,
        chosen=state,
        states=[(one.value, correction_phrase(one).text) for one in CorrectionState],
        pages=_pages("console.corrections", number, has_more=has_more, state=state.value if state else None),
    )


@console.get("/corrections/<int(max=2147483647):number>")
@allow(Permission.SEE_ANSWERS)
def correction(number: int) -> ResponseReturnValue:
    """The answer as it is, what is asked for and why, and what was decided."""
    with at_desk() as desk:
        return _page(desk, _found(desk, number), DecisionForm())


@console.post("/corrections/<int(max=2147483647):number>")
@allow(Permission.DECIDE_CORRECTIONS, confirmed=True)
def decide(number: int) -> ResponseReturnValue:
    """Accept or refuse, for good."""
    with at_desk(writes=True) as desk:
        found, form = _found(desk, number), DecisionForm()
        decision = request.form.get("decision", "")
        if not form.is_sound() or decision not in ("accept", "refuse"):
            return _page(desk, found, form, stale_notice()), 422
        is_accepted = decision == "accept"
        try:
            decide_correction(
                desk.db,
                desk.context,
                desk.runtime,
                desk.signed_in,
                found,
                form.why.data or "",
                accepts=is_accepted,
            )
        except CorrectionRefused as error:
            return _refused(desk, found, form, error.why)
        study_number = found.participant.study_number
    words = gettext("Corrected: %(number)s. The earlier answer stays on record.", number=study_number)
    flash(words if is_accepted else gettext("Refused. The answer stays as it is."), "success")
    return redirect(url_for("console.correction", number=number), 303)


@console.get("/late-answers")
@allow(Permission.DECIDE_CORRECTIONS)
def late_answers() -> ResponseReturnValue:
    """What phones sent after a visit was sent in, beside what the visit holds."""
    number = _page_asked()
    with at_desk() as desk:
        sites, titles = site_names(desk), visit_titles(desk)
        rows, has_more = list_late_saves(desk.db, tuple(sites), page=number)
        listed = [_late_row(desk, row) for row in rows]
    return render_template(
        "console/late_answers.html",
        rows=listed,
        sites=sites,
        titles=titles,
        short_time=short_time,
        pages=_pages("console.late_answers", number, has_more=has_more),
    )


def _late_row(desk: Desk, row: ListedLateSave) -> tuple[ListedLateSave, str, str, str]:
    """The row with its question, what came, and the answer that counts now, in words."""
    asked = find_asked(desk.runtime, row.visit, row.row.item)
    if asked is None:
        return row, "", row.row.value or "", ""
    late = StoredAnswer(AnswerState(row.row.state), row.row.value)
    now = answer_on_file(desk.db, desk.db.get_one(Visit, row.row.visit_id), asked)
    return row, question_of(asked), stored_words(asked, late), answer_words(now)


def _found(desk: Desk, number: int) -> FoundRequest:
    found = find_correction(desk.db, number)
    if found is None:
        abort(404)
    desk.require_hospital(found.participant.site_code, found.participant.study_number)
    return found


def _refused(
    desk: Desk, found: FoundRequest, form: DecisionForm, why: CorrectionFault
) -> ResponseReturnValue:
    desk.db.rollback()
    found = _found(desk, found.request.id)
    if fault_field(why) == "why":
        form.why.errors = [fault_sentence(why)]
        return _page(desk, found, form), 422
    return _page(desk, found, form, fault_sentence(why)), 409


def _page(desk: Desk, found: FoundRequest, form: DecisionForm, notice: str = "") -> str:
    row, language = found.request, str(get_locale())
    asked = find_asked(desk.runtime, found.visit.code, row.item)
    if asked is None:
        # An amendment of the study has taken the question out; the list still shows that it was asked.
        abort(404)
    before = old_answer(desk.db, row)
    decision = found.decision
    may_decide = desk.signed_in.may(Permission.DECIDE_CORRECTIONS)
    state = CorrectionState.OPEN
    if decision is not None:
        state = CorrectionState.ACCEPTED if decision.is_accepted else CorrectionState.REFUSED
    return render_template(
        "console/correction.html",
        form=form,
        notice=notice,
        number=row.id,
        state=correction_phrase(state),
        study_number=found.participant.study_number,
        visit_code=found.visit.code,
        visit=desk.runtime.study.visit(found.visit.code).title[language],
        item=row.item,
        question=question_of(asked),
        old=stored_words(asked, _stored(before)),
        now=answer_words(answer_on_file(desk.db, found.visit, asked)),
        new=stored_words(asked, StoredAnswer(AnswerState(row.state), row.value)),
        age=_age(before, row.asked_at - before.received_at) if before else "",
        reason=reason_name(row.reason),
        request=row,
        asker=asker_name(row.asked_role),
        asked=short_time(row.asked_at),
        noticed=short_day(row.noticed_on),
        decision=decision,
        decided=short_time(decision.decided_at) if decision else "",
        may_decide=may_decide and decision is None and row.asked_by != desk.signed_in.email,
        is_own=may_decide and decision is None and row.asked_by == desk.signed_in.email,
    )


def _stored(row: Answer | None) -> StoredAnswer | None:
    return None if row is None else StoredAnswer(AnswerState(row.state), row.value)


def _age(row: Answer, since: timedelta) -> str:
    """When an answer came in, and how long before the correction was asked for."""
    words = format_timedelta(since, granularity="minute")
    return str(
        gettext("%(time)s, %(age)s before it was asked for", time=short_time(row.received_at), age=words)
    )


def _question(desk: Desk, visit: str, item: str) -> str:
    asked = find_asked(desk.runtime, visit, item)
    return question_of(asked) if asked else ""


def _page_asked() -> int:
    given = request.args.get("page", "1")
    return int(given) if given.isascii() and given.isdigit() and 0 < int(given[:9]) < 10**6 else 1


def _pages(endpoint: str, number: int, *, has_more: bool, state: str | None = None) -> dict[str, str]:
    def address(page: int) -> str:
        return url_for(endpoint, page=page, lang=request.args.get("lang"), state=state)

    return {
        "previous": address(number - 1) if number > 1 else "",
        "next": address(number + 1) if has_more else "",
        "previous_text": gettext("Previous"),
        "next_text": gettext("Next page"),
        "text": gettext("Page %(page)s", page=number),
    }
