"""Whatever comes in: a problem with a sentence, nothing changed, and never a 500."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.api import participants
from btb_pro.api.reading import LARGEST_BODY
from tests.integration.participant.steps import dump
from tests.support.machine import BASE, Machine, machine, refused
from tests.support.world import World

GOOD = {"id": "BTB-001", "site": "oslo"}
NOT_JSON = [
    b"", b"{", b"nonsense",
    b'{"id": "\xff"}', b'{"id": "\\ud800"}', b'{"id": "\\udc00x"}', b"\x00",
    b"\xff\xfe{\x00}\x00", b'{"id": NaN}', b"'id'", b'{"id": "a",}', b"\xef\xbb\xbf{}",
]  # fmt: skip
MISFITS: list[object] = [
    {}, [], None, "x", 1, {**GOOD, "name": "Kari"}, {**GOOD, "id": None}, {**GOOD, "id": 1},
    {**GOOD, "id": ["BTB"]},
    {**GOOD, "id": "a\x00b"}, {**GOOD, "id": "a\nb"}, {**GOOD, "email": "a@b.no\r\nBcc: c"},
    {**GOOD, "id": "x" * 201},
    {**GOOD, "language": "de"}, {**GOOD, "day0": 20260101}, {**GOOD, "site": {}},
    {**GOOD, "day0": "0000-00-00"},
]  # fmt: skip


@pytest.mark.parametrize("body", NOT_JSON)
def test_what_is_no_json_is_refused(world: World, body: bytes) -> None:
    assert "JSON" in refused(machine(world).post("/participants", data=body), 400, "not_json")


@pytest.mark.parametrize("body", MISFITS, ids=repr)
def test_what_does_not_fit_is_refused(world: World, body: object) -> None:
    refused(machine(world).post("/participants", data=json.dumps(body)), 422, "body_wrong")


def test_an_unknown_field_is_named(world: World) -> None:
    sentence = refused(machine(world).post("/participants", {**GOOD, "day_0": None}), 422, "body_wrong")
    assert "`day_0`" in sentence


def test_what_is_neither_json_nor_fits_is_refused_however_deep(world: World) -> None:
    for body in (b"[", b"{}{}", b"[" * 30_000, b'{"id":' * 10_000, b'{"day0":' + b"[" * 30_000):
        response = machine(world).post("/participants", data=body)
        assert response.status_code in (400, 422)


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "*/*"]
)
def test_another_kind_of_body_is_refused(world: World, kind: str) -> None:
    body = json.dumps(GOOD)
    response = machine(world).post("/participants", data=body, headers={"Content-Type": kind})
    assert "application/json" in refused(response, 415, "not_sent_as_json")


def test_a_body_that_was_packed_is_refused(world: World) -> None:
    response = machine(world).post("/participants", data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    refused(response, 415, "not_sent_as_json")


def test_a_body_that_is_too_large_is_refused(world: World) -> None:
    program = machine(world)
    rest = b" " * (LARGEST_BODY - len(json.dumps(GOOD)))
    assert program.post("/participants", data=json.dumps(GOOD).encode() + rest).status_code == 201
    for more in (1, 2, 200_000):
        body = json.dumps(GOOD).encode() + rest + b" " * more
        assert "64 KB" in refused(program.post("/participants", data=body), 413, "too_large")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "", 404, "not_found"),
        ("GET", "/participants/", 404, "not_found"),
        ("DELETE", "/participants/BTB-001", 405, "method_wrong"),
        ("POST", "/study", 405, "method_wrong"),
        ("GET", "/participants/BTB-001/visits/baseline/invitation", 405, "method_wrong"),
        ("GET", "/participants/%00", 404, "not_found"),
        ("GET", "/participants/%ED%A0%80", 404, "not_found"),
        ("GET", "/participants/%C3%A6", 404, "not_found"),
        ("GET", "/participants/" + "x" * 2000, 404, "not_found"),
        ("GET", "/study?x=1", 400, "query_wrong"),
        ("GET", "/participants?limit=0", 400, "query_wrong"),
        ("GET", "/participants?limit=501", 400, "query_wrong"),
        ("GET", "/participants?limit=9999999999999999999999", 400, "query_wrong"),
        ("GET", "/participants?limit=5&limit=6", 400, "query_wrong"),
        ("GET", "/participants?offset=5", 400, "query_wrong"),
        ("GET", "/participants?site=%00", 400, "query_wrong"),
        ("GET", "/openapi.json?x", 400, "query_wrong"),
    ],
)
def test_an_address_that_is_none_is_told_as_a_problem(
    world: World, method: str, path: str, status: int, code: str
) -> None:
    response = machine(world).ask(method, path)
    refused(response, status, code)
    assert ("Allow" in response.headers) == (status == 405)


def test_what_is_refused_leaves_nothing_behind(world: World) -> None:
    program = machine(world)
    with clock.at(clock.now()):
        program.get("/study")
        before = dump(world)
        for body in MISFITS:
            program.post("/participants", data=json.dumps(body))
        program.post("/participants", {**GOOD, "site": "atlantis"})
        program.post("/participants/BTB-001/visits/baseline/invitation", {})
        assert dump(world) == before


TEXTS = st.text(max_size=40) | st.sampled_from(
    ["oslo", "BTB-7", "nb", "2026-11-23", "12345678", "41234567", "a@b.no"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["id", "site", "language", "email", "phone", "day0", "planned_on", "hour", "send", "replace"]
)
BODIES = st.dictionaries(NAMES, JSON, max_size=6)
PLACES = st.sampled_from(
    [
        ("POST", "/participants"),
        ("PATCH", "/participants/BTB-000"),
        ("PUT", "/participants/BTB-000/visits/day14"),
        ("POST", "/participants/BTB-000/visits/baseline/invitation"),
    ]
)


@pytest.fixture
def program(world: World) -> Machine:
    """A program that may do everything, beside one participant."""
    world.add("BTB-000")
    return machine(world)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=PLACES, body=BODIES)
@example(
    place=("PUT", "/participants/BTB-000/visits/day14"), body={"planned_on": "9999-12-31", "hour": "23:59"}
)
@example(place=("PATCH", "/participants/BTB-000"), body={"day0": "0001-01-01"})
@example(place=("POST", "/participants"), body={"id": "BTB-7", "site": "oslo", "day0": "9999-12-31"})
def test_no_body_brings_it_down(program: Machine, place: tuple[str, str], body: dict[str, Any]) -> None:
    response = program.ask(*place, data=json.dumps(body))
    assert response.status_code in (200, 201, 400, 409, 422, 429), response.text
    if response.status_code >= 400:
        assert response.content_type == "application/problem+json"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=PLACES, body=st.binary(max_size=60))
def test_no_bytes_bring_it_down(program: Machine, place: tuple[str, str], body: bytes) -> None:
    assert program.ask(*place, data=body).status_code in (200, 201, 400, 422, 429)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.dictionaries(st.sampled_from(["limit", "cursor", "site", "x"]), TEXTS, max_size=3))
def test_no_query_brings_it_down(program: Machine, query: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {program.key}"}
    response = program.client.get(f"{BASE}/participants", query_string=query, headers=headers)
    assert response.status_code in (200, 400, 403, 429)


def test_a_mistake_of_ours_is_a_problem_without_its_words(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("kanarifugl")

    monkeypatch.setattr(participants, "participants_after", fail)
    response = machine(world).get("/participants")
    refused(response, 500, "our_mistake")
    assert "kanarifugl" not in response.text


def test_a_database_that_does_not_answer_is_told_with_when_to_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_session: Session) -> None:
        raise OperationalError("COMMIT", {}, Exception("locked"))

    program = machine(world)
    with monkeypatch.context() as patch:
        patch.setattr(Session, "commit", fail)
        response = program.post("/participants", GOOD, headers={"Idempotency-Key": "once"})
    assert "Idempotency-Key" in refused(response, 503, "unavailable")
    assert response.headers["Retry-After"] == "5"
    assert program.post("/participants", GOOD, headers={"Idempotency-Key": "once"}).status_code == 201
