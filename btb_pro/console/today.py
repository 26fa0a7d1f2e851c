"""The first page after signing in: what needs a person today."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_wtf import FlaskForm

from btb_pro import clock
from btb_pro.console.blueprint import allow, console
from btb_pro.console.desk import at_desk, signed_in
from btb_pro.console.phrases import short_day
from btb_pro.console.plot import draw
from btb_pro.console.scope import scope_of, site_names, visit_titles
from btb_pro.console.today_rows import Teller
from btb_pro.roles import Permission
from btb_pro.services.today import day
from btb_pro.services.weekly_counts import Counted, Week, last_weeks, totals_by_site

WEEKS = 26


@console.get("/")
@allow(Permission.OWN_ACCOUNT)
def today() -> ResponseReturnValue:
    """What needs a person, in the order of how much it hurries; who sees no participants has the staff."""
    if not signed_in().may(Permission.SEE_PARTICIPANTS):
        return redirect(url_for("console.staff"), 303)
    with at_desk() as desk:
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
        sections=sections,
        has_sites=len(teller.site_names) > 1,
        nothing=[one.title for one in sections if not one.rows],
        counts=counts,
        token=FlaskForm().csrf_token.current_token,
        **_plot(weeks),
    )


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
