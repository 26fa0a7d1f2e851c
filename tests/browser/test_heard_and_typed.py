"""What a screen reader is told of each kind of question, and a whole visit by keyboard alone."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.conftest import PhoneMaker
from tests.browser.snapshots import (
    CARDS,
    CHOICES,
    DAYS,
    EFFECTS,
    FOLLOW_UP,
    NUMBERS,
    SCALE_7,
    SCALE_11,
    SEVERAL,
)

pytestmark = pytest.mark.browser

GOLDEN = Path(__file__).parents[1] / "golden" / "heard"
"""BTB_WRITE_GOLDEN=1 writes them anew; look at what changed before it is kept."""
KINDS = {
    "numbers": NUMBERS,
    "scale-11": SCALE_11,
    "several": SEVERAL,
    "follow-up": FOLLOW_UP,
    "effects": EFFECTS,
    "choices": CHOICES,
    "scale-7": SCALE_7,
    "cards": CARDS,
    "days": DAYS,
}


@pytest.mark.parametrize("language", ["nb", "en"])
def test_each_kind_of_question_is_told_to_a_screen_reader_as_it_was_last_looked_over(
    phone: PhoneMaker, language: str
) -> None:
    made = phone(language).started()
    differs = []
    for name, number in KINDS.items():
        heard = made.go_to(number).page.locator("main").aria_snapshot() + "\n"
        golden = GOLDEN / f"{name}.{language}.yaml"
        if os.environ.get("BTB_WRITE_GOLDEN"):
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(heard, encoding="utf-8")
        if golden.read_text(encoding="utf-8") != heard:
            differs.append(name)
    assert differs == []


def _evaluated(page: Page, script: str) -> Any:
    """What a script says of the page that is there once a navigation under way is over."""
    for _ in range(5):
        try:
            return page.evaluate(script)
        except Error as error:
            if "context was destroyed" not in str(error):
                raise
            page.wait_for_load_state()
    raise AssertionError("the page never came to rest")


@pytest.mark.parametrize("java_script", [False, True])
def test_a_whole_visit_needs_nothing_but_the_keyboard(phone: PhoneMaker, java_script: bool) -> None:
    made = phone("nb", 1280, java_script=java_script)
    page = made.page
    page.goto(made.invited())
    focused = "document.activeElement"
    for _ in range(2_000):
        kind = made.kind
        if kind == "receipt":
            break
        page.keyboard.press("Tab")
        name, value, tag, is_open = _evaluated(
            page,
            f"""() => {{
              const one = {focused};
              const wanted = one.type === 'radio' || (one.type === 'text' && !one.value && one.dataset.min);
              return [one.name || '', one.dataset.min || '', one.type || one.tagName, Boolean(wanted)];
            }}""",
        )
        if tag == "radio" and is_open:
            page.keyboard.press("Space")
        elif is_open:
            page.keyboard.type(value)
        elif (
            tag == "submit"
            and name in ("start", "next")
            and _evaluated(page, f"{focused}.closest('.actions') !== null")
        ):
            before = page.locator("main").inner_text()
            page.keyboard.press("Enter")
            page.wait_for_load_state()
            for _ in range(100):
                if page.locator("main").inner_text() != before:
                    break
                page.wait_for_timeout(20)
    expect(page.locator("body")).to_have_attribute("data-page", "receipt")
