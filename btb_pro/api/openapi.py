"""The API as an OpenAPI 3.1 document, made from the declarations that requests are read and refused by."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from btb_pro.api.blueprint import Machine
from btb_pro.api.gate import EXPORTS, REQUESTS
from btb_pro.api.operations import OPERATIONS, Operation
from btb_pro.api.problems import CONTENT_TYPE, Problem, ProblemKind
from btb_pro.exports.format_names import Table
from btb_pro.roles import Scope

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"
_ABOUT = (
    "Participants and visits in, links and tables out. Every request but this file's needs a bearer key, "
    "which an administrator makes in the console or with `btb-pro api-key add`; a key has scopes and may be "
    f"bound to one site. At most {REQUESTS.most} requests and {EXPORTS.most} exports a minute and key; 429 "
    "says in Retry-After when to come back. What goes wrong is told as application/problem+json (RFC 9457)."
)
_PARTS: Mapping[str, Json] = {
    "id": {
        "description": "A study number.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,26}$"},
    },
    "visit": {
        "description": "A visit's code.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,26}$"},
    },
    "table": {"description": "Which table.", "schema": {"enum": [table.value for table in Table]}},
}
_IDEMPOTENCY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "New for each order. The same order with the same key within a day is carried out once.",
    "schema": {"type": "string", "pattern": '^"?[A-Za-z0-9._~:+/=-]{1,64}"?$'},
}
_HEADERS: Mapping[int, Mapping[str, Json]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
}
_ALWAYS = (ProblemKind.METHOD_WRONG, ProblemKind.OUR_MISTAKE, ProblemKind.UNAVAILABLE)
_WITH_KEY = (
    ProblemKind.KEY_MISSING,
    ProblemKind.KEY_UNKNOWN,
    ProblemKind.KEY_REVOKED,
    ProblemKind.KEY_EXPIRED,
    ProblemKind.TOO_MANY_REQUESTS,
)
_WITH_BODY = (
    ProblemKind.NOT_JSON,
    ProblemKind.NOT_SENT_AS_JSON,
    ProblemKind.TOO_LARGE,
    ProblemKind.BODY_WRONG,
)


@cache
def openapi_bytes() -> bytes:
    """The document as it is served and committed."""
    return (json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n").encode()


def openapi_document() -> Json:
    """The document."""
    schemas = _schemas()
    operations = sorted(OPERATIONS, key=lambda one: (one.path, one.method))
    paths: dict[str, Json] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    queries = {one.query.__name__ for one in operations if one.query is not None}
    return {
        "openapi": "3.1.1",
        "info": {"title": "btb_pro", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/api/v1"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in schemas.items() if name not in queries},
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Scopes: " + ", ".join(scope.value for scope in Scope) + ".",
                }
            },
        },
    }


def problems_of(one: Operation) -> list[ProblemKind]:
    """Everything that an operation may refuse with."""
    found = [*_ALWAYS, *one.refuses, ProblemKind.QUERY_WRONG]
    if one.rule is not Machine.ANYONE:
        found += _WITH_KEY
    if isinstance(one.rule, Scope):
        found.append(ProblemKind.SCOPE_MISSING)
    if one.path_parts:
        found.append(ProblemKind.NOT_FOUND)
    if one.body is not None:
        found += _WITH_BODY
    if one.is_order:
        found += [ProblemKind.IDEMPOTENCY_KEY_WRONG, ProblemKind.IDEMPOTENCY_KEY_REUSED]
    if one.query is not None and "cursor" in one.query.__struct_fields__:
        found.append(ProblemKind.CURSOR_UNKNOWN)
        found.append(ProblemKind.OTHER_SITE)
    return sorted(set(found), key=lambda kind: (kind.status, kind.code))


def _operation(one: Operation, schemas: Mapping[str, Json]) -> Json:
    described: Json = {"operationId": one.name, "summary": one.summary}
    if one.description:
        described["description"] = one.description
    if one.rule is Machine.ANYONE:
        described["security"] = []
    elif isinstance(one.rule, Scope):
        described["security"] = [{"key": [one.rule.value]}]
    parameters = [*_path_parameters(one), *_query_parameters(one, schemas)]
    if one.is_order:
        parameters.append(_IDEMPOTENCY)
    if parameters:
        described["parameters"] = parameters
    if one.body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": _named(one.body)}}
    described["responses"] = {**_answers(one), **_refusals(one)}
    return described


def _path_parameters(one: Operation) -> Iterator[Json]:
    for name in one.path_parts:
        yield {"name": name, "in": "path", "required": True, **_PARTS[name]}


def _query_parameters(one: Operation, schemas: Mapping[str, Json]) -> Iterator[Json]:
    if one.query is None:
        return
    for name, schema in schemas[one.query.__name__]["properties"].items():
        plain = {key: value for key, value in schema.items() if key != "description"}
        described = {"description": schema["description"]} if "description" in schema else {}
        yield {"name": name, "in": "query", **described, "schema": plain}


def _answers(one: Operation) -> Json:
    answers = {}
    for status, shape in one.answers.items():
        if isinstance(shape, tuple):
            content: Json = {media_type: {} for media_type in shape}
        else:
            content = {"application/json": _named(shape)}
        answers[f"{status}"] = {"description": "Made." if status == 201 else "Done.", "content": content}
    return answers


def _refusals(one: Operation) -> Json:
    by_status: dict[int, list[ProblemKind]] = {}
    for kind in problems_of(one):
        by_status.setdefault(kind.status, []).append(kind)
    return {
        f"{status}": {
            "description": "; ".join(f"{kind.title} ({kind.code})" for kind in kinds) + ".",
            **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
            "content": {CONTENT_TYPE: _named(Problem)},
        }
        for status, kinds in by_status.items()
    }


def _named(shape: type[Struct]) -> Json:
    return {"schema": {"$ref": _REF.format(name=shape.__name__)}}


def _schemas() -> dict[str, Json]:
    shapes: list[type[Struct]] = [Problem]
    for one in OPERATIONS:
        shapes += [shape for shape in (one.query, one.body) if shape is not None]
        shapes += [shape for shape in one.answers.values() if not isinstance(shape, tuple)]
    _, components = msgspec.json.schema_components(shapes, ref_template=_REF)
    return {name: _tidied(components[name]) for name in sorted(components)}


def _tidied(schema: Any) -> Any:
    """Docstrings end where their lines do, not in the middle of a sentence."""
    if isinstance(schema, dict):
        return {key: _tidied(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_tidied(value) for value in schema]
    return re.sub(r"\s*\n\s*", " ", schema) if isinstance(schema, str) else schema
