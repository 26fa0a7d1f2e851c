"""The first page after signing in: what needs a person today."""

from flask import render_template
from flask.typing import ResponseReturnValue

from btb_pro.console.blueprint import allow, console
from btb_pro.roles import Permission


@console.get("/")
@allow(Permission.OWN_ACCOUNT)
def today() -> ResponseReturnValue:
    """What needs a person, in the order of how much it hurries."""
    return render_template("console/today.html")
