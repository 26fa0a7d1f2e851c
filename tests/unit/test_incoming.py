"""Which forms are let in: from our own pages, as text, and no larger than a page."""

import io
from collections.abc import Mapping

import pytest
from flask import Request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest, Forbidden, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.test import EnvironBuilder

from btb_pro.incoming import drain, refuse_foreign, refuse_unreadable

FORM = "application/x-www-form-urlencoded"
BASE = "https://btb.example"


def request(
    body: bytes = b"", content_type: str | None = FORM, headers: Mapping[str, str] | None = None
) -> Request:
    """A POST as it arrives behind a proxy that speaks to us under another name."""
    builder = EnvironBuilder(
        "/q/x/page/1",
        method="POST",
        base_url="http://inside:8000",
        data=body,
        content_type=content_type,
        headers=list((headers or {}).items()),
    )
    made = Request(builder.get_environ())
    made.max_content_length = 1000
    return made


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": BASE},
        {"Origin": "http://btb.example"},
        {"Origin": "http://inside:8000"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    ],
)
def test_our_own_pages_and_clients_that_say_nothing_are_let_in(headers: dict[str, str]) -> None:
    refuse_foreign(request(headers=headers), BASE)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "cross-site", "Origin": BASE},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "https://btb.example.evil.example"},
        {"Origin": "https://btb.example:444"},
        {"Origin": "https://btb.example@evil.example"},
        {"Origin": "btb.example"},
    ],
)
def test_other_sites_are_not(headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        refuse_foreign(request(headers=headers), BASE)


@given(st.lists(st.tuples(st.text(max_size=10), st.text(max_size=20)), max_size=5))
def test_a_form_of_any_text_is_readable_and_read_as_it_was_sent(pairs: list[tuple[str, str]]) -> None:
    from_browser = Request(EnvironBuilder(method="POST", data=dict(pairs)).get_environ())
    refuse_unreadable(from_browser)
    assert dict(from_browser.form) == dict(pairs)


def test_raw_utf8_is_readable_too() -> None:
    sent = request("a=blåbær".encode())
    refuse_unreadable(sent)
    assert sent.form["a"] == "blåbær"


@pytest.mark.parametrize("body", [b"a=\xff", b"\xe5=1", b"a=%FF", b"%E5=1", b"a=%C3&b=1", b"a=%ED%A0%80"])
def test_bytes_that_are_no_utf8_are_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest):
        refuse_unreadable(request(body))


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", None]
)
def test_another_kind_of_body_is_not_taken(content_type: str | None) -> None:
    with pytest.raises(UnsupportedMediaType):
        refuse_unreadable(request(b"{}", content_type))


def test_a_form_without_a_body_is_an_empty_form() -> None:
    sent = request(b"", None)
    refuse_unreadable(sent)
    assert not sent.form


def test_far_too_many_fields_are_a_bad_request() -> None:
    many = request(b"&".join(b"a" for _ in range(1002)))
    many.max_content_length = 10_000
    with pytest.raises(BadRequest):
        refuse_unreadable(many)


@pytest.mark.parametrize("letters", [999, 1001, 1_000_000])
def test_a_body_over_the_limit_is_too_large(letters: int) -> None:
    if letters < 1000:
        refuse_unreadable(request(b"a" * letters))
        return
    with pytest.raises(RequestEntityTooLarge):
        refuse_unreadable(request(b"a" * letters))


def test_what_is_left_of_a_large_body_is_taken_in_up_to_a_limit() -> None:
    class Endless(io.RawIOBase):
        taken = 0

        def read(self, size: int = -1) -> bytes:
            self.taken += size
            return b"a" * size

    stream = Endless()
    large = request()
    large.environ["wsgi.input"] = stream
    drain(large)
    assert stream.taken == 32 * 1024 * 1024
    large.environ["wsgi.input"] = io.BytesIO(b"a" * 100_000)
    drain(large)
    assert large.environ["wsgi.input"].read() == b""
