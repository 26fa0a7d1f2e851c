"""A visit's link without e-mail or SMS: printed as letter or card, or answered here on a tablet."""

from collections.abc import Callable, Iterator, Sequence

from flask import Response, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from flask_login import logout_user
from flask_wtf import FlaskForm

from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.export_words import moment
from btb_pro.exports.letters import Letter
from btb_pro.models.participant import Participant, Visit
from btb_pro.roles import Permission
from btb_pro.services.invitations import issue_invitation
from btb_pro.services.jobs import JobKind, ask_for
from btb_pro.services.known_visits import NoLink, find_visit, why_no_link, why_not_open
from btb_pro.services.letter_jobs import MOST_AT_HAND, PDF_MAKERS, AskedLetters, letters_under_way
from btb_pro.services.letters import MOST_AT_ONCE, letters_due, preview_letter, print_letter
from btb_pro.services.many_letters import LeftOut, Wanted, make_letters, note_all_printed
from btb_pro.services.staff_sessions import end_session
from btb_pro.services.tablet import open_tablet


class PressForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """A form that has its token and buttons; what is ticked is read by name."""


@console.get("/participants/<number>/at-hand/<visit>")
@allow(Permission.INVITE)
def at_hand(number: str, visit: str) -> ResponseReturnValue:
    """One visit: answer here, print, type in from paper."""
    with at_desk() as desk:
        return _at_hand(desk, *_visit(desk, number, visit))


@console.post("/participants/<number>/answer-here/<visit>")
@allow(Permission.INVITE)
def answer_here(number: str, visit: str) -> ResponseReturnValue:
    """Sign this browser out, then open the participant's pages in it."""
    with at_desk(writes=True) as desk:
        participant, found = _visit(desk, number, visit)
        refused = why_not_open(desk.db, desk.runtime, participant, found)
        if refused is not None or not PressForm().validate_on_submit():
            return _at_hand(desk, participant, found, refused), 409
        invitation = issue_invitation(desk.db, desk.context, desk.runtime, number, visit)
        desk.db.flush()
        address = open_tablet(desk.db, desk.context, desk.runtime, participant, invitation)
        end_session(desk.db, desk.context, desk.signed_in)
    logout_user()
    session.clear()
    return redirect(address, 303)


@console.post("/participants/<number>/letter/<visit>.pdf")
@allow(Permission.INVITE)
def letter(number: str, visit: str) -> ResponseReturnValue:
    """One letter or card; it counts as sent."""
    with at_desk(writes=True) as desk:
        participant, found = _visit(desk, number, visit)
        refused = why_no_link(desk.db, desk.runtime, participant, found)
        if refused is not None or not PressForm().validate_on_submit():
            return _at_hand(desk, participant, found, refused), 409
        made = _print(desk, participant, found)
    return _pdf([made])


@console.get("/participants/<number>/letter/<visit>/preview.pdf")
@allow(Permission.INVITE)
def letter_preview(number: str, visit: str) -> ResponseReturnValue:
    """The letter as it would be printed, with square and code that open nothing; nothing is sent."""
    with at_desk() as desk:
        participant, found = _visit(desk, number, visit)
        if why_no_link(desk.db, desk.runtime, participant, found) is not None:
            abort(404)
        return _pdf([preview_letter(desk.runtime, participant, found)], "letter")


@console.get("/letters")
@allow(Permission.INVITE)
def letters() -> ResponseReturnValue:
    """Everybody whose visit is open and whom no message has gone out to."""
    with at_desk() as desk:
        return _letters(desk)


@console.post("/letters.pdf")
@allow(Permission.INVITE)
def print_letters() -> ResponseReturnValue:
    """The letters or cards of all that were ticked, in one file; noted as sent once it was handed over."""
    picked = request.form.getlist("pick")[:MOST_AT_ONCE]
    with at_desk() as desk:
        if not PressForm().validate_on_submit():
            return _letters(desk, [gettext("Nothing was printed yet. Press the button again.")], picked), 409
        wanted = [Wanted(number, code) for number, _, code in (one.partition("/") for one in picked)]
        for one in wanted:
            _visit(desk, one.study_number, one.visit)
    is_in_all = request.form.get("language") == "all"
    if len(wanted) > MOST_AT_HAND:
        return _ask_for(AskedLetters(_kind(), is_in_all, wanted))
    made, left_out = make_letters(desk.runtime, desk.context, wanted, all_languages=is_in_all)
    notes = [left_out_sentence(one) for one in left_out]
    if not made:
        with at_desk() as desk:
            told = [gettext("Tick at least one whose visit can still be answered."), *notes]
            return _letters(desk, told), 422
    if notes:
        notes.insert(0, gettext("For you who print: these are not in the file. Throw this sheet away."))
    made_file = _pdf([one.letter for one in made], notes=notes)
    printed = [one.printed for one in made]
    return handed_over(made_file, lambda: note_all_printed(desk.runtime, desk.context, printed))


def no_link_sentence(code: NoLink) -> str:
    """Why a visit cannot be answered by a link now, and what to do."""
    sentences: dict[NoLink, str] = {
        NoLink.ASKS_NOTHING: gettext("This visit asks no questions."),
        NoLink.WITHDRAWN: gettext("The participant has left the study: no link is given out."),
        NoLink.SUBMITTED: gettext("The answers of this visit are in already."),
        NoLink.NOT_APPROVED: gettext(
            "The questions of this visit are not approved yet. Tell whoever is responsible for the study."
        ),
        NoLink.NOT_OPEN_YET: gettext("It is too early: the visit is not open yet."),
        NoLink.OVER: gettext("The time for answering is over. Move the visit first, if its day is wrong."),
    }
    return sentences[code]


def left_out_sentence(one: LeftOut) -> str:
    """Who gets no letter, and why."""
    why = no_link_sentence(one.why) if one.why is not None else gettext("There is no such visit any more.")
    return f"{one.wanted.study_number}: {why}"


def handed_over(response: Response, then: Callable[[], None]) -> Response:
    """An answer after which something is done, if nobody hung up before its end."""
    whole = response.get_data()

    def parts() -> Iterator[bytes]:
        yield whole
        then()

    later = Response(parts(), headers=response.headers)
    later.content_length = len(whole)
    return later


def _ask_for(asked: AskedLetters) -> ResponseReturnValue:
    with at_desk(writes=True) as desk:
        number = ask_for(desk.db, desk.signed_in.staff_id, JobKind.LETTERS, asked.as_json())
    return redirect(url_for("console.job", number=number), 303)


def _visit(desk: Desk, number: str, code: str) -> tuple[Participant, Visit]:
    participant = desk.participant(number)
    found = find_visit(desk.db, desk.runtime, participant, code)
    if found is None:
        abort(404)
    return participant, found


def _print(desk: Desk, participant: Participant, visit: Visit) -> Letter:
    is_in_all = request.form.get("language") == "all"
    return print_letter(
        desk.db, desk.context, desk.runtime, participant.study_number, visit.code, all_languages=is_in_all
    )


def _kind() -> str:
    wished = request.form.get("kind", "")
    return wished if wished in PDF_MAKERS else "letter"


def _pdf(made: list[Letter], kind: str = "", notes: Sequence[str] = ()) -> Response:
    name = kind or _kind()
    return pdf_response(PDF_MAKERS[name](made, notes), name)


def pdf_response(content: bytes, name: str) -> Response:
    """A file to save. No study number: the name of a file travels further than the file is meant to."""
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response


def _at_hand(desk: Desk, participant: Participant, visit: Visit, refused: NoLink | None = None) -> str:
    no_link = why_no_link(desk.db, desk.runtime, participant, visit)
    not_open = why_not_open(desk.db, desk.runtime, participant, visit)
    shown = refused or no_link
    return render_template(
        "console/at_hand.html",
        number=participant.study_number,
        visit=visit.code,
        title=desk.runtime.study.visit(visit.code).title[str(get_locale())],
        notice=no_link_sentence(shown) if shown else "",
        can_print=no_link is None,
        not_open=no_link_sentence(not_open) if not_open else "",
        form=PressForm(),
    )


def _letters(desk: Desk, notices: Sequence[str] = (), picked: list[str] | None = None) -> str:
    study, language = desk.runtime.study, str(get_locale())
    under_way = letters_under_way(desk.db, desk.runtime, desk.signed_in.staff_id)
    due = letters_due(desk.db, desk.runtime, desk.signed_in.sites)
    keys = {one: f"{one.study_number}/{one.visit}" for one in due}
    return render_template(
        "console/letters.html",
        due=[
            (keys[one], one, study.visit(one.visit).title[language], study.site(one.site).name) for one in due
        ],
        picked=set(picked) if picked is not None else {keys[one] for one in due if not one.has_contact},
        most=MOST_AT_ONCE,
        notices=notices,
        under_way=[(one.id, one.ended_at is not None, moment(one.asked_at)) for one in under_way],
        form=PressForm(),
    )
