"""What goes wrong, as RFC 9457 has it: a kind for programs, a sentence for people, never what was sent."""

from collections.abc import Mapping, Sequence
from enum import Enum

import msgspec
from flask import Response
from msgspec import UNSET, Struct, UnsetType

from btb_pro.this_request import request_id

CONTENT_TYPE = "application/problem+json"
_TYPE = "urn:btb-pro:problem:"


class ProblemKind(Enum):
    """A code that stays, the status that it comes with, and what it is in a few words."""

    NOT_UNDERSTOOD = ("not_understood", 400, "The request cannot be read")
    NOT_JSON = ("not_json", 400, "The body is no JSON")
    QUERY_WRONG = ("query_wrong", 400, "The query does not fit")
    CURSOR_UNKNOWN = ("cursor_unknown", 400, "There is no such cursor")
    IDEMPOTENCY_KEY_WRONG = ("idempotency_key_wrong", 400, "The Idempotency-Key is missing or wrong")
    KEY_MISSING = ("key_missing", 401, "A key is needed")
    KEY_UNKNOWN = ("key_unknown", 401, "There is no such key")
    KEY_REVOKED = ("key_revoked", 401, "The key was revoked")
    KEY_EXPIRED = ("key_expired", 401, "The key has expired")
    SCOPE_MISSING = ("scope_missing", 403, "The key is not for that")
    OTHER_SITE = ("other_site", 403, "The key is for another site")
    NOT_FOUND = ("not_found", 404, "There is no such thing")
    METHOD_WRONG = ("method_wrong", 405, "That method is not for this address")
    CHANGE_REFUSED = ("change_refused", 409, "The participant cannot be changed like that")
    INVITATION_REFUSED = ("invitation_refused", 409, "No link is given out or ended")
    TOO_LARGE = ("too_large", 413, "The body is too large")
    NOT_SENT_AS_JSON = ("not_sent_as_json", 415, "The body is not sent as JSON")
    BODY_WRONG = ("body_wrong", 422, "The body does not fit")
    PARTICIPANT_REFUSED = ("participant_refused", 422, "What is said of the participant does not fit")
    EXPORT_REFUSED = ("export_refused", 422, "The export cannot be taken")
    IDEMPOTENCY_KEY_REUSED = ("idempotency_key_reused", 422, "The Idempotency-Key was used for another order")
    TOO_MANY_REQUESTS = ("too_many_requests", 429, "Too many requests")
    OUR_MISTAKE = ("our_mistake", 500, "Something went wrong on our side")
    UNAVAILABLE = ("unavailable", 503, "The database does not answer")

    def __init__(self, code: str, status: int, title: str) -> None:
        self.code = code
        self.status = status
        self.title = title


class FaultOut(Struct, kw_only=True):
    """One thing that is wrong with one field."""

    field: str
    code: str
    detail: str


class Problem(Struct, kw_only=True):
    """What went wrong (RFC 9457). Nothing was changed, unless it says otherwise."""

    type: str
    """`urn:btb-pro:problem:` and a code that stays."""
    title: str
    status: int
    detail: str
    """A sentence: what is wrong and what to do."""
    request_id: str
    """The same in the log."""
    faults: list[FaultOut] | UnsetType = UNSET


class Refused(Exception):
    """A request is answered with a problem.

    `foreign` is the study number of a participant of another site, who is told of as if there were none.
    """

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        faults: Sequence[FaultOut] = (),
        headers: Mapping[str, str] | None = None,
        foreign: str = "",
    ) -> None:
        self.kind = kind
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = headers or {}
        self.foreign = foreign
        super().__init__(kind.code)


def problem(error: Refused) -> Response:
    """The answer that tells it."""
    kind = error.kind
    content = Problem(
        type=f"{_TYPE}{kind.code}",
        title=kind.title,
        status=kind.status,
        detail=error.detail,
        request_id=request_id(),
        faults=list(error.faults) or UNSET,
    )
    response = Response(msgspec.json.encode(content), kind.status, content_type=CONTENT_TYPE)
    response.headers.update(error.headers)
    return response
