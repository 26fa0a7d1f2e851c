"""Smaller pages on the way to the phone."""

import gzip
import secrets
from io import BytesIO

SMALLEST = 512
"""Bytes; below it the header and the checksum eat the gain."""
_MOST_PADDING = 64
_LEVEL = 9


def gzip_padded(body: bytes) -> bytes:
    """A page compressed, with a file name of random length in gzip's header, which browsers pass over.

    How well a page compresses depends on what is in it, so its size could tell somebody on the way which
    answer it shows; the padding hides that (docs/decisions/0010).
    """
    compressed = BytesIO()
    padding = "x" * secrets.randbelow(_MOST_PADDING)
    with gzip.GzipFile(padding, "wb", _LEVEL, compressed, mtime=0) as file:
        file.write(body)
    return compressed.getvalue()
