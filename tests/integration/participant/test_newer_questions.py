"""A page that was open while the study went over to a newer version of its questions."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from btb_pro.instruments.model import Instrument
from btb_pro.models.response import Response
from tests.integration.participant.steps import checked, go_to, session_address, trail, values
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World

SCRIPT = {"Accept": "application/json"}


@pytest.fixture
def browser(world: World) -> PlainBrowser:
    """Somebody who has pressed Start."""
    return world.started()


def renew(world: World, code: str) -> Instrument:
    """Ask the next version of an instrument from now on."""
    runtime = world.runtime
    newer = replace(runtime.instruments[code], version="99")
    world.app.extensions["btb_pro"] = replace(runtime, instruments={**runtime.instruments, code: newer})
    return newer


def test_its_answers_are_shown_to_be_looked_over_and_stored_under_the_words_that_they_were_given_to(
    world: World, browser: PlainBrowser
) -> None:
    go_to(browser, world, "pain_now").fill("pain_now", "5")
    newer = renew(world, "pain")
    browser.press()
    assert (browser.status, browser.page) == (422, "items")
    assert "Spørsmålene ble endret mens du skrev." in browser.text
    assert checked(browser, "pain_now") == ["5"]
    assert trail(world) == []
    browser.press()
    assert values(world) == {"pain_now": "5"}
    with world.reading() as session:
        response = session.execute(select(Response)).scalar_one()
    assert response.instrument_version == newer.version


@pytest.mark.parametrize("place", ["tap", "page"])
def test_the_pages_script_is_refused_and_the_page_itself_then_says_why(
    world: World, browser: PlainBrowser, place: str
) -> None:
    go_to(browser, world, "pain_now").fill("pain_now", "5")
    renew(world, "pain")
    number = browser.address.rpartition("/")[2]
    sent = dict(browser.values) | {"key": "k" * 24, "next": "1"}
    address = f"{session_address(browser)}/{place}/{number}"
    assert browser.client.post(address, data=sent, headers=SCRIPT).status_code == 422
    assert trail(world) == []
    assert "Spørsmålene ble endret mens du skrev." in browser.press().text
    assert checked(browser, "pain_now") == ["5"]


def test_a_page_of_another_instrument_is_not_touched(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_now").fill("pain_now", "5")
    renew(world, "fabq")
    browser.press()
    assert values(world) == {"pain_now": "5"}
