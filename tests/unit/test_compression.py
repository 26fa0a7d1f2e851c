"""Compressed pages: the same page on the other side, and a size that does not tell what it shows."""

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from btb_pro.compression import gzip_padded


@given(st.binary(max_size=5000))
def test_what_is_unpacked_is_what_was_packed(body: bytes) -> None:
    assert gzip.decompress(gzip_padded(body)) == body


def test_a_strict_reader_accepts_the_padded_header_and_finds_nothing_after_the_page() -> None:
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert reader.decompress(gzip_padded(b"a" * 1000)) == b"a" * 1000
    assert reader.eof
    assert reader.unused_data == b""


def test_the_same_page_has_many_sizes() -> None:
    sizes = {len(gzip_padded(b"<p>0</p>" * 100)) for _ in range(300)}
    assert len(sizes) > 30
    assert max(sizes) - min(sizes) <= 64


def test_the_header_tells_no_time() -> None:
    assert gzip_padded(b"a" * 1000)[4:8] == bytes(4)
