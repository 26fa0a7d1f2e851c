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
    # one participant
    "GET /console/participants/new": Permission.CHANGE_PARTICIPANTS,
    "POST /console/participants/new": Permission.CHANGE_PARTICIPANTS,
    "GET /console/participants/import": Permission.CHANGE_PARTICIPANTS,
    "POST /console/participants/import": Permission.CHANGE_PARTICIPANTS,
    "GET /console/participants/<number>": Permission.SEE_PARTICIPANTS,
    "POST /console/participants/<number>": Permission.SEE_CONTACTS,
    "GET /console/participants/<number>/change": Permission.CHANGE_PARTICIPANTS,
    "POST /console/participants/<number>/change": Permission.CHANGE_PARTICIPANTS,
    "GET /console/participants/<number>/erase-contact": Permission.CHANGE_PARTICIPANTS,
    "POST /console/participants/<number>/erase-contact": Permission.CHANGE_PARTICIPANTS,
    "GET /console/participants/<number>/withdraw": Permission.CHANGE_PARTICIPANTS,
    "POST /console/participants/<number>/withdraw": Permission.CHANGE_PARTICIPANTS,
    "GET /console/participants/<number>/day0": Permission.CHANGE_PARTICIPANTS,
    "POST /console/participants/<number>/day0": Permission.CHANGE_PARTICIPANTS,
    "GET /console/participants/<number>/visits/<code>": Permission.CHANGE_PARTICIPANTS,
    "POST /console/participants/<number>/visits/<code>": Permission.CHANGE_PARTICIPANTS,
}
