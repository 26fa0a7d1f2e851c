"""The participant's blueprint, and the rule that each of its routes declares who may come in."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from flask import Blueprint
from werkzeug.wrappers import Response

participant = Blueprint("participant", __name__)

ResponseValue = str | tuple[str, int] | Response
"""What a view of a participant's page gives."""
View = TypeVar("View", bound=Callable[..., Any])


class Access(StrEnum):
    """Who may use a route."""

    ANYONE = "anyone"
    """Shows nothing of anybody, or decides by the signed link in its address."""
    SESSION = "session"
    """The browser that holds the session's cookie."""


def access(rule: Access) -> Callable[[View], View]:
    """Declare a route's access rule. A test walks all routes and fails where one is missing."""

    def declare(view: View) -> View:
        view.access_rule = rule  # type: ignore[attr-defined]  # functions take attributes, their type says no
        return view

    return declare
