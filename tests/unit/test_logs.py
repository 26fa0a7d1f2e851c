"""The log: one line a request, in UTC, of the route's rule and never of its path."""

import io
import logging
import re
from collections.abc import Iterator

import pytest

from btb_pro.logs import request_line, set_up_logging


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where our log goes; everything is put back afterwards."""
    logger = logging.getLogger("btb_pro")
    kept = logger.handlers, logger.level, logger.propagate
    made = io.StringIO()
    set_up_logging(made)
    yield made
    logger.handlers, logger.propagate = kept[0], kept[2]
    logger.setLevel(kept[1])


def test_a_line_has_its_time_in_utc_its_level_and_its_logger(stream: io.StringIO) -> None:
    logging.getLogger("btb_pro.requests").info("hello")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO btb_pro\.requests hello\n", stream.getvalue())


def test_setting_up_twice_does_not_double_the_lines(stream: io.StringIO) -> None:
    set_up_logging(stream)
    logging.getLogger("btb_pro.requests").warning("hello")
    assert stream.getvalue().count("hello") == 1


def test_other_libraries_stay_out_of_our_log(stream: io.StringIO) -> None:
    logging.getLogger("werkzeug").warning("GET /s/secret")
    assert stream.getvalue() == ""


def test_a_request_is_told_by_rule_status_time_and_number() -> None:
    line = request_line("GET", "/s/<token>", 200, 12.7, "0123456789ab")
    assert line == "0123456789ab GET /s/<token> 200 13 ms"


@pytest.mark.parametrize("method", ["GET\nX", "", "G ET", "\x1b[31m"])
def test_a_method_that_is_no_word_does_not_get_into_the_log(method: str) -> None:
    assert request_line(method, "-", 405, 0, "0") == "0 ? - 405 0 ms"
