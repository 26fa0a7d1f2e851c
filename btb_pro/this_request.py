"""What one request carries with it: the instance that serves it, a name, and the language of its answer."""

import secrets

from flask import current_app, g
from flask_babel import refresh

from btb_pro.services.runtime import Runtime


def runtime() -> Runtime:
    """The running instance: its settings, study, database and keys."""
    found = current_app.extensions["btb_pro"]
    assert isinstance(found, Runtime)
    return found


def request_id() -> str:
    """A random name for this request, the same in the log and in the audit trail."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(6)
    return str(g.request_id)


def speak(language: str) -> None:
    """Use a language from here to the end of the request, whatever was looked up before."""
    g.language = language
    refresh()
