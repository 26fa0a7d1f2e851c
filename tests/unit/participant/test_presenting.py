"""What a page shows: only this session's answers, what is wrong or open by name, and where to mend it."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from btb_pro.instruments.answers import AnswerState, Refusal, StoredAnswer
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.paging import Page, pages_of
from btb_pro.participant.presenting import (
    PagePresenter,
    ShownItem,
    shown_values,
    values_to_show,
)
from btb_pro.refused_values import refusal_text
from btb_pro.services.sessions import SeenAnswer
from tests.support.world import World

INSTRUMENTS = load_instruments()


@pytest.fixture(autouse=True)
def request_of_a_browser(world: World) -> Iterator[None]:
    """A request, whose language the texts are in."""
    with world.app.test_request_context(headers={"Accept-Language": "en"}):
        yield


def page_with(item: str) -> Page:
    """The page that asks an item."""
    pages = pages_of([(instrument, None) for instrument in INSTRUMENTS.values()])
    return next(page for page in pages if item in {one.code for one in page.items})


def seen(state: str, value: str | None = None, *, own: bool = True) -> SeenAnswer:
    """A present answer."""
    return SeenAnswer(StoredAnswer(AnswerState(state), value), own)


def shown(
    page: Page,
    answers: Mapping[str, SeenAnswer],
    values: Mapping[str, Sequence[str]] | None = None,
    refused: Mapping[str, Refusal] | None = None,
    open_codes: frozenset[str] = frozenset(),
) -> dict[str, ShownItem]:
    """The questions of a page as its template gets them, by code."""
    given = values_to_show(page, shown_values(page, answers)) if values is None else values
    presenter = PagePresenter(page, "en", answers, given, refused or {}, open_codes)
    return {item.code: item for item in presenter.items()}


def test_only_what_this_session_entered_is_shown() -> None:
    page = page_with("pain_duration")
    answers = {
        "pain_duration_years": seen("answered", "5"),
        "pain_duration_months": seen("answered", "6", own=False),
        "pain_worse": seen("cleared"),
        "pain_now": seen("answered", "7"),
    }
    assert shown_values(page, answers) == {"pain_duration_years": "5"}


def test_several_codes_are_several_boxes_and_a_text_stays_one() -> None:
    page = page_with("pain_worse")
    values = values_to_show(page, {"pain_worse": "sitting other", "pain_worse_other": "a b c"})
    assert values == {"pain_worse": ("sitting", "other"), "pain_worse_other": ("a b c",)}
    boxes = shown(page, {}, values)["pain_worse"].fields[0].choices
    assert [box.code for box in boxes if box.is_checked] == ["sitting", "other"]


@pytest.mark.parametrize(
    ("answer", "state", "can_clear"),
    [
        (None, "", False),
        (seen("answered", "5"), "", True),
        (seen("answered", "5", own=False), "kept", True),
        (seen("declined"), "declined", True),
        (seen("declined", own=False), "declined", True),
        (seen("skipped"), "", False),
        (seen("cleared"), "", False),
    ],
)
def test_a_question_tells_what_it_holds_and_can_be_taken_back_when_it_does(
    answer: SeenAnswer | None, state: str, can_clear: bool
) -> None:
    item = shown(page_with("pain_now"), {"pain_now": answer} if answer else {})["pain_now"]
    assert (item.state, item.can_clear) == (state, can_clear)


def test_an_open_question_and_a_wrong_field_are_named_with_number_and_place() -> None:
    page = page_with("pain_worse")
    refused = {"pain_duration_months": Refusal.OUT_OF_RANGE}
    presenter = PagePresenter(page, "en", {}, {}, refused, frozenset({"pain_worse"}))
    problems = presenter.problems()
    assert [problem.target for problem in problems] == ["pain_duration_months", "pain_worse-sitting"]
    numbers = [[one.code for one in page.instrument.items].index(item.code) + 1 for item in page.items]
    assert [problem.text.split(".")[0] for problem in problems] == [str(number) for number in numbers]


def test_a_text_is_shown_without_what_no_page_can_hold() -> None:
    item = shown(page_with("pain_worse"), {}, {"pain_worse_other": ["a\x00b\ufffec"]})["pain_worse"]
    assert next(field.text for field in item.fields if field.code == "pain_worse_other") == "abc"


def test_a_field_that_an_earlier_sessions_answer_opened_stays_open() -> None:
    page = page_with("shc_headache")
    for is_own in (True, False):
        item = shown(page, {"shc_headache": seen("answered", "2", own=is_own)})["shc_headache"]
        days = next(field for field in item.fields if field.code == "shc_headache_days")
        assert days.is_dependent
        assert days.opened_by == "shc_headache"
        assert days.is_kept_open == (not is_own)


def test_the_choices_that_open_another_field_are_marked() -> None:
    severity = shown(page_with("shc_headache"), {})["shc_headache"].fields[0]
    assert [choice.code for choice in severity.choices if choice.opens] == ["1", "2", "3"]


def test_a_question_that_hangs_on_the_one_above_says_so() -> None:
    items = shown(page_with("pain_stiffness"), {})
    assert items["pain_stiffness_length"].is_dependent
    assert items["pain_stiffness_length"].opened_by_previous
    assert not items["pain_stiffness"].is_dependent


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_a_sentence_in_words(refusal: Refusal) -> None:
    fields = {one.code: one for instrument in INSTRUMENTS.values() for one in instrument.fields}
    field = fields["pain_worse" if refusal is Refusal.EXCLUDES_OTHERS else "bg_age"]
    text = refusal_text(field, refusal, "en")
    assert text.endswith(".")
    assert "%(" not in text


def test_a_number_out_of_range_is_told_its_range() -> None:
    fields = {one.code: one for one in INSTRUMENTS["background"].fields}
    text = refusal_text(fields["bg_age"], Refusal.OUT_OF_RANGE, "en")
    assert "18" in text
    assert "99" in text


@pytest.mark.parametrize(
    ("answers", "open_codes", "target"),
    [
        ({}, {"shc_headache"}, "shc_headache-0"),
        ({"shc_headache": seen("answered", "2")}, {"shc_headache"}, "shc_headache_days"),
        ({"shc_headache": seen("answered", "2", own=False)}, {"shc_headache"}, "shc_headache_days"),
        ({"shc_headache": seen("answered", "2")}, set(), "shc_headache-0"),
    ],
)
def test_a_link_to_an_open_question_leads_to_what_it_lacks(
    answers: Mapping[str, SeenAnswer], open_codes: set[str], target: str
) -> None:
    found = shown(page_with("shc_headache"), answers, open_codes=frozenset(open_codes))
    assert found["shc_headache"].target == target
