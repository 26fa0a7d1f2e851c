"""The list of participants: searched, filtered, sorted and paged by what stands in the address."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from btb_pro import clock
from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.list_wish import NO_LANGUAGE, Choices, query_of, read_wish
from btb_pro.console.phrases import Phrase, link_phrase, short_day, waiting_phrase
from btb_pro.console.scope import scope_of, site_names, visit_titles
from btb_pro.i18n import LANGUAGE_NAMES
from btb_pro.roles import Permission
from btb_pro.services.participant_list import ListedState, ListedVisit, ListPage, Sort, Wish, list_page
from btb_pro.services.waiting import Waiting


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A row as it is shown."""

    study_number: str
    href: str
    site: str
    visit: str
    state: Phrase
    forms: str
    day: str
    expires: str
    reminders: int


@console.get("/participants")
@allow(Permission.SEE_PARTICIPANTS)
def participants() -> ResponseReturnValue:
    """One page of the list."""
    with at_desk() as desk:
        choices = _choices(desk)
        read = read_wish(request.args, choices)
        wish = read.wish
        found = list_page(desk.db, scope_of(desk), wish)
        rows = [_row(desk, choices, row) for row in found.rows]
    return render_template(
        "console/participants.html",
        wish=wish,
        ignored=[*read.ignored, *_beyond_the_end(wish, found)],
        choices=choices,
        states={state.value: link_phrase(state).text for state in ListedState},
        has_sites=len(choices.sites) > 1,
        rows=rows,
        heads=list(_heads(wish, has_sites=len(choices.sites) > 1)),
        count=_count(found),
        is_filtered=query_of(wish, sort=Sort.NUMBER, is_downwards=False, page=1) != "?",
        pages=_pages(wish, found),
        language_asked=_language_asked(),
    )


def _choices(desk: Desk) -> Choices:
    waits = {what.value: waiting_phrase(what) for what in Waiting}
    if not desk.signed_in.may(Permission.ACKNOWLEDGE_SAFETY):
        del waits[Waiting.SAFETY]
    if not desk.signed_in.may(Permission.DECIDE_CORRECTIONS):
        del waits[Waiting.CORRECTIONS]
    languages = {code: LANGUAGE_NAMES[code] for code in desk.runtime.study.languages}
    return Choices(
        sites=site_names(desk),
        visits=visit_titles(desk),
        languages={**languages, NO_LANGUAGE: gettext("Not chosen")},
        waiting=waits,
    )


def _row(desk: Desk, choices: Choices, row: ListedVisit) -> ListedRow:
    asked = len({part.instrument for part in desk.runtime.study.visit(row.visit).parts})
    return ListedRow(
        study_number=row.study_number,
        href=url_for("console.participant", number=row.study_number),
        site=choices.sites.get(row.site, row.site),
        visit=choices.visits[row.visit],
        state=link_phrase(row.state),
        forms=gettext("%(begun)s of %(asked)s", begun=row.begun, asked=asked),
        day=short_day(row.planned_on) if row.planned_on else "",
        expires=short_day(clock.last_day(row.expires_at)) if row.expires_at else "",
        reminders=row.reminders,
    )


def _heads(wish: Wish, *, has_sites: bool) -> Iterator[object]:
    words = {
        Sort.NUMBER: gettext("Participant"),
        Sort.SITE: gettext("Hospital"),
        Sort.VISIT: gettext("Visit"),
        Sort.STATE: gettext("State"),
        Sort.DAY: gettext("Day"),
        Sort.EXPIRES: gettext("Link works until"),
    }
    for sort, text in words.items():
        if sort is Sort.SITE and not has_sites:
            continue
        is_chosen = wish.sort is sort
        turned = is_chosen and not wish.is_downwards
        href = query_of(wish, _language_asked(), sort=sort, is_downwards=turned, page=1)
        order = "none" if not is_chosen else "descending" if wish.is_downwards else "ascending"
        # What sorts by study number upwards is the list itself, whose address has no query.
        yield {"text": text, "href": href if href != "?" else url_for("console.participants"), "sort": order}
    yield gettext("Forms begun")
    yield gettext("Reminders")


def _count(found: ListPage) -> str:
    words: str = gettext("No participant fits.")
    if found.total:
        numbers = {"first": found.first, "last": found.last, "total": found.total}
        words = gettext("Showing %(first)s–%(last)s of %(total)s", **numbers)
    return words


def _beyond_the_end(wish: Wish, found: ListPage) -> Iterator[str]:
    if wish.page > found.pages:
        yield gettext("There is no page %(page)s. This is the last one.", page=wish.page)


def _pages(wish: Wish, found: ListPage) -> dict[str, str]:
    def address(number: int) -> str:
        return f"{url_for('console.participants')}{query_of(wish, _language_asked(), page=number)}"

    return {
        "previous": address(found.number - 1) if found.number > 1 else "",
        "next": address(found.number + 1) if found.number < found.pages else "",
        "previous_text": gettext("Previous"),
        "next_text": gettext("Next page"),
        "text": gettext("Page %(page)s of %(pages)s", page=found.number, pages=found.pages),
    }


def _language_asked() -> str:
    asked = request.args.get("lang", "")
    return asked if asked in LANGUAGE_NAMES else ""
