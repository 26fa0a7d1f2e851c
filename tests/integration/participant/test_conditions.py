"""Questions that hang on another answer: asked while it holds, kept in the trail when it no longer does."""

import pytest

from btb_pro.instruments.answers import field_state
from btb_pro.services.sessions import present_answers, stored_only
from tests.integration.participant.steps import (
    fill_in,
    go_to,
    present,
    session_address,
    states,
    values,
    visit_row,
    with_class,
)
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World


@pytest.fixture
def browser(world: World) -> PlainBrowser:
    """A browser that has started the baseline visit."""
    return world.started()


def state_in_files(world: World, code: str) -> str:
    """The state that an export gives a form field."""
    with world.reading() as session:
        current = stored_only(present_answers(session, visit_row(world)))
    for instrument in world.runtime.instruments.values():
        for field in instrument.fields:
            if field.code == code:
                return field_state(instrument, field, current).value
    raise AssertionError(code)


def named(browser: PlainBrowser) -> list[str]:
    """Where the list of open or wrong questions leads to."""
    tops = [one for one in browser.document.iter("div") if one.get("id") == "summary"]
    return [one.get("href", "") for top in tops for one in top.iter("a")]


@pytest.mark.parametrize("severity", ["1", "2", "3"])
def test_days_are_stored_at_severity_1_to_3(world: World, browser: PlainBrowser, severity: str) -> None:
    go_to(browser, world, "shc_headache")
    fill_in(browser, {"shc_headache": severity, "shc_headache_days": "12"}).press()
    assert values(world) == {"shc_headache": severity, "shc_headache_days": "12"}


def test_days_are_not_stored_at_severity_0(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "shc_headache")
    fill_in(browser, {"shc_headache": "0", "shc_headache_days": "12"}).press()
    assert browser.status == 200
    assert values(world) == {"shc_headache": "0"}
    assert state_in_files(world, "shc_headache_days") == "not_applicable"


def test_days_out_of_range_are_no_mistake_while_they_do_not_apply(
    world: World, browser: PlainBrowser
) -> None:
    go_to(browser, world, "shc_headache")
    fill_in(browser, {"shc_headache": "0", "shc_headache_days": "999"}).press()
    assert browser.status == 200
    go_to(browser, world, "shc_headache")
    fill_in(browser, {"shc_headache": "1", "shc_headache_days": "999"}).press()
    assert browser.status == 422


def test_days_without_a_severity_are_kept_and_wait_for_it(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "shc_headache").fill("shc_headache_days", "12").press()
    assert browser.status == 200
    assert values(world) == {"shc_headache_days": "12"}
    assert state_in_files(world, "shc_headache_days") == "not_reached"
    browser.fill("shc_headache", "2").press()
    assert state_in_files(world, "shc_headache_days") == "answered"


def test_a_severity_without_days_is_open_and_its_days_are_left_blank_at_the_second_next(
    world: World, browser: PlainBrowser
) -> None:
    go_to(browser, world, "shc_tired")
    others = {name: "0" for name in browser.names() if not name.endswith("_days") and name != "shc_tired"}
    fill_in(browser, {**others, "shc_tired": "3"}).press()
    assert len(named(browser)) == 1
    assert "shc_tired" in named(browser)[0]
    summary = next(one for one in browser.document.iter("div") if one.get("id") == "summary")
    assert [one.get("href") for one in summary.iter("a")] == ["#shc_tired_days"]
    browser.press()
    assert present(world)["shc_tired_days"] == ("skipped", None)
    assert "shc_dizzy_days" not in present(world)


def test_answers_stay_in_the_trail_when_their_condition_falls_and_leave_the_files(
    world: World, browser: PlainBrowser
) -> None:
    go_to(browser, world, "shc_headache")
    fill_in(browser, {"shc_headache": "2", "shc_headache_days": "12"}).press("later")
    go_to(browser, world, "shc_headache").fill("shc_headache", "0").press("later")
    assert states(world, "shc_headache_days") == [("answered", "12")]
    assert state_in_files(world, "shc_headache_days") == "not_applicable"
    go_to(browser, world, "shc_headache").fill("shc_headache", "1").press("later")
    assert state_in_files(world, "shc_headache_days") == "answered"
    assert values(world)["shc_headache_days"] == "12"


def test_taking_a_severity_back_takes_its_days_along(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "shc_headache")
    fill_in(browser, {"shc_headache": "2", "shc_headache_days": "12"}).press("later")
    go_to(browser, world, "shc_headache").press("clear", "shc_headache")
    assert {state for state, _ in present(world).values()} == {"cleared"}


def test_the_stiffness_length_is_asked_only_after_yes(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_stiffness").fill("pain_stiffness", "0").press()
    assert "pain_stiffness" not in browser.names()
    assert values(world) == {"pain_stiffness": "0"}
    assert state_in_files(world, "pain_stiffness_length") == "not_applicable"
    go_to(browser, world, "pain_stiffness").fill("pain_stiffness", "1").press()
    assert any("pain_stiffness_length" in one for one in named(browser))
    browser.fill("pain_stiffness_length", "2").press()
    assert values(world) == {"pain_stiffness": "1", "pain_stiffness_length": "2"}


def test_a_length_that_came_with_no_is_not_stored(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_stiffness")
    fill_in(browser, {"pain_stiffness": "0", "pain_stiffness_length": "2"}).press()
    assert values(world) == {"pain_stiffness": "0"}


def test_declining_the_first_question_does_not_open_the_second(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_stiffness").press("decline", "pain_stiffness")
    browser.press()
    assert "pain_stiffness" not in browser.names()
    assert state_in_files(world, "pain_stiffness_length") == "declined"


def test_a_condition_is_judged_by_an_earlier_sessions_answer_without_showing_it(world: World) -> None:
    world.add()
    link = world.invite()
    first = go_to(world.started(link), world, "shc_headache")
    fill_in(first, {"shc_headache": "2"}).press("later")
    later = go_to(world.started(link), world, "shc_headache").fill("shc_headache_days", "3")
    later.press()
    assert values(world) == {"shc_headache": "2", "shc_headache_days": "3"}


def test_a_text_for_other_is_stored_only_with_other(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_worse")
    fill_in(browser, {"pain_worse": "sitting", "pain_worse_other": "rain"}).press("later")
    assert values(world) == {"pain_worse": "sitting"}
    go_to(browser, world, "pain_worse")
    fill_in(browser, {"pain_worse": ("sitting", "other"), "pain_worse_other": "rain"}).press("later")
    assert values(world)["pain_worse_other"] == "rain"


def test_a_whole_number_and_a_text_can_hang_on_a_yes(every_type: World) -> None:
    browser = go_to(every_type.started(), every_type, "et_dog")
    fill_in(browser, {"et_dog": "1", "et_dog_age": "4", "et_dog_name": "Ås"}).press()
    assert values(every_type) == {"et_dog": "1", "et_dog_age": "4", "et_dog_name": "Ås"}
    go_to(browser, every_type, "et_dog").fill("et_dog", "0").press()
    assert browser.page == "review"
    assert "Ås" not in browser.text
    assert states(every_type, "et_dog_name") == [("answered", "Ås")]


def test_a_page_marks_what_another_answer_opens(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_stiffness")
    opening = [one.get("id") for one in browser.inputs("pain_stiffness") if one.get("data-opens") is not None]
    assert opening == ["pain_stiffness-1"]
    dependent = [one.get("id") for one in with_class(browser.main_form, "dependent")]
    assert dependent == ["q-pain_stiffness_length"]


def test_nothing_that_does_not_apply_is_asked_for_at_the_review(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_stiffness").fill("pain_stiffness", "0").press()
    browser.open(f"{session_address(browser)}/review")
    assert "pain_stiffness_length" not in browser.html
