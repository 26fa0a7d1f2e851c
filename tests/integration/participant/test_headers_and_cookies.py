"""What every response carries, and the cookies: nothing kept, nothing told, nothing in the clear."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.integration.participant.steps import FORM, rebuilt
from tests.support.page_check import faults_of, parse
from tests.support.world import World

HOST = "btb.example"
BASE = f"https://{HOST}"


@pytest.fixture
def production(world: World) -> World:
    """The same instance behind TLS."""
    return rebuilt(world, base_url=BASE, trusted_hosts=(HOST,))


def every_kind(world: World, monkeypatch: pytest.MonkeyPatch, base: str = "") -> dict[str, TestResponse]:
    """One response of every kind, named."""
    client = world.app.test_client()
    dead = world.invite(world.add("BTB-002"))
    world.revoke("BTB-002")
    link = world.invite(world.add("BTB-001"))

    def ask(path: str, method: str = "GET", **more: object) -> TestResponse:
        response = client.open(path, method=method, base_url=base or None, **more)  # type: ignore[arg-type]  # by name
        response.get_data()
        response.close()
        return response

    found = {"home": ask("/"), "start": ask(link), "unknown link": ask("/s/x"), "dead link": ask(dead)}
    found["started"] = ask(link, "POST")
    session = found["started"].headers["Location"]
    found["parts"], found["items"] = ask(session), ask(f"{session}page/1")
    found["review"], found["page to nowhere"] = ask(f"{session}review"), ask(f"{session}page/99")
    found["form again"] = ask(f"{session}page/1", "POST")
    found["too large"] = ask(f"{session}page/1", "POST", data=b"a=" + b"a" * 300_000, content_type=FORM)
    found["unreadable"] = ask(f"{session}page/1", "POST", data=b"a=\xff", content_type=FORM)
    found["another kind"] = ask(f"{session}page/1", "POST", json={})
    found["from elsewhere"] = ask(f"{session}page/1", "POST", headers={"Sec-Fetch-Site": "cross-site"})
    found["no such page"], found["no such method"] = ask("/nothing"), ask("/", "DELETE")
    found["options"], found["head"] = ask(link, "OPTIONS"), ask(link, "HEAD")
    found["style sheet"], found["no such style"] = ask(style_sheet(found["parts"])), ask("/static/no.css")
    with monkeypatch.context() as patch:
        patch.setattr("btb_pro.participant.visitor.look_up", lambda *_: 1 / 0)
        found["our mistake"] = ask(link)
    return found


def style_sheet(page: TestResponse) -> str:
    """Address of the page's style sheet."""
    return next(
        one.get("href", "") for one in parse(page.text).iter("link") if one.get("rel") == "stylesheet"
    )


def directives(policy: str) -> dict[str, list[str]]:
    """A content security policy by directive."""
    return {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}


def test_every_response_carries_the_protecting_headers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    responses = every_kind(world, monkeypatch)
    statuses = {name: response.status_code for name, response in responses.items()}
    assert {200, 303, 400, 403, 404, 405, 410, 413, 415, 500} <= set(statuses.values()), statuses
    for name, response in responses.items():
        headers = response.headers
        policy = directives(headers["Content-Security-Policy"])
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"], name
        assert policy["form-action"] == ["'self'"], name
        sources = [source for listed in policy.values() for source in listed]
        assert not [one for one in sources if "unsafe" in one or "*" in one or "http" in one], name
        assert headers["Referrer-Policy"] == "same-origin", name
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert "noindex" in headers["X-Robots-Tag"], name
        assert "Strict-Transport-Security" not in headers, name
        assert "Werkzeug" not in headers.get("Server", ""), name


def test_nothing_is_kept_but_the_style_sheet(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, response in every_kind(world, monkeypatch).items():
        kept = response.headers["Cache-Control"]
        if name == "style sheet":
            assert "max-age=31536000" in kept
        else:
            assert kept == "no-store", name


def test_every_page_says_its_language_in_a_header_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, response in every_kind(world, monkeypatch).items():
        if response.mimetype == "text/html" and response.data and response.status_code != 303:
            assert faults_of(response.text) == [], name
            assert response.headers["Content-Language"] == parse(response.text).get("lang"), name


def test_no_page_asks_for_anything_from_elsewhere(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, response in every_kind(world, monkeypatch).items():
        if response.mimetype != "text/html" or not response.data:
            continue
        for element in parse(response.text).iter():
            loaded = [element.get("src"), element.get("href") if element.tag == "link" else None]
            assert not [one for one in loaded if one and not one.startswith(("/static/", "data:"))], name
            assert element.tag not in ("iframe", "object", "embed", "base"), name
            assert element.tag != "script" or (element.get("src") and not element.text), name


def test_strict_transport_is_asked_for_in_production_alone(
    production: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, response in every_kind(production, monkeypatch, BASE).items():
        value = response.headers["Strict-Transport-Security"]
        assert int(value.split("max-age=")[1].split(";")[0]) >= 365 * 24 * 3600, name
    production.close()


def cookies_of(client: FlaskClient, world: World, base: str | None) -> list[str]:
    """Every Set-Cookie of a link that is opened and started."""
    link = world.invite(world.add())
    opened = client.get(link, base_url=base)
    started = client.post(link, base_url=base)
    return [*opened.headers.getlist("Set-Cookie"), *started.headers.getlist("Set-Cookie")]


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(world: World) -> None:
    cookies = cookies_of(world.app.test_client(), world, None)
    assert len(cookies) == 2
    for cookie in cookies:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= attributes
        assert "secure" not in attributes
        assert not any(part.startswith("domain") for part in attributes)
        assert cookie.startswith("btb-")


def test_in_production_cookies_are_secure_and_bound_to_the_host(production: World) -> None:
    for cookie in cookies_of(production.app.test_client(), production, BASE):
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/", "secure"} <= attributes
        assert not any(part.startswith("domain") for part in attributes)
        assert cookie.startswith("__Host-btb-")
    production.close()


def test_a_session_works_in_production(production: World) -> None:
    client = production.app.test_client()
    started = client.post(production.invite(production.add()), base_url=BASE)
    page = client.get(started.headers["Location"], base_url=BASE)
    assert (page.status_code, 'data-page="parts"' in page.text) == (200, True)
    production.close()


def test_an_unprefixed_cookie_is_worth_nothing_in_production(production: World) -> None:
    client = production.app.test_client()
    started = client.post(production.invite(production.add()), base_url=BASE)
    name, _, rest = started.headers["Set-Cookie"].partition("=")
    other = production.app.test_client()
    other.set_cookie(name.removeprefix("__Host-"), rest.partition(";")[0], domain=HOST)
    assert other.get(started.headers["Location"], base_url=BASE).status_code == 303
    production.close()


def test_a_request_under_another_hosts_name_is_refused(production: World) -> None:
    link = production.invite(production.add())
    for path in ("/", link, "/nothing"):
        for method in ("GET", "POST"):
            client = production.app.test_client()
            response = client.open(path, method=method, base_url="https://evil.example")
            assert (response.status_code, "Set-Cookie" in response.headers) == (400, False)
            assert "BackToBasic" not in response.text
    production.close()


def test_the_session_cookie_outlives_the_browser_and_the_links_does_not(world: World) -> None:
    opened, started = cookies_of(world.app.test_client(), world, None)
    assert "Max-Age" not in opened
    assert "Max-Age=" in started


def test_neither_cookie_nor_address_of_a_session_holds_the_token(world: World) -> None:
    link = world.invite(world.add())
    started = world.app.test_client().post(link)
    token = link.removeprefix("/s/")
    assert token not in str(started.headers)


def test_the_style_sheet_has_its_hash_in_its_name(world: World) -> None:
    client = world.app.test_client()
    session = client.post(world.invite(world.add())).headers["Location"]
    assert Path(style_sheet(client.get(session))).name.count(".") == 2
