"""What turning pages costs a slow phone, and what becomes of answers when line, link or tab come and go."""

import json
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PhoneMaker
from tests.browser.phone import until_in_memory, until_sent
from tests.browser.snapshots import CARDS, DAYS, NUMBERS
from tests.browser.test_saving_on_the_tap import NEXT, rows
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser

LINE = "#save-status"
MOST_RESTYLED = 40
"""Elements; a page of five questions has two hundred."""
EVERY_QUESTION = """random => [...document.querySelectorAll('main .q')].map((one, n) => {
  const radios = [...one.querySelectorAll('input[type=radio]')];
  return radios.length ? radios[random[n % random.length] % radios.length].id : '';
}).filter(Boolean)"""


def in_memory(phone: PhoneMaker, number: int, *given: Any, **options: Any) -> Page:
    """A page of questions, with every page of the visit in memory."""
    page = phone(*given, java_script=True, **options).started().go_to(number).page
    until_in_memory(page)
    return page


def restyled(browser: Browser, page: Page, selector: str) -> list[int]:
    """How many elements the browser looks at in each turn of styling that a tap brings."""
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    page.locator(selector).click()
    expect(page.locator(LINE)).to_have_text("Lagret")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    return [one["args"].get("elementCount", 0) for one in events if one["name"] == "UpdateLayoutTree"]


def test_a_tap_has_the_browser_look_at_its_question_and_not_at_the_whole_page(
    phone: PhoneMaker, browser: Browser
) -> None:
    page = in_memory(phone, DAYS)
    page.locator("label[for=shc_cough-1]").click()
    expect(page.locator(LINE)).to_have_text("Lagret")
    counts = restyled(browser, page, "label[for=shc_cough-2]")
    assert counts
    assert max(counts) <= MOST_RESTYLED, counts


@pytest.mark.parametrize("seed", [1, 2])
def test_coverage_that_comes_and_goes_at_any_tap_costs_no_answer(
    phone: PhoneMaker, server: LiveServer, seed: int
) -> None:
    random = Random(seed)
    page = in_memory(phone, CARDS, "en", 320, color_scheme="dark")
    number, given = server.study_number, {}
    for turn in range(4):
        for target in page.evaluate(EVERY_QUESTION, [random.randrange(9) for _ in range(5)]):
            page.context.set_offline(random.random() < 0.5)
            page.locator(f"label[for={target}]").click()
            field, _, value = target.rpartition("-")
            given[field] = value
        page.context.set_offline(random.random() < 0.5)
        page.click(NEXT)
        expect(page.locator("#progress-words")).to_contain_text(f"Page {CARDS + turn + 1} ")
    page.context.set_offline(False)
    until_sent(page)
    newest = {row.item: row.value for row in rows(server, number)}
    assert {field: newest.get(field) for field in given} == given
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_two_tabs_without_coverage_send_each_answer_once(phone: PhoneMaker, server: LiveServer) -> None:
    first = in_memory(phone, NUMBERS)
    number = server.study_number
    second = first.context.new_page()
    second.goto(first.url.rpartition("/")[0] + f"/{CARDS}")
    until_in_memory(second)
    first.context.set_offline(True)
    first.locator("label[for=bg_gender-2]").click()
    second.locator("label[for=hscl_headache-3]").click()
    first.locator("label[for=bg_gender-1]").click()
    for tab in (first, second):
        expect(tab.locator(LINE)).to_contain_text("Ikke sendt ennå")
    first.context.set_offline(False)
    until_sent(first)
    until_sent(second)
    found = [(row.item, row.value) for row in rows(server, number)]
    assert sorted(found) == [("bg_gender", "1"), ("bg_gender", "2"), ("hscl_headache", "3")]
    assert [value for item, value in found if item == "bg_gender"] == ["2", "1"]


@pytest.mark.parametrize("java_script", [False, True])
def test_a_tap_after_the_link_was_revoked_leads_to_a_page_that_says_so_and_keeps_what_was_stored(
    phone: PhoneMaker, server: LiveServer, java_script: bool
) -> None:
    made = phone(java_script=java_script).started().go_to(NUMBERS)
    number = server.study_number
    made.choose("bg_gender", "2")
    if java_script:
        expect(made.page.locator(LINE)).to_have_text("Lagret")
    else:
        made.tap("later").go_to(NUMBERS)
    server.world.revoke(number)
    made.choose("bg_gender", "1")
    if not java_script:
        made.tap("next")
    expect(made.page.locator("body")).to_have_attribute("data-page", "dead")
    expect(made.page.locator("main h1")).to_be_visible()
    assert server.world.runtime.study.site("oslo").phone in made.page.locator("footer").inner_text().replace(
        "\u00a0", " "
    )
    assert ("bg_gender", "2") in [(row.item, row.value) for row in rows(server, number)]
