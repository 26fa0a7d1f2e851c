"""What one request carries with it: the instance that serves it, its name, its language, and its failure."""

import logging
import secrets
import traceback

from flask import current_app, g, request
from flask_babel import refresh

from btb_pro.services.runtime import Runtime

_SCANDINAVIAN = frozenset({"no", "nb", "nn", "da", "sv"})
# The name under which the log of requests is known.
_log = logging.getLogger("btb_pro.requests")


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


def language_of_request() -> str:
    """The language that a view has found or forced, else the one asked for, else the browser's.

    One that the study does not speak gives way to the study's first.
    """
    if "language" not in g:
        spoken = current_app.extensions["btb_pro"].study.languages
        browsers = language_of_browser(request.headers.get("Accept-Language", ""))
        wished = (request.args.get("lang", ""), browsers, spoken[0])
        g.language = next(language for language in wished if language in spoken)
    return str(g.language)


def is_halted(house: Runtime) -> bool:
    """Whether nothing can be saved, since the database was found damaged."""
    note = house.database.note
    return note is not None and note.read() is not None


def log_error(error: BaseException) -> None:
    """Log where an unexpected error happened. Its message stays out: it may hold what somebody answered."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s %s\n%s", request_id(), type(error).__name__, frames)


def language_of_browser(accept_language: str) -> str:
    """The language for an Accept-Language header: Scandinavian readers get Norwegian, all others English.

    The header's first language that is one of those or English decides; a header that names neither, or
    none at all, means English.
    """
    for tag in _by_preference(accept_language):
        primary = tag.split("-")[0].lower()
        if primary in _SCANDINAVIAN:
            return "nb"
        if primary == "en":
            return "en"
    return "en"


def _by_preference(accept_language: str) -> list[str]:
    weighted = []
    for position, part in enumerate(accept_language[:500].split(",")):
        tag, _, parameter = part.strip().partition(";")
        weight = _weight(parameter)
        if tag.strip() and weight > 0:
            weighted.append((-weight, position, tag.strip()))
    return [tag for _, _, tag in sorted(weighted)]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
