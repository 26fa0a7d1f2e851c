"""Cookies: one for each session, found by its handle, and never by another face's name."""

import pytest
from flask import Request
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from btb_pro.participant.cookies import (
    remember_link,
    remember_session,
    remembered_link,
    session_secret,
    session_secrets,
)


def request(cookies: str) -> Request:
    """A request that carries cookies."""
    return Request(EnvironBuilder(headers=Headers({"Cookie": cookies})).get_environ())


def test_each_session_has_a_cookie_of_its_own() -> None:
    both = request("btb-one=secret1; btb-two=secret2; btb-link=token; other=x")
    assert session_secret(both, "one", False) == "secret1"
    assert session_secret(both, "two", False) == "secret2"
    assert session_secret(both, "three", False) == ""
    assert session_secrets(both, False) == {"one": "secret1", "two": "secret2"}
    assert remembered_link(both, False) == "token"


def test_in_production_only_cookies_bound_to_the_host_count() -> None:
    mixed = request("btb-one=planted; __Host-btb-one=secret; btb-link=planted; __Host-btb-link=token")
    assert session_secret(mixed, "one", True) == "secret"
    assert session_secrets(mixed, True) == {"one": "secret"}
    assert remembered_link(mixed, True) == "token"


@pytest.mark.parametrize("is_production", [True, False])
def test_what_is_remembered_is_found_again(is_production: bool) -> None:
    response = Response()
    remember_session(response, "0123456789", "secret", is_production)
    remember_link(response, "token", is_production)
    cookies = "; ".join(one.split(";")[0] for one in response.headers.getlist("Set-Cookie"))
    back = request(cookies)
    assert session_secret(back, "0123456789", is_production) == "secret"
    assert remembered_link(back, is_production) == "token"
    assert session_secret(back, "0123456789", not is_production) == ""
