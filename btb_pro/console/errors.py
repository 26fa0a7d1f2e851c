"""The console's pages for what cannot go on, also at addresses below it that there are not."""

from contextlib import suppress

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from btb_pro.console.desk import console, note_what_was_refused
from btb_pro.console.gate import greet
from btb_pro.console.layout import on_every_page
from btb_pro.damage import DATABASE_FAILURES
from btb_pro.incoming import drain
from btb_pro.this_request import log_error

_SECRET = frozenset({"password", "new_password"})


def refused(error: HTTPException) -> ResponseReturnValue:
    """The page of a request that is refused, in the reader's language, with a way back."""
    code = error.code or 500
    if code == 413:
        drain(request)
    _greet()
    with suppress(*DATABASE_FAILURES):
        note_what_was_refused()
    title, paragraphs = _words(code)
    page = _page(title, paragraphs)
    if isinstance(error, MethodNotAllowed):
        return page, code, {"Allow": ", ".join(sorted(error.valid_methods or ()))}
    return page, code


def failed(_error: Exception) -> ResponseReturnValue:
    """The page for a mistake of ours."""
    _greet()
    title, paragraphs = _our_mistake()
    return _page(title, paragraphs), 500


def database_failed(error: Exception) -> ResponseReturnValue:
    """The page of a database that does not answer: it holds what was typed, and its button sends it again.

    A password is not put into a page; such a form must be filled in anew.
    """
    log_error(error)
    _greet()
    if request.method == "POST" and not _SECRET & set(request.form) and not request.files:
        return render_template("console/retry.html", sent=list(request.form.items(multi=True))), 503
    title, paragraphs = _our_mistake()
    return _page(title, paragraphs), 503


for _failure in DATABASE_FAILURES:
    console.register_error_handler(_failure, database_failed)


def _page(title: str, paragraphs: list[str]) -> str:
    """A page that also an address without a route can have, where no blueprint adds what the layout shows."""
    return render_template(
        "console/error.html", title=title, paragraphs=paragraphs, to_sign_in=False, **on_every_page()
    )


def _greet() -> None:
    """Show the way on to whoever is signed in; a database that does not answer leaves a page without it."""
    with suppress(*DATABASE_FAILURES):
        if current_user.is_authenticated:
            greet(current_user.signed_in)


def _our_mistake() -> tuple[str, list[str]]:
    return gettext("Something went wrong on our side"), [
        gettext("What was saved before is safe. Wait a minute and try again."),
        gettext("Does it still not work? Tell whoever runs btb_pro at your hospital."),
    ]


def _words(code: int) -> tuple[str, list[str]]:
    nothing_saved = gettext("Nothing of it was saved. What was saved before is safe.")
    if code == 413:
        return gettext("That was too much"), [gettext("Send a smaller file or less text."), nothing_saved]
    if code in (400, 415):
        return gettext("We could not read what was sent"), [
            gettext("Go back to the page and send it again."),
            nothing_saved,
        ]
    if code == 403:
        return gettext("This did not come from our page"), [
            gettext("Open the page here and press its button."),
            nothing_saved,
        ]
    if code in (404, 405):
        return gettext("There is no such page"), [
            gettext("Or it is not for your role or your hospital. The menu shows what is.")
        ]
    return gettext("This did not work"), [gettext("Wait a minute and try again."), nothing_saved]
