"""Keys of other programs: hashed at rest, for scopes and a site, and never anywhere that others read."""

import io
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.logs import set_up_logging
from btb_pro.models.base import AuditEvent
from btb_pro.models.staff import ApiKey
from btb_pro.roles import Role, Scope
from btb_pro.services.api_keys import KeyFault, KeyRefused, NewKey, add_key, list_keys, revoke_key
from tests.integration.participant.steps import dump
from tests.support.machine import BASE, Machine, machine, make_key, refused
from tests.support.staff import refused_access, signed_in
from tests.support.world import COMMAND, World

OPENED = {
    Scope.READ_PARTICIPANTS: ("GET", "/participants"),
    Scope.WRITE_PARTICIPANTS: ("PATCH", "/participants/BTB-001"),
    Scope.ISSUE_INVITATIONS: ("POST", "/participants/BTB-001/visits/baseline/invitation"),
    Scope.EXPORT: ("GET", "/exports/wide"),
}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger says, down to debugging."""
    stream = io.StringIO()
    set_up_logging(stream, logging.DEBUG)
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)
    logging.getLogger("btb_pro").handlers = []


def test_a_key_lies_nowhere_in_the_database(world: World) -> None:
    program = machine(world)
    assert program.key.startswith("btb_")
    assert program.get("/study").status_code == 200
    assert program.key.removeprefix("btb_") not in repr(dump(world))


def test_a_key_and_a_link_stand_in_no_log(world: World, log: io.StringIO) -> None:
    world.add()
    program = machine(world)
    link = program.post("/participants/BTB-001/visits/baseline/invitation", {}).get_json()["link"]
    program.get("/participants?cursor=nonsense")
    Machine(program.client, f"{program.key}x").get("/study")
    program.client.get(f"{BASE}/{program.key}")
    written = log.getvalue()
    assert "POST /api/v1/participants/<id>/visits/<visit>/invitation 201" in written
    for secret in (program.key, link.rpartition("/")[2], "BTB-001"):
        assert secret not in written


def test_the_trail_calls_a_program_by_the_name_of_its_key(world: World) -> None:
    key = make_key(world, name="hospital system", site="oslo")
    body = {"id": "BTB-001", "site": "oslo"}
    assert Machine(world.app.test_client(), key).post("/participants", body).status_code == 201
    with world.reading() as session:
        event = session.execute(select(AuditEvent).order_by(AuditEvent.seq.desc())).scalars().first()
        assert event is not None
        told = (event.actor_kind, event.actor, event.actor_role, event.actor_site, event.tag)
    assert told == ("job", "api key hospital system", "api-key", "oslo", "participant:add")


def test_when_a_key_was_last_used_is_known_to_the_minute(world: World) -> None:
    program = machine(world)
    with world.reading() as session:
        assert [one.last_used_at for one in list_keys(session)] == [None]
    noon = clock.now() + timedelta(hours=1)
    for moment in (noon, noon + timedelta(seconds=30), noon + timedelta(seconds=90)):
        with clock.at(moment):
            program.get("/study")
    with world.reading() as session:
        assert [one.last_used_at for one in list_keys(session)] == [noon + timedelta(seconds=90)]


@pytest.mark.parametrize("scope", OPENED)
def test_a_scope_opens_its_own_operations_alone(world: World, scope: Scope) -> None:
    world.add()
    program = machine(world, scope)
    for other, (method, path) in OPENED.items():
        body: object = {} if method in ("POST", "PATCH") else None
        response = program.ask(method, path, body)
        if other is scope:
            assert response.status_code in (200, 201)
        else:
            assert other.value in refused(response, 403, "scope_missing")
            assert f'scope="{other}"' in response.headers["WWW-Authenticate"]
    assert program.get("/study").get_json()["key"]["scopes"] == [scope.value]


def test_a_revoked_key_opens_nothing_from_the_next_request_on(world: World) -> None:
    key = make_key(world, name="gone")
    program = Machine(world.app.test_client(), key)
    assert program.get("/study").status_code == 200
    with world.writing() as session:
        revoke_key(session, COMMAND, "gone")
    response = program.get("/study")
    refused(response, 401, "key_revoked")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_a_key_ends_with_its_last_day(world: World) -> None:
    program = Machine(world.app.test_client(), make_key(world, days=1))
    with clock.at(clock.now() + timedelta(hours=23)):
        assert program.get("/study").status_code == 200
    with clock.at(clock.now() + timedelta(hours=25)):
        refused(program.get("/study"), 401, "key_expired")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer a b",
        "Bearer btb_\u00e6",
        "btb_key",
        "Bearer " + "x" * 5000,
    ],
)
def test_without_a_key_nothing_opens(world: World, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    response = world.app.test_client().get(f"{BASE}/participants", headers=headers)
    refused(response, 401, "key_unknown" if "xx" in header else "key_missing")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_in_the_address_is_no_key(world: World) -> None:
    key = make_key(world)
    refused(world.app.test_client().get(f"{BASE}/study?access_token={key}"), 401, "key_missing")


def test_a_member_of_staff_who_is_signed_in_opens_nothing_without_a_key(world: World) -> None:
    client = signed_in(world, Role.ADMIN).client
    refused(client.get(f"{BASE}/participants"), 401, "key_missing")
    refused(client.post(f"{BASE}/participants", json={"id": "BTB-1", "site": "oslo"}), 401, "key_missing")


def test_a_key_opens_no_page_of_the_console(world: World) -> None:
    headers = {"Authorization": f"Bearer {make_key(world)}"}
    client = world.app.test_client()
    assert client.get("/console/participants", headers=headers).status_code == 303
    assert client.post("/console/participants/new", headers=headers, data={"id": "X"}).status_code == 403


def test_whoever_tries_wrong_keys_has_to_wait_and_the_right_key_does_not(world: World) -> None:
    right = machine(world)
    wrong = Machine(right.client, "btb_wrong")
    for _ in range(11):
        refused(wrong.get("/study"), 401, "key_unknown")
    response = wrong.get("/study")
    refused(response, 429, "too_many_requests")
    assert int(response.headers["Retry-After"]) >= 1
    assert right.get("/study").status_code == 200


def test_a_key_that_asks_too_often_is_told_when_to_come_back(world: World) -> None:
    program = machine(world)
    begun = clock.now()
    with clock.at(begun):
        for left in reversed(range(20)):
            response = program.get("/exports/codebook/manifest")
            assert response.headers["RateLimit-Policy"] == '"exports";q=20;w=60'
            assert response.headers["RateLimit"] == f'"exports";r={left};t=60'
    with clock.at(begun + timedelta(seconds=48)):
        response = program.get("/exports/codebook/manifest")
        assert "12 s" in refused(response, 429, "too_many_requests")
        assert response.headers["Retry-After"] == "12"
        assert response.headers["RateLimit"] == '"exports";r=0;t=12'
        # Its other turns, and another key's, are counted apart.
        assert program.get("/study").headers["RateLimit"] == '"requests";r=299;t=60'
        assert machine(world).get("/exports/codebook/manifest").status_code == 200
    with clock.at(begun + timedelta(seconds=60)):
        assert program.get("/exports/codebook/manifest").status_code == 200


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        (NewKey("  ", [Scope.EXPORT]), KeyFault.NAME_MISSING),
        (NewKey("x" * 61, [Scope.EXPORT]), KeyFault.NAME_TOO_LONG),
        (NewKey("a\x00b", [Scope.EXPORT]), KeyFault.NAME_ILLEGAL),
        (NewKey("taken", [Scope.EXPORT]), KeyFault.NAME_TAKEN),
        (NewKey("none", []), KeyFault.NO_SCOPE),
        (NewKey("nowhere", [Scope.EXPORT], "atlantis"), KeyFault.SITE_UNKNOWN),
        (NewKey("never", [Scope.EXPORT], days=0), KeyFault.DAYS_ILLEGAL),
        (NewKey("ever", [Scope.EXPORT], days=3661), KeyFault.DAYS_ILLEGAL),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_the_reason(world: World, new: NewKey, fault: KeyFault) -> None:
    make_key(world, name="taken")
    with world.writing() as session:
        revoke_key(session, COMMAND, "taken")
    with world.writing() as session, pytest.raises(KeyRefused) as caught:
        add_key(session, COMMAND, world.runtime.study, new)
    assert caught.value.faults == (fault,)


def test_the_row_of_a_key_holds_its_scopes_in_one_order(world: World) -> None:
    make_key(world, Scope.ISSUE_INVITATIONS, Scope.EXPORT)
    with world.reading() as session:
        row = session.execute(select(ApiKey)).scalar_one()
        assert row.scopes == "export invitations:issue"


def test_the_trail_tells_which_key_asked_for_what_is_not_for_it(world: World) -> None:
    world.add("BTB-001", "oslo")
    world.add("BTB-002", "bergen")
    oslo = machine(world, Scope.READ_PARTICIPANTS, site="oslo")
    refused(oslo.get("/exports/wide"), 403, "scope_missing")
    refused(oslo.get("/participants?site=bergen"), 403, "other_site")
    refused(oslo.get("/participants/BTB-002"), 404, "not_found")
    refused(oslo.get("/participants/BTB-009"), 404, "not_found")
    assert [(role, why, number) for role, _, why, number in refused_access(world)] == [
        ("api-key", "role", ""),
        ("api-key", "hospital", ""),
        ("api-key", "hospital", "BTB-002"),
    ]
