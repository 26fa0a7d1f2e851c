"""Every route of the console, and what it needs."""

from btb_pro.console.blueprint import Open
from btb_pro.roles import Permission

CONSOLE_ROUTES: dict[str, object] = {
    # signing in
    "GET /console/sign-in": Open.ANYONE,
    # today
    "GET /console/": Permission.OWN_ACCOUNT,
    # safety
    "GET /console/safety/<int:number>": Permission.ACKNOWLEDGE_SAFETY,
    "POST /console/safety/<int:number>": Permission.ACKNOWLEDGE_SAFETY,
    # typing in from paper
    "GET /console/participants/<number>/paper/<visit>": Permission.KEY_PAPER,
    "POST /console/participants/<number>/paper/<visit>": Permission.KEY_PAPER,
    "GET /console/participants/<number>/paper/<visit>/page/<int:page>": Permission.KEY_PAPER,
    "POST /console/participants/<number>/paper/<visit>/page/<int:page>": Permission.KEY_PAPER,
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
}
