"""The list of participants: what stands in its address is what is shown, to every colleague alike."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from btb_pro import clock
from btb_pro.models.participant import Participant, Visit
from btb_pro.roles import Role
from btb_pro.services.participant_list import PAGE
from tests.integration.console import work
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import World

LIST = "/console/participants"


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    """Hours and days that do not depend on when the test runs."""
    with clock.at(work.NOON):
        yield


def numbers(browser: PlainBrowser) -> list[str]:
    """Study numbers, in the order of the rows."""
    return [
        "".join(one.itertext()).strip() for one in browser.document.iter("th") if one.get("scope") == "row"
    ]


def row(browser: PlainBrowser, number: str) -> dict[str, str]:
    """What a participant's row says, by the column's word."""
    for one in browser.document.iter("tr"):
        head = one.find("th[@scope='row']")
        if head is not None and "".join(head.itertext()).strip() == number:
            return {cell.get("data-label", ""): "".join(cell.itertext()).strip() for cell in one.iter("td")}
    raise AssertionError(f"no row {number}")


@pytest.fixture
def mixed(world: World) -> World:
    """Participants of two hospitals, in different states."""
    work.person(world, "A-NEW", 30)
    work.person(world, "B-SENT", 9, site="bergen", language="en")
    world.invite("B-SENT")
    work.message(world, "B-SENT", "sent")
    work.person(world, "C-BOUNCED", 8)
    world.invite("C-BOUNCED")
    work.message(world, "C-BOUNCED", "sent")
    work.message(world, "C-BOUNCED", "bounced", kind="reminder")
    work.person(world, "D-STARTED", 10)
    work.start(world, "D-STARTED")
    work.person(world, "E-DONE", 9)
    work.submit(world, "E-DONE")
    work.person(world, "F-LEFT", 9)
    world.invite("F-LEFT")
    world.withdraw("F-LEFT")
    return world


def test_each_row_tells_how_far_the_present_visit_has_come(mixed: World) -> None:
    browser = signed_in(mixed).open(LIST)
    assert numbers(browser) == ["A-NEW", "B-SENT", "C-BOUNCED", "D-STARTED", "E-DONE", "F-LEFT"]
    states = [row(browser, number)["Status"] for number in numbers(browser)]
    assert states == ["Ikke sendt", "Sendt", "Kom i retur", "Begynt", "Ikke sendt", "Har gått ut av studien"]
    assert row(browser, "E-DONE")["Besøk"] == "2 uker etter start"
    assert row(browser, "D-STARTED") == {
        "Sykehus": "Oslo",
        "Besøk": "Før behandlingen starter",
        "Status": "Begynt",
        "Dag": "5. des. 2026",
        "Lenken virker til": "7. des. 2026",
        "Skjemaer påbegynt": "1 av 6",
        "Påminnelser": "0",
    }
    assert browser.link("D-STARTED") == f"{LIST}/D-STARTED"


def test_the_present_visit_is_the_first_that_can_still_be_answered(world: World) -> None:
    work.person(world, "A", -20)
    work.person(world, "OVER", -1000)
    work.person(world, "B", 30)
    with world.writing() as session:
        world_b = session.query(Participant).filter_by(study_number="B").one()
        world_b.day0 = None
        session.query(Visit).filter_by(participant_id=world_b.id).update(
            {"planned_on": None, "opens_at": None, "closes_at": None, "expires_at": None}
        )
    browser = signed_in(world).open(LIST)
    assert row(browser, "A")["Besøk"] == "2 uker etter start"
    assert row(browser, "B")["Besøk"] == "Før behandlingen starter"
    assert row(browser, "B")["Dag"] == "–"
    last = [visit.title["nb"] for visit in world.runtime.study.visits][-1]
    assert row(browser, "OVER")["Besøk"] == last


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=st", ["D-STARTED"]),
        ("q=-", ["A-NEW", "B-SENT", "C-BOUNCED", "D-STARTED", "E-DONE", "F-LEFT"]),
        ("q=%25", []),
        ("q=_", []),
        ("site=bergen", ["B-SENT"]),
        ("language=en", ["B-SENT"]),
        ("language=none", []),
        ("state=submitted", []),
        ("state=submitted&visit=baseline", ["E-DONE"]),
        ("state=bounced", ["C-BOUNCED"]),
        ("state=started&q=d", ["D-STARTED"]),
        ("waiting=failed", ["C-BOUNCED"]),
        ("waiting=failed&site=bergen", []),
        ("waiting=failed&visit=day14", []),
        ("sort=-number", ["F-LEFT", "E-DONE", "D-STARTED", "C-BOUNCED", "B-SENT", "A-NEW"]),
        ("sort=site", ["B-SENT", "A-NEW", "C-BOUNCED", "D-STARTED", "E-DONE", "F-LEFT"]),
        ("sort=day&visit=baseline", ["C-BOUNCED", "B-SENT", "E-DONE", "F-LEFT", "D-STARTED", "A-NEW"]),
        (
            "sort=expires&visit=baseline&q=e",
            ["C-BOUNCED", "B-SENT", "E-DONE", "F-LEFT", "D-STARTED", "A-NEW"],
        ),
        ("sort=-state", ["F-LEFT", "D-STARTED", "C-BOUNCED", "B-SENT", "A-NEW", "E-DONE"]),
        ("sort=visit", ["A-NEW", "B-SENT", "C-BOUNCED", "D-STARTED", "F-LEFT", "E-DONE"]),
    ],
)
def test_search_filters_and_order_stand_in_the_address(mixed: World, query: str, found: list[str]) -> None:
    browser = signed_in(mixed).open(f"{LIST}?{query}")
    assert browser.status == 200
    assert numbers(browser) == found
    assert numbers(signed_in(mixed, Role.MONITOR).open(f"{LIST}?{query}")) == found


def test_pages_hold_fifty_and_keep_what_was_asked_for(world: World) -> None:
    for number in range(PAGE + 2):
        work.person(world, f"P-{number:03}", site="oslo" if number % 2 else "bergen")
    browser = signed_in(world).open(f"{LIST}?q=p-&sort=-number")
    assert f"Viser 1–{PAGE} av {PAGE + 2}" in browser.text
    assert numbers(browser)[0] == "P-051"
    following = browser.link("Neste side")
    assert parse_qs(urlsplit(following).query) == {"q": ["p-"], "sort": ["-number"], "page": ["2"]}
    browser.open(following)
    assert f"Viser 51–52 av {PAGE + 2}" in browser.text
    assert numbers(browser) == ["P-001", "P-000"]
    assert "Side 2 av 2" in browser.text


def test_a_head_sorts_and_a_second_press_turns_it_round(mixed: World) -> None:
    browser = signed_in(mixed).open(f"{LIST}?site=oslo&page=1")
    first = browser.link("Dag")
    assert first == f"{LIST}?site=oslo&sort=day"
    second = browser.open(first).link("Dag")
    assert second == f"{LIST}?site=oslo&sort=-day"
    sorted_by = [one.get("aria-sort") for one in browser.document.iter("th") if one.get("aria-sort")]
    assert sorted_by == ["ascending"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("page=999", "Det finnes ingen side 999. Dette er den siste."),
        ("page=0", "Den siden finnes ikke. Dette er den første."),
        ("page=-1", "Den siden finnes ikke"),
        ("page=two", "Den siden finnes ikke"),
        ("page=99999999999999999999", "Den siden finnes ikke"),
        ("site=mars", "Sykehuset i adressen er ikke et av dine"),
        ("visit=screening", "Studien har ikke noe slikt besøk"),
        ("state=happy", "Det finnes ingen slik status"),
        ("language=fr", "Det finnes ikke noe slikt språk"),
        ("waiting=godot", "Ingenting venter av en slik grunn"),
        ("sort=shoe-size", "Listen kan ikke sorteres slik"),
        ("q=" + "A" * 40, "Et studienummer har høyst 26 tegn"),
    ],
)
def test_what_makes_no_sense_gives_the_nearest_view_and_a_sentence(
    mixed: World, query: str, sentence: str
) -> None:
    browser = signed_in(mixed).open(f"{LIST}?{query}")
    assert browser.status == 200
    assert sentence in browser.text


def test_another_hospitals_participants_are_not_there_by_any_address(mixed: World) -> None:
    browser = signed_in(mixed, Role.COORDINATOR, "bergen")
    for query in ("", "?site=oslo", "?q=a", "?waiting=failed", "?state=started"):
        assert set(numbers(browser.open(f"{LIST}{query}"))) <= {"B-SENT"}
    assert "Oslo" not in browser.open(LIST).text


def test_who_is_told_of_no_alert_cannot_ask_the_list_for_them(mixed: World) -> None:
    work.alert(mixed, "A-NEW")
    assert numbers(signed_in(mixed).open(f"{LIST}?waiting=safety")) == ["A-NEW"]
    browser = signed_in(mixed, Role.MONITOR).open(f"{LIST}?waiting=safety")
    assert len(numbers(browser)) == 6
    assert "Ingenting venter av en slik grunn" in browser.text


def test_the_other_language_shows_the_same_rows(mixed: World) -> None:
    browser = signed_in(mixed).open(f"{LIST}?site=oslo&sort=-number")
    shown = numbers(browser)
    browser.open(browser.link("English"))
    assert (browser.heading, numbers(browser)) == ("Participants", shown)
    assert "lang=en" in browser.link("Day")


def test_reminders_that_went_out_are_counted(world: World) -> None:
    work.person(world, "A", 9)
    world.invite("A")
    for state in ("sent", "queued"):
        work.message(world, "A", state, kind="reminder")
    browser = signed_in(world).open(LIST)
    assert row(browser, "A")["Påminnelser"] == "1"
    assert row(browser, "A")["Status"] == "Sendt"


def test_a_link_that_died_says_how(world: World) -> None:
    for number, days in (("EXPIRED", -3), ("REVOKED", 9)):
        work.person(world, number, days)
        with clock.at(work.NOON - timedelta(days=4)):
            world.invite(number)
    world.revoke("REVOKED")
    browser = signed_in(world).open(f"{LIST}?visit=baseline")
    assert [row(browser, one)["Status"] for one in ("EXPIRED", "REVOKED")] == [
        "Utløpt",
        "Lenken er avsluttet",
    ]


NAMES = ("q", "site", "visit", "state", "language", "waiting", "sort", "page", "lang")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40), max_size=5))
def test_no_address_breaks_the_list(mixed_once: PlainBrowser, query: dict[str, str]) -> None:
    with clock.at(work.NOON):
        response = mixed_once.client.get(LIST, query_string=query)
    assert response.status_code == 200


@pytest.fixture
def mixed_once(mixed: World) -> PlainBrowser:
    """A browser signed in, for many addresses."""
    return signed_in(mixed)
