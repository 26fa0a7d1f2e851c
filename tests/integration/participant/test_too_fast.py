"""Whoever guesses links is slowed down; whoever has one never is."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.staff import RateCount
from btb_pro.participant.guesses import OF_A_NETWORK, OF_ALL
from btb_pro.services.limits import note_failure
from tests.integration.participant.steps import dump
from tests.support.engines import ON_ONE_ENGINE
from tests.support.page_check import faults_of, parse
from tests.support.world import World

WARD = "192.0.2.7"
HOME = "198.51.100.9"


def statuses(world: World, times: int, address: str = WARD) -> Iterator[int]:
    """Guess links that nobody made."""
    for number in range(times):
        client = world.app.test_client()
        yield client.get(f"/s/guess{number}", environ_base={"REMOTE_ADDR": address}).status_code


def exhaust(world: World, address: str = WARD) -> None:
    """Count as many guesses of an address as cost a pause of a minute or more."""
    key = world.runtime.settings.secret_keys[0]
    with world.writing() as session:
        for _ in range(OF_A_NETWORK.free + 7):
            note_failure(session, OF_A_NETWORK, address, key)


@ON_ONE_ENGINE
def test_two_thousand_guesses_are_soon_told_to_wait(world: World) -> None:
    with clock.at(clock.now()):
        given = list(statuses(world, 2_000))
    assert given[: OF_A_NETWORK.free + 1] == [404] * (OF_A_NETWORK.free + 1)
    assert set(given[OF_A_NETWORK.free + 1 :]) == {429}


@ON_ONE_ENGINE
def test_two_hundred_participants_behind_one_address_start_beside_somebody_who_guesses(world: World) -> None:
    links = [world.invite(world.add(f"BTB-{number:03}")) for number in range(200)]
    exhaust(world)
    assert list(statuses(world, 1)) == [429]
    for link in links:
        client = world.app.test_client()
        ward = {"REMOTE_ADDR": WARD}
        assert client.get(link, environ_base=ward).status_code == 200
        started = client.post(link, environ_base=ward)
        assert client.get(started.headers["Location"], environ_base=ward).status_code == 200


@pytest.mark.parametrize("language", ["nb", "en"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_page_says_when_to_try_again_and_the_header_too(world: World, language: str, method: str) -> None:
    now = clock.now().replace(hour=11, minute=0, second=10, microsecond=0)
    with clock.at(now):
        exhaust(world)
        response = world.app.test_client().open(
            "/s/guess",
            method=method,
            headers={"Accept-Language": language},
            environ_base={"REMOTE_ADDR": WARD},
        )
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "64"
    assert faults_of(response.text) == []
    document = parse(response.text)
    assert document.get("lang") == language
    local = (now + timedelta(minutes=2)).astimezone(clock.OSLO)
    assert f"{local:%H}:02" in response.text
    assert world.runtime.study.sites[0].phone.replace(" ", "") in response.text


def test_the_pause_ends_and_other_addresses_do_not_wait_for_it(world: World) -> None:
    exhaust(world)
    assert list(statuses(world, 1)) == [429]
    assert list(statuses(world, 1, HOME)) == [404]
    with clock.at(clock.now() + timedelta(minutes=2)):
        assert list(statuses(world, 1)) == [404]


def test_guesses_from_everywhere_are_counted_together(world: World) -> None:
    key = world.runtime.settings.secret_keys[0]
    with world.writing() as session:
        for _ in range(OF_ALL.free + 4):
            note_failure(session, OF_ALL, "", key)
    assert list(statuses(world, 1, HOME)) == [429]


def test_a_good_link_counts_nothing_and_a_bad_one_leaves_no_address_behind(world: World) -> None:
    link = world.invite(world.add())
    before = dump(world)
    counted = select(RateCount.key, RateCount.failures)
    for method in ("GET", "HEAD", "OPTIONS"):
        world.app.test_client().open(link, method=method, environ_base={"REMOTE_ADDR": WARD})
    assert dump(world) == before
    with world.reading() as session:
        assert session.execute(counted).all() == []
    list(statuses(world, 3))
    with world.reading() as session:
        rows = session.execute(counted).all()
    assert sorted(failures for _, failures in rows) == [3, 3]
    assert WARD not in repr(rows)
