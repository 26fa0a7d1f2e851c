"""The staff's blueprint, and the rule that each of its routes declares who may come in."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from flask import Blueprint

from btb_pro.roles import Permission

console = Blueprint("console", __name__, url_prefix="/console")

View = TypeVar("View", bound=Callable[..., Any])


class Open(StrEnum):
    """Who else may use a route of the console."""

    ANYONE = "anyone at the door"
    """Signing in, and what comes before it; shows nothing of the study."""


def allow(rule: Permission | Open, *, confirmed: bool = False) -> Callable[[View], View]:
    """Declare what a route needs. One without a rule opens for nobody, and a test fails.

    `confirmed` routes ask for the password anew when it was given longer ago than a few minutes.
    """

    def declare(view: View) -> View:
        # Functions take attributes, their type says no.
        view.access_rule = rule  # type: ignore[attr-defined]
        view.needs_confirmation = confirmed  # type: ignore[attr-defined]
        return view

    return declare
