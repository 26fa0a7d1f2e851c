"""What an operation of the API is, and running one: read the request, refuse or call the view, answer.

A view names what it needs by its arguments: `desk` always; `query` and `body`, whose types say what they may
hold; `db`, a session that reads for GET and writes for the rest and is committed when the view returns; and
the parts of the path. An order (POST) is carried out once for each Idempotency-Key.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, get_type_hints

import msgspec
from flask import Response, request
from msgspec import Struct
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from btb_pro.api.blueprint import Machine, v1
from btb_pro.api.gate import key_holder
from btb_pro.api.problems import ProblemKind, Refused
from btb_pro.api.reading import read_body, read_idempotency_key, read_query
from btb_pro.roles import Scope
from btb_pro.services.api_admission import KeyHolder
from btb_pro.services.audit import Context
from btb_pro.services.idempotency import Order, UsedForAnother, answer_before, keep_answer
from btb_pro.services.runtime import Runtime
from btb_pro.this_request import request_id, runtime

_PATH_PART = re.compile(r"[A-Za-z0-9_-]{1,26}")


@dataclass(frozen=True, slots=True)
class Desk:
    """One request of a program."""

    runtime: Runtime
    holder: KeyHolder
    context: Context


@dataclass(frozen=True, slots=True)
class Reply:
    """What an operation answers."""

    content: Struct
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


View = Callable[..., Reply | AnyResponse]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, as it is checked, run and described."""

    name: str
    method: str
    path: str
    """With its parts in braces."""
    rule: Machine | Scope
    summary: str
    description: str
    query: type[Struct] | None
    body: type[Struct] | None
    answers: Mapping[int, type[Struct] | tuple[str, ...]]
    """By status: the type of the answer, or the media types of one that is not JSON of ours."""
    refuses: tuple[ProblemKind, ...]
    """What it refuses besides what every operation does."""
    erases: bool = False
    """It may erase addresses, which then shall lie in no file of the database any more."""

    @property
    def is_order(self) -> bool:
        """Whether it must not be carried out twice."""
        return self.method == "POST"

    @property
    def path_parts(self) -> tuple[str, ...]:
        """The names in its path."""
        return tuple(re.findall(r"{(\w+)}", self.path))


OPERATIONS: list[Operation] = []
"""Every operation, as its module declares it."""


def operation(
    method: str,
    path: str,
    rule: Machine | Scope,
    answers: Mapping[int, type[Struct] | tuple[str, ...]],
    refuses: tuple[ProblemKind, ...] = (),
    *,
    erases: bool = False,
) -> Callable[[View], View]:
    """Declare an operation below `/api/v1`, and let the view answer it."""

    def declare(view: View) -> View:
        hints = get_type_hints(view)
        summary, _, description = (view.__doc__ or "").strip().partition("\n")
        made = Operation(
            name=view.__name__,
            method=method,
            path=path,
            rule=rule,
            summary=summary,
            description=" ".join(description.split()),
            query=hints.get("query"),
            body=hints.get("body"),
            answers=answers,
            refuses=refuses,
            erases=erases,
        )
        OPERATIONS.append(made)

        def run(**parts: str) -> AnyResponse:
            return _run(made, view, parts, takes_session="db" in hints)

        run.access_rule = rule  # type: ignore[attr-defined]  # functions take attributes, their type says no
        rule_of_flask = path.replace("{", "<").replace("}", ">")
        v1.add_url_rule(rule_of_flask, view.__name__, run, methods=[method])
        return view

    return declare


def _run(made: Operation, view: View, parts: Mapping[str, str], *, takes_session: bool) -> AnyResponse:
    given: dict[str, Any] = dict(parts)
    if not all(_PATH_PART.fullmatch(part) for part in parts.values()):
        raise Refused(ProblemKind.NOT_FOUND, "Nothing has an address like this one.")
    query = read_query(request, made.query)
    if made.query is not None:
        given["query"] = query
    if made.body is not None:
        given["body"] = read_body(request, made.body)
    if made.rule is Machine.ANYONE:
        return _written(view(**given))
    house, holder = runtime(), key_holder()
    desk = Desk(house, holder, Context(holder.actor, request_id(), house.study.version))
    if not takes_session:
        return _written(view(desk, **given))
    with _session(house, made) as db:
        if made.is_order:
            answer = _carry_out(desk, db, lambda: view(desk, db=db, **given))
        else:
            reply = view(desk, db=db, **given)
            if made.method != "GET":
                db.commit()
            answer = _written(reply)
    if made.erases:
        house.database.forget()
    return answer


def _session(house: Runtime, made: Operation) -> AbstractContextManager[Session]:
    return house.database.reading() if made.method == "GET" else house.database.writing()


def _carry_out(desk: Desk, db: Session, order_view: Callable[[], Reply | AnyResponse]) -> AnyResponse:
    """Carry an order out, or answer what it was answered before."""
    key = read_idempotency_key(request)
    order = Order(desk.holder.key_id, key, request.method, request.path, request.get_data())
    try:
        before = answer_before(db, desk.runtime, order)
    except UsedForAnother as error:
        raise Refused(
            ProblemKind.IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key came with another order within a day: take a new one for a new order.",
        ) from error
    if before is not None:
        kept = msgspec.json.decode(before, type=_Kept)
        headers = {**kept.headers, "Idempotency-Replayed": "true"}
        return _json(kept.body.encode(), kept.status, headers)
    reply = order_view()
    assert isinstance(reply, Reply), "an order is answered with JSON, so that it can be answered again"
    body = msgspec.json.encode(reply.content)
    kept = _Kept(status=reply.status, headers=dict(reply.headers), body=body.decode())
    keep_answer(db, desk.runtime, order, msgspec.json.encode(kept).decode())
    db.commit()
    return _json(body, reply.status, reply.headers)


class _Kept(Struct):
    """An answer as it is kept."""

    status: int
    headers: dict[str, str]
    body: str


def _written(reply: Reply | AnyResponse) -> AnyResponse:
    if isinstance(reply, Reply):
        return _json(msgspec.json.encode(reply.content), reply.status, reply.headers)
    return reply


def _json(body: bytes, status: int, headers: Mapping[str, str]) -> Response:
    response = Response(body, status, content_type="application/json")
    response.headers.update(headers)
    return response
