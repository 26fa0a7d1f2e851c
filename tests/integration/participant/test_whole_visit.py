"""The whole baseline visit, from a link to a receipt: what was entered is what is stored."""

from xml.etree.ElementTree import Element

import pytest
from sqlalchemy import select

from btb_pro.models.response import Response, ScoreRow
from btb_pro.services.verification import verify
from tests.integration.participant.steps import go_to, trail, values, visit_row
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World

SCORES = {
    # Every choice is the last one of its question: hand-worked from the published rules.
    "hscl_total": ("4", 25),
    "hscl_anxiety": ("4", 10),
    "hscl_depression": ("4", 15),
    "fabq_pa": ("24", 4),
    "fabq_w": ("42", 7),
    "pain_lbp_nrs": ("10", 3),
    "shc_total": ("87", 29),
    "shc_count": ("29", 29),
}


def answer_page(browser: PlainBrowser) -> dict[str, str]:
    """Answer every field of a page, knowing nothing but its HTML: what was given, by field."""
    given: dict[str, tuple[str, ...]] = {}
    for name in browser.names():
        inputs = browser.inputs(name)
        kind = inputs[0].get("type")
        if kind == "radio":
            opening = [one for one in inputs if one.get("data-opens") is not None]
            given[name] = ((opening or inputs)[-1].get("value", ""),)
        elif kind == "checkbox":
            given[name] = tuple(one.get("value", "") for one in inputs if _stands_with_others(one))
        else:
            given[name] = (_typed(inputs[0]),)
        browser.fill(name, *given[name])
    return {name: " ".join(one) for name, one in given.items()}


def _stands_with_others(box: Element) -> bool:
    return box.get("value") != "none"


def _typed(box: Element) -> str:
    return box.get("data-max") or f"blåbær & «{box.get('name')}»"


@pytest.mark.parametrize("language", ["nb", "en"])
def test_everything_that_was_entered_is_stored_and_scored(world: World, language: str) -> None:
    world.add(language=language)
    browser = world.started(world.invite(), language).press()
    entered: dict[str, str] = {}
    while browser.page == "items":
        assert browser.document.get("lang") == language
        here = browser.address
        entered |= answer_page(browser)
        browser.press()
        assert browser.address != here, "a page that is answered in full goes on at once"
    assert browser.page == "review"
    assert not list(browser.main_form.iter("h3")), "nothing is left to answer"
    assert browser.press().page == "receipt"
    assert values(world) == entered
    asked = [part.instrument for part in world.runtime.study.visit("baseline").parts]
    assert set(entered) == {one.code for code in asked for one in world.runtime.instruments[code].fields}
    assert {(row.language, row.mode) for row in trail(world)} == {(language, "own_phone")}
    assert_scored(world)


def assert_scored(world: World) -> None:
    """Every response is locked, every score is what a hand calculation gives, and the chain is whole."""
    visit = visit_row(world)
    with world.reading() as session:
        responses = session.execute(select(Response)).scalars().all()
        scores = {row.code: row for row in session.execute(select(ScoreRow)).scalars()}
        verify(session)
    assert {row.submitted_at for row in responses} == {visit.submitted_at}
    for code, (value, n_items) in SCORES.items():
        row = scores[code]
        assert (row.value, row.n_answered, row.n_items, row.reason) == (value, n_items, n_items, "")


def test_nothing_of_one_participant_shows_up_at_another(world: World) -> None:
    first = world.started(world.invite(world.add("BTB-001"))).press()
    while first.page == "items":
        answer_page(first)
        first.press()
    second = world.started(world.invite(world.add("BTB-002"))).press()
    while second.page == "items":
        assert "blåbær" not in second.html
        second.press().press()
    assert values(world, "BTB-002") == {}
    assert "blåbær" not in second.html


@pytest.mark.parametrize("language", ["nb", "en"])
def test_every_page_of_an_instrument_that_may_weigh_on_somebody_says_whom_to_ring(
    world: World, language: str
) -> None:
    browser = world.started(language=language)
    for item in ("bg_age", "hscl_headache", "hscl_worthless"):
        text = go_to(browser, world, item).text
        assert "113" in text, item
        assert "116 117" in text, item
