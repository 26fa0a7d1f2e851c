"""Every page says that nobody watches the answers, and whom to ring, once."""

from datetime import timedelta

import pytest

from btb_pro import clock
from tests.integration.participant.steps import session_address
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World


def told(browser: PlainBrowser) -> tuple[int, int]:
    """How often the page names the doctor on call and the emergency number."""
    return browser.text.count("116 117"), browser.text.count("113 ")


@pytest.mark.parametrize("language", ["nb", "en"])
def test_every_page_of_a_visit_says_it(world: World, language: str) -> None:
    browser = world.started(language=language)
    base = session_address(browser)
    assert told(browser) == (1, 1)
    seen = set()
    for number in range(1, 40):
        page = browser.open(f"{base}/page/{number}")
        if page.page != "items":
            break
        assert told(page) == (1, 1), number
        seen.add(number)
    assert len(seen) > 20
    assert told(browser.open(f"{base}/review")) == (1, 1)
    receipt = browser.press()
    assert receipt.page == "receipt"
    assert told(receipt) == (1, 1)
    assert told(browser.open(f"{base}/mistake")) == (1, 1)
    assert told(browser.open(f"{base}/leave")) == (1, 1)


def test_so_does_every_page_before_and_beside_it(world: World) -> None:
    world.add("BTB-001", language="nb")
    link = world.invite("BTB-001")
    browser = world.browser()
    for address in (
        "/",
        "/k",
        "/done",
        "/s/unknown",
        link,
        f"{link}/not-me",
        f"{link}/stop",
        f"{link}/leave",
    ):
        assert told(browser.open(address)) == (1, 1), address
    with clock.at(clock.now() + timedelta(days=30)):
        assert told(browser.open(link)) == (1, 1)
