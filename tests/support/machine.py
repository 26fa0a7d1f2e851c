"""Another program: has a key, sends requests, and checks each answer against the OpenAPI file."""

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from werkzeug.test import TestResponse

from btb_pro.api.openapi import openapi_document
from btb_pro.roles import Scope
from btb_pro.services.api_keys import NewKey, add_key
from tests.support.world import COMMAND, World

BASE = "/api/v1"


def make_key(
    world: World, *scopes: Scope, site: str | None = None, name: str = "", days: int | None = None
) -> str:
    """A new key's secret; of all scopes if none is named."""
    with world.writing() as session:
        new = NewKey(name or f"program {uuid4().hex[:8]}", scopes or tuple(Scope), site, days)
        return add_key(session, COMMAND, world.runtime.study, new)


@dataclass
class Machine:
    """A program with one key."""

    client: FlaskClient
    key: str
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: object = None, **more: Any) -> TestResponse:
        """Send a request as the documents say, and check the answer against them."""
        headers = {"Authorization": f"Bearer {self.key}", **self.headers, **more.pop("headers", {})}
        if method == "POST":
            headers.setdefault("Idempotency-Key", uuid4().hex)
        if body is not None:
            more.setdefault("data", json.dumps(body))
        if "data" in more:
            headers.setdefault("Content-Type", "application/json")
        response = self.client.open(BASE + path, method=method, headers=headers, buffered=True, **more)
        check_answer(method, path, response)
        return response

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: object = None, **more: Any) -> TestResponse:
        return self.ask("POST", path, body, **more)


def machine(world: World, *scopes: Scope, site: str | None = None) -> Machine:
    """A program with a new key."""
    return Machine(world.app.test_client(), make_key(world, *scopes, site=site))


def refused(response: TestResponse, status: int, code: str) -> str:
    """The sentence of a problem of that status and code."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    told = response.get_json(force=True)
    assert told["status"] == status
    assert told["type"] == f"urn:btb-pro:problem:{code}"
    sentence = str(told["detail"])
    assert sentence.endswith("."), sentence
    assert not sentence[0].islower(), sentence
    return sentence


def check_answer(method: str, path: str, response: TestResponse) -> None:
    """Whether an answer is one that the OpenAPI file tells of."""
    described = _operation(method.lower(), path.partition("?")[0])
    if described is None:
        assert response.status_code in (404, 405)
        schema: dict[str, Any] = {"$ref": "#/components/schemas/Problem"}
    else:
        answer = described["responses"].get(str(response.status_code))
        assert answer is not None, (method, path, response.status_code, response.text[:300])
        media_type = answer["content"].get(response.mimetype)
        assert media_type is not None, (response.mimetype, response.text[:300])
        for name in answer.get("headers", {}):
            assert name in response.headers
        schema = media_type.get("schema", {})
    if schema and method != "HEAD":
        document = openapi_document()
        validator = Draft202012Validator({**document, **schema}, format_checker=FormatChecker())
        validator.validate(response.get_json(force=True))


@cache
def _paths() -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = openapi_document()["paths"]
    return paths


def _operation(method: str, path: str) -> dict[str, Any] | None:
    parts = path.split("/")
    for template, operations in _paths().items():
        names = template.split("/")
        fits = len(names) == len(parts) and all(
            name.startswith("{") or name == part for name, part in zip(names, parts, strict=True)
        )
        if fits and method in operations:
            found: dict[str, Any] = operations[method]
            return found
    return None
