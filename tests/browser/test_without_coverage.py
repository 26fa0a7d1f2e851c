"""Without coverage, without storage, with a wrong clock: a sentence, nothing lost, no dead end."""

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from btb_pro.models.participant import Participant, Visit
from btb_pro.models.response import LateSave
from tests.browser.conftest import PhoneMaker
from tests.browser.phone import Phone, until_in_memory, until_sent
from tests.browser.snapshots import CARDS, DAYS, NUMBERS, SEVERAL
from tests.browser.test_saving_on_the_tap import ANSWER_ALL, KEPT, NEXT, first_page, rows
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser

HEADING = "main h1"
LEAVE = "Rydd opp etter meg"
LINE = "#save-status"
NO_COVERAGE = "Ingen dekning akkurat nå. Prøv igjen når du har dekning."


def on_page(phone: PhoneMaker, number: int, **options: Any) -> Phone:
    """A phone on a page of questions, with every page in memory in both languages."""
    made = phone(java_script=True, **options).started().go_to(number)
    until_in_memory(made.page)
    return made


def cut(page: Page) -> None:
    """Take the coverage away."""
    page.context.set_offline(True)


def back_online(page: Page) -> None:
    """Give the coverage back, and wait until everything is sent."""
    page.context.set_offline(False)
    expect(page.locator(LINE)).to_have_text("Lagret")


def stored(server: LiveServer, number: str) -> dict[str, tuple[str, str | None, str]]:
    """State, value and language of each field's newest row."""
    return {row.item: (row.state, row.value, row.language) for row in rows(server, number)}


def test_declining_and_taking_back_need_no_coverage(phone: PhoneMaker, server: LiveServer) -> None:
    made = on_page(phone, CARDS)
    number, page = server.study_number, made.page
    cut(page)
    page.locator("label[for=hscl_trembling-2]").click()
    page.locator("[name=decline][value=hscl_headache]").click()
    declined = page.locator("#q-hscl_headache")
    expect(declined.locator(".q-state")).to_have_text("Du vil helst ikke svare")
    expect(declined.locator("[name=clear]")).to_be_focused()
    page.locator("#q-hscl_trembling [name=clear]").click()
    expect(page.locator("#hscl_trembling-2")).not_to_be_checked()
    page.locator("#q-hscl_headache [name=clear]").click()
    expect(declined.locator(".q-state")).to_have_count(0)
    page.locator("label[for=hscl_headache-3]").click()
    expect(page.locator(LINE)).to_have_text("Ikke sendt ennå. Svaret ligger på telefonen og blir sendt.")
    assert rows(server, number) == []
    back_online(page)
    found = stored(server, number)
    assert found["hscl_headache"][:2] == ("answered", "3")
    assert found["hscl_trembling"][:2] == ("cleared", None)
    page.reload()
    expect(page.locator("#hscl_headache-3")).to_be_checked()


def test_an_answer_after_declining_takes_the_place_of_it(phone: PhoneMaker, server: LiveServer) -> None:
    made = on_page(phone, CARDS)
    page = made.page
    page.locator("[name=decline][value=hscl_headache]").click()
    page.locator("label[for=hscl_headache-1]").click()
    expect(page.locator("#q-hscl_headache .q-state")).to_have_count(0)
    expect(page.locator(LINE)).to_have_text("Lagret")
    assert [row.state for row in rows(server, server.study_number)] == ["declined", "answered"]


def test_the_language_changes_without_coverage_and_keeps_everything(
    phone: PhoneMaker, server: LiveServer
) -> None:
    made = on_page(phone, NUMBERS)
    number, page = server.study_number, made.page
    cut(page)
    made.choose("bg_gender", "2").write("bg_age", "47")
    page.locator("[name=decline][value=bg_children]").click()
    made.button("other language").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("button", name="Next", exact=True)).to_be_visible()
    expect(page.locator("#bg_gender-2")).to_be_checked()
    expect(page.locator("#bg_age")).to_have_value("47")
    expect(page.locator("#q-bg_children .q-state")).to_have_text("You would rather not answer")
    expect(page.locator(LINE)).to_contain_text("Not sent yet")
    made.choose("bg_gender", "1")
    page.get_by_role("button", name="Norsk", exact=True).click()
    expect(page.locator("#bg_gender-1")).to_be_checked()
    expect(page.locator("html")).to_have_attribute("lang", "nb")
    back_online(page)
    found = stored(server, number)
    assert found["bg_gender"] == ("answered", "1", "en")
    assert found["bg_age"] == ("answered", "47", "nb")
    assert found["bg_children"][:2] == ("declined", None)


def test_the_language_that_was_chosen_without_coverage_stays_chosen(phone: PhoneMaker) -> None:
    made = on_page(phone, NUMBERS)
    cut(made.page)
    made.button("other language").click()
    made.page.context.set_offline(False)
    expect(made.page.locator(LINE)).to_have_text("Saved")
    made.go_to_review()
    expect(made.page.locator("html")).to_have_attribute("lang", "en")


def test_the_end_lists_open_questions_from_memory_and_each_can_be_answered(
    phone: PhoneMaker, server: LiveServer
) -> None:
    made = first_page(phone)
    number, page = server.study_number, made.page
    cut(page)
    skipped = False
    for _ in range(80):
        if page.locator("form[data-submits]").count():
            break
        if page.url.endswith(f"/page/{SEVERAL}") and not skipped:
            skipped = True
            page.click(NEXT)
            expect(page.locator("#summary")).to_be_focused()
            page.click(NEXT)
            continue
        page.evaluate(ANSWER_ALL)
        page.click(NEXT)
    open_links = page.locator("main li a")
    assert open_links.count() >= 2
    first = open_links.first.inner_text()
    open_links.first.click()
    assert made.number == SEVERAL
    assert first in page.locator("main").inner_text()
    page.context.set_offline(False)
    until_sent(page)
    assert rows(server, number)


def test_the_end_is_left_translated_and_sent_in_without_coverage(
    phone: PhoneMaker, server: LiveServer
) -> None:
    made = on_page(phone, CARDS)
    page = made.page
    last = int(page.locator("progress").get_attribute("max") or 0)
    made.go_to(last)
    page.wait_for_load_state("networkidle")
    cut(page)
    page.click(NEXT)
    page.click(NEXT)
    expect(page.locator(HEADING)).to_have_text("Du er kommet til slutten")
    made.button("other language").click()
    expect(page.locator(HEADING)).to_have_text("You have come to the end")
    page.get_by_role("button", name="Back").click()
    assert made.kind == "items"
    page.click(NEXT)
    page.click(NEXT)
    page.click(NEXT)
    expect(page.locator(LINE)).to_contain_text("are sent in as soon as there is coverage")
    # Whoever answers one more question, and presses again, has it sent in with the others, once.
    page.locator("main li a").last.click()
    page.evaluate(ANSWER_ALL)
    page.click(NEXT)
    expect(page.locator(LINE)).to_contain_text("are sent in as soon as there is coverage")
    page.click(NEXT)
    page.context.set_offline(False)
    page.wait_for_url("**/receipt")
    assert page.evaluate(KEPT) == []
    assert {row.state for row in rows(server, server.study_number)} >= {"answered", "skipped"}


def test_all_that_waited_is_kept_where_the_visit_was_sent_in_elsewhere_meanwhile(
    phone: PhoneMaker, server: LiveServer
) -> None:
    made = on_page(phone, CARDS)
    cut(made.page)
    made.page.evaluate(ANSWER_ALL)
    elsewhere = server.world.started(server.world.invite(server.study_number))
    elsewhere.open(elsewhere.address + "review").press()
    assert elsewhere.page == "receipt"
    made.page.context.set_offline(False)
    made.page.wait_for_url("**/receipt")
    assert made.page.evaluate(KEPT) == []
    of_them = Participant.study_number == server.study_number
    with server.world.reading() as session:
        kept = session.scalars(select(LateSave).join(Visit).join(Participant).where(of_them)).all()
    assert {late.state for late in kept} == {"answered"}
    assert len(kept) == 5


def test_what_is_not_in_memory_says_so_in_a_line_and_not_in_an_error_page(phone: PhoneMaker) -> None:
    made = on_page(phone, NUMBERS)
    cut(made.page)
    made.button("later").click()
    expect(made.page.locator(LINE)).to_have_text(NO_COVERAGE)
    made.button("back").click()
    assert made.number == NUMBERS
    made.page.context.set_offline(False)
    made.tap("back")
    assert made.kind == "parts"
    cut(made.page)
    for target in (made.button("continue"), made.page.locator(".parts a").first):
        target.click()
        expect(made.page.locator(LINE)).to_have_text(NO_COVERAGE)
        made.page.context.set_offline(False)
        expect(made.page.locator(LINE)).to_be_empty()
        cut(made.page)
    assert made.kind == "parts"


FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
FORBIDDEN = """Object.defineProperty(window, 'localStorage', {
  get() { throw new DOMException('forbidden', 'SecurityError'); },
});"""


@pytest.mark.parametrize("state", [FULL, FORBIDDEN], ids=["full", "forbidden"])
def test_a_phone_that_stores_nothing_still_sends_what_the_page_remembers(
    phone: PhoneMaker, server: LiveServer, state: str
) -> None:
    made = phone(java_script=True)
    made.page.add_init_script(state)
    page = made.started().go_to(NUMBERS).page
    until_in_memory(page)
    number = server.study_number
    made.choose("bg_gender", "2")
    expect(page.locator(LINE)).to_have_text("Lagret")
    cut(page)
    made.write("bg_age", "47")
    page.locator("#bg_children").click()
    expect(page.locator(LINE)).to_contain_text("Ikke sendt ennå")
    back_online(page)
    found = stored(server, number)
    assert (found["bg_gender"][1], found["bg_age"][1]) == ("2", "47")


def test_a_phone_whose_clock_stands_in_1970_saves_like_any_other(
    phone: PhoneMaker, server: LiveServer
) -> None:
    made = phone(java_script=True)
    made.page.clock.set_fixed_time(datetime(1970, 1, 1, 0, 0, 7, tzinfo=UTC))
    page = made.started().go_to(NUMBERS).page
    made.choose("bg_gender", "2")
    expect(page.locator(LINE)).to_have_text("Lagret")
    [row] = rows(server, server.study_number)
    assert row.device_at is not None
    assert row.device_at.startswith("1970-01-01T")
    assert row.received_at.year >= 2026
    assert row.shown_at is not None
    assert row.shown_at.year >= 2026, "what cannot be true is not taken for it"


@pytest.mark.parametrize("java_script", [False, True])
def test_five_megabytes_pasted_into_a_text_are_cut_to_what_fits(
    phone: PhoneMaker, server: LiveServer, java_script: bool
) -> None:
    made = phone(java_script=java_script).started().go_to(SEVERAL)
    made.choose("pain_worse", "other")
    field = made.page.locator("#pain_worse_other")
    field.click()
    made.page.keyboard.insert_text("å" * 5_000_000)
    limit = int(field.get_attribute("maxlength") or "0")
    assert len(field.input_value()) == limit
    made.write("pain_duration_years", "2").write("pain_duration_months", "1").tap("next")
    if java_script:
        until_sent(made.page)
    assert stored(server, server.study_number)["pain_worse_other"][1] == "å" * limit


def test_five_megabytes_of_a_wish_to_correct_are_refused_in_words_and_are_still_there_one_step_back(
    phone: PhoneMaker,
) -> None:
    made = phone(java_script=True).started().go_to_review().tap("send")
    made.follow(made.page.get_by_role("link", name="Jeg svarte feil"))
    made.page.locator("#what").evaluate("one => { one.value = 'å'.repeat(5000000); }")
    made.page.get_by_role("button", name="Send", exact=True).click()
    expect(made.page.locator(HEADING)).to_have_text("Det var for mye tekst")
    made.follow(made.page.get_by_role("link", name="Tilbake til siden"))
    expect(made.page.locator("#what")).to_be_visible()


def test_a_refused_answer_is_told_and_the_page_is_not_left_without_a_word(phone: PhoneMaker) -> None:
    made = on_page(phone, SEVERAL)
    made.choose("pain_worse", "other")
    made.page.locator("#pain_worse_other").evaluate(
        """one => {
          one.value = 'a' + String.fromCharCode(1);
          one.dispatchEvent(new Event('change', {bubbles: true}));
        }"""
    )
    expect(made.page.locator(LINE)).to_have_text("Ett svar ble ikke lagret. Se over svarene dine.")
    with made.page.expect_navigation():
        made.page.click(NEXT)
    expect(made.page.locator("#summary")).to_be_focused()
    assert made.number == SEVERAL


@pytest.mark.parametrize("way", ["double click", "enter twice", "two clicks"])
def test_next_pressed_twice_passes_no_page_unseen(phone: PhoneMaker, server: LiveServer, way: str) -> None:
    made = on_page(phone, CARDS)
    page = made.page
    page.evaluate(ANSWER_ALL)
    button = page.locator(NEXT)
    if way == "double click":
        button.dblclick()
    elif way == "enter twice":
        button.focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
    else:
        page.evaluate(f"document.querySelector('{NEXT}').click(); document.querySelector('{NEXT}').click()")
    expect(page.locator("#progress-words")).to_contain_text(f"{CARDS + 1}")
    until_sent(page)
    items = {row.item: row.state for row in rows(server, server.study_number)}
    assert len(items) == 5
    assert set(items.values()) == {"answered"}


def test_next_pressed_twice_on_an_open_page_names_what_is_open_without_javascript_too(
    phone: PhoneMaker,
) -> None:
    made = phone().started().go_to(CARDS)
    made.button("next").dblclick()
    expect(made.page.locator("#summary")).to_be_visible()
    assert made.number == CARDS


def test_the_number_of_days_that_is_missing_is_where_the_link_leads(phone: PhoneMaker) -> None:
    made = on_page(phone, DAYS)
    made.page.evaluate("document.querySelectorAll('main .q input[value=\"0\"]').forEach(one => one.click())")
    made.choose("shc_cough", "2")
    made.page.click(NEXT)
    made.page.locator("#summary a").click()
    expect(made.page.locator("#shc_cough_days")).to_be_focused()


def test_whoever_hands_the_phone_on_leaves_nothing_of_their_own_behind(
    phone: PhoneMaker, server: LiveServer
) -> None:
    made = on_page(phone, NUMBERS)
    number, page = server.study_number, made.page
    other = "btb:/q/0123456789/"
    entry = "[{u: '/q/0123456789/tap/1', b: 'a=1', k: 'k'}]"
    made.choose("bg_gender", "2")
    expect(page.locator(LINE)).to_have_text("Lagret")
    page.route("**/q/0123456789/**", lambda route: route.abort())
    page.evaluate(f"localStorage.setItem('{other}', JSON.stringify({entry}))")
    address = page.url
    made.tap("later")
    made.follow(page.get_by_role("link", name="Noen andre bruker denne telefonen"))
    made.follow(page.get_by_role("button", name=LEAVE))
    expect(page.locator(HEADING)).to_have_text("Du er ferdig her")
    assert page.evaluate(KEPT) == [[other, 1]], "another link's unsent answers stay"
    assert [cookie["name"] for cookie in page.context.cookies()] == []
    page.goto(address)
    assert made.kind == "dead"
    assert stored(server, number)["bg_gender"][1] == "2"


def test_the_phone_is_not_left_before_everything_is_sent(phone: PhoneMaker, server: LiveServer) -> None:
    made = on_page(phone, NUMBERS)
    number, page = server.study_number, made.page
    token = page.locator("[name=csrf_token]").first.input_value()
    page.goto(f"{server.base_url}/q/{made.handle}/leave")
    entry = {"u": f"/q/{made.handle}/tap/{NUMBERS}"}
    page.route("**/tap/*", lambda route: route.abort())
    page.evaluate(
        "([name, entry, token]) => localStorage.setItem(name, JSON.stringify([{...entry, k: 'k', "
        "b: new URLSearchParams({csrf_token: token, bg_gender: '2', key: 'k'.repeat(12)}).toString()}]))",
        [f"btb:/q/{made.handle}/", entry, token],
    )
    page.get_by_role("button", name=LEAVE).click()
    expect(page.locator("main [role=status]")).to_contain_text("Ikke sendt ennå")
    assert made.kind == "step"
    page.unroute("**/tap/*")
    until_sent(page)
    made.follow(page.get_by_role("button", name=LEAVE))
    expect(page.locator(HEADING)).to_have_text("Du er ferdig her")
    assert stored(server, number)["bg_gender"][1] == "2"
