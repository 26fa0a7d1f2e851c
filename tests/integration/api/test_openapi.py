"""The OpenAPI file: valid, the one that is committed, and what the documents say."""

import json
import re

import pytest
from openapi_spec_validator import validate

from btb_pro.api.gate import EXPORTS, REQUESTS
from btb_pro.api.openapi import openapi_document
from btb_pro.api.operations import OPERATIONS
from btb_pro.api.problems import ProblemKind
from btb_pro.api.reading import LARGEST_BODY
from btb_pro.roles import Scope
from tests.guards.openapi_file import FILE, written
from tests.guards.source import ROOT
from tests.support.machine import machine
from tests.support.world import World

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_file_is_sound() -> None:
    validate(json.loads(written()))


def test_the_file_in_the_documents_is_up_to_date() -> None:
    assert FILE.read_bytes() == written(), "make openapi"


def test_the_file_is_served_to_anyone(world: World) -> None:
    response = world.app.test_client().get("/api/v1/openapi.json")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert response.data == FILE.read_bytes()


def test_every_operation_is_described(world: World) -> None:
    """The route table itself is the other side: what hangs on it must stand in the file."""
    document = openapi_document()
    described = {
        f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods
    }
    served = {
        f"{method} {rule.rule.removeprefix('/api/v1').replace('<', '{').replace('>', '}')}"
        for rule in world.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["summary"].endswith((".", "once")), operation["summary"]


@pytest.mark.parametrize("name", ["email", "phone", "contact", "name"])
def test_no_answer_has_a_field_for_who_somebody_is(name: str) -> None:
    schemas = openapi_document()["components"]["schemas"]
    with_it = {shape for shape, schema in schemas.items() if name in schema.get("properties", {})}
    assert with_it <= {"ParticipantIn", "ParticipantChange", "SiteOut", "KeyOut"}
    answers = {
        shape.__name__ for one in OPERATIONS for shape in one.answers.values() if isinstance(shape, type)
    }
    assert not answers & {"ParticipantIn", "ParticipantChange"}


def test_every_order_asks_for_an_idempotency_key() -> None:
    for methods in openapi_document()["paths"].values():
        for method, operation in methods.items():
            asked = [one["name"] for one in operation.get("parameters", []) if one.get("required")]
            assert ("Idempotency-Key" in asked) == (method == "post")


def test_the_page_names_every_problem_with_its_status_and_every_scope() -> None:
    rows = [line.split("|") for line in PAGE.splitlines() if re.match(r"\| [45]\d\d", line)]
    told = {
        code: [int(status) for status in row[1].split(",")]
        for row in rows
        for code in re.findall("`(\\w+)`", row[2])
    }
    assert set(told) == {kind.code for kind in ProblemKind}
    assert all(kind.status in told[kind.code] for kind in ProblemKind)
    assert set(re.findall(r"^\| `([\w:]+)` \|", PAGE, re.MULTILINE)) >= {scope.value for scope in Scope}


def test_the_page_says_the_limits() -> None:
    assert f"{REQUESTS.most} requests and {EXPORTS.most} exports a minute" in PAGE
    assert f"{LARGEST_BODY // 1024} KB" in PAGE


def test_answers_are_never_kept_on_the_way(world: World) -> None:
    for path in ("/study", "/participants", "/exports/long"):
        assert machine(world).get(path).headers["Cache-Control"] == "no-store"
