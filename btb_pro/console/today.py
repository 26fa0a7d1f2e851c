"""The first page after signing in: what needs a person today."""

from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_wtf import FlaskForm

from btb_pro import clock
from btb_pro.console.desk import Desk, allow, at_desk, console, signed_in
from btb_pro.console.message_words import channel_name, kind_name
from btb_pro.console.phrases import short_day, short_time
from btb_pro.console.plot import draw
from btb_pro.console.scope import scope_of, site_names, visit_titles
from btb_pro.console.today_rows import Teller
from btb_pro.roles import Permission
from btb_pro.services.messages import find_message
from btb_pro.services.quiet_hours import next_loud
from btb_pro.services.today import day
from btb_pro.services.weekly_counts import Counted, Week, last_weeks, totals_by_site

WEEKS = 26
_MOST = 2**31


@dataclass(frozen=True, slots=True)
class JustSent:
    """A message that one press has put into the queue, where it still waits."""

    number: int
    study_number: str
    sentence: str


@console.get("/")
@allow(Permission.OWN_ACCOUNT)
def today() -> ResponseReturnValue:
    """What needs a person, in the order of how much it hurries; who sees no participants has the staff."""
    if not signed_in().may(Permission.SEE_PARTICIPANTS):
        return redirect(url_for("console.staff"), 303)
    with at_desk() as desk:
        sent = _sent(desk)
        scope = scope_of(desk)
        teller = Teller(desk.signed_in, site_names(desk), visit_titles(desk))
        sections = list(teller.sections(day(desk.db, scope)))
        weeks = last_weeks(desk.db, scope.sites, WEEKS)
        totals = totals_by_site(desk.db, scope.sites)
    counts = [(name, totals[code]) for code, name in teller.site_names.items()]
    if len(counts) > 1:
        every = {what: sum(numbers[what] for _, numbers in counts) for what in Counted}
        counts.append((gettext("All hospitals"), every))
    return render_template(
        "console/today.html",
        today=short_day(clock.today()),
        sent=sent,
        sections=sections,
        has_sites=len(teller.site_names) > 1,
        nothing=[one.title for one in sections if not one.rows],
        counts=counts,
        token=FlaskForm().csrf_token.current_token,
        **_plot(weeks),
    )


def _sent(desk: Desk) -> JustSent | None:
    number = request.args.get("sent", 0, int)
    found = find_message(desk.db, number) if 0 < number < _MOST else None
    if found is None or found.state != "queued" or not desk.signed_in.works_for(found.site):
        return None
    goes_out_at = next_loud(desk.runtime.study.quiet_hours, found.due_at)
    sentence = gettext(
        "%(number)s, %(visit)s: %(kind)s (%(channel)s) goes out %(time)s.",
        number=found.study_number,
        visit=visit_titles(desk)[found.visit],
        kind=kind_name(found.kind),
        channel=channel_name(found.channel),
        time=short_time(goes_out_at),
    )
    return JustSent(found.number, found.study_number, sentence)


def _plot(weeks: list[Week]) -> dict[str, object]:
    return {
        "plot": draw([(what.value, [week.numbers[what] for week in weeks]) for what in Counted]),
        "plot_title": ngettext(
            "Visits in the last week", "Visits in the last %(num)s weeks, week by week", len(weeks)
        ),
        "weeks": [{"day": short_day(week.monday), "numbers": week.numbers} for week in weeks],
        "names": {
            Counted.INVITED.value: gettext("Invited"),
            Counted.STARTED.value: gettext("Started"),
            Counted.SUBMITTED.value: gettext("Sent in"),
        },
    }
