"""The list of participants: searched, filtered, sorted and paged by what stands in the address."""

from flask import render_template
from flask.typing import ResponseReturnValue

from btb_pro.console.blueprint import allow, console
from btb_pro.roles import Permission


@console.get("/participants")
@allow(Permission.SEE_PARTICIPANTS)
def participants() -> ResponseReturnValue:
    """One page of the list."""
    return render_template("console/participants.html")
