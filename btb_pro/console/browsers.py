"""Where a try to sign in comes from: its network, and whether this browser is known.

A browser that has signed in before keeps a signed cookie that names it, so that whoever guesses elsewhere, or
at the next desk behind the same address, does not slow it. It opens nothing.
"""

import secrets
from collections.abc import Mapping

from flask import Response, after_this_request, request
from itsdangerous import BadData, URLSafeTimedSerializer

from btb_pro.services.limits import Caller, network_of
from btb_pro.this_request import runtime

_LASTS_S = 180 * 24 * 3600
_MOST_ACCOUNTS = 10


def caller() -> Caller:
    """Where this request comes from."""
    return Caller(network_of(request.remote_addr or ""), _known())


def remember_browser(staff_id: int) -> None:
    """Let this browser be known to an account from now on."""
    known = dict(_known())
    name = known.pop(staff_id, None) or secrets.token_urlsafe(12)
    kept = [*known.items()][-_MOST_ACCOUNTS + 1 :]
    value = _serializer().dumps({str(number): one for number, one in [*kept, (staff_id, name)]})
    is_production = runtime().settings.is_production

    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(
            _cookie(), value, max_age=_LASTS_S, secure=is_production, httponly=True, samesite="Lax"
        )
        return response


def _known() -> Mapping[int, str]:
    try:
        loaded = _serializer().loads(request.cookies.get(_cookie(), ""), max_age=_LASTS_S)
    except BadData:
        return {}
    return {int(number): str(name) for number, name in loaded.items()}


def _cookie() -> str:
    return "__Host-btb-browser" if runtime().settings.is_production else "btb-browser"


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(list(reversed(runtime().settings.secret_keys)), salt="btb_pro.browser")
