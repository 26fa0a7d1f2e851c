"""What both faces share of the web: limits, headers, language, and one log line a request."""

import logging
import mimetypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from flask import Flask, Response, current_app, g, request, send_from_directory
from flask.typing import ResponseReturnValue
from flask_babel import Babel
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix

from btb_pro.assets import Assets, read_assets
from btb_pro.clock import OSLO
from btb_pro.compression import SMALLEST, gzip_padded
from btb_pro.config import Settings
from btb_pro.logs import request_line
from btb_pro.security import response_headers
from btb_pro.this_request import language_of_request, log_error, request_id

_LARGEST_FORM = 256 * 1024
_COMPRESSED = ("text/html", "application/json")
_YEAR_S = 365 * 24 * 3600
_log = logging.getLogger("btb_pro.requests")


class App(Flask):
    """Flask, but for the line that it logs of an error: that one names the path, which holds a token."""

    def log_exception(
        self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]
    ) -> None:
        if exc_info[1] is not None:
            log_error(exc_info[1])


@dataclass(frozen=True, slots=True)
class ErrorPages:
    """How one face tells what went wrong, at its routes and at addresses below it that there are not."""

    refused: Callable[[HTTPException], ResponseReturnValue]
    """The page of a request that is refused, by its code."""
    failed: Callable[[Exception], ResponseReturnValue]
    """The page for a mistake of ours."""


def add_error_pages(app: Flask, prefix: str, pages: ErrorPages) -> None:
    """Let a face tell what goes wrong below a path; the longest prefix that fits decides."""
    app.extensions.setdefault("btb_pro_errors", {})[prefix] = pages


def _error_pages() -> ErrorPages:
    faces: dict[str, ErrorPages] = current_app.extensions["btb_pro_errors"]
    fitting = [prefix for prefix in faces if f"{request.path}/".startswith(f"{prefix}/")]
    return faces[max(fitting, key=len)]


def _join_error_pages(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> ResponseReturnValue | HTTPException:
        # A request for a host that is none of ours has no routes, so no page can be made for it.
        if (error.code or 500) < 400 or isinstance(error, SecurityError):
            return error
        return _error_pages().refused(error)

    @app.errorhandler(Exception)
    def failed(error: Exception) -> ResponseReturnValue:
        log_error(error)
        return _error_pages().failed(error)


def prepare_web(app: Flask, settings: Settings) -> None:
    """Set what holds for every request and response, whichever face it belongs to.

    Raises:
        FileNotFoundError: the style sheet was not built.
    """
    assets = read_assets(Path(app.static_folder or ""))
    app.config.update(
        SECRET_KEY=settings.secret_keys[0],
        SECRET_KEY_FALLBACKS=list(settings.secret_keys[1:]),
        MAX_CONTENT_LENGTH=_LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=_LARGEST_FORM,
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None,
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    Babel(app, default_locale="en", default_timezone=OSLO.key, locale_selector=language_of_request)
    _serve_built_files(app, assets)
    _mark_responses(app, settings, assets)
    _join_error_pages(app)
    _refuse_cut_bodies(app)
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # the documented way to wrap an app
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_prefix=hops
        )


def _refuse_cut_bodies(app: Flask) -> None:
    @app.before_request
    def refuse() -> None:
        # A body in pieces has no length to refuse it by. Read to the limit it ends without a word, and what
        # somebody wrote would be stored without its end.
        comes_in_pieces = request.content_length is None and request.environ.get("wsgi.input_terminated")
        if comes_in_pieces and len(request.get_data()) >= _LARGEST_FORM:
            raise RequestEntityTooLarge


def _serve_built_files(app: Flask, assets: Assets) -> None:
    """Send each built file as the build compressed it, to be kept for good: its name changes with it."""

    def send_built_file(filename: str) -> Response:
        folder = app.static_folder or ""
        if filename not in assets.hashed:
            return send_from_directory(folder, filename)
        if not _takes_gzip():
            response = send_from_directory(folder, filename, max_age=_YEAR_S)
        else:
            mimetype = mimetypes.guess_type(filename)[0]
            response = send_from_directory(folder, f"{filename}.gz", mimetype=mimetype, max_age=_YEAR_S)
            response.content_encoding = "gzip"
        response.cache_control.immutable = True
        return response

    app.view_functions["static"] = send_built_file


def _takes_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0


def _compress(response: Response) -> None:
    if response.content_encoding or not _takes_gzip():
        return
    body = response.get_data()
    if len(body) >= SMALLEST:
        response.set_data(gzip_padded(body))
        response.content_encoding = "gzip"


def _mark_responses(app: Flask, settings: Settings, assets: Assets) -> None:
    headers = response_headers(settings.is_production, assets.first_page_source)

    @app.before_request
    def note_start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        response.vary.add("Accept-Encoding")
        if request.endpoint != "static" or response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"
            response.vary.update(("Cookie", "Accept-Language"))
        if 300 <= response.status_code < 400:
            # No browser shows it, and every page of a visit has one before it.
            response.set_data(b"")
        elif response.mimetype in _COMPRESSED and not response.direct_passthrough:
            response.headers["Content-Language"] = language_of_request()
            _compress(response)
        rule = request.url_rule.rule if request.url_rule else "-"
        milliseconds = (time.perf_counter() - g.get("started", time.perf_counter())) * 1000
        _log.info(request_line(request.method, rule, response.status_code, milliseconds, request_id()))
        return response
