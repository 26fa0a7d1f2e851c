"""What a load balancer asks: whether the process lives, and whether it can take answers now.

A word and a status, whoever asks: what is wrong stands in `btb-pro doctor`.
"""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from btb_pro.api.blueprint import Machine, allow
from btb_pro.services.health import is_ready
from btb_pro.this_request import runtime

health = Blueprint("health", __name__)

_PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


@health.get("/healthz")
@allow(Machine.ANYONE)
def alive() -> ResponseReturnValue:
    """The process answers. Nothing else is asked, so that a restart is called for only when one helps."""
    return "alive\n", 200, _PLAIN


@health.get("/readyz")
@allow(Machine.ANYONE)
def ready() -> ResponseReturnValue:
    """The database takes writes, its schema is current, the disk has room, the clock is not behind."""
    house = runtime()
    if is_ready(house.settings, house.database):
        return "ready\n", 200, _PLAIN
    return "not ready\n", 503, _PLAIN
