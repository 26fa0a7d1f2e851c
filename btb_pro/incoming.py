"""Refusing what no page of ours sends: from elsewhere, in another form, or no text at all."""

from urllib.parse import parse_qsl, urlsplit

from flask import Request
from werkzeug.exceptions import BadRequest, Forbidden, UnsupportedMediaType

_DRAIN_BYTES = 32 * 1024 * 1024
_MOST_FIELDS = 1000


def refuse_foreign(request: Request, base_url: str) -> None:
    """Refuse a form that a browser says comes from another site.

    Clients that send neither header are let through: the form's token is asked for anyway.

    Raises:
        Forbidden: Sec-Fetch-Site or Origin name another site.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise Forbidden
        return
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc not in (request.host, urlsplit(base_url).netloc):
        raise Forbidden


def refuse_unreadable(request: Request, *, takes_files: bool = False) -> None:
    """Refuse a body that is no form of UTF-8 text. Reads the body once; the form is parsed from the copy.

    A form with a file in it is left to the parser.

    Raises:
        BadRequest: bytes that are no UTF-8, or far too many fields.
        UnsupportedMediaType: another kind of body than a page's form.
        RequestEntityTooLarge: more bytes than any page has.
    """
    if takes_files and request.mimetype == "multipart/form-data":
        return
    body = request.get_data(cache=True)
    if body and request.mimetype != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType
    try:
        parse_qsl(body.decode("utf-8"), max_num_fields=_MOST_FIELDS, encoding="utf-8", errors="strict")
    except ValueError as error:
        raise BadRequest from error


def drain(request: Request) -> None:
    """Take in what is left of a body that was too large, so that the browser gets to read our answer."""
    stream, left = request.environ["wsgi.input"], _DRAIN_BYTES
    while left > 0:
        chunk = stream.read(min(65536, left))
        if not chunk:
            return
        left -= len(chunk)
