"""Data quality and the code book: what a data manager, an investigator and a monitor see."""

import json
import time

import pytest

from btb_pro.instruments.model import wording_sha256
from btb_pro.models.job import Job
from btb_pro.roles import Role
from btb_pro.services.job_work import work_on_next
from tests.support.answered import answered_world
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import World


def counted(world: World, browser: PlainBrowser) -> PlainBrowser:
    token = browser.open("/console/quality").value("csrf_token")[-1]
    browser.send("/console/quality", [("csrf_token", token)])
    work_on_next(world.runtime, "one")
    return browser.open("/console/quality")


@pytest.mark.parametrize("role", [Role.DATA_MANAGER, Role.INVESTIGATOR, Role.MONITOR])
def test_quality_is_counted_by_a_job_and_shown(world: World, role: Role) -> None:
    answered_world(world, 4)
    browser = signed_in(world, role, language="en")
    assert "Nothing has been counted yet" in browser.open("/console/quality").text
    text = " ".join(counted(world, browser).text.split())
    assert "How complete, by hospital" in text
    assert "hscl_headache" in text
    assert "The same answer all along" in text
    assert "Oslo" in text
    assert "A-00" not in text


def test_one_of_one_hospital_sees_the_numbers_of_that_hospital(world: World) -> None:
    answered_world(world, 4)
    counted(world, signed_in(world, Role.DATA_MANAGER))
    own = signed_in(world, Role.INVESTIGATOR, "bergen", language="en").open("/console/quality")
    assert "Bergen" in own.text or "Haukeland" in own.text
    assert "Oslo" not in own.text
    assert own.open("/console/quality?site=oslo").status == 200
    assert "Oslo" not in own.text


def test_a_visit_that_nobody_has_sent_in_says_so(world: World) -> None:
    answered_world(world, 1)
    browser = counted(world, signed_in(world, Role.DATA_MANAGER, language="en"))
    assert "No visit that you asked for was sent in" in browser.open("/console/quality?visit=day14").text


@pytest.mark.parametrize(
    ("words", "found"), [("hscl_headache", "hscl_headache"), ("HEADACHE", "shc_headache")]
)
def test_the_code_book_is_searched_by_code_and_words(world: World, words: str, found: str) -> None:
    browser = signed_in(world, Role.MONITOR, language="en").open(f"/console/code-book?q={words}")
    assert found in browser.text
    assert "fabq_pa" not in browser.text
    instruments = world.runtime.instruments.values()
    asking = next(one for one in instruments if found in {field.code for field in one.fields})
    assert wording_sha256(asking, "en") in browser.text


def test_the_whole_code_book_lists_every_score(world: World) -> None:
    browser = signed_in(world, Role.DATA_MANAGER, language="en").open("/console/code-book")
    scores = [one.code for instrument in world.runtime.instruments.values() for one in instrument.scores]
    assert scores
    assert all(code in browser.text for code in scores)
    assert "No variable has that" in browser.open("/console/code-book?q=zzz").text


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMIN])
def test_a_coordinator_sees_none_of_it(world: World, role: Role) -> None:
    browser = signed_in(world, role)
    for path in ("/console/quality", "/console/code-book", "/console/exports"):
        assert browser.open(path).status == 404
        assert browser.open("/console/account").status == 200
        assert path not in browser.client.get("/console/account").text


def test_the_page_costs_the_same_however_many_were_counted(world: World) -> None:
    answered_world(world, 1)
    browser = counted(world, signed_in(world, Role.DATA_MANAGER))
    with world.writing() as session:
        job = session.query(Job).one()
        (cell,) = json.loads(job.result or "")["cells"]
        study = world.runtime.study
        everywhere = [
            {**cell, "site": one.code, "visit": v.code} for one in study.sites for v in study.visits
        ]
        for one in everywhere:
            one["states"] = {code: {"answered": 10_000} for code in cell["states"]}
        job.result = json.dumps({**json.loads(job.result or ""), "cells": everywhere})
    started = time.perf_counter()
    browser.open("/console/quality")
    assert time.perf_counter() - started < 2
    assert browser.status == 200
