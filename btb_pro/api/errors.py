"""The problems of requests that no operation answers: below `/api`, nothing is told as a page."""

from flask import Response, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from btb_pro.api.blueprint import v1
from btb_pro.api.problems import ProblemKind, Refused, problem
from btb_pro.incoming import drain
from btb_pro.this_request import log_error

_SENTENCES = {
    ProblemKind.NOT_FOUND: "Nothing has this address: /api/v1/openapi.json tells what there is.",
    ProblemKind.METHOD_WRONG: "Another method is for this address: the header Allow tells which.",
    ProblemKind.TOO_LARGE: "Send at most 64 KB at once.",
    ProblemKind.NOT_UNDERSTOOD: "The request broke off or is no HTTP that can be read: send it again.",
}
_BY_STATUS = {kind.status: kind for kind in _SENTENCES}


def refused(error: HTTPException) -> Response:
    """The problem of a request that is refused by its code."""
    kind = _BY_STATUS.get(error.code or 500, ProblemKind.NOT_UNDERSTOOD)
    if kind is ProblemKind.TOO_LARGE:
        drain(request)
    headers = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return problem(Refused(kind, _SENTENCES[kind], headers=headers))


def failed(_error: Exception) -> Response:
    """The problem for a mistake of ours."""
    return problem(
        Refused(
            ProblemKind.OUR_MISTAKE,
            "Nothing was changed. Tell whoever runs btb_pro the request_id; the log has it too.",
        )
    )


@v1.errorhandler(DBAPIError)
@v1.errorhandler(NoConnectionFree)
def database_failed(error: Exception) -> Response:
    """The problem of a database that does not answer."""
    log_error(error)
    return problem(
        Refused(
            ProblemKind.UNAVAILABLE,
            "Nothing was changed. Send the same again in a few seconds, with the same Idempotency-Key.",
            headers={"Retry-After": "5"},
        )
    )
