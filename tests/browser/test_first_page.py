"""What opening a link costs on a slow line: requests and bytes."""

from typing import Any

import pytest

from tests.browser.conftest import PhoneMaker

pytestmark = pytest.mark.browser

LARGEST_PAGE = 14 * 1024
"""What one round trip carries."""


@pytest.mark.parametrize("language", ["nb", "en"])
def test_the_first_page_is_one_page_and_its_style_sheet_and_the_sheet_is_fetched_once(
    phone: PhoneMaker, language: str
) -> None:
    hand = phone(language)
    wire = hand.page.context.new_cdp_session(hand.page)
    kinds: dict[str, str] = {}
    bytes_of: dict[str, int] = {}

    def note_request(event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith("data:"):
            kinds[event["requestId"]] = event["type"]

    def note_end(event: dict[str, Any]) -> None:
        bytes_of[event["requestId"]] = int(event["encodedDataLength"])

    wire.send("Network.enable")
    wire.on("Network.requestWillBeSent", note_request)
    wire.on("Network.loadingFinished", note_end)
    hand.page.goto(hand.invited())
    assert sorted(kinds.values()) == ["Document", "Stylesheet"]
    page = next(name for name, kind in kinds.items() if kind == "Document")
    assert bytes_of[page] <= LARGEST_PAGE
    first = len(kinds)
    hand.tap("start")
    later = list(kinds)[first:]
    assert {kinds[name] for name in later} <= {"Document", "Stylesheet"}
    assert sum(bytes_of.get(name, 0) for name in later if kinds[name] == "Stylesheet") == 0
