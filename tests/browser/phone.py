"""A participant's phone: opens a link, taps what a person taps, reads what a person reads."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page

from tests.support.live_server import LiveServer

WORDS = {
    "nb": {
        "start": "Start",
        "continue": "Fortsett",
        "next": "Neste",
        "back": "Tilbake",
        "later": "Fortsett senere",
        "send": "Send inn",
        "decline": "Jeg vil helst ikke svare",
        "clear": "Fjern svaret",
        "other language": "English",
    },
    "en": {
        "start": "Start",
        "continue": "Continue",
        "next": "Next",
        "back": "Back",
        "later": "Continue later",
        "send": "Send in",
        "decline": "I’d rather not answer",
        "clear": "Take the answer back",
        "other language": "Norsk",
    },
}
"""What stands on the buttons, as a participant reads it."""

# What tapping does to a page: another one comes, or the open questions are named on this one.
_REMEMBER = "window.before = [...document.querySelectorAll('main, #summary')]"
_HAS_TURNED = """() => document.querySelector('footer') && (!window.before
  || [...document.querySelectorAll('main, #summary')].some(one => !window.before.includes(one)))"""
_FETCHED = """() => performance.getEntriesByType('resource')
  .filter(one => one.name.includes('/pages/') && one.responseEnd).length >= 2"""


@contextmanager
def turning(page: Page) -> Iterator[None]:
    """Wait for what the block's tap leads to: a new page, one from memory, or what is open on this one."""
    page.evaluate(_REMEMBER)
    yield
    page.wait_for_function(_HAS_TURNED)
    page.wait_for_load_state()


def until_in_memory(page: Page) -> None:
    """Wait until the phone holds the pages of the visit in both languages."""
    page.wait_for_function(_FETCHED)
    page.evaluate("() => new Promise(done => requestIdleCallback(done))")


def until_sent(page: Page) -> None:
    """Wait until nothing is left on the phone that the server does not have."""
    page.wait_for_function("() => localStorage.length === 0")


@dataclass
class Phone:
    """One window of one browser; `language` is the one that its owner reads."""

    page: Page
    server: LiveServer
    language: str
    is_scripted: bool = False
    """The page's script turns pages, so that Next may lead on without a page being loaded."""

    def invited(self) -> str:
        """The address of a link for somebody new."""
        return self.server.invited(self.language)

    def started(self) -> "Phone":
        """Open a new link and press Start."""
        self.page.goto(self.invited())
        return self.tap("start")

    @property
    def kind(self) -> str:
        """The kind of page that is shown."""
        return self.page.locator("body").get_attribute("data-page") or ""

    @property
    def path(self) -> str:
        """The address without its host and its query."""
        return urlsplit(self.page.url).path

    @property
    def handle(self) -> str:
        """The session's part of the address."""
        return self.path.split("/")[2]

    @property
    def number(self) -> int:
        """The number of the page of questions that is shown."""
        return int(self.path.rpartition("/")[2])

    def button(self, name: str) -> Locator:
        """The button of that meaning which a person sees and a screen reader finds."""
        words = WORDS[self.language][name]
        return self.page.get_by_role("button", name=words, exact=True)

    def tap(self, name: str) -> "Phone":
        """Tap a button that leads to a page, and wait for the page."""
        return self.follow(self.button(name))

    def follow(self, target: Locator) -> "Phone":
        """Tap whatever leads to a page, and wait for the page."""
        name = target.get_attribute("name") if self.is_scripted else None
        if name == "next":
            with turning(self.page):
                target.click()
            return self
        if name == "lang":
            return self._speak(target)
        with self.page.expect_navigation():
            target.click()
        return self

    def _speak(self, target: Locator) -> "Phone":
        before = self.page.locator("html").get_attribute("lang")
        target.click()
        # By the script in the page itself where it has the other language's words, otherwise by a new page.
        self.page.wait_for_function(
            "before => document.body && document.documentElement.lang !== before", arg=before
        )
        self.page.wait_for_load_state()
        return self

    def press_enter(self, target: Locator) -> "Phone":
        """Press Enter where it sends the page, and wait for the next one."""
        with self.page.expect_navigation():
            target.press("Enter")
        return self

    def decline(self, item: str) -> "Phone":
        """Tap the button by which one would rather not answer a question."""
        button = self.page.locator(f"[name=decline][value={item}]")
        if not self.is_scripted:
            return self.follow(button)
        # The script shows it in the page itself, where it can be taken back.
        button.click()
        self.page.locator(f"[name=clear][value={item}]").wait_for()
        return self

    def go_to(self, number: int) -> "Phone":
        """Open a page of questions by its address."""
        self.page.goto(f"{self.server.base_url}/q/{self.handle}/page/{number}")
        return self

    def go_to_review(self) -> "Phone":
        """Open the page before sending in by its address."""
        self.page.goto(f"{self.server.base_url}/q/{self.handle}/review")
        return self

    def choose(self, field: str, code: str) -> "Phone":
        """Tap the words of an answer."""
        self.page.locator(f'label[for="{field}-{code}"]').click()
        return self

    def write(self, field: str, text: str) -> "Phone":
        """Tap a field and type."""
        entry = self.page.locator(f"#{field}")
        entry.click()
        entry.fill(text)
        return self

    def answer(self, given: Mapping[str, str]) -> "Phone":
        """Give every answer that the page asks for, in the order of the page.

        Codes of a question that takes several are joined by a space.
        """
        for field, is_typed in self._entries().items():
            value = given.get(field)
            if value is not None and is_typed:
                self.write(field, value)
            elif value is not None:
                for code in value.split():
                    self.choose(field, code)
        return self

    def fields(self) -> list[str]:
        """Names of the form's fields in the order of the page, each once."""
        return list(self._entries())

    def _entries(self) -> dict[str, bool]:
        """Names of the form's fields in the order of the page, and whether one types into them."""
        inputs = self.page.locator("#page input:not([type=hidden])")
        found: list[tuple[str, str]] = inputs.evaluate_all("all => all.map(one => [one.name, one.type])")
        return {name: kind == "text" for name, kind in found}

    def is_chosen(self, field: str, code: str) -> bool:
        """Whether an answer is marked as chosen."""
        return self.page.locator(f"#{field}-{code}").is_checked()
