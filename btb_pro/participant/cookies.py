"""The participant's cookies: one per session, and one that remembers the link until Start is pressed."""

from flask import Request
from werkzeug.wrappers import Response

_LINK = "btb-link"
_LIFETIME_S = 60 * 24 * 3600
"""Longer than a session, whose row decides: a page left open for days can still save what it holds."""


def _name(name: str, is_production: bool) -> str:
    return f"__Host-{name}" if is_production else name


def session_secret(request: Request, handle: str, is_production: bool) -> str:
    """The secret that this browser holds for a session, empty if none."""
    return request.cookies.get(_name(f"btb-{handle}", is_production), "")


def session_secrets(request: Request, is_production: bool) -> dict[str, str]:
    """Every session that this browser holds a cookie of: handle to secret."""
    prefix = _name("btb-", is_production)
    return {
        name.removeprefix(prefix): value
        for name, value in request.cookies.items()
        if name.startswith(prefix) and name != _name(_LINK, is_production)
    }


def remember_session(
    response: Response, handle: str, secret: str, is_production: bool, *, is_shared: bool = False
) -> None:
    """Give this browser the secret of a session. Each session has its own cookie, so links never mix.

    On a device that others use too it goes when the browser closes.
    """
    _set(response, f"btb-{handle}", secret, is_production, None if is_shared else _LIFETIME_S)


def forget_session(response: Response, handle: str, is_production: bool) -> None:
    """Take the secret of a session from this browser."""
    _delete(response, f"btb-{handle}", is_production)


def remembered_link(request: Request, is_production: bool) -> str:
    """The token of the link that this browser opened last, empty if none."""
    return request.cookies.get(_name(_LINK, is_production), "")


def remember_link(response: Response, token: str, is_production: bool) -> None:
    """Let a page before Start lead back to Start. Gone when the browser closes."""
    _set(response, _LINK, token, is_production, None)


def forget_link(response: Response, is_production: bool) -> None:
    """Let no page of this browser lead back to the link that was opened last."""
    _delete(response, _LINK, is_production)


def _delete(response: Response, name: str, is_production: bool) -> None:
    response.delete_cookie(
        _name(name, is_production), secure=is_production, httponly=True, samesite="Lax", path="/"
    )


def _set(response: Response, name: str, value: str, is_production: bool, max_age: int | None) -> None:
    response.set_cookie(
        _name(name, is_production),
        value,
        max_age=max_age,
        secure=is_production,
        httponly=True,
        samesite="Lax",
        path="/",
    )
