"""Typing in what came back on paper, or was said over the phone. Write only: no page shows a saved value."""

from collections.abc import Iterable

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.keying import Typing, read_typed
from btb_pro.console.paper_pages import (
    TokenForm,
    again_page,
    begin_form,
    begin_page,
    overview_page,
    typing_page,
)
from btb_pro.instruments.paging import Page
from btb_pro.models.correction import PaperEntry
from btb_pro.roles import Permission
from btb_pro.services.keyed_paper import differing_items, read_keyed
from btb_pro.services.known_visits import find_visit
from btb_pro.services.paper_entries import (
    PaperEntryRefused,
    PaperVisit,
    begin_entry,
    discard_entry,
    end_round,
    key_again,
    key_page,
    open_entry,
    round_of,
    why_not_this_person,
)
from btb_pro.services.untaken_answers import note_refused_answers


@console.get("/participants/<number>/paper/<visit>")
@allow(Permission.KEY_PAPER)
def paper(number: str, visit: str) -> ResponseReturnValue:
    """How far a visit's paper has come, or the form to begin with it."""
    with at_desk() as desk:
        work = _paper(desk, number, visit)
        entry = open_entry(desk.db, work.visit)
        return begin_page(desk, work, begin_form(work)) if entry is None else overview_page(desk, work, entry)


@console.post("/participants/<number>/paper/<visit>")
@allow(Permission.KEY_PAPER)
def begin_paper(number: str, visit: str) -> ResponseReturnValue:
    """Begin to type in."""
    with at_desk(writes=True) as desk:
        work = _paper(desk, number, visit)
        form = begin_form(work)
        if not form.validate_on_submit():
            return begin_page(desk, work, form, is_wrong=True), 422
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
            return begin_page(desk, work, form, error.code), 422
        return redirect(url_for("console.paper_page", number=work.number, visit=visit, page=1), 303)


@console.get("/participants/<number>/paper/<visit>/page/<int(max=2147483647):page>")
@allow(Permission.KEY_PAPER)
def paper_page(number: str, visit: str, page: int) -> ResponseReturnValue:
    """One page to type, empty whatever was saved of it."""
    with at_desk() as desk:
        work, entry = _entry(desk, number, visit)
        if entry is None or round_of(entry) > 2 or why_not_this_person(entry, desk.context.actor.name):
            return redirect(url_for("console.paper", number=work.number, visit=visit), 303)
        return typing_page(work, entry, _page(work, page), TokenForm())


@console.post("/participants/<number>/paper/<visit>/page/<int(max=2147483647):page>")
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
        is_sound = form.validate_on_submit()
        if is_sound:
            _note_refused(desk, work, [shown], typing)
        if not is_sound or typing.refused:
            return typing_page(work, entry, shown, form, again=True), 422
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
                return overview_page(desk, work, entry, error.code), 409
            return _after_round(work, entry)
        return redirect(url_for("console.paper", number=work.number, visit=visit), 303)


@console.get("/participants/<number>/paper/<visit>/again")
@allow(Permission.KEY_PAPER)
def paper_again(number: str, visit: str) -> ResponseReturnValue:
    """The questions on which two people differ, to be typed once more from the paper."""
    with at_desk() as desk:
        work, entry = _entry(desk, number, visit)
        if entry is None or round_of(entry) < 3:
            return redirect(url_for("console.paper", number=work.number, visit=visit), 303)
        return again_page(desk, work, entry, TokenForm())


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
        differing = differing_items(work.pages, read_keyed(desk.db, entry))
        typing = read_typed(differing, request.form)
        is_sound = form.validate_on_submit()
        if is_sound:
            _note_refused(desk, work, work.pages, typing)
        if not is_sound or typing.refused:
            return again_page(desk, work, entry, form, again=True), 422
        try:
            key_again(desk.db, desk.context, work, entry, typing.values)
        except PaperEntryRefused as error:
            desk.db.rollback()
            return overview_page(desk, work, entry, error.code), 409
        return _after_round(work, entry)


@console.post("/participants/<number>/paper/<visit>/discard")
@allow(Permission.KEY_PAPER)
def discard_paper(number: str, visit: str) -> ResponseReturnValue:
    """Throw away what was typed."""
    with at_desk(writes=True) as desk:
        work, entry = _entry(desk, number, visit)
        if entry is not None and TokenForm().validate_on_submit():
            discard_entry(desk.db, desk.context, work, entry)
        return redirect(url_for("console.paper", number=work.number, visit=visit), 303)


def _after_round(work: PaperVisit, entry: PaperEntry) -> ResponseReturnValue:
    """To what differs, if anything does; else back to the participant, with a word about how it stands."""
    if entry.ended_at is None and round_of(entry) > 2:
        return redirect(url_for("console.paper", number=work.number, visit=work.visit.code), 303)
    if entry.ended_at is None:
        flash(gettext("You are done. The paper waits on Today for another person."), "success")
    else:
        flash(gettext("What was typed agrees. The answers of this visit are in now."), "success")
    return redirect(url_for("console.participant", number=work.number), 303)


def _paper(desk: Desk, number: str, visit: str) -> PaperVisit:
    participant = desk.participant(number)
    found = find_visit(desk.db, desk.runtime, participant, visit)
    if found is None:
        abort(404)
    return PaperVisit(desk.runtime, participant, found)


def _entry(desk: Desk, number: str, visit: str) -> tuple[PaperVisit, PaperEntry | None]:
    work = _paper(desk, number, visit)
    return work, open_entry(desk.db, work.visit)


def _note_refused(desk: Desk, work: PaperVisit, pages: Iterable[Page], typing: Typing) -> None:
    """Let the trail tell which values of some pages were refused, by which check."""
    for page in pages:
        codes = [field.code for item in page.items for field in item.fields if field.code in typing.refused]
        refused = {code: typing.refused[code] for code in codes}
        typed = {code: request.form.getlist(code) for code in codes}
        place = f"{work.visit.code}/{page.instrument.code}"
        note_refused_answers(desk.db, desk.context, work.number, place, refused, typed)


def _page(work: PaperVisit, number: int) -> Page:
    if not 1 <= number <= len(work.pages):
        abort(404)
    return work.pages[number - 1]
