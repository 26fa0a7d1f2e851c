"""A value that was refused stands in the trail with its check, and the one that came instead after it."""

import pytest
from sqlalchemy import select

from btb_pro.models.base import AuditEvent
from btb_pro.services.untaken_answers import told
from tests.integration.participant.steps import fill_in, go_to, refused_answers
from tests.support.world import World


def test_the_check_the_refused_value_and_the_corrected_one_are_told_in_order(world: World) -> None:
    page = go_to(world.started(), world, "bg_age").fill("bg_age", "400").press()
    assert page.status == 422
    page.fill("bg_age", "40").press("later")
    assert page.page == "parts"
    assert refused_answers(world) == [("baseline/background/bg_age", "out_of_range", "400")]
    with world.reading() as session:
        query = select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(2)
        saved, refused = session.execute(query).scalars()
    assert (refused.tag, saved.tag, refused.study_number) == ("answer:refuse", "answer:save", "BTB-001")
    assert refused.actor_kind == "participant"
    assert '"new":"40"' in saved.changes


def test_words_are_told_by_their_length_alone(world: World) -> None:
    page = go_to(world.started(), world, "pain_worse")
    fill_in(page, {"pain_worse": "other", "pain_worse_other": "jordbær\x07" + "a" * 200}).press()
    assert page.status == 422
    ((key, _, typed),) = refused_answers(world)
    assert (key, typed) == ("baseline/pain/pain_worse_other", "[208 characters]")


def test_a_tap_that_is_refused_is_told_too(world: World) -> None:
    page = go_to(world.started(), world, "bg_age")
    hidden = dict(pair for pair in page.values if pair[0] in ("csrf_token", "state"))
    address = page.address.replace("/page/", "/tap/")
    assert page.client.post(address, data=hidden | {"bg_age": "17", "key": "tap-1"}).status_code == 422
    assert refused_answers(world) == [("baseline/background/bg_age", "out_of_range", "17")]


def test_looking_at_a_page_and_a_form_from_elsewhere_tell_nothing(world: World) -> None:
    page = go_to(world.started(), world, "bg_age")
    page.open(page.address)
    page.client.post(page.address, data={"bg_age": "400"}, headers={"Origin": "https://elsewhere.example"})
    assert refused_answers(world) == []


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["400"], "400"),
        (["-1", "4,5"], "-1 4,5"),
        (["٤٠"], "[2 characters]"),
        (["9" * 5000], "[5000 characters]"),
        (["Kari Nordmann"], "[13 characters]"),
        ([], ""),
    ],
)
def test_only_a_number_is_told_as_it_was_typed(typed: list[str], expected: str) -> None:
    assert told(typed) == expected
