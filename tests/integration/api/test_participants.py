"""Participants and visits in, and their states out; never an address."""

from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from btb_pro import clock
from btb_pro.api.shapes import State
from btb_pro.models.participant import Contact
from btb_pro.roles import Scope
from btb_pro.services.listing import VisitState
from tests.integration.participant.steps import dump
from tests.support.machine import Machine, machine, refused
from tests.support.world import World


def ids(page: object) -> list[str]:
    assert isinstance(page, dict)
    return [one["id"] for one in page["items"]]


def every_page(program: Machine, query: str) -> list[str]:
    """All study numbers, page by page."""
    found: list[str] = []
    address = f"/participants?{query}"
    while True:
        page = program.get(address).get_json()
        found += ids(page)
        if page["next"] is None:
            return found
        address = f"/participants?{query}&cursor={page['next']}"


def visit_of(content: object, code: str) -> dict[str, object]:
    assert isinstance(content, dict)
    found: dict[str, object] = next(one for one in content["visits"] if one["visit"] == code)
    return found


def test_a_participant_is_added_with_all_visits(world: World) -> None:
    day0 = clock.today().isoformat()
    body = {"id": "BTB-001", "site": "oslo", "language": "nb", "day0": day0}
    response = machine(world, Scope.WRITE_PARTICIPANTS).post("/participants", body)
    assert response.status_code == 201
    assert response.headers["Location"] == "/api/v1/participants/BTB-001"
    content = response.get_json()
    assert [visit["visit"] for visit in content["visits"]][:2] == ["baseline", "day14"]
    assert visit_of(content, "baseline")["planned_on"] == day0
    assert {visit["state"] for visit in content["visits"]} == {"not_invited"}
    assert machine(world, Scope.READ_PARTICIPANTS).get("/participants/BTB-001").get_json() == content


def test_addresses_go_in_and_never_come_out(world: World) -> None:
    program = machine(world)
    body = {"id": "BTB-001", "site": "oslo", "email": "kanari@sykehus.example", "phone": "41234567"}
    answers = [program.post("/participants", body).text]
    answers += [
        program.get(path).text
        for path in ("/participants", "/participants/BTB-001", "/study", "/exports/long", "/exports/wide")
    ]
    answers.append(program.post("/participants/BTB-001/visits/baseline/invitation", {}).text)
    wrong = {**body, "id": "BTB-002", "email": "kanari@sykehus", "phone": "4123456"}
    refusal = program.post("/participants", wrong)
    answers.append(refusal.text)
    for text in (*answers, repr(dump(world))):
        assert "kanari@" not in text
        assert "4123456" not in text
    assert [fault["field"] for fault in refusal.get_json()["faults"]] == ["email", "phone"]


def test_everything_that_is_wrong_is_told_at_once(world: World) -> None:
    world.add()
    body = {"id": "12345678", "site": "atlantis", "phone": "1", "day0": "1925-01-01"}
    response = machine(world).post("/participants", body)
    sentence = refused(response, 422, "participant_refused")
    faults = response.get_json()["faults"]
    assert [fault["code"] for fault in faults] == [
        "study_number_personal", "site_unknown", "phone_illegal", "day_far",
    ]  # fmt: skip
    assert all(fault["detail"] in sentence for fault in faults)
    taken = machine(world).post("/participants", {"id": "BTB-001", "site": "oslo"})
    assert "BTB-001 already" in refused(taken, 422, "participant_refused")


def test_a_key_of_one_site_finds_and_adds_nobody_at_another(world: World) -> None:
    world.add("BTB-001", "oslo")
    world.add("BTB-002", "bergen")
    oslo = machine(world, site="oslo")
    assert every_page(oslo, "limit=1") == ["BTB-001"]
    assert [site["code"] for site in oslo.get("/study").get_json()["sites"]] == ["oslo"]
    body = {"id": "BTB-003", "site": "bergen"}
    assert "oslo" in refused(oslo.post("/participants", body), 403, "other_site")
    refused(oslo.get("/participants?site=bergen"), 403, "other_site")
    for method, path, sent in (
        ("GET", "", None),
        ("PATCH", "", {"day0": "2026-11-23"}),
        ("PUT", "/visits/baseline", {"planned_on": "2026-11-23"}),
        ("POST", "/visits/baseline/invitation", {}),
        ("DELETE", "/visits/baseline/invitation", None),
        ("GET", "/visits/baseline", None),
        ("POST", "/withdrawal", {"reason": "Moved abroad."}),
    ):
        there = oslo.ask(method, f"/participants/BTB-002{path}", sent)
        nowhere = oslo.ask(method, f"/participants/BTB-999{path}", sent)
        assert refused(there, 404, "not_found") == refused(nowhere, 404, "not_found")


@pytest.fixture
def crowd(world: World) -> Machine:
    """A program beside eleven participants of two sites."""
    for number in range(11):
        world.add(f"BTB-{number:03}", "oslo" if number % 2 else "bergen")
    return machine(world)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 12), site=st.sampled_from(["", "oslo", "bergen"]))
def test_the_pages_together_hold_everybody_once(crowd: Machine, limit: int, site: str) -> None:
    wanted = [
        f"BTB-{number:03}" for number in range(11) if not site or site == ("oslo" if number % 2 else "bergen")
    ]
    query = f"limit={limit}" + (f"&site={site}" if site else "")
    assert every_page(crowd, query) == wanted


def test_a_cursor_is_good_for_its_key_and_query_alone(crowd: Machine, world: World) -> None:
    cursor = crowd.get("/participants?limit=2").get_json()["next"]
    assert ids(crowd.get(f"/participants?limit=2&cursor={cursor}").get_json()) == ["BTB-002", "BTB-003"]
    for wrong in (f"{cursor}x", cursor[:-2], "x", "....", "WyJhIl0.x", "%00", "é", "0" * 500):
        refused(crowd.get(f"/participants?cursor={wrong}"), 400, "cursor_unknown")
    refused(crowd.get(f"/participants?site=oslo&cursor={cursor}"), 400, "cursor_unknown")
    refused(machine(world).get(f"/participants?cursor={cursor}"), 400, "cursor_unknown")


def test_day_0_moves_the_visits_and_a_day_set_by_hand_stays(world: World) -> None:
    world.add()
    program, today = machine(world), clock.today()
    moved = (today + timedelta(days=20)).isoformat()
    response = program.ask(
        "PUT", "/participants/BTB-001/visits/day14", {"planned_on": moved, "hour": "09:30"}
    )
    assert visit_of(response.get_json(), "day14")["planned_on"] == moved
    assert str(visit_of(response.get_json(), "day14")["begins_at"]).startswith(moved)
    day0 = (today + timedelta(days=2)).isoformat()
    content = program.ask("PATCH", "/participants/BTB-001", {"day0": day0, "language": None}).get_json()
    assert (content["day0"], content["language"]) == (day0, None)
    assert visit_of(content, "baseline")["planned_on"] == day0
    assert visit_of(content, "day14")["planned_on"] == moved
    back = program.ask("PUT", "/participants/BTB-001/visits/day14", {"planned_on": None}).get_json()
    assert visit_of(back, "day14")["planned_on"] == (today + timedelta(days=16)).isoformat()
    assert visit_of(back, "day14")["begins_at"] is None


def test_what_cannot_be_changed_says_why_and_stays(world: World) -> None:
    world.add()
    program = machine(world)
    before = program.get("/participants/BTB-001").get_json()
    patch = {"language": "en", "day0": "1999-01-01"}
    refused(program.ask("PATCH", "/participants/BTB-001", patch), 422, "participant_refused")
    put = {"planned_on": "2026-03-29", "hour": "02:30"}
    skipped = program.ask("PUT", "/participants/BTB-001/visits/baseline", put)
    assert skipped.status_code == 409
    refused(program.ask("PUT", "/participants/BTB-001/visits/day15", {"planned_on": None}), 404, "not_found")
    assert program.get("/participants/BTB-001").get_json() == before
    world.withdraw("BTB-001")
    refused(program.ask("PATCH", "/participants/BTB-001", {"language": "en"}), 409, "change_refused")
    refused(
        program.ask("PATCH", "/participants/BTB-001", {"day0": f"{clock.today()}"}), 409, "change_refused"
    )
    assert program.get("/participants/BTB-001").get_json()["is_withdrawn"] is True


def test_states_are_those_of_the_console(world: World) -> None:
    assert set(get_args(State)) == {state.name.lower() for state in VisitState}
    world.add()
    program = machine(world)

    def state(code: str = "baseline") -> object:
        return visit_of(program.get("/participants/BTB-001").get_json(), code)["state"]

    assert state() == "not_invited"
    browser = world.started(world.invite())
    assert state() == "invited"
    browser.press()
    browser.fill("pain_now", "3") if "pain_now" in browser.names() else None
    world.revoke("BTB-001")
    assert state() == "revoked"
    world.withdraw("BTB-001")
    assert {state(), state("day14")} == {"withdrawn"}


def test_a_day_is_a_day_of_the_calendar(world: World) -> None:
    program = machine(world)
    for wrong in ("2026-02-30", "2026-2-3", "31.1.2026", "", "2026-01-01T00:00:00Z"):
        body = {"id": "BTB-001", "site": "oslo", "day0": wrong}
        refused(program.post("/participants", body), 422, "body_wrong")
    assert date.fromisoformat(
        program.post("/participants", {"id": "B", "site": "oslo", "day0": f"{clock.today()}"}).get_json()[
            "day0"
        ]
    )


def test_an_address_is_changed_or_taken_off_and_its_links_end(world: World) -> None:
    world.add(email="kanari@sykehus.example", phone="41234567")
    program = machine(world)
    link = program.post("/participants/BTB-001/visits/baseline/invitation", {}).get_json()["link"]
    wrong = program.ask("PATCH", "/participants/BTB-001", {"email": "kanari@"})
    refused(wrong, 422, "participant_refused")
    assert "kanari" not in wrong.text
    changed = program.ask("PATCH", "/participants/BTB-001", {"email": "", "phone": "+47 41 23 45 68"})
    assert changed.status_code == 200
    assert "4123" not in changed.text
    with world.reading() as session:
        kinds = session.execute(select(Contact.kind)).scalars().all()
    assert kinds == ["phone"]
    assert program.post("/participants/BTB-001/visits/baseline/invitation", {}).get_json()["link"] != ""
    assert link


def test_who_leaves_has_no_link_and_no_address_any_more(world: World) -> None:
    world.add(email="kanari@sykehus.example")
    program = machine(world)
    program.post("/participants/BTB-001/visits/baseline/invitation", {})
    path = "/participants/BTB-001/withdrawal"
    personal = program.post(path, {"reason": "Said so to kari@sykehus.example"})
    refused(personal, 422, "participant_refused")
    assert [fault["field"] for fault in personal.get_json()["faults"]] == ["reason"]
    assert "kari@" not in personal.text
    refused(program.post(path, {"reason": " "}), 422, "participant_refused")
    left = program.post(path, {"reason": "Moved abroad.", "erase_contacts": True}).get_json()
    assert left["is_withdrawn"]
    assert {visit["state"] for visit in left["visits"]} == {"withdrawn"}
    with world.reading() as session:
        assert session.execute(select(Contact)).first() is None
    refused(program.post(path, {"reason": "Once more."}), 409, "change_refused")


def test_one_visit_tells_its_state_and_its_link_can_be_ended(world: World) -> None:
    world.add()
    program = machine(world)
    path = "/participants/BTB-001/visits/baseline"
    assert program.get(path).get_json()["visit"]["state"] == "not_invited"
    assert "no live link" in refused(program.ask("DELETE", f"{path}/invitation"), 409, "invitation_refused")
    program.post(f"{path}/invitation", {})
    assert program.get(path).get_json()["visit"]["state"] == "invited"
    assert program.ask("DELETE", f"{path}/invitation").get_json()["visit"]["state"] == "revoked"
    for other in ("day15", "screening"):
        refused(program.get(f"/participants/BTB-001/visits/{other}"), 404, "not_found")
