"""An order is carried out once for each Idempotency-Key, whatever happens to its answer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from btb_pro import clock
from tests.support.machine import Machine, machine, make_key, refused
from tests.support.world import World

BODY = {"id": "BTB-001", "site": "oslo"}
KEY = {"Idempotency-Key": "add-1"}


def test_the_same_order_again_gets_the_same_answer(world: World) -> None:
    program = machine(world)
    first = program.post("/participants", BODY, headers=KEY)
    again = program.post("/participants", BODY, headers={"Idempotency-Key": '"add-1"'})
    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/participants", {**BODY, "id": "BTB-002"}),
        ("/participants", {**BODY, "day0": None}),
        ("/participants/BTB-001/visits/baseline/invitation", {}),
    ],
)
def test_another_order_with_the_same_key_is_refused(world: World, path: str, body: object) -> None:
    program = machine(world)
    program.post("/participants", BODY, headers=KEY)
    refused(program.post(path, body, headers=KEY), 422, "idempotency_key_reused")


def test_the_same_name_of_another_program_is_another_order(world: World) -> None:
    machine(world).post("/participants", BODY, headers=KEY)
    refused(machine(world).post("/participants", BODY, headers=KEY), 422, "participant_refused")


def test_an_order_that_was_refused_may_be_mended_under_the_same_key(world: World) -> None:
    program = machine(world)
    refused(
        program.post("/participants", {**BODY, "site": "atlantis"}, headers=KEY), 422, "participant_refused"
    )
    assert program.post("/participants", BODY, headers=KEY).status_code == 201


def test_after_a_day_a_key_is_new_again(world: World) -> None:
    program = machine(world)
    program.post("/participants", BODY, headers=KEY)
    with clock.at(clock.now() + timedelta(hours=24)):
        refused(program.post("/participants", BODY, headers=KEY), 422, "participant_refused")
        assert program.post("/participants", {**BODY, "id": "BTB-002"}, headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", " ", '"', "a b", "x" * 65, "é", "a,b"])
def test_an_order_without_a_name_of_its_own_is_refused(world: World, key: str) -> None:
    response = machine(world).post("/participants", BODY, headers={"Idempotency-Key": key})
    refused(response, 400, "idempotency_key_wrong")


def test_of_many_at_once_one_is_carried_out_and_all_get_its_answer(world: World) -> None:
    key = make_key(world)

    def order(_: int) -> tuple[int, bytes]:
        program = Machine(world.app.test_client(), key)
        response = program.post("/participants", BODY, headers=KEY)
        return response.status_code, response.data

    with ThreadPoolExecutor(6) as pool:
        answers = set(pool.map(order, range(12)))
    assert len(answers) == 1
    assert answers.pop()[0] == 201


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders=st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_replays_in_any_order_change_nothing(world: World, orders: list[int]) -> None:
    program = machine(world)
    prefix = f"H-{clock.now().timestamp():.3f}".replace(".", "-")[-15:].strip("-")
    answers: dict[int, bytes] = {}
    for number in orders:
        body = {"id": f"P{prefix[-6:]}-{number}", "site": "oslo"}
        response = program.post("/participants", body, headers={"Idempotency-Key": f"{prefix}/{number}"})
        if number in answers:
            assert response.data == answers[number]
        answers[number] = response.data
