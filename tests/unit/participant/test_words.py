"""Days and times in words, in the reader's language and in Norwegian time."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from btb_pro.participant.words import day_in_words, last_day_in_words, minute_in_words, time_in_words
from tests.support.world import World

MIDNIGHT = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
"""Midnight in Norway, at the end of 24 November."""


@pytest.mark.parametrize(
    ("write", "given", "norwegian", "english"),
    [
        (day_in_words, date(2026, 11, 24), "24. november 2026", "24 November 2026"),
        (day_in_words, date(2027, 5, 1), "1. mai 2027", "1 May 2027"),
        (last_day_in_words, MIDNIGHT, "24. november 2026", "24 November 2026"),
        (
            time_in_words,
            datetime(2026, 11, 24, 12, 45, tzinfo=UTC),
            "24. november 2026 kl. 13:45",
            "24 November 2026 at 13:45",
        ),
        (
            time_in_words,
            datetime(2026, 6, 30, 22, 5, tzinfo=UTC),
            "1. juli 2026 kl. 00:05",
            "1 July 2026 at 00:05",
        ),
        (minute_in_words, datetime(2026, 11, 24, 12, 45, tzinfo=UTC), "13:45", "13:45"),
        (minute_in_words, datetime(2026, 11, 24, 12, 45, 0, 1000, tzinfo=UTC), "13:46", "13:46"),
    ],
)
def test_a_day_or_time_reads_as_people_write_it(
    world: World, write: Callable[[object], str], given: object, norwegian: str, english: str
) -> None:
    for language, expected in (("nb", norwegian), ("en", english)):
        with world.app.test_request_context(headers={"Accept-Language": language}):
            assert write(given) == expected
