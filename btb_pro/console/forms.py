"""What every form of the console has: a token against forged requests, and what is wrong with it.

A stale token shows the form again with what was typed, and nothing is done.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import request
from flask_babel import gettext
from flask_wtf import FlaskForm


class ConsoleForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """A form of the console. A form of one button only is this one itself."""

    def is_sound(self) -> bool:
        """Whether it was sent from a page of ours that is not stale."""
        return bool(self.validate_on_submit())


@dataclass(slots=True)
class Shown:
    """A form as a page shows it: what was typed, and what is wrong."""

    values: Mapping[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    """Field to sentence, in the language of the request."""
    notice: str = ""
    """What is wrong with no field of its own."""


def typed(name: str) -> str:
    """What was typed in one field of the form that was sent, without white space around it."""
    return str(request.form.get(name, "")).strip()


def stale_notice() -> str:
    """What a page says that shows a form again because its token was stale."""
    return str(gettext("Nothing was saved yet. What you wrote is still here: press the button again."))


def busy_notice() -> str:
    """What a page says when the server had no turn for a password."""
    return str(gettext("Many are signing in right now. Wait a moment and press the button again."))
