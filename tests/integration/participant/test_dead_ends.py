"""A good link that opens nothing now says so, with its own status, in the right language."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from btb_pro import clock
from btb_pro.services.sessions import GRACE
from tests.integration.participant.steps import (
    dump,
    finish_pain,
    go_to,
    invitation_row,
    session_address,
    visit_row,
)
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World

MILLISECOND = timedelta(milliseconds=1)


def expired(world: World, number: str = "BTB-001") -> tuple[str, datetime]:
    """A link and the instant at which its life is over."""
    link = world.invite(number)
    return link, invitation_row(world, number).expires_at


def revoked(world: World, number: str = "BTB-001") -> tuple[str, datetime]:
    """A link that was ended."""
    link = world.invite(number)
    world.revoke(number)
    return link, clock.now()


def replaced(world: World, number: str = "BTB-001") -> tuple[str, datetime]:
    """A link whose participant has a newer one."""
    link = world.invite(number)
    assert world.invite(number, replace=True) != link
    return link, clock.now()


def withdrawn(world: World, number: str = "BTB-001") -> tuple[str, datetime]:
    """A link of somebody who left the study."""
    link = world.invite(number)
    world.withdraw(number)
    return link, clock.now()


def not_open_yet(world: World, number: str = "BTB-001") -> tuple[str, datetime]:
    """A link and an instant before its visit's window."""
    link = world.invite(number)
    return link, invitation_row(world, number).opens_at - MILLISECOND


STATES: dict[str, tuple[Callable[..., tuple[str, datetime]], int]] = {
    "expired": (expired, 410),
    "revoked": (revoked, 410),
    "replaced": (replaced, 410),
    "withdrawn": (withdrawn, 410),
    "not open yet": (not_open_yet, 403),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("language", ["nb", "en"])
def test_a_dead_end_has_its_status_speaks_the_invitations_language_and_names_the_site(
    world: World, language: str, state: str
) -> None:
    world.add(language=language, site="bergen")
    make, status = STATES[state]
    link, at = make(world)
    with clock.at(at):
        browser = world.browser("en" if language == "nb" else "nb").open(link)
    assert (browser.status, browser.page, browser.document.get("lang")) == (status, "dead", language)
    assert world.runtime.study.site("bergen").phone.replace(" ", "") in browser.html
    actions = [form.get("action", "").partition("?")[0] for form in browser.document.iter("form")]
    asks = [action.rpartition("/")[2] for action in actions]
    assert asks == (["new-link"] if state in ("expired", "replaced") else [])


def test_each_dead_end_has_a_page_of_its_own(world: World) -> None:
    headings = set()
    for number, (make, _) in enumerate(STATES.values(), start=1):
        link, at = make(world, world.add(f"BTB-00{number}", language="nb"))
        with clock.at(at):
            headings.add(world.browser().open(link).heading)
    assert len(headings) == len(STATES)


@pytest.mark.parametrize("state", STATES)
def test_starting_from_a_dead_end_gives_the_same_page_and_writes_nothing(world: World, state: str) -> None:
    world.add(language="nb")
    make, status = STATES[state]
    link, at = make(world)
    before = dump(world)
    with clock.at(at):
        client = world.app.test_client()
        looked, pressed = client.get(link), client.post(link)
    assert (pressed.status_code, pressed.data) == (status, looked.data)
    assert dump(world) == before


@pytest.mark.parametrize("state", STATES)
def test_a_dead_end_can_be_read_in_the_other_language(world: World, state: str) -> None:
    world.add(language="nb")
    make, _ = STATES[state]
    link, at = make(world)
    with clock.at(at):
        browser = world.browser().open(link)
        browser.open(browser.address + "?lang=en")
    assert browser.document.get("lang") == "en"


def test_without_a_language_of_its_own_an_invitation_speaks_the_phones(world: World) -> None:
    world.add()
    link, at = revoked(world)
    for wished, given in (("nb", "nb"), ("nn-NO", "nb"), ("no", "nb"), ("da,en;q=0.5", "nb"), ("de", "en")):
        with clock.at(at):
            assert world.browser(wished).open(link).document.get("lang") == given


def test_a_link_lives_to_the_last_millisecond_of_its_window_and_no_longer(world: World) -> None:
    world.add()
    link = world.invite()
    row = invitation_row(world)
    expected = [
        (row.opens_at - MILLISECOND, 403),
        (row.opens_at, 200),
        (row.expires_at - MILLISECOND, 200),
        (row.expires_at, 410),
    ]
    for at, status in expected:
        with clock.at(at):
            assert world.browser().open(link).status == status, at


def test_a_replaced_links_successor_works(world: World) -> None:
    world.add()
    old = world.invite()
    new = world.invite(replace=True)
    assert world.browser().open(old).status == 410
    assert world.browser().open(new).press().page == "parts"


def test_withdrawal_kills_every_link_of_the_participant(world: World) -> None:
    world.add(day0=(clock.today() - timedelta(days=14)).isoformat())
    links = [world.invite(visit=visit) for visit in ("day14", "day42", "day154")]
    world.withdraw("BTB-001")
    assert {world.browser().open(link).status for link in links} == {410}


@pytest.fixture
def sent_in(world: World) -> tuple[str, PlainBrowser]:
    """The link of a later visit that was sent in, and the browser that did it."""
    world.add(day0=(clock.today() - timedelta(days=14)).isoformat(), language="nb")
    link = world.invite(visit="day14")
    browser = finish_pain(world.started(link), "7", "8", "9").press()
    assert browser.page == "receipt"
    return link, browser


def test_a_link_that_was_sent_in_shows_its_receipt_without_answers(
    world: World, sent_in: tuple[str, PlainBrowser]
) -> None:
    link, sender = sent_in
    other = world.browser("en").open(link)
    code = visit_row(world, visit="day14").receipt_code
    assert code is not None
    assert (other.status, other.page, other.document.get("lang")) == (200, "receipt", "nb")
    assert code in other.text
    assert code in sender.text
    assert not list(other.document.iter("input"))
    assert not list(other.document.iter("form"))
    assert world.app.test_client().post(link).status_code == 200


def test_the_receipt_of_a_link_can_be_read_in_the_other_language(
    world: World, sent_in: tuple[str, PlainBrowser]
) -> None:
    browser = world.browser().open(sent_in[0])
    assert browser.open(browser.address + "?lang=en").document.get("lang") == "en"


def test_a_receipt_shows_the_time_in_norway(world: World, sent_in: tuple[str, PlainBrowser]) -> None:
    submitted_at = visit_row(world, visit="day14").submitted_at
    assert submitted_at is not None
    local = submitted_at.astimezone(clock.OSLO)
    browser = world.browser("en").open(sent_in[0] + "?lang=en")
    assert f"{local:%B %Y at %H:%M}" in browser.text


@pytest.mark.parametrize("end", ["revoked", "replaced", "withdrawn"])
def test_a_session_ends_with_its_link_in_the_sessions_language(world: World, end: str) -> None:
    world.add(language="nb")
    browser = world.started(world.invite())
    browser.press("lang", "en")
    {"revoked": revoked, "replaced": replaced, "withdrawn": withdrawn}[end](world)
    before = dump(world)
    go_to(browser, world, "pain_now")
    assert (browser.status, browser.page, browser.document.get("lang")) == (410, "dead", "en")
    for address in ("/", "/page/1", "/review", "/receipt"):
        path = session_address(browser) + address
        assert browser.client.get(path).status_code == 410
        assert browser.client.post(path).status_code == 410
    assert dump(world) == before


def test_a_page_that_is_open_when_the_window_closes_may_be_saved_and_sent_for_two_hours(
    world: World,
) -> None:
    world.add(day0=(clock.today() - timedelta(days=14)).isoformat())
    link = world.invite(visit="day14")
    end = invitation_row(world, visit="day14").expires_at
    with clock.at(end - MILLISECOND):
        browser = world.started(link).press().fill("pain_now", "4")
    with clock.at(end + GRACE - 3 * MILLISECOND):
        browser.press()
        assert browser.status == 200
        browser.open(f"{session_address(browser)}/review")
    with clock.at(end + GRACE - MILLISECOND):
        assert browser.press().page == "receipt"
    assert timedelta(hours=2) == GRACE
    assert visit_row(world, visit="day14").submitted_at == end + GRACE - MILLISECOND


def test_after_the_two_hours_a_page_is_neither_saved_nor_sent(world: World) -> None:
    world.add(day0=(clock.today() - timedelta(days=14)).isoformat())
    link = world.invite(visit="day14")
    end = invitation_row(world, visit="day14").expires_at
    with clock.at(end - MILLISECOND):
        browser = world.started(link).press().fill("pain_now", "4")
        review = PlainBrowser(browser.client).open(f"{session_address(browser)}/review")
    before = dump(world)
    with clock.at(end + GRACE):
        assert (browser.press().status, browser.page) == (410, "dead")
        assert (review.press().status, review.page) == (410, "dead")
    assert dump(world) == before


def test_a_link_that_has_expired_starts_nothing_within_the_two_hours(world: World) -> None:
    world.add()
    link, end = expired(world)
    with clock.at(end + timedelta(hours=1)):
        assert world.app.test_client().post(link).status_code == 410
