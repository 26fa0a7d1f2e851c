"""Paper that comes back: two people type it, nothing that was typed is shown, and then it is answers."""

import csv
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.correction import PaperEntry, PaperKeying
from btb_pro.models.participant import Visit
from btb_pro.models.response import Answer, Response, ScoreRow
from btb_pro.roles import Role
from btb_pro.services.exporting import take_csv_export
from btb_pro.services.verification import verify
from tests.integration.participant.steps import refused_answers
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import add_staff, session_cookie, signed_in
from tests.support.world import COMMAND, World

NUMBER = "BTB-001"
PAPER = f"/console/participants/{NUMBER}/paper/day14"
CANARY = "7"
"""What the paper says of the pain; as a value it stands in no page."""


@dataclass
class Hospital:
    """A participant whose day 14 came back on paper, and two people who type."""

    world: World
    first: PlainBrowser
    second: PlainBrowser

    def begin(self, mode: str = "paper", language: str = "nb", day: str = "") -> PlainBrowser:
        """The first person begins."""
        page = self.first.open(PAPER)
        for name, value in (("mode", mode), ("language", language), ("paper_on", day or today())):
            page.fill(name, value)
        return page.press()

    def type_all(self, browser: PlainBrowser, answers: dict[str, str]) -> PlainBrowser:
        """Type every page, and say that all are typed."""
        browser.open(f"{PAPER}/page/1")
        while browser.page == "console-paper-page":
            for name in select_names(browser):
                if name in answers:
                    browser.fill(name, answers[name])
            browser.press()
        return browser.press()


def select_names(browser: PlainBrowser) -> list[str]:
    """The lists and fields of the page."""
    return [one.get("name", "") for one in browser.main_form.iter("select")] + browser.names()


def today() -> str:
    return clock.today().isoformat()


def browser_of(world: World, email: str) -> PlainBrowser:
    browser = world.browser()
    name, value = session_cookie(world, add_staff(world, email=email))
    browser.client.set_cookie(name, value, domain="localhost")
    return browser


@pytest.fixture
def hospital(world: World) -> Hospital:
    world.add(NUMBER, day0=(clock.today() - timedelta(days=14)).isoformat())
    return Hospital(
        world, browser_of(world, "kari@hospital.example"), browser_of(world, "ola@hospital.example")
    )


def answers_of(world: World) -> dict[str, tuple[str, str | None, str]]:
    with world.reading() as session:
        return {
            row.item: (row.state, row.value, row.mode) for row in session.execute(select(Answer)).scalars()
        }


def test_what_two_people_type_alike_becomes_answers_that_are_sent_in_and_scored(hospital: Hospital) -> None:
    assert hospital.begin().page == "console-paper-page"
    codes = select_names(hospital.first)
    typed = dict.fromkeys(codes[:-1], CANARY)
    assert hospital.type_all(hospital.first, typed).page == "console-participant"
    assert answers_of(hospital.world) == {}
    hospital.type_all(hospital.second, typed)
    found = answers_of(hospital.world)
    assert {code: found[code] for code in typed} == dict.fromkeys(typed, ("answered", CANARY, "paper"))
    assert found[codes[-1]] == ("skipped", None, "paper")
    with hospital.world.reading() as session:
        visit = session.execute(select(Visit).where(Visit.code == "day14")).scalar_one()
        entry = session.execute(select(PaperEntry)).scalar_one()
        assert visit.submitted_at is not None
        assert session.execute(select(Response.is_locked)).scalars().all() == [True]
        assert session.execute(select(ScoreRow.value)).scalars().all() != []
        assert (entry.first_by, entry.second_by, entry.end_reason) == (
            "kari@hospital.example",
            "ola@hospital.example",
            "done",
        )
        assert session.execute(select(PaperKeying)).first() is None
        verify(session)


def test_nothing_that_was_saved_is_shown_again_to_either(hospital: Hospital) -> None:
    hospital.begin()
    codes = select_names(hospital.first)
    hospital.first.fill(codes[0], CANARY).press()
    again = hospital.first.open(f"{PAPER}/page/1")
    assert again.value(codes[0]) == [""]
    assert "selected" not in again.html
    hospital.type_all(hospital.first, {codes[0]: CANARY})
    second = hospital.second.open(f"{PAPER}/page/1")
    assert second.value(codes[0]) == [""]
    assert "selected" not in second.html


def test_the_first_person_cannot_type_it_the_second_time(hospital: Hospital) -> None:
    hospital.begin()
    assert "Du er ferdig" in hospital.type_all(hospital.first, {}).text
    assert "En annen må skrive det inn andre gang" in hospital.first.open(PAPER).text
    assert hospital.first.open(f"{PAPER}/page/1").page == "console-paper"
    hospital.second.open(f"{PAPER}/page/1")
    sent = hospital.second.values
    # The same form, sent by the first person all the same.
    hospital.first.open(PAPER)
    token = hospital.first.value("csrf_token")[0]
    hospital.first.send(
        f"{PAPER}/page/1",
        [(name, value) for name, value in sent if name != "csrf_token"] + [("csrf_token", token)],
    )
    with hospital.world.reading() as session:
        assert set(session.execute(select(PaperKeying.round)).scalars()) == {1}


def test_while_one_person_types_nobody_else_does(hospital: Hospital) -> None:
    hospital.begin()
    assert "En annen holder på" in hospital.second.open(PAPER).text
    assert hospital.second.open(f"{PAPER}/page/1").page == "console-paper"


def test_a_difference_names_the_question_only_and_is_typed_once_more(hospital: Hospital) -> None:
    hospital.begin()
    codes = select_names(hospital.first)
    hospital.type_all(hospital.first, dict.fromkeys(codes, "7"))
    overview = hospital.type_all(hospital.second, dict.fromkeys(codes, "7") | {codes[0]: "4"})
    assert answers_of(hospital.world) == {}
    assert "Dere skrev inn 1 spørsmål forskjellig" in overview.text
    again = overview.open(overview.link("Skriv dem inn en gang til"))
    assert select_names(again) == [codes[0]]
    assert "selected" not in again.html
    # A third reading that neither had settles nothing; one that agrees with an earlier does.
    still = again.fill(codes[0], "2").press()
    assert "1 spørsmål forskjellig" in still.text
    done = still.open(f"{PAPER}/again").fill(codes[0], "4").press()
    assert "Svarene for dette besøket er nå registrert" in done.text
    assert answers_of(hospital.world)[codes[0]] == ("answered", "4", "paper")


def test_the_trail_says_who_typed_and_never_what(hospital: Hospital) -> None:
    hospital.begin(mode="phone_interview")
    codes = select_names(hospital.first)
    hospital.type_all(hospital.first, dict.fromkeys(codes, "7"))
    with hospital.world.reading() as session:
        rows = session.execute(
            select(AuditEvent).where(AuditEvent.tag.startswith("paper:")).order_by(AuditEvent.seq)
        ).scalars()
        told = [(row.tag, row.actor, row.changes) for row in rows]
    assert {tag for tag, _, _ in told} == {"paper:open", "paper:key"}
    assert {actor for _, actor, _ in told} == {"kari@hospital.example"}
    assert f'"new":"{len(codes)} fields"' in "".join(changes for _, _, changes in told)
    assert not any('"new":"7"' in changes for _, _, changes in told)


def test_paper_never_goes_over_what_the_participant_entered(hospital: Hospital) -> None:
    link = hospital.world.invite(NUMBER, "day14")
    phone = hospital.world.browser().open(link).press().press()
    name = phone.names()[0]
    phone.fill(name, phone.inputs(name)[1].get("value", "")).press("next")
    page = hospital.first.open(PAPER)
    assert "begynt å svare på skjerm" in page.text
    assert not list(next(page.document.iter("main")).iter("form"))


def test_what_the_participant_enters_meanwhile_stops_the_paper(hospital: Hospital) -> None:
    hospital.begin()
    hospital.type_all(hospital.first, {})
    phone = hospital.world.browser().open(hospital.world.invite(NUMBER, "day14")).press().press()
    name = phone.names()[0]
    phone.fill(name, phone.inputs(name)[1].get("value", "")).press("next")
    last = hospital.type_all(hospital.second, {})
    assert last.status == 409
    assert "begynt å svare på skjerm" in last.text
    assert {mode for _, _, mode in answers_of(hospital.world).values()} == {"own_phone"}


def test_a_value_that_is_no_answer_is_refused_and_nothing_of_the_page_is_saved(hospital: Hospital) -> None:
    hospital.world.add("BTB-002")
    address = "/console/participants/BTB-002/paper/baseline"
    page = hospital.first.open(address)
    for name, value in (("mode", "paper"), ("language", "en"), ("paper_on", today())):
        page.fill(name, value)
    page.press()
    assert page.status == 200
    again = page.fill("bg_age", "two").press()
    assert again.status == 422
    assert again.value("bg_age") == ["two"]
    again.fill("bg_age", "400").press()
    assert refused_answers(hospital.world) == [
        ("baseline/background/bg_age", "not_a_whole_number", "[3 characters]"),
        ("baseline/background/bg_age", "out_of_range", "400"),
    ]
    with hospital.world.reading() as session:
        assert session.execute(select(PaperKeying)).first() is None


def test_a_day_that_has_not_come_is_refused(hospital: Hospital) -> None:
    page = hospital.begin(day=(clock.today() + timedelta(days=1)).isoformat())
    assert page.status == 422
    assert "Den dagen har ikke vært ennå" in page.text


def test_what_was_typed_can_be_thrown_away_and_begun_anew(hospital: Hospital) -> None:
    hospital.begin()
    hospital.type_all(hospital.first, {})
    page = hospital.second.open(PAPER)
    forms = [one for one in page.document.iter("form") if (one.get("action") or "").endswith("/discard")]
    page.send(forms[0].get("action") or "", [("csrf_token", page.value("csrf_token")[0])])
    assert page.open(PAPER).names() == ["mode", "language", "paper_on"]
    with hospital.world.reading() as session:
        assert session.execute(select(PaperKeying)).first() is None


def test_another_hospitals_paper_is_not_there(hospital: Hospital) -> None:
    stranger = signed_in(hospital.world, Role.COORDINATOR, "bergen")
    assert stranger.client.get(PAPER).status_code == 404
    assert stranger.client.post(PAPER).status_code == 404
    assert hospital.first.client.get(f"/console/participants/{NUMBER}/paper/day15").status_code == 404


def test_the_export_says_how_it_was_answered_who_typed_it_and_the_papers_day(
    hospital: Hospital, tmp_path: Path
) -> None:
    day = (clock.today() - timedelta(days=1)).isoformat()
    hospital.begin(mode="phone_interview", day=day)
    codes = select_names(hospital.first)
    for browser in (hospital.first, hospital.second):
        hospital.type_all(browser, {codes[0]: "7"})
    take_csv_export(hospital.world.runtime, COMMAND, tmp_path / "out")
    with (tmp_path / "out" / "long.csv").open(encoding="utf-8", newline="") as file:
        (row,) = [row for row in csv.DictReader(file) if row["item"] == codes[0]]
    assert (row["value"], row["mode"], row["paper_on"]) == ("7", "phone_interview", day)
    assert row["entered_by"] == "kari@hospital.example ola@hospital.example"
