"""Changing one's mind: an answer can be changed, taken back, or declined."""

import json

import pytest
from sqlalchemy import select

from btb_pro.models.base import AuditEvent
from tests.integration.participant.steps import (
    buttons,
    checked,
    dump,
    fill_in,
    go_to,
    present,
    states,
    trail,
    values,
)
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World


@pytest.fixture
def browser(world: World) -> PlainBrowser:
    """A browser that has started the baseline visit."""
    return world.started()


def test_an_answer_can_be_changed(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_now").fill("pain_now", "5").press()
    go_to(browser, world, "pain_now")
    assert checked(browser, "pain_now") == ["5"]
    browser.fill("pain_now", "0").press()
    assert states(world, "pain_now") == [("answered", "5"), ("answered", "0")]


def test_leaving_a_page_as_it_is_writes_nothing(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_duration")
    fill_in(browser, {"pain_duration_years": "5", "pain_worse": ("lifting", "other")})
    browser.fill("pain_worse_other", " Å løfte «tungt» ").press()
    before = dump(world)
    assert values(world)["pain_worse_other"] == " Å løfte «tungt» "
    number = int(go_to(browser, world, "pain_duration").address.rsplit("/", 1)[1])
    browser.press()
    assert browser.address.endswith(f"/page/{number + 1}")
    assert dump(world) == before


def test_an_answer_can_be_taken_back(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "fabq_cause_activity").fill("fabq_cause_activity", "3").press()
    browser.fill("fabq_activity_harm", "1").press("clear", "fabq_cause_activity")
    assert browser.page == "items"
    assert checked(browser, "fabq_cause_activity") == []
    assert checked(browser, "fabq_activity_harm") == ["1"]
    assert states(world, "fabq_cause_activity") == [("answered", "3"), ("cleared", None)]
    assert "fabq_cause_activity" in buttons(browser, "decline")


def test_only_its_own_button_takes_a_radio_back(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_now").fill("pain_now", "5").press()
    page = go_to(browser, world, "pain_now")
    page.fill("pain_now").press()
    assert values(world) == {"pain_now": "5"}


def test_somebody_may_prefer_not_to_answer(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_now").press("decline", "pain_now")
    assert present(world) == {"pain_now": ("declined", None)}
    assert buttons(browser, "decline") == []
    assert buttons(browser, "clear") == ["pain_now"]
    number = int(browser.address.partition("#")[0].rsplit("/", 1)[1])
    assert browser.press().address.endswith(f"/page/{number + 1}")


def test_declining_takes_the_answer_along_and_can_be_taken_back(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_now").fill("pain_now", "5").press("decline", "pain_now")
    browser.press("clear", "pain_now").fill("pain_now", "6").press()
    assert [state for state, _ in states(world, "pain_now")] == ["declined", "cleared", "answered"]


def test_a_question_of_several_fields_is_declined_and_taken_back_as_a_whole(
    world: World, browser: PlainBrowser
) -> None:
    go_to(browser, world, "pain_duration").fill("pain_duration_years", "5").press("decline", "pain_duration")
    assert present(world) == {
        "pain_duration_years": ("declined", None),
        "pain_duration_months": ("declined", None),
    }
    browser.press("clear", "pain_duration")
    assert {state for state, _ in present(world).values()} == {"cleared"}


def test_pressing_a_questions_button_saves_the_rest_of_the_page(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "fabq_cause_activity").fill("fabq_activity_worse", "2")
    browser.press("decline", "fabq_activity_harm")
    assert present(world) == {
        "fabq_activity_worse": ("answered", "2"),
        "fabq_activity_harm": ("declined", None),
    }


def test_an_emptied_text_or_number_is_cleared_and_so_is_the_last_unticked_box(
    world: World, browser: PlainBrowser
) -> None:
    go_to(browser, world, "pain_duration").fill("pain_duration_years", "5").fill("pain_duration_months", "2")
    browser.fill("pain_worse", "lifting", "other").fill("pain_worse_other", "rain").press()
    go_to(browser, world, "pain_duration").fill("pain_duration_months", "").fill("pain_worse_other", "")
    browser.press()
    assert present(world)["pain_duration_months"] == ("cleared", None)
    assert present(world)["pain_worse_other"] == ("cleared", None)
    go_to(browser, world, "pain_duration").fill("pain_worse").press()
    assert present(world)["pain_worse"] == ("cleared", None)


def test_an_answer_that_goes_there_and_back_again_leaves_three_rows(
    world: World, browser: PlainBrowser
) -> None:
    for value in ("5", "7", "5"):
        go_to(browser, world, "pain_now").fill("pain_now", value).press("later")
    assert states(world, "pain_now") == [("answered", "5"), ("answered", "7"), ("answered", "5")]


def test_each_of_ten_fields_that_are_saved_has_its_own_row_and_its_own_lines_in_the_trail(
    world: World, browser: PlainBrowser
) -> None:
    given = {}
    for item in ("fabq_cause_activity", "hscl_headache", "pain_now", "pain_worst_2w"):
        page = go_to(browser, world, item)
        for name in page.names()[:5]:
            given[name] = "2"
            page.fill(name, "2")
        page.press("later")
    assert len(given) == 10
    assert [row.item for row in trail(world) if row.value is not None] == list(given)
    with world.reading() as session:
        query = select(AuditEvent.changes).where(AuditEvent.tag == "answer:save")
        told = [one for changes in session.execute(query).scalars() for one in json.loads(changes)]
    new = {one["key"].partition("/")[2]: one["new"] for one in told if one["field"] == "value"}
    assert new == given
