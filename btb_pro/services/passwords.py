"""Passwords: which are good enough, and their slow hashes.

The rules are those of NIST SP 800-63B, section 3.1.1: length, no rules of composition, and a list of what
is guessed first. Hashes are argon2id (RFC 9106).
"""

import re
import unicodedata
from collections.abc import Iterable
from contextlib import contextmanager
from enum import StrEnum
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 12
RECOMMENDED = 15
LONGEST = 256
_HASHER = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)
"""32 MiB and two passes, above the least that OWASP names (19 MiB, two passes)."""
_AT_ONCE = 2
_PATIENCE_S = 15.0
_turnstile = BoundedSemaphore(_AT_ONCE)
"""Of this process: hashes at the same time take memory side by side, and the participants' turns."""
_NOBODYS_HASH = (
    "$argon2id$v=19$m=32768,t=2,p=1$mzHzfMYH0KSwCK4KIhI3Tg$QgRyCw+0WPp41tm2ImBPdSBeaadQyFVyH6sXR97Yz30"
)
"""With today's parameters, so that it takes as long to check; to make it would slow each start down."""

_FEWEST_GUESSES = 10**8
_SHORTEST_CONTEXT_WORD = 4
_FEWEST_OTHER_LETTERS = 8
_ESTIMATED = 72
"""Characters that the estimate looks at; it would take seconds over hundreds."""
_NORWEGIAN = (
    "passord", "hemmelig", "sykehus", "velkommen", "sommer", "vinter", "norge", "oslo", "bergen",
    "trondheim", "stavanger", "våren", "høsten", "fotball", "sjokolade", "kjærlighet", "solskinn",
    "qwertyuiopå",
)  # fmt: skip
"""Norwegians' first thoughts, which the list of common passwords, English for the most part, lacks."""


class PasswordFault(StrEnum):
    """Why a password is refused."""

    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    TOO_COMMON = "too common"
    ABOUT_YOU = "about you"
    """Little more than the study's name, or the person's own name or address."""


class TooManyAtOnce(Exception):
    """So many passwords are being checked that this one did not get its turn; nothing was checked."""


def find_fault(password: str, context_words: Iterable[str] = ()) -> PasswordFault | None:
    """What is wrong with a new password, if anything is.

    `context_words` are texts that somebody who knows the person and the study tries first; their parts count.
    """
    text = _normal(password)
    if len(text) < SHORTEST:
        return PasswordFault.TOO_SHORT
    if len(text) > LONGEST:
        return PasswordFault.TOO_LONG
    words = _parts(context_words)
    if _is_about(text, words):
        return PasswordFault.ABOUT_YOU
    if _is_about(text, _NORWEGIAN) or _guesses(text, (*words, *_NORWEGIAN)) < _FEWEST_GUESSES:
        return PasswordFault.TOO_COMMON
    return None


def hash_password(password: str) -> str:
    """The argon2id hash of a password, with its parameters and salt in it.

    Raises:
        TooManyAtOnce: see there.
    """
    with _turn():
        return _HASHER.hash(_normal(password))


def password_fits(stored: str | None, password: str) -> bool:
    """Whether a password is the one of a hash. Without a hash it takes the same time and is wrong.

    Raises:
        TooManyAtOnce: see there.
    """
    text = _normal(password)
    with _turn():
        try:
            _HASHER.verify(stored or _NOBODYS_HASH, text[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None and len(text) <= LONGEST


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


@contextmanager
def _turn() -> "Iterator[None]":
    if not _turnstile.acquire(timeout=_PATIENCE_S):
        raise TooManyAtOnce
    try:
        yield
    finally:
        _turnstile.release()


def _normal(password: str) -> str:
    """The same characters however a keyboard composes them (SP 800-63B: NFKC before hashing)."""
    return unicodedata.normalize("NFKC", password)


def _parts(texts: Iterable[str]) -> tuple[str, ...]:
    words = {word for text in texts for word in re.split(r"[\W\d_]+", text.lower())}
    whole = {re.sub(r"[\W_]+", "", text.lower()) for text in texts}
    return tuple(sorted((one for one in words | whole if len(one) >= _SHORTEST_CONTEXT_WORD), key=len))[::-1]


def _is_about(text: str, words: tuple[str, ...]) -> bool:
    """Whether little is left of a password without the words, digits and signs."""
    bare = re.sub(r"[\W\d_]+", "", text.lower())
    left = bare
    for word in words:
        left = left.replace(re.sub(r"\d+", "", word) or word, "")
    return left != bare and len(left) < _FEWEST_OTHER_LETTERS


def _guesses(text: str, words: tuple[str, ...]) -> int:
    # Its lists take a moment to load, which only somebody who chooses a password waits for.
    from zxcvbn import zxcvbn

    return int(zxcvbn(text[:_ESTIMATED], user_inputs=list(words))["guesses"])
