"""The answers of one visit, for those who may see them, with the way to a correction of each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from wtforms import IntegerField

from btb_pro.console.correction_words import answer_words, question_of
from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.forms import ConsoleForm, stale_notice
from btb_pro.console.phrases import short_time
from btb_pro.instruments.answers import ItemState
from btb_pro.models.participant import Participant, ParticipantRequest, Visit
from btb_pro.roles import Permission
from btb_pro.services.asked_corrections import corrected_fields, count_late_saves, open_requests_of
from btb_pro.services.known_participants import is_view_noted, note_view
from btb_pro.services.known_visits import find_visit
from btb_pro.services.made_requests import find_request
from btb_pro.services.reviewing import ReviewRefused, find_review, mark_reviewed, newest_change
from btb_pro.services.visit_answers import AnswerOnFile, answers_on_file

ANSWERS = "answers"
"""What the audit trail calls a look at answers."""


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One form field as the page shows it."""

    code: str
    question: str
    answer: str
    is_answered: bool
    received: str
    waits: int | None
    """The request that waits for a decision."""
    corrected: int | None
    ask_href: str
    """Where a correction is asked for; empty where it cannot."""


class ReviewForm(ConsoleForm):
    """Which answers were shown."""

    seen = IntegerField()


@console.get("/participants/<number>/answers/<visit>")
@allow(Permission.SEE_ANSWERS)
def answers(number: str, visit: str) -> ResponseReturnValue:
    """What a visit holds, question by question."""
    with at_desk() as desk:
        participant = desk.participant(number)
        row = visit_at(desk, participant, visit)
        is_noted = is_view_noted(desk.db, desk.context, participant.study_number, ANSWERS)
        may_ask = desk.signed_in.may(Permission.ASK_CORRECTIONS)
        href = partial(url_for, "console.ask", number=number, visit=visit) if may_ask else None
        page = _page(desk, participant, row, href)
    if not is_noted:
        with at_desk(writes=True) as desk:
            note_view(desk.db, desk.context, number, ANSWERS)
    return page


@console.get("/requests/<int(max=2147483647):wish>/answers")
@allow(Permission.READ_WISHES)
def answers_of_wish(wish: int) -> ResponseReturnValue:
    """The answers of the visit that a participant wants something corrected in, to choose which."""
    with at_desk() as desk:
        asked = find_request(desk.db, wish)
        if asked is None or asked.request.what is None:
            abort(404)
        participant = desk.participant(asked.participant.study_number)
        row = visit_at(desk, participant, asked.visit.code)
        is_noted = is_view_noted(desk.db, desk.context, participant.study_number, ANSWERS)
        is_open = asked.request.settled_at is None
        href = partial(url_for, "console.ask_for_wish", wish=wish) if is_open else None
        page = _page(desk, participant, row, href, asked.request)
    if not is_noted:
        with at_desk(writes=True) as desk:
            note_view(desk.db, desk.context, asked.participant.study_number, ANSWERS)
    return page


@console.post("/participants/<number>/reviews/<visit>")
@allow(Permission.MARK_REVIEWED)
def review(number: str, visit: str) -> ResponseReturnValue:
    """Note that the answers that were shown have been gone through."""
    with at_desk(writes=True) as desk:
        row = visit_at(desk, desk.participant(number), visit)
        form = ReviewForm()
        if not form.is_sound():
            flash(stale_notice(), "warning")
        else:
            try:
                mark_reviewed(desk.db, desk.context, desk.signed_in, row, form.seen.data or 0)
                flash(gettext("Noted: you have reviewed these answers."), "success")
            except ReviewRefused:
                desk.db.rollback()
                flash(gettext("The answers were changed meanwhile. Look at them again."), "warning")
    return redirect(url_for("console.answers", number=number, visit=visit), 303)


def visit_at(desk: Desk, participant: Participant, code: str) -> Visit:
    """A visit that asks something; any other is 404."""
    row = find_visit(desk.db, desk.runtime, participant, code)
    if row is None or not desk.runtime.study.visit(code).parts:
        abort(404)
    return row


def _page(
    desk: Desk,
    participant: Participant,
    visit: Visit,
    ask_href: Callable[..., str] | None,
    wish: ParticipantRequest | None = None,
) -> str:
    """`ask_href` gives the address where a correction of a field is asked for; None for who cannot ask."""
    waits, corrected = open_requests_of(desk.db, visit), corrected_fields(desk.db, visit)
    can_ask = visit.submitted_at is not None and participant.withdrawn_at is None
    language = str(get_locale())

    def row(one: AnswerOnFile) -> AnswerRow:
        code = one.asked.field.code
        href = ask_href(field=code) if ask_href and can_ask and one.applies and code not in waits else ""
        return AnswerRow(
            code=code,
            question=question_of(one.asked),
            answer=answer_words(one),
            is_answered=one.state is ItemState.ANSWERED,
            received=short_time(one.received_at) if one.received_at else "",
            waits=waits.get(code),
            corrected=corrected.get(code),
            ask_href=href,
        )

    on_file = answers_on_file(desk.db, desk.runtime, visit)
    groups = groupby(on_file, key=lambda one: one.asked.instrument.code)
    titles = {code: one.title[language].text for code, one in desk.runtime.instruments.items()}
    return render_template(
        "console/answers.html",
        study_number=participant.study_number,
        visit=desk.runtime.study.visit(visit.code).title[language],
        submitted=short_time(visit.submitted_at) if visit.submitted_at else "",
        is_withdrawn=participant.withdrawn_at is not None,
        groups=[(code, titles[code], [row(one) for one in of_form]) for code, of_form in groups],
        late=count_late_saves(desk.db, visit),
        wish=wish,
        review=_review(desk, visit),
        may_review=visit.submitted_at is not None and desk.signed_in.may(Permission.MARK_REVIEWED),
        review_href=url_for("console.review", number=participant.study_number, visit=visit.code),
        seen=newest_change(desk.db, visit),
        token=ReviewForm(formdata=None).csrf_token.current_token,
    )


def _review(desk: Desk, visit: Visit) -> tuple[str, bool]:
    """Who reviewed the answers and when, and whether that still holds; empty for nobody."""
    found = find_review(desk.db, visit)
    return (f"{short_time(found.at)}, {found.by}", found.is_current) if found else ("", False)
