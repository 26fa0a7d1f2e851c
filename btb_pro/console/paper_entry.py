"""Typing in what came back on paper, or was said over the phone. Write only: no page shows a saved value."""

from dataclasses import dataclass

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from flask_wtf import FlaskForm
from wtforms import DateField, RadioField
from wtforms.validators import InputRequired

from btb_pro import clock
from btb_pro.console.blueprint import allow, console
from btb_pro.console.desk import Desk, at_desk
from btb_pro.console.keying import key_items, read_typed
from btb_pro.i18n import LANGUAGE_NAMES
from btb_pro.instruments.paging import Page
from btb_pro.models.paper_entry import PaperEntry
from btb_pro.roles import Permission
from btb_pro.services.keyed_paper import differing_items, read_keyed
from btb_pro.services.known_visits import find_visit
from btb_pro.services.paper_entries import (
    PaperEntryRefused,
    PaperRefusal,
    PaperVisit,
    begin_entry,
    discard_entry,
    end_round,
    key_again,
    key_page,
    open_entry,
    round_of,
    why_not_this_person,
    why_not_typed,
)

MODES = ("paper", "phone_interview")


class TokenForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """A form that has nothing but its token, or whose fields the instrument names."""


class BeginForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """What is typed in: how it was answered, in which language, on which day."""

    mode = RadioField(validators=[InputRequired()])
    language = RadioField(validators=[InputRequired()])
    paper_on = DateField(validators=[InputRequired()])


@dataclass(frozen=True, slots=True)
class PageState:
    """One page of the paper in the overview."""

    number: int
    title: str
    is_typed: bool
    filled: int


@console.get("/participants/<number>/paper/<visit>")
@allow(Permission.KEY_PAPER)
def paper(number: str, visit: str) -> ResponseReturnValue:
    """How far a visit's paper has come, or the form to begin with it."""
    with at_desk() as desk:
        work = _paper(desk, number, visit)
        entry = open_entry(desk.db, work.visit)
        return _begin_page(desk, work, _begin_form(work)) if entry is None else _overview(desk, work, entry)


@console.post("/participants/<number>/paper/<visit>")
@allow(Permission.KEY_PAPER)
def begin_paper(number: str, visit: str) -> ResponseReturnValue:
    """Begin to type in."""
    with at_desk(writes=True) as desk:
        work = _paper(desk, number, visit)
        form = _begin_form(work)
        if not form.validate_on_submit():
            return _begin_page(desk, work, form, is_wrong=True), 422
        try:
            begin_entry(
                desk.db,
                desk.context,
                work,
                mode=form.mode.data,
                language=form.language.data,
                paper_on=form.paper_on.data,
            )
        except PaperEntryRefused as error:
            return _begin_page(desk, work, form, error.code), 422
        return redirect(url_for("console.paper_page", number=work.number, visit=visit, page=1), 303)


@console.get("/participants/<number>/paper/<visit>/page/<int:page>")
@allow(Permission.KEY_PAPER)
def paper_page(number: str, visit: str, page: int) -> ResponseReturnValue:
    """One page to type, empty whatever was saved of it."""
    with at_desk() as desk:
        work, entry = _entry(desk, number, visit)
        if entry is None or round_of(entry) > 2 or why_not_this_person(entry, desk.context.actor.name):
            return redirect(url_for("console.paper", number=work.number, visit=visit), 303)
        return _key_page(work, entry, _page(work, page), TokenForm())


@console.post("/participants/<number>/paper/<visit>/page/<int:page>")
@allow(Permission.KEY_PAPER)
def save_paper_page(number: str, visit: str, page: int) -> ResponseReturnValue:
    """Save a page and go on to the next; what cannot be an answer is shown once more with what was typed."""
    with at_desk(writes=True) as desk:
        work, entry = _entry(desk, number, visit)
        overview = url_for("console.paper", number=work.number, visit=visit)
        if entry is None or round_of(entry) > 2:
            return redirect(overview, 303)
        shown, form = _page(work, page), TokenForm()
        typing = read_typed(shown.items, request.form)
        if not form.validate_on_submit() or typing.refused:
            return _key_page(work, entry, shown, form, again=True), 422
        try:
            key_page(desk.db, desk.context, work, entry, shown, typing.values)
        except PaperEntryRefused:
            return redirect(overview, 303)
        if page == len(work.pages):
            return redirect(overview, 303)
        return redirect(url_for("console.paper_page", number=work.number, visit=visit, page=page + 1), 303)


@console.post("/participants/<number>/paper/<visit>/end")
@allow(Permission.KEY_PAPER)
def end_paper_round(number: str, visit: str) -> ResponseReturnValue:
    """Say that all pages were typed; after the second time both are compared."""
    with at_desk(writes=True) as desk:
        work, entry = _entry(desk, number, visit)
        if entry is not None and TokenForm().validate_on_submit():
            try:
                end_round(desk.db, desk.context, work, entry)
            except PaperEntryRefused as error:
                desk.db.rollback()
                return _overview(desk, work, entry, error.code), 409
        return redirect(url_for("console.paper", number=work.number, visit=visit), 303)


@console.get("/participants/<number>/paper/<visit>/again")
@allow(Permission.KEY_PAPER)
def paper_again(number: str, visit: str) -> ResponseReturnValue:
    """The questions on which two people differ, to be typed once more from the paper."""
    with at_desk() as desk:
        work, entry = _entry(desk, number, visit)
        if entry is None or round_of(entry) < 3:
            return redirect(url_for("console.paper", number=work.number, visit=visit), 303)
        return _again_page(desk, work, entry, TokenForm())


@console.post("/participants/<number>/paper/<visit>/again")
@allow(Permission.KEY_PAPER)
def save_paper_again(number: str, visit: str) -> ResponseReturnValue:
    """Save them; what agrees with one of the earlier rounds is settled."""
    with at_desk(writes=True) as desk:
        work, entry = _entry(desk, number, visit)
        overview = url_for("console.paper", number=work.number, visit=visit)
        if entry is None or round_of(entry) < 3:
            return redirect(overview, 303)
        form = TokenForm()
        typing = read_typed(differing_items(work.pages, read_keyed(desk.db, entry)), request.form)
        if not form.validate_on_submit() or typing.refused:
            return _again_page(desk, work, entry, form, again=True), 422
        try:
            key_again(desk.db, desk.context, work, entry, typing.values)
        except PaperEntryRefused as error:
            desk.db.rollback()
            return _overview(desk, work, entry, error.code), 409
        return redirect(overview, 303)


@console.post("/participants/<number>/paper/<visit>/discard")
@allow(Permission.KEY_PAPER)
def discard_paper(number: str, visit: str) -> ResponseReturnValue:
    """Throw away what was typed."""
    with at_desk(writes=True) as desk:
        work, entry = _entry(desk, number, visit)
        if entry is not None and TokenForm().validate_on_submit():
            discard_entry(desk.db, desk.context, work, entry)
        return redirect(url_for("console.paper", number=work.number, visit=visit), 303)


def refusal_sentence(code: PaperRefusal) -> str:
    """Why nothing can be typed in, and what to do."""
    sentences: dict[PaperRefusal, str] = {
        PaperRefusal.ASKS_NOTHING: gettext("This visit asks no questions."),
        PaperRefusal.WITHDRAWN: gettext("The participant has left the study: nothing more is taken in."),
        PaperRefusal.SUBMITTED: gettext("The answers of this visit are in already."),
        PaperRefusal.NOT_APPROVED: gettext(
            "The questions of this visit are not approved yet. Tell whoever is responsible for the study."
        ),
        PaperRefusal.HAS_ANSWERS: gettext(
            "The participant has begun to answer on a screen, and paper never goes over what was entered. "
            "Ask the participant to go on with the link, or answer together on the tablet."
        ),
        PaperRefusal.OPEN_ALREADY: gettext("Somebody has begun to type in this paper."),
        PaperRefusal.IN_THE_FUTURE: gettext("That day has not come yet. Write the day on the paper."),
        PaperRefusal.SAME_PERSON: gettext(
            "You typed it the first time. Another person must type it the second time."
        ),
        PaperRefusal.SOMEBODY_ELSES: gettext("Somebody else is typing it, and goes on where they stopped."),
        PaperRefusal.NOT_ALL_TYPED: gettext("Some pages are not typed yet."),
    }
    return sentences[code]


def _paper(desk: Desk, number: str, visit: str) -> PaperVisit:
    participant = desk.participant(number)
    found = find_visit(desk.db, desk.runtime, participant, visit)
    if found is None:
        abort(404)
    return PaperVisit(desk.runtime, participant, found)


def _entry(desk: Desk, number: str, visit: str) -> tuple[PaperVisit, PaperEntry | None]:
    work = _paper(desk, number, visit)
    return work, open_entry(desk.db, work.visit)


def _page(work: PaperVisit, number: int) -> Page:
    if not 1 <= number <= len(work.pages):
        abort(404)
    return work.pages[number - 1]


def _begin_form(work: PaperVisit) -> BeginForm:
    form = BeginForm()
    form.mode.label.text = gettext("How was it answered?")
    words = (gettext("On paper"), gettext("In a phone interview"))
    form.mode.choices = list(zip(MODES, words, strict=True))
    form.language.label.text = gettext("In which language?")
    form.language.choices = [(code, LANGUAGE_NAMES[code]) for code in work.runtime.study.languages]
    form.paper_on.label.text = gettext("On which day?")
    return form


def _begin_page(
    desk: Desk,
    work: PaperVisit,
    form: BeginForm,
    refusal: PaperRefusal | None = None,
    *,
    is_wrong: bool = False,
) -> str:
    refused = refusal or why_not_typed(desk.db, work)
    is_for_good = refused not in (None, PaperRefusal.IN_THE_FUTURE)
    notice = refusal_sentence(refused) if refused else ""
    if is_wrong and not notice:
        notice = gettext("Answer all three, and press the button again.")
    return render_template(
        "console/paper_begin.html",
        work=work,
        title=_visit_title(work),
        form=form,
        notice=notice,
        is_refused=is_for_good,
        today=clock.today().isoformat(),
    )


def _overview(desk: Desk, work: PaperVisit, entry: PaperEntry, refusal: PaperRefusal | None = None) -> str:
    typed = round_of(entry)
    keyed = read_keyed(desk.db, entry)
    refused = refusal or why_not_this_person(entry, desk.context.actor.name)
    pages = [
        PageState(
            page.number,
            page.instrument.title[entry.language].text,
            keyed.has_page(typed, page),
            keyed.filled(typed, page),
        )
        for page in work.pages
    ]
    differing = differing_items(work.pages, keyed) if typed > 2 else ()
    return render_template(
        "console/paper.html",
        work=work,
        title=_visit_title(work),
        entry=entry,
        round=typed,
        pages=pages,
        is_all_typed=all(page.is_typed for page in pages),
        may_type=why_not_this_person(entry, desk.context.actor.name) is None,
        notice=refusal_sentence(refused) if refused else "",
        differing=[item.text[entry.language].text for item in differing],
        form=TokenForm(),
    )


def _key_page(
    work: PaperVisit, entry: PaperEntry, page: Page, form: TokenForm, *, again: bool = False
) -> str:
    sent = request.form if again else None
    refused = read_typed(page.items, request.form).refused if again else {}
    stem = page.section.stem[entry.language].text if page.section.stem else ""
    return render_template(
        "console/paper_page.html",
        work=work,
        title=_visit_title(work),
        entry=entry,
        groups=[
            (
                page.instrument.title[entry.language].text,
                stem,
                key_items(page.instrument, page.items, entry.language, sent, refused),
            )
        ],
        progress=gettext("Page %(number)s of %(all)s", number=page.number, all=len(work.pages)),
        notice=_again_notice(refused) if again else "",
        form=form,
    )


def _again_page(
    desk: Desk, work: PaperVisit, entry: PaperEntry, form: TokenForm, *, again: bool = False
) -> str:
    wanted = {item.code for item in differing_items(work.pages, read_keyed(desk.db, entry))}
    sent = request.form if again else None
    groups, refused_all = [], False
    for page in work.pages:
        items = [item for item in page.items if item.code in wanted]
        if not items:
            continue
        refused = read_typed(items, request.form).refused if again else {}
        refused_all = refused_all or bool(refused)
        stem = page.section.stem[entry.language].text if page.section.stem else ""
        shown = key_items(page.instrument, items, entry.language, sent, refused)
        groups.append((page.instrument.title[entry.language].text, stem, shown))
    return render_template(
        "console/paper_page.html",
        work=work,
        title=_visit_title(work),
        entry=entry,
        groups=groups,
        progress=gettext("What differed"),
        notice=_again_notice({"": ""} if refused_all else {}) if again else "",
        form=form,
    )


def _again_notice(refused: object) -> str:
    if refused:
        return str(gettext("Nothing was saved: something on this page must be mended"))
    return str(gettext("Nothing was saved yet. What you typed is still here: press the button again."))


def _visit_title(work: PaperVisit) -> str:
    return work.runtime.study.visit(work.visit.code).title[str(get_locale())]
