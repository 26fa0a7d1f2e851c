"""What a page remembers of itself between being shown and being sent back.

It travels in a hidden field, signed. A page writes only what differs from what it was shown, so a stale tab
cannot wipe a newer answer; its key makes a repeated save harmless.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from itsdangerous import BadData, URLSafeSerializer

from btb_pro import clock


@dataclass(frozen=True, slots=True)
class PageState:
    """What was shown, when, in which language, under which key, and which open questions were named."""

    number: int
    shown: Mapping[str, str]
    """Field code to the value that the page showed."""
    shown_at: datetime
    language: str
    key: str
    named: frozenset[str]
    """Items that the participant was told have no answer yet."""
    edition: str = ""
    """Code and version of the instrument that the page showed; empty in a state of an older btb_pro."""


def new_page_state(
    number: int, shown: Mapping[str, str], language: str, named: Sequence[str] = (), edition: str = ""
) -> PageState:
    """The state of a page that is about to be shown, with a fresh key."""
    key = secrets.token_urlsafe(12)
    return PageState(number, shown, clock.now(), language, key, frozenset(named), edition)


class PageStateSigner:
    """Writes and reads page states with a list of keys, newest first."""

    def __init__(self, keys: Sequence[str], handle: str) -> None:
        self._serializer = URLSafeSerializer(list(reversed(keys)), salt=f"btb_pro.page.{handle}")

    def write(self, state: PageState) -> str:
        """The signed text of a state."""
        text = self._serializer.dumps(
            {
                "p": state.number,
                "v": dict(state.shown),
                "t": clock.utc_text(state.shown_at),
                "l": state.language,
                "k": state.key,
                "n": sorted(state.named),
                "i": state.edition,
            }
        )
        return text if isinstance(text, str) else text.decode()

    def read(self, text: str, number: int) -> PageState | None:
        """The state of that page; None if the text is not ours, or is another page's."""
        try:
            told = self._serializer.loads(text)
            shown_at, named = clock.read_utc(told["t"]), frozenset(told["n"])
            edition = told.get("i", "")
            state = PageState(told["p"], told["v"], shown_at, told["l"], told["k"], named, edition)
        except (BadData, AttributeError, KeyError, TypeError, ValueError):
            return None
        return state if state.number == number else None
