"""What of the study a member of staff has to do with: hospitals, visits, and when it is."""

from flask_babel import get_locale

from btb_pro import clock
from btb_pro.console.desk import Desk
from btb_pro.services.waiting import Scope


def scope_of(desk: Desk) -> Scope:
    """The hospitals of this person, now."""
    return Scope(
        sites=tuple(site_names(desk)),
        now=clock.now(),
        visits=tuple(visit.code for visit in desk.runtime.study.visits if visit.parts),
    )


def site_names(desk: Desk) -> dict[str, str]:
    """Code to name of the hospitals that this person works for, in the study's order."""
    return {site.code: site.name for site in desk.runtime.study.sites if desk.signed_in.works_for(site.code)}


def visit_titles(desk: Desk) -> dict[str, str]:
    """Code to title, in the language of the request, of the visits that ask something."""
    language = str(get_locale())
    return {visit.code: visit.title[language] for visit in desk.runtime.study.visits if visit.parts}
