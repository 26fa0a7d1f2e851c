"""Secrets: making keys, sealing contact details, the headers that every response carries."""

import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_KEY_ID_BYTES = 4


class SealBroken(Exception):
    """A sealed value cannot be opened: it was changed, moved to another row, or its key is gone."""


def new_key() -> str:
    """A fresh key of 256 bits for a settings file."""
    return secrets.token_urlsafe(32)


class Sealer:
    """AES-256-GCM for single values, with a list of keys, newest first.

    A sealed value is key id, nonce, ciphertext and tag. The caller's `context` (which row and field it is)
    is authenticated with it, so that a value copied to another row does not open.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        derived = [hashlib.sha256(b"btb_pro.contact." + key.encode()).digest() for key in keys]
        self._newest = _key_id(derived[0])
        self._ciphers = {_key_id(key): AESGCM(key) for key in derived}

    def seal(self, text: str, context: str) -> bytes:
        """The sealed form of a text."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, text.encode(), context.encode())
        return self._newest + nonce + sealed

    def open(self, sealed: bytes, context: str) -> str:
        """The text that was sealed in this context.

        Raises:
            SealBroken: see the class.
        """
        key_id, rest = sealed[:_KEY_ID_BYTES], sealed[_KEY_ID_BYTES:]
        try:
            text = self._ciphers[key_id].decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], context.encode())
        except (KeyError, InvalidTag, ValueError) as error:
            raise SealBroken from error
        return text.decode()


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"id" + key).digest()[:_KEY_ID_BYTES]


def new_public_id() -> str:
    """128 random bits as 22 characters."""
    return secrets.token_urlsafe(16)


def response_headers(is_production: bool, inline_style: str) -> Mapping[str, str]:
    """The headers of every response: nothing from elsewhere, nothing kept, nothing told to others.

    ``inline_style`` is the policy's name (``'sha256-...'``) of the one style element that pages may hold.

    ``same-origin`` and not ``no-referrer``: browsers send ``Origin: null`` with a form under the latter,
    and the check of the origin would then refuse our own pages.
    """
    headers = {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'self' {inline_style}; script-src 'self'; connect-src 'self'; "
            "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
    if is_production:
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    return headers
