"""Reading what a program sent, by the declaration of what it may send."""

import re
from typing import TypeVar, get_args, get_origin, get_type_hints

import msgspec
from flask import Request
from msgspec import Struct
from werkzeug.exceptions import RequestEntityTooLarge

from btb_pro.api.problems import ProblemKind, Refused

LARGEST_BODY = 64 * 1024
_IDEMPOTENCY_KEY = re.compile(r'"?([A-Za-z0-9._~:+/=-]{1,64})"?')

Shape = TypeVar("Shape", bound=Struct)


def read_body(request: Request, shape: type[Shape]) -> Shape:
    """The body as what it is declared to be.

    Raises:
        Refused: it is not sent as JSON, is no JSON, or does not fit.
        RequestEntityTooLarge: it is longer than any body of ours.
    """
    if request.mimetype != "application/json" or request.content_encoding:
        raise Refused(
            ProblemKind.NOT_SENT_AS_JSON,
            "Send the body as it is, in JSON, with the header Content-Type: application/json.",
        )
    body = request.get_data()
    if len(body) > LARGEST_BODY:
        # One that comes in pieces ends at the limit without a word.
        raise RequestEntityTooLarge
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise Refused(ProblemKind.BODY_WRONG, f"The body does not fit: {_sentence(error)}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(
            ProblemKind.NOT_JSON,
            "The body is no JSON: send one object, in UTF-8, with all quotation marks and brackets closed "
            "and no half of a surrogate pair.",
        ) from error


def read_query(request: Request, shape: type[Shape] | None) -> Shape | None:
    """The query as what it is declared to be; nothing may stand there where nothing is declared.

    Raises:
        Refused: a name is unknown or stands there twice, or a value does not fit.
    """
    if shape is None:
        if request.args:
            raise Refused(ProblemKind.QUERY_WRONG, "Nothing may stand behind a question mark here.")
        return None
    several = {name for name, hint in get_type_hints(shape).items() if _is_list(hint)}
    found: dict[str, object] = {}
    for name, values in request.args.lists():
        if name not in several and len(values) > 1:
            raise Refused(
                ProblemKind.QUERY_WRONG, "A name stands in the query twice that may stand there once."
            )
        found[name] = values if name in several else values[0]
    try:
        return msgspec.convert(found, shape, strict=False)
    except msgspec.ValidationError as error:
        raise Refused(ProblemKind.QUERY_WRONG, f"The query does not fit: {_sentence(error)}") from error


def read_idempotency_key(request: Request) -> str:
    """The name that a program gave its order.

    Raises:
        Refused: there is none, or it is no such name.
    """
    found = _IDEMPOTENCY_KEY.fullmatch(request.headers.get("Idempotency-Key", "").strip())
    if found is None:
        raise Refused(
            ProblemKind.IDEMPOTENCY_KEY_WRONG,
            "Send a header Idempotency-Key of 1 to 64 letters, digits or signs of . _ ~ : + / = - that is "
            "new for each order, such as a UUID: what is sent once more with the same key is done once.",
        )
    return found[1]


def _is_list(hint: object) -> bool:
    return get_origin(hint) is list or any(get_origin(part) is list for part in get_args(hint))


def _sentence(error: msgspec.ValidationError) -> str:
    """Msgspec's own words: the place and what was expected; of what was sent no more than a wrong choice."""
    text = str(error)[:300]
    return text if text.endswith(".") else f"{text}."
