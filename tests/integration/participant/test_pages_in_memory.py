"""The visit's pages all at once: what a page shows by itself, in the language asked for."""

import pytest

from tests.integration.participant.steps import dump, fill_in, go_to, session_address
from tests.support.page_check import faults_of, parse
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World


@pytest.fixture
def browser(world: World) -> PlainBrowser:
    """A Norwegian session that gave an answer."""
    browser = world.started(language="nb")
    return fill_in(go_to(browser, world, "bg_age"), {"bg_age": "47"}).press("later")


@pytest.mark.parametrize("language", ["nb", "en"])
def test_every_page_of_the_visit_comes_in_the_language_asked_for(
    world: World, browser: PlainBrowser, language: str
) -> None:
    before = dump(world)
    response = browser.client.get(
        f"{session_address(browser)}/pages/{language}", headers={"Accept-Encoding": "gzip"}
    )
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert response.headers["Content-Encoding"] == "gzip"
    plain = browser.client.get(f"{session_address(browser)}/pages/{language}").json
    assert plain is not None
    assert len(plain["pages"]) == 27
    for number, html in enumerate(plain["pages"], start=1):
        assert faults_of(html) == [], number
        document = parse(html)
        assert document.get("lang") == language
        [progress] = document.iter("progress")
        assert progress.get("value") == f"{number}"
    [age] = [one for one in parse(plain["pages"][0]).iter("input") if one.get("name") == "bg_age"]
    assert age.get("value") == "47"
    assert dump(world) == before
    assert browser.open(f"{session_address(browser)}/").document.get("lang") == "nb"


def test_a_language_that_the_study_does_not_speak_leads_to_the_parts(browser: PlainBrowser) -> None:
    for language in ("de", "no", "x" * 300):
        assert browser.open(f"{session_address(browser)}/pages/{language}").page == "parts"


def test_another_sessions_answers_are_not_in_it(world: World) -> None:
    link = world.invite(world.add())
    fill_in(go_to(world.started(link), world, "bg_age"), {"bg_age": "47"}).press("later")
    other = world.started(link)
    response = other.client.get(f"{session_address(other)}/pages/nb")
    assert 'value="47"' not in response.text.replace("\\", "")


def test_a_tap_changes_the_sessions_language(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "bg_age")
    base = session_address(browser)
    token = browser.value("csrf_token")[0]
    sent = {"csrf_token": token, "lang": "en", "key": "k" * 12}
    assert browser.client.post(f"{base}/tap/1", data=sent).status_code == 200
    assert browser.open(f"{base}/").document.get("lang") == "en"


def test_handing_the_phone_on_takes_the_cookies_back_and_leaves_the_link_and_the_answers(
    world: World,
) -> None:
    link = world.invite(world.add(language="en"))
    browser = fill_in(go_to(world.started(link), world, "bg_age"), {"bg_age": "47"}).press("later")
    address = browser.address
    browser.open(browser.link("Somebody else uses this phone"))
    assert browser.page == "step"
    before = dump(world)
    browser.press()
    assert browser.address.startswith("/done")
    after = dump(world)
    assert {name for name in after if after[name] != before[name]} == {
        "participant_session",
        "audit_event",
    }
    assert browser.open(address).page == "dead"
    again = browser.open(link).press()
    assert "1 of" in again.text


def test_a_receipt_can_be_left_behind_too(world: World) -> None:
    browser = world.started(language="en")
    browser.open(f"{session_address(browser)}/review").press()
    assert browser.page == "receipt"
    browser.open(browser.link("Somebody else uses this phone"))
    assert browser.open(f"{browser.address}?lang=nb").document.get("lang") == "nb"
    assert browser.press().address.startswith("/done")
