"""Corrections: asked for by some, decided by the hospital's investigator, with the old answer kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.correction import Correction, CorrectionRequest
from btb_pro.models.response import ScoreRow
from btb_pro.models.staff import Staff
from btb_pro.roles import Role
from btb_pro.services.staff_sessions import CONFIRMED_FOR
from tests.integration.console import work
from tests.integration.console.correcting import ITEM, WHY, ask, fill, rows, sent_in
from tests.integration.console.test_safety import alerts
from tests.integration.console.test_wishes import asks_correction
from tests.integration.participant.steps import go_to, refused_answers, session_address
from tests.support.engines import EngineName
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import PASSWORD, add_with_password, refused_access, session_cookie, signed_in
from tests.support.watched import WATCHED_STUDY
from tests.support.world import World, make_world

ANSWERS = "/console/participants/A/answers/baseline"
FORM = f"{ANSWERS}/{ITEM}"
PAGE = "/console/corrections/1"
NRS = ("pain_now", "pain_worst_2w", "pain_usual_2w")
OLD_AND_NEW = ["14", "4"]


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    """Hours and days that do not depend on when the test runs."""
    with clock.at(work.NOON):
        yield


def decisions(world: World) -> list[Correction]:
    """Every decision."""
    with world.reading() as session:
        return list(session.execute(select(Correction)).scalars())


def values(world: World) -> list[str | None]:
    """What the field held, oldest first."""
    return [row.value for row in rows(world)]


@pytest.mark.parametrize("role", [Role.DATA_MANAGER, Role.MONITOR])
def test_who_asks_sees_the_answer_and_cannot_decide(world: World, role: Role) -> None:
    sent_in(world)
    browser = signed_in(world, role).open(ANSWERS)
    assert "14 år" in browser.text
    assert ITEM in browser.text
    fill(browser.open(f"{ANSWERS}/{ITEM}")).press()
    assert (browser.page, browser.address) == ("console-correction", PAGE)
    assert "Avventer utprøver" in browser.text
    assert all(one.get("id") != "decision" for one in browser.document.iter("form"))
    assert browser.send(PAGE, [("why", WHY), ("decision", "accept")]).status == 404
    assert values(world) == ["14"]


def test_the_investigator_accepts_and_the_old_answer_stays(world: World) -> None:
    sent_in(world)
    ask(world)
    browser = signed_in(world, Role.INVESTIGATOR, "oslo").open(PAGE)
    assert WHY in browser.text
    assert "14 år" in browser.text
    assert "4 år" in browser.text
    browser.pick("decision").fill("why", "Agreed with the participant.").press("decision", "accept")
    assert browser.page == "console-correction"
    assert "Rettet" in browser.text
    assert values(world) == OLD_AND_NEW
    (decision,) = decisions(world)
    assert (decision.is_accepted, decision.decided_by) == (True, "investigator-oslo@hospital.example")
    assert decision.answer_id == rows(world)[-1].id


def test_a_refusal_changes_no_answer_and_says_why(world: World) -> None:
    sent_in(world)
    ask(world)
    browser = signed_in(world, Role.INVESTIGATOR, "oslo").open(PAGE)
    browser.pick("decision").fill("why", "The source does not say so.").press("decision", "refuse")
    assert "Avslått" in browser.text
    assert "The source does not say so." in browser.text
    assert values(world) == ["14"]


def test_scores_are_computed_anew_and_both_versions_stay(world: World) -> None:
    work.person(world, "A", 5)
    browser = world.browser().open(world.invite("A")).press()
    for item in NRS:
        go_to(browser, world, item).fill(item, "8").press()
    browser.open(f"{session_address(browser)}/review").press()
    asks = signed_in(world, Role.DATA_MANAGER).open(f"{ANSWERS}/pain_now").fill("pain_now", "2")
    asks.fill("why", WHY).fill("source", "Paper form").press()
    decides = signed_in(world, Role.INVESTIGATOR, "oslo").open(PAGE)
    decides.pick("decision").fill("why", "As the paper says.").press("decision", "accept")
    with world.reading() as session:
        wanted = select(ScoreRow).where(ScoreRow.code == "pain_lbp_nrs").order_by(ScoreRow.id)
        assert [row.value for row in session.execute(wanted).scalars()] == ["8", "6"]


def test_the_investigator_marks_answers_as_reviewed_until_one_is_changed(world: World) -> None:
    sent_in(world)
    manager, investigator = signed_in(world, Role.DATA_MANAGER), signed_in(world, Role.INVESTIGATOR, "oslo")
    stale = signed_in(world, Role.INVESTIGATOR, "oslo", "bergen").open(ANSWERS)
    assert "Jeg har gått gjennom svarene" not in manager.open(ANSWERS).text
    assert "Gjennomgått" in investigator.open(ANSWERS).press().text
    assert "Jeg har gått gjennom svarene" not in investigator.text
    assert "Før behandlingen starter: svarene gjennomgått" in manager.open("/console/participants/A").text
    ask(world)
    investigator.open(PAGE).pick("decision").fill("why", "Agreed with the participant.").press(
        "decision", "accept"
    )
    assert "Endret siden" in investigator.open(ANSWERS).text
    assert "Svarene er endret i mellomtiden" in stale.press().text
    assert "Endret siden" not in investigator.open(ANSWERS).press().text


def test_a_decision_is_for_good(world: World) -> None:
    sent_in(world)
    ask(world)
    first = signed_in(world, Role.INVESTIGATOR, "oslo").open(PAGE).pick("decision")
    second = signed_in(world, Role.INVESTIGATOR, "oslo", "bergen").open(PAGE).pick("decision")
    first.fill("why", "Agreed with the participant.").press("decision", "accept")
    second.fill("why", "The source does not say so.").press("decision", "refuse")
    assert second.status == 409
    assert "Noen har avgjort dette allerede." in second.text
    assert values(world) == OLD_AND_NEW


def test_two_investigators_at_once_decide_once(world: World) -> None:
    sent_in(world)
    ask(world)
    browsers = [signed_in(world, Role.INVESTIGATOR, *sites) for sites in (("oslo",), ("oslo", "bergen"))]
    for browser in browsers:
        browser.open(PAGE).pick("decision").fill("why", "Agreed with the participant.")
    instant = clock.now()

    def press(browser: PlainBrowser) -> int:
        with clock.at(instant):
            return browser.press("decision", "accept").status

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, browsers)) == [200, 409]
    assert values(world) == OLD_AND_NEW


def test_an_investigator_of_another_hospital_finds_nothing(world: World) -> None:
    sent_in(world)
    ask(world)
    browser = signed_in(world, Role.INVESTIGATOR, "bergen")
    assert browser.open(PAGE).status == 404
    assert "ITEM" not in browser.open("/console/corrections").text
    assert browser.send(PAGE, [("why", WHY), ("decision", "accept")]).status == 404
    assert [told[2:] for told in refused_access(world)] == [("hospital", "A")] * 2


def test_who_asked_cannot_decide_even_as_an_investigator_later(world: World) -> None:
    sent_in(world)
    monitor = signed_in(world, Role.MONITOR)
    fill(monitor.open(FORM)).press()
    world.is_spoilt = True
    with world.writing() as session:
        session.execute(select(Staff)).scalars().one().role = Role.INVESTIGATOR.value
    monitor.open(PAGE)
    assert "Du har bedt om dette selv" in monitor.text
    token = next(
        one.get("value") for one in monitor.document.iter("input") if one.get("name") == "csrf_token"
    )
    monitor.send(PAGE, [("csrf_token", token or ""), ("why", WHY), ("decision", "accept")])
    assert monitor.status == 409
    assert values(world) == ["14"]


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMIN])
def test_coordinator_and_admin_see_no_value(world: World, role: Role) -> None:
    sent_in(world)
    ask(world)
    browser = signed_in(world, role)
    for address in (ANSWERS, FORM, PAGE, "/console/corrections", "/console/late-answers"):
        assert browser.open(address).status == 404
    if role is Role.COORDINATOR:
        assert "14 år" not in browser.open("/console/participants/A").text
        assert ITEM not in browser.text


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("why", "because", "Skriv begrunnelsen med minst 10 tegn."),
        ("why", " " * 40, "Skriv begrunnelsen med minst 10 tegn."),
        ("source", "  ", "Skriv hvor det riktige svaret står."),
        ("noticed_on", "2026-12-24", "Den dagen har ikke kommet ennå."),
        ("noticed_on", "yesterday", "Skriv en dag som 2026-01-31."),
        (ITEM, "14", "Dette er svaret allerede"),
        (ITEM, "1400", "Skriv et helt tall"),
    ],
)
def test_what_is_wrong_gets_a_sentence_and_keeps_what_was_typed(
    world: World, name: str, value: str, sentence: str
) -> None:
    sent_in(world)
    browser = fill(signed_in(world, Role.MONITOR).open(FORM)).fill(name, value).press()
    assert (browser.status, browser.page) == (422, "console-correction-ask")
    assert sentence in browser.text
    assert browser.value(name) == [value]
    with world.reading() as session:
        assert session.execute(select(CorrectionRequest)).first() is None
    checks = [("baseline/pain/pain_duration_years", "out_of_range", "1400")] if value == "1400" else []
    assert refused_answers(world) == checks


@pytest.mark.parametrize("name", ["why", "source"])
def test_a_sign_that_no_database_keeps_gets_a_sentence(world: World, name: str) -> None:
    sent_in(world)
    browser = signed_in(world, Role.MONITOR).open(FORM)
    typed = [(one, value) for one, value in fill(browser).values if one != name]
    response = browser.client.post(FORM, data=dict([*typed, (name, "it has been\x00 four years")]))
    assert response.status_code == 422
    assert "et tegn som ikke kan lagres" in response.text


def test_the_same_answer_is_asked_for_once_while_it_waits(world: World) -> None:
    sent_in(world)
    ask(world)
    again = ask(world, Role.DATA_MANAGER, "5")
    assert again.status == 422
    assert "allerede bedt om en retting" in again.text


def test_a_visit_that_is_not_sent_in_is_the_participants(world: World) -> None:
    work.person(world, "A", 5)
    browser = world.browser().open(world.invite("A")).press()
    go_to(browser, world, "pain_duration").fill(ITEM, "14").press()
    asks = ask(world)
    assert asks.status == 422
    assert "ikke sendt inn ennå" in asks.text


def test_the_answers_of_who_has_left_stay(world: World) -> None:
    sent_in(world)
    ask(world)
    world.withdraw("A")
    decides = signed_in(world, Role.INVESTIGATOR, "oslo").open(PAGE).pick("decision")
    decides.fill("why", "Agreed with the participant.").press("decision", "accept")
    assert decides.status == 409
    assert "har gått ut av studien" in decides.text
    assert values(world) == ["14"]


def test_a_question_that_the_visit_does_not_ask_is_not_there(world: World) -> None:
    sent_in(world)
    browser = signed_in(world, Role.MONITOR)
    assert browser.open(f"{ANSWERS}/no_such_item").status == 404
    assert browser.open("/console/participants/A/answers/no_such_visit").status == 404


def test_an_answer_can_be_taken_back(world: World) -> None:
    sent_in(world)
    ask(world, value="")
    decides = signed_in(world, Role.INVESTIGATOR, "oslo").open(PAGE).pick("decision")
    decides.fill("why", "Agreed with the participant.").press("decision", "accept")
    assert [(row.state, row.value) for row in rows(world)] == [("answered", "14"), ("cleared", None)]


def test_a_question_that_was_never_reached_can_be_answered(world: World) -> None:
    sent_in(world)
    browser = signed_in(world, Role.MONITOR).open(f"{ANSWERS}/pain_now").fill("pain_now", "2")
    browser.fill("why", WHY).fill("source", "Paper form").press()
    decides = signed_in(world, Role.INVESTIGATOR, "oslo").open(PAGE).pick("decision")
    decides.fill("why", "Agreed with the participant.").press("decision", "accept")
    assert [(row.value, row.mode) for row in rows(world, "pain_now")][-1] == ("2", "own_phone")


def test_the_investigator_puts_a_wish_into_a_correction_and_settles_it(world: World) -> None:
    asks_correction(world)
    browser = signed_in(world, Role.INVESTIGATOR, "oslo").open("/console/requests/1")
    browser.open(browser.link("Velg svaret"))
    assert "Smerte skulle vært 3" in browser.text
    browser.open(f"/console/requests/1/answers/{ITEM}")
    assert browser.value("source")[0].startswith("Deltakerens ønske")
    browser.fill(ITEM, "4").fill("why", WHY).press()
    assert browser.page == "console-correction"
    with world.reading() as session:
        row = session.execute(select(CorrectionRequest)).scalar_one()
        assert (row.asked_by, row.asked_role, row.wish_id) == ("A", "participant", 1)
        assert row.written_by == "investigator-oslo@hospital.example"
    browser.pick("decision").fill("why", "Agreed with the participant.").press("decision", "accept")
    assert values(world)[-1] == "4"
    assert "Retting 1" in browser.open("/console/requests/1").text


def test_a_late_answer_is_shown_to_the_investigator_who_may_let_it_count(world: World) -> None:
    work.person(world, "A", 5)
    browser = world.browser().open(world.invite("A")).press()
    page = go_to(browser, world, "pain_duration").fill(ITEM, "14")
    here, sent = page.address, page.values
    other = page.open(f"{session_address(page)}/review").press()
    other.send(here, [*sent, ("next", "1")])
    assert values(world) == []
    investigator = signed_in(world, Role.INVESTIGATOR, "oslo").open("/console/late-answers")
    assert "14 år" in investigator.text
    late = next(
        one.get("href", "")
        for one in investigator.document.iter("a")
        if (one.get("href") or "").startswith("/console/late-answers/")
    )
    investigator.open(late)
    assert investigator.value(ITEM) == ["14"]
    investigator.fill("why", WHY).press()
    investigator.pick("decision").fill("why", "Agreed with the participant.").press("decision", "accept")
    assert values(world) == ["14"]
    assert "Retting 1" in investigator.open("/console/late-answers").text
    monitor = signed_in(world, Role.MONITOR)
    assert monitor.open("/console/late-answers").status == 404
    for told, browser in ((True, investigator), (False, monitor)):
        timeline = browser.open("/console/participants/A").text
        assert ("1 svar kom for sent til å telle" in timeline) is told
        assert f"rettet ({ITEM})" in timeline
        assert f"bedt om retting ({ITEM})" in timeline
    assert signed_in(world, Role.INVESTIGATOR, "bergen").open(late).status == 404
    assert [told[2:] for told in refused_access(world)] == [("role", ""), ("hospital", "A")]


def test_a_decision_asks_for_the_password_when_it_was_given_long_ago(world: World) -> None:
    sent_in(world)
    ask(world)
    email = add_with_password(world, Role.INVESTIGATOR, "oslo")
    browser = world.browser()
    name, cookie = session_cookie(world, email)
    browser.client.set_cookie(name, cookie, domain="localhost")
    with clock.at(work.NOON + CONFIRMED_FOR):
        browser.open(PAGE).pick("decision").fill("why", "Agreed with the participant.")
        assert browser.press("decision", "accept").page == "console-confirm"
        assert values(world) == ["14"]
        browser.fill("password", PASSWORD).press()
        browser.press()
        assert (browser.page, browser.pick("decision").value("why")) == (
            "console-correction",
            ["Agreed with the participant."],
        )
        browser.press("decision", "accept")
    assert values(world) == OLD_AND_NEW


def test_a_safety_rule_that_the_new_answer_makes_true_raises_its_alert(
    tmp_path: Path, engine: EngineName
) -> None:
    world = make_world(tmp_path / "watched", study=WATCHED_STUDY)
    sent_in(world)
    asks = signed_in(world, Role.MONITOR).open(f"{ANSWERS}/pain_now").fill("pain_now", "9")
    asks.fill("why", WHY).fill("source", "Paper form").press()
    assert alerts(world) == []
    browser = signed_in(world, Role.INVESTIGATOR, "oslo").open(PAGE).pick("decision")
    browser.fill("why", "Agreed with the participant.").press("decision", "accept")
    assert [alert.rule for alert in alerts(world)] == ["very_bad"]
    world.close()


def test_what_somebody_wrote_is_in_the_trail_as_a_hash_only(world: World) -> None:
    sent_in(world)
    ask(world)
    decides = signed_in(world, Role.INVESTIGATOR, "oslo").open(PAGE).pick("decision")
    decides.fill("why", "Agreed with the participant.").press("decision", "accept")
    with world.reading() as session:
        events = session.execute(select(AuditEvent).where(AuditEvent.tag.startswith("correction:"))).scalars()
        told = [(one.actor_role, one.changes + (one.row_changes or "") + one.reason) for one in events]
    assert [role for role, _ in told] == ["monitor", "investigator"]
    for _, words in told:
        assert "Participant rang" not in words
        assert "Telephone" not in words
        assert "Agreed" not in words


def test_looking_at_answers_is_noted(world: World) -> None:
    sent_in(world)
    signed_in(world, Role.MONITOR).open(ANSWERS)
    with world.reading() as session:
        wanted = select(AuditEvent).where(AuditEvent.tag == "participant:view")
        (event,) = session.execute(wanted).scalars()
        assert '"answers"' in event.changes


@pytest.mark.parametrize("table", ["correction", "correction_request"])
def test_the_database_itself_refuses_to_change_what_was_asked_and_decided(world: World, table: str) -> None:
    sent_in(world)
    ask(world)
    decides = signed_in(world, Role.INVESTIGATOR, "oslo").open(PAGE).pick("decision")
    decides.fill("why", "Agreed with the participant.").press("decision", "accept")
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET event_seq = 1"):
        with pytest.raises(DBAPIError), world.runtime.database.engine.begin() as connection:
            connection.exec_driver_sql(statement)
    with world.runtime.database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {table} SET why = NULL, salt = NULL")
    world.is_spoilt = True
