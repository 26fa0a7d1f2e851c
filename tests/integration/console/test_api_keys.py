"""Keys of other programs in the console: shown once, listed with their last use, revoked at once."""

import re

import pytest

from btb_pro.roles import Role, Scope
from tests.support.machine import Machine, make_key
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import World


def made(browser: PlainBrowser, name: str = "Sykehusets system") -> PlainBrowser:
    """Fill in the form and send it."""
    browser.open("/console/api-keys/new")
    return browser.fill("name", name).fill("scopes", "export").fill("site", "oslo").press()


def test_a_key_is_shown_once_and_opens_what_was_chosen(world: World) -> None:
    browser = made(signed_in(world, Role.ADMIN))
    assert browser.page == "console-api-key"
    found = re.search(r"btb_[\w-]{43}", browser.html)
    assert found
    program = Machine(world.app.test_client(), found[0])
    told = program.get("/study").get_json()["key"]
    assert told == {"name": "Sykehusets system", "scopes": ["export"], "site": "oslo"}
    browser.open("/console/api-keys")
    assert "Sykehusets system" in browser.text
    assert "I bruk" in browser.text
    assert "Aldri" not in browser.text
    assert found[0] not in browser.html


def test_a_revoked_key_is_dead_at_once_and_stays_listed(world: World) -> None:
    key = make_key(world, Scope.EXPORT, name="trial database")
    browser = signed_in(world, Role.ADMIN).open("/console/api-keys")
    browser.press()
    assert "Nøkkelen er trukket tilbake." in browser.text
    assert "trial database" in browser.text
    response = Machine(world.app.test_client(), key).get("/study")
    assert response.status_code == 401


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": ""}, "Skriv hvilket program"),
        ({"days": "0"}, "fra 1 til 3660"),
        ({"days": "x"}, "fra 1 til 3660"),
        ({"site": "atlantis"}, "Velg blant"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(
    world: World, fields: dict[str, str], told: str
) -> None:
    browser = signed_in(world, Role.ADMIN).open("/console/api-keys/new")
    for name, value in {"name": "Et system", "scopes": "export", **fields}.items():
        browser.fill(name, value)
    browser.press()
    assert browser.status == 422
    assert told in browser.text


def test_everything_that_is_wrong_is_told_at_once(world: World) -> None:
    browser = signed_in(world, Role.ADMIN).open("/console/api-keys/new").fill("days", "-1").press()
    for told in ("Skriv hvilket program", "Velg minst én ting", "fra 1 til 3660"):
        assert told in browser.text


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_else_finds_the_page(world: World, role: Role) -> None:
    assert signed_in(world, role).open("/console/api-keys").status == 404
