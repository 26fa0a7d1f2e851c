"""The way in for whoever types the code of a letter instead of pointing a camera at it."""

from datetime import timedelta

from flask import redirect, render_template, request, url_for
from flask_babel import gettext

from btb_pro.participant.visitor import Access, ResponseValue, access, participant
from btb_pro.services.limits import Limit, forget, network_of, note_failure, wait_until
from btb_pro.services.typed_codes import find_typed
from btb_pro.this_request import language_of_request, runtime

WRONG_CODES = Limit("typed_code", free=10, longest=timedelta(minutes=2), window=timedelta(hours=1))
"""A code has 58 bits, so nobody finds one; this keeps the search from being a load."""
_LONGEST_SHOWN = 40


@participant.get("/k")
@access(Access.ANYONE)
def code() -> ResponseValue:
    """Where the code is typed."""
    return _page()


@participant.post("/k")
@access(Access.ANYONE)
def open_code() -> ResponseValue:
    """On to the start page of the code's link."""
    house = runtime()
    whom, key = network_of(request.remote_addr or ""), house.settings.secret_keys[0]
    with house.database.writing() as db:
        if wait_until(db, WRONG_CODES, whom, key) is not None:
            return _page(gettext("That was tried too often. Wait two minutes and try again.")), 429
        invitation = find_typed(db, house, request.form.get("code", ""))
        token = house.links.token(invitation.public_id) if invitation else ""
        if token:
            forget(db, WRONG_CODES, whom, key)
        else:
            note_failure(db, WRONG_CODES, whom, key)
        db.commit()
    if not token:
        fault = gettext("We do not know this code. Compare it with the letter, letter by letter, or ring us.")
        return _page(fault), 422
    wished = request.args.get("lang")
    return redirect(url_for("participant.start", token=token, lang=wished), 303)


def _page(fault: str = "") -> str:
    typed = "".join(filter(str.isprintable, request.form.get("code", "")[:_LONGEST_SHOWN]))
    action = url_for("participant.code", lang=language_of_request())
    return render_template("participant/code.html", fault=fault, typed=typed, action=action)
