"""What a screen reader is told of each kind of question, and a whole visit by keyboard alone."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PhoneMaker
from tests.browser.phone import turning
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


FOCUSED = """() => {
  const one = document.activeElement;
  const isOpen = one.type === 'radio' || (one.type === 'text' && !one.value && one.dataset.min);
  const leadsOn = ['start', 'next'].includes(one.name) && one.closest('.actions') !== null;
  return [one.type === 'radio' && 'tick', isOpen && 'type', leadsOn && 'go on'].find(Boolean) || '';
}"""


@pytest.mark.parametrize(
    ("language", "java_script", "scheme"), [("nb", True, "light"), ("en", False, "dark")]
)
def test_a_whole_visit_needs_nothing_but_the_keyboard(
    phone: PhoneMaker, language: str, java_script: bool, scheme: str
) -> None:
    made = phone(language, 1280, java_script=java_script, color_scheme=scheme)
    page, keyboard = made.page, made.page.keyboard
    page.goto(made.invited())
    for _ in range(2_000):
        keyboard.press("Tab")
        way = page.evaluate(FOCUSED)
        if way == "tick":
            keyboard.press("Space")
        elif way == "type":
            keyboard.type(page.evaluate("document.activeElement.dataset.min"))
        elif way == "go on":
            with turning(page):
                keyboard.press("Enter")
            if made.kind == "receipt":
                break
    expect(page.locator("body")).to_have_attribute("data-page", "receipt")
