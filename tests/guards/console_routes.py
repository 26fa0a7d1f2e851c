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
    "GET /console/messages/<int(max=2147483647):number>": Permission.INVITE,
    "POST /console/messages/<int(max=2147483647):number>": Permission.INVITE,
    "POST /console/sign-in": Open.ANYONE,
    "GET /console/sign-in/code": Open.ANYONE,
    "POST /console/sign-in/code": Open.ANYONE,
    "GET /console/sign-in/second-factor": Open.ANYONE,
    "POST /console/sign-in/second-factor": Open.ANYONE,
    "POST /console/sign-out": Open.ANYONE,
    "GET /console/welcome/<token>": Open.ANYONE,
    "POST /console/welcome/<token>": Open.ANYONE,
    # the own account
    "GET /console/confirm": Permission.OWN_ACCOUNT,
    "POST /console/confirm": Permission.OWN_ACCOUNT,
    "GET /console/account": Permission.OWN_ACCOUNT,
    "POST /console/account/language": Permission.OWN_ACCOUNT,
    "POST /console/account/password": Permission.OWN_ACCOUNT,
    "GET /console/account/second-factor": Permission.OWN_ACCOUNT,
    "POST /console/account/second-factor": Permission.OWN_ACCOUNT,
    "POST /console/account/recovery-codes": Permission.OWN_ACCOUNT,
    "POST /console/account/sessions": Permission.OWN_ACCOUNT,
    # the staff
    "GET /console/staff": Permission.MANAGE_STAFF,
    "GET /console/staff/periods": Permission.MANAGE_STAFF,
    "GET /console/staff/new": Permission.MANAGE_STAFF,
    "POST /console/staff/new": Permission.MANAGE_STAFF,
    "GET /console/staff/<int(max=2147483647):number>": Permission.MANAGE_STAFF,
    "POST /console/staff/<int(max=2147483647):number>": Permission.MANAGE_STAFF,
    "POST /console/staff/<int(max=2147483647):number>/link": Permission.MANAGE_STAFF,
    "POST /console/staff/<int(max=2147483647):number>/state": Permission.MANAGE_STAFF,
    # the keys of other programs
    "GET /console/api-keys": Permission.MANAGE_API_KEYS,
    "GET /console/api-keys/new": Permission.MANAGE_API_KEYS,
    "POST /console/api-keys/new": Permission.MANAGE_API_KEYS,
    "POST /console/api-keys/revoke": Permission.MANAGE_API_KEYS,
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
    # safety
    "GET /console/safety/<int(max=2147483647):number>": Permission.ACKNOWLEDGE_SAFETY,
    "POST /console/safety/<int(max=2147483647):number>": Permission.ACKNOWLEDGE_SAFETY,
    # typing in from paper
    "GET /console/participants/<number>/paper/<visit>": Permission.KEY_PAPER,
    "POST /console/participants/<number>/paper/<visit>": Permission.KEY_PAPER,
    "GET /console/participants/<number>/paper/<visit>/page/<int(max=2147483647):page>": Permission.KEY_PAPER,
    "POST /console/participants/<number>/paper/<visit>/page/<int(max=2147483647):page>": Permission.KEY_PAPER,
    "POST /console/participants/<number>/paper/<visit>/end": Permission.KEY_PAPER,
    "GET /console/participants/<number>/paper/<visit>/again": Permission.KEY_PAPER,
    "POST /console/participants/<number>/paper/<visit>/again": Permission.KEY_PAPER,
    "POST /console/participants/<number>/paper/<visit>/discard": Permission.KEY_PAPER,
    # letters and the tablet
    "GET /console/participants/<number>/at-hand/<visit>": Permission.INVITE,
    "POST /console/participants/<number>/answer-here/<visit>": Permission.INVITE,
    "POST /console/participants/<number>/letter/<visit>.pdf": Permission.INVITE,
    "GET /console/participants/<number>/letter/<visit>/preview.pdf": Permission.INVITE,
    "GET /console/letters": Permission.INVITE,
    "POST /console/letters.pdf": Permission.INVITE,
    # what holders of links asked for
    "GET /console/requests/<int(max=2147483647):number>": Permission.SEE_PARTICIPANTS,
    "POST /console/requests/<int(max=2147483647):number>": Permission.INVITE,
    "POST /console/requests/<int(max=2147483647):number>/new-link": Permission.INVITE,
    "POST /console/requests/<int(max=2147483647):number>/correction": Permission.READ_WISHES,
}
