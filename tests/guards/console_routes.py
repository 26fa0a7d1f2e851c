"""Every route of the console, and what it needs."""

from btb_pro.console.blueprint import Open
from btb_pro.roles import Permission

CONSOLE_ROUTES: dict[str, object] = {
    # signing in
    "GET /console/sign-in": Open.ANYONE,
    # today
    "GET /console/": Permission.OWN_ACCOUNT,
    # the list of participants
    "GET /console/participants": Permission.SEE_PARTICIPANTS,
    # what holders of links asked for
    "GET /console/requests/<int:number>": Permission.SEE_PARTICIPANTS,
    "POST /console/requests/<int:number>": Permission.INVITE,
    "POST /console/requests/<int:number>/new-link": Permission.INVITE,
    "POST /console/requests/<int:number>/correction": Permission.READ_WISHES,
}
