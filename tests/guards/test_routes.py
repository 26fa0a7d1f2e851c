"""Every route says who may use it, and the session's pages open for its browser alone."""

import pytest

from btb_pro.api.blueprint import Machine
from btb_pro.participant.visitor import Access
from btb_pro.roles import Scope
from tests.guards.console_routes import CONSOLE_ROUTES
from tests.support.world import World

ROUTES: dict[str, object] = {
    "GET /": Access.ANYONE,
    "GET /k": Access.ANYONE,
    "POST /k": Access.ANYONE,
    "GET /done": Access.ANYONE,
    "GET /tablet/<ticket>": Access.ANYONE,
    "POST /tablet/<ticket>": Access.ANYONE,
    "POST /tablet/<ticket>/leave": Access.ANYONE,
    "GET /s/<token>/leave": Access.ANYONE,
    "POST /s/<token>/leave": Access.ANYONE,
    "GET /q/<handle>/leave": Access.SESSION,
    "POST /q/<handle>/leave": Access.SESSION,
    "GET /s/<token>": Access.ANYONE,
    "POST /s/<token>": Access.ANYONE,
    "GET /s/<token>/not-me": Access.ANYONE,
    "POST /s/<token>/not-me": Access.ANYONE,
    "GET /s/<token>/stop": Access.ANYONE,
    "POST /s/<token>/stop": Access.ANYONE,
    "GET /s/<token>/new-link": Access.ANYONE,
    "POST /s/<token>/new-link": Access.ANYONE,
    "GET /s/<token>/mistake": Access.ANYONE,
    "POST /s/<token>/mistake": Access.ANYONE,
    "GET /q/<handle>/code": Access.SESSION,
    "POST /q/<handle>/code": Access.SESSION,
    "GET /q/<handle>/mistake": Access.SESSION,
    "POST /q/<handle>/mistake": Access.SESSION,
    "GET /q/<handle>/": Access.SESSION,
    "POST /q/<handle>/": Access.SESSION,
    "GET /q/<handle>/page/<number>": Access.SESSION,
    "POST /q/<handle>/page/<number>": Access.SESSION,
    "GET /q/<handle>/pages/<language>": Access.SESSION,
    "POST /q/<handle>/tap/<number>": Access.SESSION,
    "GET /q/<handle>/review": Access.SESSION,
    "POST /q/<handle>/review": Access.SESSION,
    "GET /q/<handle>/receipt": Access.SESSION,
    "POST /q/<handle>/receipt": Access.SESSION,
    "GET /static/<path:filename>": Access.ANYONE,
    "GET /healthz": Machine.ANYONE,
    "GET /readyz": Machine.ANYONE,
    "POST /hooks/sms": Machine.HOOK_KEY,
    "POST /hooks/sms/<key>": Machine.HOOK_KEY,
    "POST /hooks/email": Machine.HOOK_KEY,
    "POST /hooks/email/<key>": Machine.HOOK_KEY,
    "GET /api/v1/openapi.json": Machine.ANYONE,
    "GET /api/v1/study": Machine.API_KEY,
    "GET /api/v1/participants": Scope.READ_PARTICIPANTS,
    "POST /api/v1/participants": Scope.WRITE_PARTICIPANTS,
    "GET /api/v1/participants/<id>": Scope.READ_PARTICIPANTS,
    "PATCH /api/v1/participants/<id>": Scope.WRITE_PARTICIPANTS,
    "PUT /api/v1/participants/<id>/visits/<visit>": Scope.WRITE_PARTICIPANTS,
    "POST /api/v1/participants/<id>/visits/<visit>/invitation": Scope.ISSUE_INVITATIONS,
    "GET /api/v1/participants/<id>/visits/<visit>": Scope.READ_PARTICIPANTS,
    "DELETE /api/v1/participants/<id>/visits/<visit>/invitation": Scope.ISSUE_INVITATIONS,
    "POST /api/v1/participants/<id>/withdrawal": Scope.WRITE_PARTICIPANTS,
    "GET /api/v1/exports/<table>": Scope.EXPORT,
    "GET /api/v1/exports/<table>/manifest": Scope.EXPORT,
    **CONSOLE_ROUTES,
}
"""A route that comes or goes is seen here first."""


def rules_of(world: World) -> dict[str, object]:
    """Every method and route of the app, with the access rule that its view declares."""
    return {
        f"{method} {rule.rule}": getattr(world.app.view_functions[rule.endpoint], "access_rule", None)
        for rule in world.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_has_its_rule(world: World) -> None:
    assert rules_of(world) == ROUTES


def test_a_route_without_a_rule_is_found(world: World) -> None:
    world.app.view_functions["participant.home"] = lambda: ""
    assert rules_of(world)["GET /"] is None


@pytest.mark.parametrize("route", [route for route, rule in ROUTES.items() if rule is Access.SESSION])
def test_a_page_of_a_session_shows_nothing_to_another_browser(world: World, route: str) -> None:
    handle = world.started().address.split("/")[2]
    method, rule = route.split(" ")
    path = rule.replace("<handle>", handle).replace("<number>", "1")
    response = world.app.test_client().open(path, method=method)
    assert response.status_code == 303
    assert response.headers["Location"] == "/"
