"""Today shows what needs a person: in order, of the own hospitals, each with the act that settles it."""

from collections.abc import Iterator
from datetime import timedelta
from xml.etree.ElementTree import Element

import pytest

from btb_pro import clock
from btb_pro.roles import Role
from btb_pro.services.messages import settle_message
from btb_pro.services.today import MOST_COUNTED, SHOWN
from btb_pro.states import Settlement
from tests.integration.console import work
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import COMMAND, World


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    """Hours and days that do not depend on when the test runs."""
    with clock.at(work.NOON):
        yield


def section(browser: PlainBrowser, what: str) -> Element | None:
    """The section of that name, if it holds anything."""
    found = [one for one in browser.document.iter("section") if one.get("aria-labelledby") == what]
    return found[0] if found else None


def numbers(browser: PlainBrowser, what: str) -> list[str]:
    """Study numbers of a section's rows, in order."""
    found = section(browser, what)
    if found is None:
        return []
    return ["".join(one.itertext()).strip() for one in found.iter("th") if one.get("scope") == "row"]


def words(element: Element | None) -> str:
    """All that an element says."""
    assert element is not None
    return " ".join("".join(element.itertext()).split())


def acts(browser: PlainBrowser, what: str) -> list[tuple[str, str]]:
    """Words and address of each act of a section."""
    found = section(browser, what)
    assert found is not None
    links = [(words(one), one.get("href", "")) for one in found.iter("a") if one.get("class") == "ds-button"]
    forms = [(words(next(one.iter("button"))), one.get("action", "")) for one in found.iter("form")]
    return links + forms


def make_all(world: World) -> None:
    """One of each kind."""
    for number in ("ALERT", "FAILED", "EXPIRING", "STOPPED", "REPLY", "PAPER"):
        work.person(world, number, days=11)
    work.person(world, "AHEAD", days=5)
    work.alert(world, "ALERT")
    world.invite("FAILED")
    work.message(world, "FAILED", "bounced", "mailbox_full")
    with clock.at(work.NOON - timedelta(days=3)):
        work.start(world, "STOPPED")
    browser = world.browser().open(f"{world.invite('REPLY')}/stop")
    browser.press()
    work.paper(world, "PAPER")


def test_the_sections_stand_in_the_order_of_how_much_they_hurry(world: World) -> None:
    make_all(world)
    work.person(world, "SOON", days=-1)
    world.invite("SOON")
    browser = signed_in(world).open("/console/")
    shown = [one.get("aria-labelledby") for one in browser.document.iter("section")]
    assert shown == [
        "safety", "failed", "ahead", "expiring", "stopped", "replies", "paper", "counts", "weeks",
    ]  # fmt: skip
    assert numbers(browser, "safety") == ["ALERT"]
    assert numbers(browser, "failed") == ["FAILED"]
    assert numbers(browser, "ahead") == ["AHEAD"]
    assert numbers(browser, "expiring") == ["SOON"]
    assert numbers(browser, "stopped") == ["STOPPED"]
    assert numbers(browser, "replies") == ["REPLY"]
    assert numbers(browser, "paper") == ["PAPER"]


def test_each_row_leads_to_the_participant_and_to_what_settles_it(world: World) -> None:
    make_all(world)
    browser = signed_in(world).open("/console/")
    assert acts(browser, "safety") == [("Jeg tar meg av det ALERT", "/console/safety/1")]
    assert acts(browser, "failed") == [("Følg opp FAILED", "/console/messages/1")]
    assert acts(browser, "ahead") == [("Inviter AHEAD", "/console/participants/AHEAD/remind/baseline")]
    assert acts(browser, "stopped") == [("Minn om STOPPED", "/console/participants/STOPPED/remind/baseline")]
    assert acts(browser, "replies") == [("Følg opp REPLY", "/console/requests/1")]
    assert acts(browser, "paper") == [
        ("Skriv det inn én gang til PAPER", "/console/participants/PAPER/paper/baseline")
    ]
    assert browser.link("STOPPED").endswith("/console/participants/STOPPED")


def test_a_message_that_bounced_says_why(world: World) -> None:
    make_all(world)
    assert "Kom i retur: postkassen er full" in words(section(signed_in(world).open("/console/"), "failed"))


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_what_failed_or_may_have_been_sent_is_shown_until_somebody_settles_it(
    world: World, state: str
) -> None:
    work.person(world, "A")
    world.invite("A")
    number = work.message(world, "A", state)
    browser = signed_in(world)
    assert numbers(browser.open("/console/"), "failed") == ["A"]
    with world.writing() as session:
        settle_message(session, COMMAND, world.runtime, number, Settlement.CALLED_OFF)
    assert numbers(browser.open("/console/"), "failed") == []


def test_a_safety_message_that_failed_comes_before_other_messages(world: World) -> None:
    for number in ("A", "B"):
        work.person(world, number)
        world.invite(number)
    work.message(world, "A", "failed")
    work.failed_safety_message(world, work.alert(world, "B"))
    assert numbers(signed_in(world).open("/console/"), "failed") == ["B", "A"]


def test_messages_on_their_way_and_those_that_arrived_need_nobody(world: World) -> None:
    for state in ("queued", "sending", "sent", "delivered", "cancelled"):
        work.person(world, state.upper())
        world.invite(state.upper())
        work.message(world, state.upper(), state)
    assert numbers(signed_in(world).open("/console/"), "failed") == []


def test_visits_ahead_are_those_of_this_day_and_the_next_seven_and_only_with_answers_missing(
    world: World,
) -> None:
    for number, days in (("GONE", -1), ("TODAY", 0), ("LAST", 7), ("LATER", 8), ("DONE", 3), ("LEFT", 3)):
        work.person(world, number, days)
    work.submit(world, "DONE")
    world.withdraw("LEFT")
    browser = signed_in(world).open("/console/")
    assert numbers(browser, "ahead") == ["TODAY", "LAST"]


def test_links_expire_soon_when_three_days_or_less_are_left(world: World) -> None:
    for number, days in (("DEAD", -3), ("LAST-DAY", -2), ("SOON", 0), ("LATER", 2), ("DONE", 0)):
        work.person(world, number, days)
        with clock.at(work.NOON - timedelta(days=4)):
            world.invite(number)
    work.submit(world, "DONE")
    assert numbers(signed_in(world).open("/console/"), "expiring") == ["LAST-DAY", "SOON"]


def test_somebody_stopped_who_saved_an_answer_and_then_nothing_for_two_days(world: World) -> None:
    for number in ("STOPPED", "RECENT", "ONLY-LOOKED", "REVOKED"):
        work.person(world, number, days=11)
    with clock.at(work.NOON - timedelta(days=2)):
        work.start(world, "STOPPED")
        work.start(world, "REVOKED")
        world.started(world.invite("ONLY-LOOKED"))
    world.revoke("REVOKED")
    with clock.at(work.NOON - timedelta(days=1)):
        work.start(world, "RECENT")
    assert numbers(signed_in(world).open("/console/"), "stopped") == ["STOPPED"]


def test_somebody_who_is_at_it_again_has_not_stopped(world: World) -> None:
    work.person(world, "A", days=11)
    with clock.at(work.NOON - timedelta(days=3)):
        work.start(world, "A")
    world.started(world.invite("A"))
    assert numbers(signed_in(world).open("/console/"), "stopped") == []


def test_a_coordinator_sees_the_own_hospitals_alone(world: World) -> None:
    make_all(world)
    work.person(world, "SOON", days=-1)
    world.invite("SOON")
    browser = signed_in(world, Role.COORDINATOR, "bergen").open("/console/")
    assert [one.get("aria-labelledby") for one in browser.document.iter("section")] == [
        "nothing", "counts", "weeks",
    ]  # fmt: skip
    assert numbers(browser, "counts") == ["Bergen"]
    assert "Bergen 0 0 0" in words(section(browser, "counts"))


@pytest.mark.parametrize("role", [Role.DATA_MANAGER, Role.MONITOR])
def test_who_only_reads_sees_the_rows_and_no_button_and_no_alert(world: World, role: Role) -> None:
    make_all(world)
    browser = signed_in(world, role).open("/console/")
    assert numbers(browser, "safety") == []
    assert "ALERT" not in browser.html
    for what in ("failed", "ahead", "stopped", "replies", "paper"):
        assert len(numbers(browser, what)) == 1
        assert acts(browser, what) == []


def test_an_investigator_takes_care_of_alerts_and_sends_nothing(world: World) -> None:
    make_all(world)
    browser = signed_in(world, Role.INVESTIGATOR, "oslo").open("/console/")
    assert len(acts(browser, "safety")) == 1
    assert acts(browser, "failed") == []


def test_an_administrator_sees_no_participant(world: World) -> None:
    make_all(world)
    browser = signed_in(world, Role.ADMIN).open("/console/")
    assert (browser.status, browser.page) == (200, "console-staff")
    assert "STOPPED" not in browser.html
    assert browser.open("/console/participants").status == 404


def test_who_typed_paper_in_first_leaves_the_second_time_to_a_colleague(world: World) -> None:
    work.person(world, "A")
    browser = signed_in(world, Role.COORDINATOR, "oslo")
    work.paper(world, "A", first_by="coordinator-oslo@hospital.example")
    browser.open("/console/")
    assert acts(browser, "paper") == []
    assert "For en kollega" in words(section(browser, "paper"))


def test_a_long_section_says_how_many_more_there_are_and_leads_to_all(world: World) -> None:
    for number in range(SHOWN + 3):
        work.person(world, f"P-{number:02}", days=3)
    browser = signed_in(world).open("/console/")
    assert len(numbers(browser, "ahead")) == SHOWN
    assert browser.link("Og 3 til") == "/console/participants?waiting=ahead"
    browser.open("/console/participants?waiting=ahead")
    assert f"Viser 1–{SHOWN + 3} av {SHOWN + 3}" in browser.text
    assert MOST_COUNTED > SHOWN


def test_an_empty_day_says_what_does_not_wait(world: World) -> None:
    browser = signed_in(world).open("/console/")
    assert "Meldinger som ikke kom fram" in words(section(browser, "nothing"))
    assert len(list(browser.document.iter("h1"))) == 1


def test_the_counts_and_the_plot_hold_what_happened_week_by_week(world: World) -> None:
    for number, site in (("A", "oslo"), ("B", "oslo"), ("C", "bergen")):
        work.person(world, number, days=9, site=site)
    with clock.at(work.NOON - timedelta(days=1)):
        work.start(world, "A")
    with clock.at(work.NOON - timedelta(days=7)):
        world.invite("C")
    work.submit(world, "B")
    world.invite("A", replace=True)
    browser = signed_in(world).open("/console/")
    counts = words(section(browser, "counts"))
    assert "Oslo 2 1 1" in counts
    assert "Bergen 1 0 0" in counts
    assert "Alle sykehus 3 1 1" in counts
    weeks = words(section(browser, "weeks"))
    assert "16. nov. 2026 1 0 0 23. nov. 2026 2 1 1" in weeks
    drawing = next(one for one in browser.document.iter() if one.get("role") == "img")
    assert (
        words(next(one for one in drawing if one.get("id") == "plot-title"))
        == "Besøk de siste 26 ukene, uke for uke"
    )


def test_the_page_speaks_english_too(world: World) -> None:
    make_all(world)
    browser = signed_in(world, language="en").open("/console/")
    assert browser.heading == "Today"
    assert "Came back: the mailbox is full" in browser.text
