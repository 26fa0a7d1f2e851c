"""The list of visits worth a look: for whom, of which hospitals, with which words; and never an answer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from btb_pro import clock
from btb_pro.models.job import Job
from btb_pro.roles import Role
from tests.integration.console.test_quality import counted
from tests.support.answered import answered_world
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import World

PATH = "/console/quality/worth-a-look"
AFTERNOON = datetime(2026, 11, 20, 15, tzinfo=UTC)
UNUSUAL = {
    "site": "oslo",
    "visit": "baseline",
    "answered": 80,
    "night": [31, "2026-11-20T00:12:00.000Z", "2026-11-20T00:40:00.000Z"],
    "pages": [18, 22],
    "changes": [14, 9],
}


NOTHING = {
    "submitted": 1, "late": 0, "after": 0, "not_scored": 0, "left_out": {}, "states": {}, "straight": {},
    "seconds": {},
}  # fmt: skip


@pytest.fixture
def browser(world: World) -> Iterator[PlainBrowser]:
    """A data manager's, of a study in which nobody has sent in anything yet, and that was counted."""
    with clock.at(AFTERNOON):
        answered_world(world, 0)
        browser = signed_in(world, Role.DATA_MANAGER, language="en")
        counted(world, browser)
        yield browser


def text_of(browser: PlainBrowser, query: str = "") -> str:
    return " ".join(browser.open(f"{PATH}{query}").text.split())


def put(world: World, *looks: dict[str, Any]) -> None:
    """What a count may find, in the place of what the newest one found."""
    with world.writing() as session:
        job = session.query(Job).one()
        cells = [{**NOTHING, "site": look["site"], "visit": look["visit"]} for look in looks]
        job.result = json.dumps({**json.loads(job.result or ""), "cells": cells, "looks": looks})


def test_a_quick_visit_is_listed_with_its_counts_and_a_slow_one_is_not(world: World) -> None:
    with clock.at(AFTERNOON):
        answered_world(world, 3)
        first = signed_in(world, Role.INVESTIGATOR, language="en")
        assert "Nothing has been counted yet" in text_of(first)
        counted(world, first)
        assert PATH in first.client.get("/console/quality").text
        others = (signed_in(world, one, language="en") for one in (Role.MONITOR, Role.DATA_MANAGER))
        for browser in (first, *others):
            told = text_of(browser)
            assert "of 3 visits that were sent in" in told
            assert "pages took less than 2 seconds a question" in told
            assert "A-000" in told
            assert "A-002" not in told
            assert "/console/participants/A-000#timeline" in browser.client.get(PATH).text


def test_each_reason_is_told_in_words_with_its_numbers(world: World, browser: PlainBrowser) -> None:
    put(world, {**UNUSUAL, "participant": "A-000"})
    told = text_of(browser)
    assert "31 questions answered at night: 20 Nov 2026 01:12 – 01:40" in told
    assert "18 of 22 pages took less than 2 seconds a question" in told
    assert "Changed 14 times: 9 of 80 questions" in told


def test_the_list_is_narrowed_by_reason_and_hospital_and_goes_on_on_a_next_page(
    world: World, browser: PlainBrowser
) -> None:
    by_night = {**UNUSUAL, "pages": [0, 22], "changes": [0, 0]}
    put(
        world,
        {**UNUSUAL, "participant": "A-000", "night": None},
        *({**by_night, "participant": f"B-{number:03}", "site": "bergen"} for number in range(60)),
    )
    everything = text_of(browser)
    assert everything.index("A-000") < everything.index("B-000")
    assert "B-048" in everything
    assert "B-049" not in everything
    assert "B-049" in text_of(browser, "?page=2")
    assert "A-000" not in text_of(browser, "?why=night")
    assert "B-000" not in text_of(browser, "?site=oslo")
    assert "There is none" in text_of(browser, "?visit=day14")


def test_somebody_of_one_hospital_sees_that_one_alone(world: World, browser: PlainBrowser) -> None:
    put(
        world, {**UNUSUAL, "participant": "A-000"}, {**UNUSUAL, "participant": "B-000", "site": "bergen"}
    )
    assert "2 of 2 visits that were sent in" in text_of(browser)
    own = signed_in(world, Role.INVESTIGATOR, "bergen", language="en")
    for query in ("", "?site=oslo"):
        told = text_of(own, query)
        assert "A-000" not in told
        assert "B-000" in told
        assert "1 of 1 visits that were sent in" in told


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMIN])
def test_a_coordinator_and_an_administrator_do_not_see_it(world: World, role: Role) -> None:
    assert signed_in(world, role).open(PATH).status == 404


def test_a_count_that_did_not_look_yet_is_asked_for_anew(world: World, browser: PlainBrowser) -> None:
    with world.writing() as session:
        job = session.query(Job).one()
        before = json.loads(job.result or "")
        del before["looks"]
        job.result = json.dumps(before)
    assert "Nothing has been counted yet" in text_of(browser)
