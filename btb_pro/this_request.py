"""What one request carries with it: a name, and the language that it is answered in."""

import secrets

from flask import g
from flask_babel import refresh


def request_id() -> str:
    """A random name for this request, the same in the log and in the audit trail."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(6)
    return str(g.request_id)


def speak(language: str) -> None:
    """Use a language from here to the end of the request, whatever was looked up before."""
    g.language = language
    refresh()
