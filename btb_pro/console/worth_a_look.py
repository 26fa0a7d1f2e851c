"""The list of visits whose manner of answering is worth a look: counts and reasons, never an answer."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_datetime, get_locale, gettext, ngettext

from btb_pro import clock
from btb_pro.console.desk import allow, at_desk, console
from btb_pro.console.scope import site_names, visit_titles
from btb_pro.roles import Permission
from btb_pro.services import worth_a_look as rules
from btb_pro.services.worth_a_look import Looks, Manner, Why, read_looks

_PAGE = 50
_DAY = {"nb": "d. MMM y HH:mm", "en": "d MMM y HH:mm"}


@console.get("/quality/worth-a-look")
@allow(Permission.SEE_QUALITY)
def worth_a_look() -> ResponseReturnValue:
    """Those of the own hospitals, as the newest count found them."""
    with at_desk() as desk:
        sites, visits = site_names(desk), visit_titles(desk)
        site, visit, why = _chosen("site", sites), _chosen("visit", visits), _chosen("why", _names())
        looks = read_looks(
            desk.db, [site] if site else tuple(sites), [visit] if visit else tuple(visits), _reason(why)
        )
    number = _page_asked()
    return render_template(
        "console/worth_a_look.html",
        sites=sites,
        visits=visits,
        reasons=_names(),
        site=site,
        visit=visit,
        why=why,
        looks=looks,
        rules=rules,
        counted_at=_moment(looks.counted_at) if looks else "",
        rows=[
            (one, [_sentence(reason, one.manner) for reason in one.manner.reasons])
            for one in (looks.found[(number - 1) * _PAGE : number * _PAGE] if looks else ())
        ],
        pages=_pages(looks, number, site=site, visit=visit, why=why),
    )


def _chosen(name: str, known: dict[str, str]) -> str:
    asked = request.args.get(name, "")
    return asked if asked in known else ""


def _reason(code: str) -> Why | None:
    return Why(code) if code else None


def _names() -> dict[str, str]:
    return {
        Why.NIGHT.value: gettext("Answered at night"),
        Why.QUICK.value: gettext("Answered quickly"),
        Why.CHANGED.value: gettext("Changed much"),
    }


def _sentence(why: Why, manner: Manner) -> str:
    if why is Why.NIGHT:
        at_night = manner.at_night
        words = ngettext(
            "%(num)s question answered at night", "%(num)s questions answered at night", at_night
        )
        return f"{words}: {' – '.join(_night(manner))}"
    if why is Why.QUICK:
        numbers = {
            "quick": manner.quick_pages,
            "pages": manner.pages,
            "seconds": f"{rules.QUICK_SECONDS:g}",
        }
        return str(
            gettext("%(quick)s of %(pages)s pages took less than %(seconds)s seconds a question", **numbers)
        )
    changes = ngettext("Changed %(num)s time", "Changed %(num)s times", manner.changes)
    of = gettext("%(changed)s of %(answered)s questions", changed=manner.changed, answered=manner.answered)
    return f"{changes}: {of}"


def _night(manner: Manner) -> Iterator[str]:
    """From when to when; the day once if it was one night."""
    if manner.night_began is not None and manner.night_ended is not None:
        yield _moment(manner.night_began)
        days = {one.astimezone(clock.OSLO).date() for one in (manner.night_began, manner.night_ended)}
        yield _moment(manner.night_ended) if len(days) > 1 else str(
            format_datetime(manner.night_ended, "HH:mm")
        )


def _moment(instant: datetime) -> str:
    return str(format_datetime(instant, _DAY[str(get_locale())]))


def _page_asked() -> int:
    given = request.args.get("page", "1")
    return int(given) if given.isascii() and given.isdigit() and 0 < int(given[:9]) < 10**6 else 1


def _pages(looks: Looks | None, number: int, **chosen: str) -> dict[str, str]:
    last = -(-len(looks.found) // _PAGE) if looks else 1

    def address(page: int) -> str:
        asked: dict[str, Any] = {name: value or None for name, value in chosen.items()}
        return url_for("console.worth_a_look", page=page, lang=request.args.get("lang"), **asked)

    return {
        "previous": address(number - 1) if number > 1 else "",
        "next": address(number + 1) if number < last else "",
        "previous_text": gettext("Previous"),
        "next_text": gettext("Next page"),
        "text": gettext("Page %(page)s of %(pages)s", page=number, pages=max(last, 1)),
    }
