"""The blueprints of machines, and the rule that each of their routes declares who may come in."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from flask import Blueprint

from btb_pro.roles import Scope

api = Blueprint("api", __name__, url_prefix="/hooks")
v1 = Blueprint("v1", __name__, url_prefix="/api/v1")
"""What other programs ask for and order, each with a key of its own."""

View = TypeVar("View", bound=Callable[..., Any])


class Machine(StrEnum):
    """Who may use a route."""

    ANYONE = "anyone: it reveals nothing"
    HOOK_KEY = "whoever knows a key of BTB_HOOK_KEYS"
    API_KEY = "whoever has an API key, whatever its scopes"


def allow(rule: Machine | Scope) -> Callable[[View], View]:
    """Declare a route's access rule. One without a rule opens for nobody, and a test fails."""

    def declare(view: View) -> View:
        view.access_rule = rule  # type: ignore[attr-defined]  # functions take attributes, their type says no
        return view

    return declare
