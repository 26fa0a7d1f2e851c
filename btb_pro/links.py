"""Signing of the links that open a participant's visit.

A token is ``<public id>.<signature>``: 128 random bits and a 128-bit signature, both in base64 for URLs,
45 characters in all. It carries nothing else; the invitation's row decides what it opens.
"""

import hashlib
import hmac
from collections.abc import Sequence

from itsdangerous import Signer
from itsdangerous.encoding import base64_encode
from itsdangerous.signer import SigningAlgorithm

_SIGNATURE_BYTES = 16


class UnknownLink(Exception):
    """The token is not one that any of our keys signs, byte for byte."""


class _ShortHMAC(SigningAlgorithm):
    """HMAC-SHA-256 cut to 128 bits, so that a link stays under 100 characters (NIST SP 800-107, 5.1)."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.new(key, value, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


class LinkSigner:
    """Signs and checks tokens of one study with a list of keys, newest first."""

    def __init__(self, keys: Sequence[str], study: str) -> None:
        self._signers = tuple(
            Signer(key, salt=f"btb_pro.link.{study}", key_derivation="hmac", algorithm=_ShortHMAC())
            for key in keys
        )

    def token(self, public_id: str) -> str:
        """The token of an invitation, signed with the newest key."""
        return self._signers[0].sign(public_id).decode()

    def public_id(self, token: str) -> str:
        """The public id that a token was signed for.

        The id is signed anew with every key and compared as a whole, whatever the token looks like: a token
        whose spare base64 bits were changed is not ours, and every refusal takes the same work.

        Raises:
            UnknownLink: no key of the list signs this very token.
        """
        given = token.encode("utf-8", "replace")
        public_id = given.rpartition(b".")[0]
        matches = [hmac.compare_digest(signer.sign(public_id), given) for signer in self._signers]
        if not any(matches) or len(public_id) != len(base64_encode(b"\0" * 16)):
            raise UnknownLink
        return public_id.decode("ascii")
