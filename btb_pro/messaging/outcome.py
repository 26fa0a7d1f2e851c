"""What became of handing a message to a server."""

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """Whether a server has taken a message."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """For good: trying again would end the same way."""
    LATER = "later"
    """It was not taken, for certain, and may be another time."""
    UNKNOWN = "unknown"
    """The connection died when the server may have taken it: only a person can find out."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A fate, its reason as a code of ours, and what the server calls the message."""

    fate: Fate
    reason: str = ""
    """Empty when it was accepted. Never a server's own words: they repeat addresses."""
    provider_id: str = ""


PERMANENT_REASONS = frozenset({"unknown_address", "barred", "address_refused"})
"""Reasons after which nothing more is sent to an address until somebody changes it."""
