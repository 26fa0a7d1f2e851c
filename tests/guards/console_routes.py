"""Every route of the console, and what it needs."""

from btb_pro.console.blueprint import Open
from btb_pro.roles import Permission

CONSOLE_ROUTES: dict[str, object] = {
    # signing in
    "GET /console/sign-in": Open.ANYONE,
    # invitations and messages
    "GET /console/invitations": Permission.INVITE,
    "POST /console/invitations": Permission.INVITE,
    "GET /console/participants/<number>/link/<code>": Permission.INVITE,
    "GET /console/participants/<number>/invite/<code>": Permission.INVITE,
    "POST /console/participants/<number>/invite/<code>": Permission.INVITE,
    "GET /console/participants/<number>/revoke/<code>": Permission.INVITE,
    "POST /console/participants/<number>/revoke/<code>": Permission.INVITE,
    "GET /console/messages/<int:number>": Permission.INVITE,
    "POST /console/messages/<int:number>": Permission.INVITE,
    # today
    "GET /console/": Permission.OWN_ACCOUNT,
    # the list of participants
    "GET /console/participants": Permission.SEE_PARTICIPANTS,
}
