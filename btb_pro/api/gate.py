"""The gate of the API: whose key it is, what it opens, and how often it may ask."""

import math
import re
from datetime import datetime

from flask import Response, current_app, g, request

from btb_pro import clock
from btb_pro.api.blueprint import Machine, v1
from btb_pro.api.problems import ProblemKind, Refused, problem
from btb_pro.api.reading import LARGEST_BODY
from btb_pro.roles import Scope
from btb_pro.services.api_admission import KeyHolder, KeyUnknown, TooManyWrongKeys, admit
from btb_pro.services.api_keys import KeyState
from btb_pro.services.audit import Context
from btb_pro.services.known_participants import note_refusal
from btb_pro.services.quotas import Quota, Turn
from btb_pro.this_request import request_id, runtime, speak

REQUESTS = Quota("api_requests", most=300, window_s=60)
EXPORTS = Quota("api_exports", most=20, window_s=60)
"""Of exports, which read all there is."""
_BEARER = re.compile(r"Bearer +([A-Za-z0-9._~+/-]+=*) *", re.IGNORECASE)
_REALM = 'Bearer realm="btb_pro"'
_WHY = {
    None: (ProblemKind.KEY_UNKNOWN, "No key is this one: look whether it was copied whole."),
    KeyState.REVOKED: (ProblemKind.KEY_REVOKED, "This key was revoked: ask an administrator for another."),
    KeyState.EXPIRED: (ProblemKind.KEY_EXPIRED, "This key has expired: ask an administrator for another."),
}


@v1.before_request
def let_in() -> None:
    """Open an operation for the keys that its rule names; without a rule it opens for nobody."""
    speak("en")
    request.max_content_length = LARGEST_BODY + 1
    view = current_app.view_functions[request.endpoint or ""]
    rule = getattr(view, "access_rule", None)
    if rule is Machine.ANYONE:
        return
    admitted_to = EXPORTS if rule is Scope.EXPORT else REQUESTS
    g.key_holder = _holder(admitted_to)
    if rule is not Machine.API_KEY and rule not in g.key_holder.scopes:
        raise Refused(
            ProblemKind.SCOPE_MISSING,
            f"This needs a key with the scope {rule}: ask an administrator for one.",
            headers={"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{rule}"'},
        )


@v1.after_request
def tell_what_is_left(response: Response) -> Response:
    """Say how many requests are left, in the fields of the draft that most clients read."""
    turn: Turn | None = g.get("turn")
    if turn is not None:
        name = turn.quota.name.removeprefix("api_")
        response.headers["RateLimit-Policy"] = f'"{name}";q={turn.quota.most};w={turn.quota.window_s}'
        response.headers["RateLimit"] = f'"{name}";r={turn.left};t={_seconds_to(turn.begins_anew_at)}'
    return response


@v1.errorhandler(Refused)
def refused(error: Refused) -> Response:
    """The problem that a request ends with; the trail is told which key asked for what is not for it."""
    why = "role" if error.kind is ProblemKind.SCOPE_MISSING else "hospital"
    if error.foreign or error.kind in (ProblemKind.SCOPE_MISSING, ProblemKind.OTHER_SITE):
        house = runtime()
        context = Context(key_holder().actor, request_id(), house.study.version)
        with house.database.writing() as db:
            note_refusal(db, context, request.endpoint or "", why, error.foreign)
            db.commit()
    return problem(error)


def key_holder() -> KeyHolder:
    """The program that asks; the gate has let no other come this far."""
    found = g.key_holder
    assert isinstance(found, KeyHolder)
    return found


def _holder(quota: Quota) -> KeyHolder:
    secret = _secret()
    refusal: Refused | None = None
    with runtime().database.writing() as db:
        try:
            admitted = admit(db, runtime(), secret, request.remote_addr or "", quota)
        except KeyUnknown as error:
            kind, sentence = _WHY[error.state]
            refusal = Refused(
                kind, sentence, headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'}
            )
        except TooManyWrongKeys as error:
            refusal = _too_many(error.until, "Too many wrong keys came from your network.")
        db.commit()
    if refusal is not None:
        raise refusal
    g.turn = admitted.turn
    if not admitted.turn.is_granted:
        raise _too_many(admitted.turn.begins_anew_at, "This key has had all its turns for now.")
    return admitted.holder


def _secret() -> str:
    found = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    if found is None:
        raise Refused(
            ProblemKind.KEY_MISSING,
            "Send a key in the header Authorization, as: Bearer btb_...",
            headers={"WWW-Authenticate": _REALM},
        )
    return found[1]


def _too_many(until: datetime, sentence: str) -> Refused:
    seconds = _seconds_to(until)
    detail = f"{sentence} Come back in {seconds} s."
    return Refused(ProblemKind.TOO_MANY_REQUESTS, detail, headers={"Retry-After": f"{seconds}"})


def _seconds_to(instant: datetime) -> int:
    return max(1, math.ceil((instant - clock.now()).total_seconds()))
