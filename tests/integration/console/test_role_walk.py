"""Every route of the console with every role and with nobody, out of the app's own list of routes."""

import pytest
from flask import Flask

from btb_pro.console.desk import Open
from btb_pro.roles import PERMISSIONS, Permission, Role
from tests.support.staff import signed_in
from tests.support.world import World

_VALUES = {"int": "1", "default": "x"}


def routes_of(app: Flask) -> list[tuple[str, str, str, object]]:
    """Method, path with values made up, endpoint and rule of every route of the console."""
    found = []
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/console"):
            continue
        with app.test_request_context():
            values = dict.fromkeys(rule.arguments, 1)
            adapter = app.url_map.bind("localhost")
            path = adapter.build(rule.endpoint, values, force_external=False)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            declared = getattr(app.view_functions[rule.endpoint], "access_rule", None)
            found.append((method, path, rule.endpoint, declared))
    return found


def reached_with(world: World) -> list[str]:
    """Let every view of the console note that it was reached, and do nothing else."""
    reached: list[str] = []
    for endpoint, view in list(world.app.view_functions.items()):
        if not endpoint.startswith("console."):
            continue

        def note(endpoint: str = endpoint, **_values: object) -> str:
            reached.append(endpoint)
            return "reached"

        for name in ("access_rule", "needs_confirmation"):
            if hasattr(view, name):
                setattr(note, name, getattr(view, name))
        world.app.view_functions[endpoint] = note
    return reached


@pytest.mark.parametrize("role", list(Role))
def test_a_role_reaches_what_the_table_says_and_finds_nothing_else(world: World, role: Role) -> None:
    client = signed_in(world, role).client
    reached = reached_with(world)
    for method, path, endpoint, rule in routes_of(world.app):
        reached.clear()
        status = client.open(path, method=method).status_code
        is_allowed = rule is Open.ANYONE or rule in PERMISSIONS[role]
        assert (bool(reached), status) == ((True, 200) if is_allowed else (False, 404)), (method, endpoint)


def test_nobody_reaches_anything_but_the_door(world: World) -> None:
    reached = reached_with(world)
    for method, path, endpoint, rule in routes_of(world.app):
        reached.clear()
        response = world.app.test_client().open(path, method=method)
        assert bool(reached) is (rule is Open.ANYONE), (method, endpoint)
        if rule is not Open.ANYONE and method == "GET":
            assert (response.status_code, response.location.partition("?")[0]) == (303, "/console/sign-in")
        elif rule is not Open.ANYONE:
            assert response.status_code == 403


@pytest.mark.parametrize("role", list(Role))
def test_every_page_that_a_role_may_open_opens(world: World, role: Role) -> None:
    browser = signed_in(world, role)
    for method, path, endpoint, rule in routes_of(world.app):
        if method == "GET" and rule in PERMISSIONS[role]:
            status = browser.open(path).status
            assert status in (200, 404), (endpoint, status)
            if "1" not in path:
                assert status == 200, endpoint


def test_a_route_without_a_rule_opens_for_nobody(world: World) -> None:
    client = signed_in(world, Role.ADMIN).client
    world.app.view_functions["console.today"] = lambda: "open"
    assert client.get("/console/").status_code == 404


def test_the_menu_shows_what_a_role_may_open_and_nothing_more(world: World) -> None:
    for role in Role:
        browser = signed_in(world, role).open("/console/")
        menu = next(browser.document.iter("nav"))
        linked = {one.get("href", "") for one in menu.iter("a")}
        assert ("/console/staff" in linked) is (Permission.MANAGE_STAFF in PERMISSIONS[role])
        for path in linked:
            assert browser.open(path).status == 200
