"""The pages on which paper is typed in. None shows a value that was saved."""

from dataclasses import dataclass

from flask import render_template, request
from flask_babel import get_locale, gettext
from flask_wtf import FlaskForm
from wtforms import DateField, RadioField
from wtforms.validators import InputRequired

from btb_pro import clock
from btb_pro.console.desk import Desk
from btb_pro.console.keying import key_items, read_typed
from btb_pro.i18n import LANGUAGE_NAMES
from btb_pro.instruments.paging import Page
from btb_pro.models.correction import PaperEntry
from btb_pro.services.keyed_paper import differing_items, read_keyed
from btb_pro.services.paper_entries import (
    PaperRefusal,
    PaperVisit,
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


def begin_form(work: PaperVisit) -> BeginForm:
    """The form to begin with, filled from the request if there is one to read."""
    form = BeginForm()
    form.mode.label.text = gettext("How was it answered?")
    words = (gettext("On paper"), gettext("In a phone interview"))
    form.mode.choices = list(zip(MODES, words, strict=True))
    form.language.label.text = gettext("In which language?")
    form.language.choices = [(code, LANGUAGE_NAMES[code]) for code in work.runtime.study.languages]
    form.paper_on.label.text = gettext("On which day?")
    return form


def begin_page(
    desk: Desk,
    work: PaperVisit,
    form: BeginForm,
    refusal: PaperRefusal | None = None,
    *,
    is_wrong: bool = False,
) -> str:
    """The form, or why there is none."""
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


def overview_page(
    desk: Desk, work: PaperVisit, entry: PaperEntry, refusal: PaperRefusal | None = None
) -> str:
    """Which pages are typed in this round, and by whom it goes on."""
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


def typing_page(
    work: PaperVisit, entry: PaperEntry, page: Page, form: TokenForm, *, again: bool = False
) -> str:
    """One page to type; `again` with what this very request brought."""
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


def again_page(
    desk: Desk, work: PaperVisit, entry: PaperEntry, form: TokenForm, *, again: bool = False
) -> str:
    """What differed, to be typed once more; `again` with what this very request brought."""
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
