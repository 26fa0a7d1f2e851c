"""Where pictures are taken: a study, the server that serves it, and phones in one language."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from btb_pro.instruments.model import ItemType, Texts
from btb_pro.instruments.paging import Page as ItemPage
from btb_pro.instruments.paging import pages_of
from btb_pro.study import sections_asked
from tests.screens.camera import HEIGHT, SCALE, WIDTH, Camera, Row
from tests.support.live_server import LiveServer
from tests.support.plain_browser import PlainBrowser

LOCALES = {"nb": "nb-NO", "en": "en-GB"}


@dataclass(slots=True)
class Scene:
    """One language of the pictures."""

    server: LiveServer
    browser: Browser
    camera: Camera
    language: str
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @contextmanager
    def phone(self, *, runs_scripts: bool = False, width: int = WIDTH) -> Iterator[Page]:
        """A phone without cookies; without scripts unless they are what is shown. Wider, it is a tablet."""
        context = self.browser.new_context(
            viewport={"width": width, "height": HEIGHT},
            device_scale_factor=SCALE,
            locale=LOCALES[self.language],
            timezone_id="Europe/Oslo",
            java_script_enabled=runs_scripts,
            is_mobile=True,
            has_touch=True,
            reduced_motion="reduce",
        )
        try:
            yield context.new_page()
        finally:
            context.close()

    @contextmanager
    def started(self, *, runs_scripts: bool = False) -> Iterator[Page]:
        """A phone on which somebody has pressed Start: it shows the list of parts."""
        with self.phone(runs_scripts=runs_scripts) as page:
            page.goto(self.invited())
            press(page, "start")
            yield page

    def new_number(self) -> str:
        """The study number of somebody who is not there yet."""
        return f"{self.language.upper()}-{next(self.numbers):03d}"

    def invited(self) -> str:
        """The address of a new participant's link to the baseline visit."""
        world = self.server.world
        number = world.add(self.new_number(), language=self.language)
        return self.server.base_url + world.invite(number)

    def item_pages(self) -> tuple[ItemPage, ...]:
        """The pages of questions of the baseline visit."""
        world = self.server.world
        asked = sections_asked(world.runtime.study.visit("baseline").parts)
        return pages_of([(world.runtime.instruments[code], sections) for code, sections in asked.items()])

    def page_of(self, item: str) -> int:
        """Number of the page that asks an item."""
        return next(page.number for page in self.item_pages() if item in {one.code for one in page.items})

    def hands(self, page: Page) -> PlainBrowser:
        """A quick browser in the same session as the phone, to get on without taking pictures."""
        client = self.server.world.app.test_client()
        for cookie in page.context.cookies():
            client.set_cookie(cookie["name"], cookie["value"])
        return PlainBrowser(client, self.language, address=urlsplit(page.url).path)

    def take(
        self,
        page: Page,
        key: str,
        group: str,
        kind: str,
        caption: str,
        *,
        texts: tuple[Texts, ...] = (),
        also_dark: bool = False,
    ) -> None:
        """A picture of what the phone shows."""
        self.camera.take(page, self.language, Row(key, group, kind, caption, texts), also_dark=also_dark)


def press(page: Page, name: str, value: str = "") -> None:
    """Press the button of that name, and wait for the page that comes."""
    valued = f"[value='{value}']" if value else ""
    with page.expect_navigation():
        page.locator(f"button[name={name}]{valued}:not([aria-hidden])").first.click()


def choose(page: Page, field_code: str, *codes: str) -> None:
    """Tap answers."""
    for code in codes:
        page.locator(f"label[for='{field_code}-{code}']").click()


def session_address(page: Page) -> str:
    """The beginning of every address of the phone's session."""
    parts = urlsplit(page.url)
    return f"{parts.scheme}://{parts.netloc}/q/{parts.path.split('/')[2]}"


def go_to(page: Page, scene: Scene, item: str) -> None:
    """Open the page that asks an item."""
    page.goto(f"{session_address(page)}/page/{scene.page_of(item)}")


def answer_until_review(browser: PlainBrowser, *, n_pages: int = 1000) -> None:
    """Answer page by page, the second answer of each question, until the review or for some pages."""
    for _ in range(n_pages):
        if browser.page == "review":
            return
        for name in browser.names():
            inputs = browser.inputs(name)
            if inputs[0].get("type") in ("radio", "checkbox"):
                browser.fill(name, inputs[min(1, len(inputs) - 1)].get("value", ""))
            elif inputs[0].get("inputmode") == "numeric":
                browser.fill(name, inputs[0].get("data-min", ""))
        number = browser.address
        browser.press()
        if browser.address == number:
            browser.press()


def texts_of_page(asked: ItemPage) -> tuple[Texts, ...]:
    """Every wording of a page of questions in order, each once."""
    texts = [asked.section.stem] if asked.section.stem else []
    for item in asked.items:
        texts.append(item.text)
        for one in item.fields:
            texts.append(one.label)
            texts += [choice.label for choice in one.choices if choice.has_words]
            texts += [one.unit] if one.unit else []
    return tuple({id(one): one for one in texts}.values())


def looks_of(asked: ItemPage) -> set[str]:
    """What tells the look of a page of questions from another's."""
    scales = {
        f"scale of {len(item.fields[0].choices)}" for item in asked.items if item.type is ItemType.SCALE
    }
    return scales | {item.type for item in asked.items}
