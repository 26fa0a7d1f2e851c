"""Logging: one line a request, in UTC, without token, name or answer."""

import logging
import sys
import time
from typing import TextIO


def set_up_logging(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send our log to a stream (standard error), one line a record."""
    handler = logging.StreamHandler(stream or sys.stderr)
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logger = logging.getLogger("btb_pro")
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False


def request_line(method: str, rule: str, status: int, milliseconds: float, request_id: str) -> str:
    """A request as it is logged: the route's rule and never its path, since a path holds a token."""
    return f"{request_id} {method if method.isalpha() else '?'} {rule} {status} {milliseconds:.0f} ms"
