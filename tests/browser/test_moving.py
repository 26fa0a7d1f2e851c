"""Moving about: language, back, reload, keyboard, errors. Nothing that was entered may be lost or doubled."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from btb_pro.models.participant import Participant, Visit
from btb_pro.models.response import Answer, Response
from tests.browser.conftest import PhoneMaker
from tests.browser.phone import WORDS, Phone, until_sent
from tests.browser.snapshots import CARDS, DAYS, FOLLOW_UP, NUMBERS, SCALE_7, SCALE_11, SEVERAL
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser


def rows_of(server: LiveServer, study_number: str) -> list[tuple[str, str, str | None]]:
    """Every stored row of a participant: field, state, value, in the order of storing."""
    with server.world.reading() as session:
        rows = session.execute(
            select(Answer.item, Answer.state, Answer.value)
            .join(Response, Response.id == Answer.response_id)
            .join(Visit, Visit.id == Response.visit_id)
            .join(Participant, Participant.id == Visit.participant_id)
            .where(Participant.study_number == study_number)
            .order_by(Answer.id)
        )
        return [(item, state, value) for item, state, value in rows]


def language_of(phone: Phone) -> str | None:
    return phone.page.locator("html").get_attribute("lang")


@pytest.mark.parametrize("java_script", [False, True])
def test_the_language_changes_on_any_page_and_keeps_what_was_entered(
    phone: PhoneMaker, java_script: bool
) -> None:
    hand = phone("nb", java_script=java_script)
    hand.page.goto(hand.invited())
    hand.follow(hand.page.get_by_role("link", name="English", exact=True))
    assert (language_of(hand), hand.kind) == ("en", "start")
    hand.follow(hand.page.get_by_role("link", name="Norsk", exact=True))
    hand.tap("start").tap("other language")
    assert (language_of(hand), hand.kind) == ("en", "parts")
    hand.language = "en"
    hand.go_to(NUMBERS).choose("bg_gender", "2").write("bg_age", "47").tap("other language")
    assert (language_of(hand), hand.number) == ("nb", NUMBERS)
    assert hand.is_chosen("bg_gender", "2")
    expect(hand.page.locator("#bg_age")).to_have_value("47")
    hand.language = "nb"
    hand.go_to_review().tap("other language")
    assert (language_of(hand), hand.kind) == ("en", "review")
    hand.language = "en"
    hand.tap("send").tap("other language")
    assert (language_of(hand), hand.kind) == ("nb", "receipt")


def test_back_saves_the_page_and_shows_the_one_before_as_it_was_left(
    phone: PhoneMaker, server: LiveServer
) -> None:
    hand = phone().started().go_to(SCALE_11).choose("pain_now", "0").tap("next")
    hand.choose("pain_worst_2w", "10").tap("back")
    assert hand.number == SCALE_11
    assert hand.is_chosen("pain_now", "0")
    hand.tap("next")
    assert hand.is_chosen("pain_worst_2w", "10")
    hand.go_to(1).tap("back")
    assert hand.kind == "parts"
    assert rows_of(server, server.study_number) == [
        ("pain_now", "answered", "0"),
        ("pain_worst_2w", "answered", "10"),
    ]


@pytest.mark.parametrize("java_script", [False, True])
def test_the_browsers_own_back_forward_and_reload_neither_lose_nor_double_an_answer(
    phone: PhoneMaker, server: LiveServer, java_script: bool
) -> None:
    hand = phone(java_script=java_script).started().go_to(SCALE_11)
    hand.choose("pain_now", "3").tap("next")
    hand.page.go_back()
    assert hand.number == SCALE_11
    assert hand.is_chosen("pain_now", "3")
    hand.page.reload()
    assert hand.is_chosen("pain_now", "3")
    hand.tap("next")
    hand.page.go_back()
    hand.page.go_forward()
    assert hand.number == SCALE_11 + 1
    hand.tap("next")
    expect(hand.page.locator("#summary")).to_be_visible()
    hand.page.reload()
    assert hand.number == SCALE_11 + 1
    if not java_script:
        # Where the script named the open questions, on the phone alone, a fresh page begins anew.
        expect(hand.page.locator("#summary")).to_be_visible()
    else:
        until_sent(hand.page)
    assert rows_of(server, server.study_number) == [("pain_now", "answered", "3")]


def test_changing_an_answer_after_going_back_keeps_the_trail_of_both(
    phone: PhoneMaker, server: LiveServer
) -> None:
    hand = phone().started().go_to(SCALE_11).choose("pain_now", "3").tap("next")
    hand.page.go_back()
    hand.choose("pain_now", "4").tap("next")
    assert rows_of(server, server.study_number) == [
        ("pain_now", "answered", "3"),
        ("pain_now", "answered", "4"),
    ]


def test_sending_in_twice_gives_the_same_receipt(phone: PhoneMaker) -> None:
    hand = phone().started().go_to_review().tap("send")
    code = hand.page.locator(".receipt-code").inner_text()
    hand.page.go_back()
    if hand.kind == "review":
        hand.tap("send")
    assert hand.page.locator(".receipt-code").inner_text() == code


@pytest.mark.parametrize("language", ["nb", "en"])
def test_enter_in_a_number_goes_forward_and_leaves_the_language_alone(
    phone: PhoneMaker, server: LiveServer, language: str
) -> None:
    hand = phone(language).started().go_to(NUMBERS)
    hand.write("bg_children", "2").press_enter(hand.page.locator("#bg_children"))
    expect(hand.page.locator("#summary")).to_be_visible()
    assert (language_of(hand), hand.number) == (language, NUMBERS)
    hand.write("bg_age", "47").press_enter(hand.page.locator("#bg_age"))
    assert (language_of(hand), hand.number) == (language, NUMBERS + 1)
    assert ("bg_age", "answered", "47") in rows_of(server, server.study_number)


def test_a_page_is_answered_with_the_keyboard_alone(phone: PhoneMaker, server: LiveServer) -> None:
    hand = phone(java_script=True).started().go_to(FOLLOW_UP)
    keyboard = hand.page.keyboard
    focused = hand.page.locator(":focus")
    keyboard.press("Tab")
    expect(focused).to_have_text("Hopp til innholdet")
    expect(focused).to_be_in_viewport()
    keyboard.press("Tab")
    expect(focused).to_have_text(WORDS["nb"]["other language"])
    keyboard.press("Tab")
    expect(focused).to_have_text(WORDS["nb"]["back"])
    keyboard.press("Tab")
    expect(focused).to_have_id("pain_stiffness-1")
    keyboard.press("Space")
    expect(hand.page.locator("#q-pain_stiffness_length")).to_be_visible()
    keyboard.press("Tab")
    keyboard.press("Tab")
    expect(focused).to_have_id("pain_stiffness_length-1")
    keyboard.press("ArrowDown")
    expect(hand.page.locator("#pain_stiffness_length-2")).to_be_checked()
    ring = "one => getComputedStyle(one.closest('.choice')).outlineStyle"
    assert focused.evaluate(ring) == "solid", "it can be seen where one is"
    keyboard.press("Tab")
    keyboard.press("Tab")
    expect(focused).to_have_text(WORDS["nb"]["next"])
    hand.press_enter(focused)
    assert hand.number == FOLLOW_UP + 1
    until_sent(hand.page)
    assert rows_of(server, server.study_number) == [
        ("pain_stiffness", "answered", "1"),
        ("pain_stiffness_length", "answered", "2"),
    ]


@pytest.mark.parametrize("java_script", [False, True])
def test_what_is_wrong_is_named_at_the_top_and_each_link_leads_to_its_question(
    phone: PhoneMaker, java_script: bool
) -> None:
    hand = phone(java_script=java_script).started().go_to(CARDS)
    hand.button("next").scroll_into_view_if_needed()
    hand.choose("hscl_trembling", "2").tap("next")
    summary = hand.page.locator("#summary")
    expect(summary).to_be_focused()
    expect(summary).to_be_in_viewport()
    assert hand.page.evaluate("window.scrollY") < 100
    expect(summary.get_by_role("link")).to_have_text(
        [
            "1. Hodepine",
            "3. Matthet eller svimmelhet",
            "4. Nervøsitet, indre uro",
            "5. Plutselig frykt uten grunn",
        ]
    )
    summary.get_by_role("link", name="4. Nervøsitet").click()
    expect(hand.page.locator("#q-hscl_nervousness legend")).to_be_in_viewport(ratio=1)
    expect(hand.page.locator("#hscl_nervousness-1")).to_be_in_viewport(ratio=1)
    expect(hand.page.locator("#hscl_nervousness-1")).to_be_focused()
    assert hand.is_chosen("hscl_trembling", "2")


def test_a_wrong_number_is_kept_to_be_mended_and_takes_no_other_answer_with_it(
    phone: PhoneMaker, server: LiveServer
) -> None:
    hand = phone().started().go_to(DAYS)
    hand.answer({"shc_cold_flu": "3", "shc_cold_flu_days": "31", "shc_cough": "0"}).tap("next")
    assert hand.page.title().startswith("Feil:")
    days = hand.page.locator("#shc_cold_flu_days")
    expect(days).to_have_value("31")
    expect(days).to_have_accessible_description(
        "dager Et helt tall fra 0 til 30 Skriv et helt tall fra 0 til 30."
    )
    expect(hand.page.locator(".ds-validation-message")).to_have_count(1)
    hand.page.locator("#summary a").click()
    expect(days).to_be_focused()
    expect(hand.page.locator("#q-shc_cold_flu .dependent label")).to_be_in_viewport(ratio=1)
    assert hand.is_chosen("shc_cold_flu", "3")
    assert hand.is_chosen("shc_cough", "0")
    assert rows_of(server, server.study_number) == []
    hand.write("shc_cold_flu_days", "30").tap("next").tap("next")
    assert hand.number == DAYS + 1
    stored = rows_of(server, server.study_number)
    assert [row for row in stored if row[1] == "answered"] == [
        ("shc_cold_flu", "answered", "3"),
        ("shc_cold_flu_days", "answered", "30"),
        ("shc_cough", "answered", "0"),
    ]


def test_a_missing_number_of_days_is_asked_for_at_its_field_and_not_at_the_answered_question(
    phone: PhoneMaker,
) -> None:
    hand = phone().started().go_to(DAYS).choose("shc_cold_flu", "2").tap("next")
    question = hand.page.locator("#q-shc_cold_flu")
    expect(question.locator(".ds-validation-message")).to_have_count(1)
    expect(question.locator(".dependent .ds-validation-message")).to_have_text("Ikke besvart ennå.")
    expect(question.locator("#shc_cold_flu_days")).to_have_accessible_description(
        re.compile("Ikke besvart ennå")
    )


def test_days_come_up_with_a_severity_and_go_away_with_none(phone: PhoneMaker) -> None:
    hand = phone().started().go_to(DAYS)
    days = hand.page.locator("#shc_headache_days")
    expect(days).to_be_hidden()
    for code in "123":
        hand.choose("shc_headache", code)
        expect(days).to_be_visible()
    expect(hand.page.locator("#shc_neck_days")).to_be_hidden()
    hand.choose("shc_headache", "0")
    expect(days).to_be_hidden()


def test_an_answer_tapped_by_mistake_is_taken_back_before_it_was_ever_saved(
    phone: PhoneMaker, server: LiveServer
) -> None:
    hand = phone().started().go_to(SCALE_7)
    question = hand.page.locator("#q-fabq_activity_worse")
    decline = question.get_by_role("button", name=WORDS["nb"]["decline"])
    take_back = question.get_by_role("button", name=WORDS["nb"]["clear"])
    expect(take_back).to_be_hidden()
    hand.choose("fabq_cause_activity", "5").choose("fabq_activity_worse", "6")
    expect(decline).to_be_hidden()
    hand.follow(take_back)
    expect(question.locator(":checked")).to_have_count(0)
    expect(question.locator("legend")).to_be_in_viewport()
    expect(decline).to_be_visible()
    assert hand.is_chosen("fabq_cause_activity", "5")
    rows = rows_of(server, server.study_number)
    assert [row for row in rows if row[1] == "answered"] == [("fabq_cause_activity", "answered", "5")]


def test_a_question_is_declined_and_taken_up_again(phone: PhoneMaker, server: LiveServer) -> None:
    hand = phone().started().go_to(SCALE_11)
    hand.follow(hand.page.get_by_role("button", name=WORDS["nb"]["decline"]))
    expect(hand.page.get_by_text("Du vil helst ikke svare")).to_be_visible()
    hand.choose("pain_now", "7").tap("next")
    assert hand.number == SCALE_11 + 1
    assert rows_of(server, server.study_number) == [
        ("pain_now", "declined", None),
        ("pain_now", "answered", "7"),
    ]


def test_continue_later_keeps_the_page_and_the_same_link_goes_on_there(
    phone: PhoneMaker, server: LiveServer
) -> None:
    hand = phone()
    link = hand.invited()
    hand.page.goto(link)
    hand.tap("start").tap("continue").write("bg_age", "47").tap("later")
    told = hand.page.get_by_role("status").filter(has_text="Svarene dine er lagret.")
    expect(told).to_be_visible()
    hand.page.goto(link)
    hand.tap("start").tap("continue")
    assert hand.number == NUMBERS
    expect(hand.page.locator("#bg_age")).to_have_value("47")
    another = phone()
    another.page.goto(link)
    another.tap("start").tap("continue")
    expect(another.page.locator("#bg_age")).to_have_value("")
    expect(another.page.locator("#q-bg_age")).to_contain_text("Besvart tidligere")


def test_the_review_leads_to_a_question_and_back(phone: PhoneMaker) -> None:
    hand = phone().started().go_to_review()
    hand.follow(hand.page.get_by_role("link", name=re.compile("Svar.*Hvor er du født")))
    assert hand.number == NUMBERS
    expect(hand.page.locator("#q-bg_ethnicity legend")).to_be_in_viewport()
    hand.choose("bg_ethnicity", "1").tap("next")
    if hand.kind == "items":
        hand.tap("next")
    assert hand.kind == "review"
    hand.page.locator("summary").first.click()
    expect(hand.page.locator("details").first).to_contain_text("Norge")


def test_the_review_numbers_each_question_as_its_page_does(phone: PhoneMaker) -> None:
    hand = phone().started().go_to(SEVERAL + 2)
    legends = [text.strip() for text in hand.page.locator("legend").all_inner_texts()]
    hand.go_to_review()
    rows = hand.page.locator("dl.summary").nth(1).locator("dt").all_inner_texts()
    assert set(legends) <= set(rows)
    assert [row.partition(".")[0] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
