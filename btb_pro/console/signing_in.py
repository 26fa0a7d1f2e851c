"""Signing in and out."""

from flask import render_template
from flask.typing import ResponseReturnValue

from btb_pro.console.blueprint import Open, allow, console


@console.get("/sign-in")
@allow(Open.ANYONE)
def sign_in() -> ResponseReturnValue:
    """The page that asks who is there."""
    return render_template("console/sign_in.html")
