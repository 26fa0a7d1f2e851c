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
_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0, 1, I, L, O and U, which are misread or misheard."""
_CODE_LENGTH = 12
_GROUP = 4


class UnknownLink(Exception):
    """The token is not one that any of our keys signs, byte for byte."""


class _ShortHMAC(SigningAlgorithm):
    """HMAC-SHA-256 cut to 128 bits, so that a link stays under 100 characters (NIST SP 800-107, 5.1)."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.new(key, value, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


class LinkSigner:
    """Signs and checks tokens of one study with a list of keys, newest first."""

    def __init__(self, keys: Sequence[str], study: str) -> None:
        self._signers = _signers(keys, f"btb_pro.link.{study}")
        self._ticket_signers = _signers(keys, f"btb_pro.tablet.{study}")
        self._code_keys = tuple(_derived(key, f"btb_pro.typed.{study}") for key in keys)

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

    def ticket(self, public_id: str, nonce: str, expires: int) -> str:
        """What opens an invitation once, on a tablet, until an instant in seconds since 1970."""
        return self._ticket_signers[0].sign(f"{public_id}.{nonce}.{expires}").decode()

    def read_ticket(self, ticket: str) -> tuple[str, str, int]:
        """Public id, nonce and end of a ticket.

        Raises:
            UnknownLink: no key of the list signs this very ticket.
        """
        given = ticket.encode("utf-8", "replace")
        body = given.rpartition(b".")[0]
        matches = [hmac.compare_digest(signer.sign(body), given) for signer in self._ticket_signers]
        if not any(matches):
            raise UnknownLink
        public_id, nonce, expires = body.decode("ascii").split(".")
        return public_id, nonce, int(expires)

    def typed_codes(self, public_id: str) -> list[tuple[str, str]]:
        """For each key, newest first: the code that stands for a link in a letter, and its fingerprint.

        A code is ``K7PM-2XQ4-B9HT``: 58 bits. The fingerprint may be stored: without the key nobody finds a
        code that has it.
        """
        codes = [(key, _code(key, public_id)) for key in self._code_keys]
        return [(_grouped(code), _fingerprint(key, code)) for key, code in codes]

    def fingerprints(self, typed: str) -> list[str]:
        """The fingerprints that a code as somebody typed it can have; none if it is no code at all."""
        code = "".join(letter for letter in typed.upper() if letter not in " -–.\t")
        if len(code) != _CODE_LENGTH or set(code) - set(_CODE_LETTERS):
            return []
        return [_fingerprint(key, code) for key in self._code_keys]


def _signers(keys: Sequence[str], salt: str) -> tuple[Signer, ...]:
    return tuple(Signer(key, salt=salt, key_derivation="hmac", algorithm=_ShortHMAC()) for key in keys)


def _derived(key: str, purpose: str) -> bytes:
    return hmac.new(key.encode(), purpose.encode(), hashlib.sha256).digest()


def _code(key: bytes, public_id: str) -> str:
    number = int.from_bytes(hmac.new(key, b"code\n" + public_id.encode(), hashlib.sha256).digest())
    letters = []
    for _ in range(_CODE_LENGTH):
        number, place = divmod(number, len(_CODE_LETTERS))
        letters.append(_CODE_LETTERS[place])
    return "".join(letters)


def _grouped(code: str) -> str:
    return "-".join(code[at : at + _GROUP] for at in range(0, _CODE_LENGTH, _GROUP))


def _fingerprint(key: bytes, code: str) -> str:
    return hmac.new(key, b"find\n" + code.encode(), hashlib.sha256).hexdigest()
