"""What a browser of the staff keeps: its session, that it was here before, and a form that was sent in vain.

A form that comes without a valid session, or when the password must be given once more, is not carried out.
What was typed goes into a sealed hidden field of the sign-in page, and after signing in into a form that
sends it once more, without a token: so the view shows its own form again, filled in, and nothing is done
before a person presses its button.

A browser that has signed in before keeps a signed cookie that names it, so that whoever guesses elsewhere, or
at the next desk behind the same address, does not slow it. It opens nothing.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Response, after_this_request, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from btb_pro.security import SealBroken
from btb_pro.services.limits import Caller, network_of
from btb_pro.services.staff_sessions import SignedIn, owner_of
from btb_pro.this_request import runtime

_CONTEXT = "console/kept"
_NEVER_KEPT = frozenset({"csrf_token", "password", "new_password", "sealed", "kept"})
_LARGEST = 100_000
_DOOR = ("/console/sign-in", "/console/sign-out", "/console/welcome", "/console/confirm")


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that was sent in vain."""

    path: str
    fields: tuple[tuple[str, str], ...]
    staff_id: int | None
    """Whose session had ended; only that person gets it back."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Where somebody wants to go once signed in: a page of the console, or a form that was kept."""

    next: str = ""
    kept: str = ""

    def by_way_of(self, endpoint: str) -> str:
        """The address of a page on the way there."""
        return url_for(endpoint, next=self.next or None)


def wish_of_request() -> Wish:
    """The wish that the pages of signing in hand on to each other."""
    return Wish(own_page(request.values.get("next", "")), request.form.get("kept", ""))


def own_page(address: str) -> str:
    """The address if it is one of the console's pages, else an empty text."""
    parts = urlsplit(address) if address.isprintable() and "\\" not in address else None
    if parts is None or parts.scheme or parts.netloc or not parts.path.startswith("/console/"):
        return ""
    if "/." in parts.path or parts.path.startswith(_DOOR) or address.startswith("//"):
        return ""
    return address


def keep_form(db: Session) -> Wish:
    """The form of this request, kept."""
    path = request.full_path.removesuffix("?")
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in _NEVER_KEPT]
    owner = owner_of(db, str(session.get("_user_id", "")))
    text = json.dumps({"path": path, "fields": fields, "staff_id": owner})
    if len(text) > _LARGEST:
        return Wish()
    return Wish(kept=base64.urlsafe_b64encode(runtime().sealer.seal(text, _CONTEXT)).decode())


def open_kept(sealed: str, staff_id: int) -> Kept | None:
    """The form that was kept, if it is this person's."""
    if not sealed:
        return None
    try:
        text = runtime().sealer.open(base64.urlsafe_b64decode(sealed.encode()), _CONTEXT)
    except (SealBroken, ValueError):
        return None
    made = json.loads(text)
    kept = Kept(made["path"], tuple((name, value) for name, value in made["fields"]), made["staff_id"])
    return kept if kept.staff_id in (None, staff_id) else None


def go_on(wish: Wish, staff_id: int) -> ResponseReturnValue:
    """Where the wish leads: back to the form, to the page wished for, or to the first page."""
    kept = open_kept(wish.kept, staff_id)
    if kept is not None:
        return render_template("console/kept.html", kept=kept)
    return redirect(wish.next or url_for("console.today"), 303)


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


class Holder:
    """The secret of a session, and whom it stands for."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, secret: str, signed_in: SignedIn) -> None:
        self.secret = secret
        self.signed_in = signed_in

    def get_id(self) -> str:
        """The secret: the cookie names a session, never an account."""
        return self.secret
