"""Sessions: they never mix, write without reading back, and outlive an hour, a day, and a new key."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from btb_pro import clock
from btb_pro.participant.page_state import PageStateSigner
from btb_pro.security import new_key
from btb_pro.services.sessions import LIFETIME
from tests.integration.participant.steps import (
    buttons,
    checked,
    count,
    dump,
    finish_pain,
    go_to,
    present,
    rebuilt,
    same_cookies,
    session_address,
    states,
    values,
    visit_row,
)
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World


@pytest.fixture
def link(world: World) -> str:
    """A participant's link to the baseline visit."""
    world.add()
    return world.invite()


def remembered(world: World, browser: PlainBrowser) -> Mapping[str, str]:
    """The values that the page carries along in its hidden state."""
    signer = PageStateSigner(world.runtime.settings.secret_keys, session_address(browser).removeprefix("/q/"))
    state = signer.read(browser.value("state")[0], int(browser.address.rsplit("/", 1)[1]))
    assert state is not None
    return state.shown


def test_two_links_open_in_one_browser_never_mix(world: World) -> None:
    world.add("BTB-001")
    world.add("BTB-002")
    first = world.started(world.invite("BTB-001"))
    second = same_cookies(first).open(world.invite("BTB-002")).press()
    assert session_address(first) != session_address(second)
    go_to(first, world, "pain_now").fill("pain_now", "1")
    go_to(second, world, "pain_now").fill("pain_now", "2").press()
    first.press()
    assert values(world, "BTB-001") == {"pain_now": "1"}
    assert values(world, "BTB-002") == {"pain_now": "2"}
    assert checked(go_to(first, world, "pain_now"), "pain_now") == ["1"]
    assert checked(go_to(second, world, "pain_now"), "pain_now") == ["2"]


def test_a_page_of_one_link_cannot_be_sent_to_the_other_links_session(world: World) -> None:
    world.add("BTB-001")
    world.add("BTB-002")
    first = world.started(world.invite("BTB-001"))
    second = same_cookies(first).open(world.invite("BTB-002")).press()
    go_to(first, world, "pain_now").fill("pain_now", "1")
    before = dump(world)
    # The token is bound to the first session, so the second one only asks again.
    second.send(f"{session_address(second)}/page/{first.address.rsplit('/', 1)[1]}", first.values)
    assert (second.status, second.page) == (200, "items")
    assert dump(world) == before


def test_a_session_of_another_browser_is_not_there(world: World, link: str) -> None:
    browser = world.started(link)
    stranger = world.app.test_client()
    before = dump(world)
    for path in ("/", "/page/1", "/review", "/receipt"):
        for method in ("GET", "POST"):
            response = stranger.open(session_address(browser) + path, method=method)
            assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert dump(world) == before


def test_a_guessed_cookie_opens_no_session(world: World, link: str) -> None:
    browser = world.started(link)
    handle = session_address(browser).removeprefix("/q/")
    for secret in ("", "x", "å", "A" * 32):
        stranger = world.app.test_client()
        stranger.set_cookie(f"btb-{handle}", secret)
        assert stranger.get(session_address(browser) + "/").status_code == 303


def test_a_later_session_sees_what_is_answered_but_not_how(world: World, link: str) -> None:
    go_to(world.started(link), world, "pain_worse").fill("pain_worse", "sitting", "other").fill(
        "pain_worse_other", "canary"
    ).fill("pain_duration_years", "47").press()
    later = go_to(world.started(link), world, "pain_worse")
    assert later.value("pain_duration_years") == later.value("pain_worse_other") == [""]
    assert checked(later, "pain_worse") == []
    assert buttons(later, "clear") == ["pain_duration", "pain_worse"]
    assert remembered(world, later) == {}
    review = same_cookies(later).open(f"{session_address(later)}/review")
    for page in (later, review):
        assert "canary" not in page.html
        assert 'value="47"' not in page.html
    assert "47" not in review.text


def test_a_later_session_may_answer_anew(world: World, link: str) -> None:
    go_to(world.started(link), world, "pain_now").fill("pain_now", "3").press()
    later = go_to(world.started(link), world, "pain_now").fill("pain_now", "8").press()
    assert states(world, "pain_now") == [("answered", "3"), ("answered", "8")]
    assert checked(go_to(later, world, "pain_now"), "pain_now") == ["8"]


def test_blank_fields_of_a_later_session_wipe_nothing(world: World, link: str) -> None:
    given = {"pain_duration_years": "47", "pain_worse_other": "canary"}
    first = go_to(world.started(link), world, "pain_worse").fill("pain_worse", "lifting", "other")
    for name, value in given.items():
        first.fill(name, value)
    first.press().press()
    before = values(world)
    later = go_to(world.started(link), world, "pain_worse").press().press()
    assert later.page == "items"
    assert values(world) == before == {**given, "pain_worse": "lifting other"}


def test_a_later_session_may_take_an_earlier_answer_back(world: World, link: str) -> None:
    go_to(world.started(link), world, "pain_now").fill("pain_now", "3").press()
    go_to(world.started(link), world, "pain_now").press("clear", "pain_now")
    assert states(world, "pain_now") == [("answered", "3"), ("cleared", None)]


def test_a_later_session_goes_on_where_the_first_one_stopped(world: World, link: str) -> None:
    first = world.started(link).press()
    assert first.address.endswith("/page/1")
    first.press().press()
    later = world.started(link).press()
    assert later.address.endswith("/page/2")


def test_a_tab_that_was_opened_before_a_newer_answer_does_not_wipe_it(world: World, link: str) -> None:
    tab = go_to(world.started(link), world, "pain_worse")
    stale = same_cookies(tab).open(tab.address)
    tab.fill("pain_worse", "lifting").fill("pain_duration_years", "5").press()
    stale.fill("pain_duration_months", "6").press()
    assert values(world) == {
        "pain_worse": "lifting",
        "pain_duration_years": "5",
        "pain_duration_months": "6",
    }


def test_a_stale_tab_that_shows_an_older_answer_does_not_bring_it_back(world: World, link: str) -> None:
    tab = go_to(world.started(link), world, "pain_worse").fill("pain_duration_years", "5").press("back")
    go_to(tab, world, "pain_worse")
    stale = same_cookies(tab).open(tab.address)
    tab.fill("pain_duration_years", "7").press()
    stale.fill("pain_duration_months", "1").press()
    assert values(world)["pain_duration_years"] == "7"


def test_what_a_stale_tab_was_told_anew_counts(world: World, link: str) -> None:
    tab = go_to(world.started(link), world, "pain_now")
    stale = same_cookies(tab).open(tab.address)
    tab.fill("pain_now", "5").press()
    stale.fill("pain_now", "6").press()
    assert states(world, "pain_now") == [("answered", "5"), ("answered", "6")]


def test_keys_may_be_rotated_in_mid_questionnaire(world: World, link: str) -> None:
    browser = go_to(world.started(link), world, "pain_now").fill("pain_now", "5")
    settings = world.runtime.settings
    world = rebuilt(
        world,
        secret_keys=(new_key(), *settings.secret_keys),
        link_keys=(new_key(), *settings.link_keys),
    )
    browser.client.application = world.app
    browser.press()
    assert (browser.status, browser.page) == (200, "items")
    assert values(world) == {"pain_now": "5"}
    assert browser.open(f"{session_address(browser)}/review").press().page == "receipt"
    assert world.browser().open(link).page == "receipt"


def test_a_key_that_is_taken_off_the_list_kills_its_links(world: World, link: str) -> None:
    world = rebuilt(world, link_keys=(new_key(),))
    assert world.browser().open(link).status == 404


def test_a_session_ends_24_hours_after_its_last_save(world: World, link: str) -> None:
    start = clock.now()
    with clock.at(start):
        browser = world.started(link)
    with clock.at(start + timedelta(hours=23)):
        go_to(browser, world, "pain_now").fill("pain_now", "5").press()
    with clock.at(start + timedelta(hours=23) + LIFETIME - timedelta(milliseconds=1)):
        assert go_to(browser, world, "pain_now").page == "items"
    with clock.at(start + timedelta(hours=23) + LIFETIME):
        go_to(browser, world, "pain_now")
        assert (browser.page, browser.address) == ("start", link)
        assert browser.press().page == "parts"
        assert checked(go_to(browser, world, "pain_now"), "pain_now") == []
    assert count(world, "participant_session") == 2


def test_a_session_that_is_over_still_saves_its_open_page_and_leads_to_start(world: World, link: str) -> None:
    browser = go_to(world.started(link), world, "pain_now").fill("pain_now", "5")
    with clock.at(clock.now() + LIFETIME):
        browser.press()
    assert (browser.page, browser.address) == ("start", link)
    assert values(world) == {"pain_now": "5"}


def test_a_session_that_is_over_saves_a_page_with_open_questions_and_leads_to_start(
    world: World, link: str
) -> None:
    browser = go_to(world.started(link), world, "fabq_cause_activity").fill("fabq_cause_activity", "6")
    with clock.at(clock.now() + LIFETIME):
        browser.press()
    assert (browser.page, browser.address) == ("start", link)
    assert present(world) == {"fabq_cause_activity": ("answered", "6")}


def test_a_session_that_is_over_is_not_brought_back_by_saving(world: World, link: str) -> None:
    browser = go_to(world.started(link), world, "pain_now").fill("pain_now", "5")
    with clock.at(clock.now() + LIFETIME):
        browser.press()
        assert browser.open(f"{browser.address}").page == "start"
        browser.press()
    assert count(world, "participant_session") == 2


def test_a_session_that_is_over_shows_no_answer_whatever_is_sent_to_it(world: World, link: str) -> None:
    browser = go_to(world.started(link), world, "pain_worse").fill("pain_duration_years", "47")
    browser.fill("pain_worse", "other").fill("pain_worse_other", "canary").press("later")
    page = go_to(browser, world, "pain_worse").address
    token = browser.value("csrf_token")[0]
    review = f"{session_address(browser)}/review"
    with clock.at(clock.now() + LIFETIME):
        for sent in ([], [("csrf_token", token)], [("csrf_token", token), ("pain_duration_years", "x")]):
            response = browser.client.post(page, data=dict(sent))
            assert "canary" not in response.text
            assert 'value="47"' not in response.text
        assert "canary" not in browser.client.post(review).text


def test_a_wrong_page_of_a_session_that_is_over_keeps_what_was_typed(world: World, link: str) -> None:
    browser = go_to(world.started(link), world, "pain_worse")
    browser.fill("pain_duration_years", "999").fill("pain_worse", "lifting")
    with clock.at(clock.now() + LIFETIME):
        browser.press()
        assert (browser.status, browser.value("pain_duration_years")) == (422, ["999"])
        browser.fill("pain_duration_years", "9").press()
        assert browser.page == "start"
    assert values(world) == {"pain_duration_years": "9", "pain_worse": "lifting"}


def test_a_session_that_is_over_may_still_send_in(world: World) -> None:
    world.add(day0=(clock.today() - timedelta(days=14)).isoformat())
    browser = finish_pain(world.started(world.invite(visit="day14")))
    with clock.at(clock.now() + LIFETIME):
        assert browser.press().page == "receipt"
    assert visit_row(world, visit="day14").submitted_at is not None


def test_cookies_of_other_sites_do_not_disturb(world: World, link: str) -> None:
    browser = world.browser()
    for name in ("btb-", "btb-x", "btb-å", "session", "btb-" + "0" * 10):
        browser.client.set_cookie(name, "nonsense")
    assert browser.open(link).press().page == "parts"
