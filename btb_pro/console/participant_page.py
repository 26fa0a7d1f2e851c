"""A participant's page: facts, visits, what happened, and the address on file for whoever may see it."""

from dataclasses import dataclass

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_wtf import FlaskForm

from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.participant_words import (
    appointment_text,
    contact_name,
    day_or_dash,
    days_from_to,
    happening_text,
    language_name,
    visit_phrase,
)
from btb_pro.console.phrases import Phrase, short_time
from btb_pro.models.participant import Participant
from btb_pro.roles import Permission
from btb_pro.services.known_participants import is_view_noted, note_view
from btb_pro.services.participant_record import KeptContact, RecordedVisit, kept_contacts, recorded_visits
from btb_pro.services.timeline import Happening, HappeningKind, timeline


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One visit as the page shows it."""

    code: str
    title: str
    day: str
    hour: str
    window: str
    state: Phrase
    visit: RecordedVisit


def titles_of(desk: Desk) -> dict[str, str]:
    """What the study calls its visits, in the language of the request."""
    language = str(get_locale())
    return {visit.code: visit.title[language] for visit in desk.runtime.study.visits}


@console.get("/participants/<number>")
@allow(Permission.SEE_PARTICIPANTS)
def participant(number: str) -> ResponseReturnValue:
    """What is known of a participant but the answers."""
    with at_desk() as desk:
        found = desk.participant(number)
        is_noted = is_view_noted(desk.db, desk.context, found.study_number, "participant")
        page = _page(desk, found, shows_contacts=False)
    if not is_noted:
        with at_desk(writes=True) as desk:
            note_view(desk.db, desk.context, number, "participant")
    return page


@console.post("/participants/<number>")
@allow(Permission.SEE_CONTACTS, confirmed=True)
def show_contact(number: str) -> ResponseReturnValue:
    """The same page with the addresses in clear, each time noted in the audit trail."""
    with at_desk(writes=True) as desk:
        found = desk.participant(number)
        is_asked = FlaskForm().validate_on_submit()
        if is_asked:
            note_view(desk.db, desk.context, found.study_number, "contact")
        return _page(desk, found, shows_contacts=is_asked)


def _page(desk: Desk, found: Participant, *, shows_contacts: bool) -> str:
    titles = titles_of(desk)
    may_see = desk.signed_in.may(Permission.SEE_CONTACTS)
    contacts = kept_contacts(desk.db, desk.runtime, found, shown=shows_contacts) if may_see else []
    return render_template(
        "console/participant/page.html",
        participant=found,
        site=desk.runtime.study.site(found.site_code).name,
        language_name=language_name(found.language),
        day0=day_or_dash(found.day0),
        withdrawn=short_time(found.withdrawn_at) if found.withdrawn_at else "",
        contacts=[(contact_name(one.kind), one) for one in _in_order(contacts)],
        may_see_contacts=may_see,
        shows_contacts=shows_contacts,
        token=FlaskForm().csrf_token.current_token,
        visits=[_row(one, titles) for one in recorded_visits(desk.db, desk.runtime, found)],
        happenings=[
            (short_time(one.at), happening_text(one, titles), one.who, _way_on(one))
            for one in timeline(
                desk.db,
                found,
                tells_corrections=desk.signed_in.may(Permission.SEE_ANSWERS),
                tells_late=desk.signed_in.may(Permission.DECIDE_CORRECTIONS),
            )
        ],
    )


def _way_on(one: Happening) -> str:
    """Where more is told of what happened; empty for most of it."""
    if one.kind is HappeningKind.CAME_LATE:
        return url_for("console.late_answers")
    return url_for("console.correction", number=int(one.correction)) if one.correction else ""


def _in_order(contacts: list[KeptContact]) -> list[KeptContact]:
    return sorted(contacts, key=lambda one: one.kind)


def _row(visit: RecordedVisit, titles: dict[str, str]) -> VisitRow:
    return VisitRow(
        code=visit.code,
        title=titles.get(visit.code, visit.code),
        day=day_or_dash(visit.planned_on),
        hour=appointment_text(visit.begins_at),
        window=days_from_to(visit.opens_on, visit.closes_on) if visit.opens_on and visit.closes_on else "–",
        state=visit_phrase(visit.link),
        visit=visit,
    )
