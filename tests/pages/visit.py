"""A visit from the link to the receipt, and every kind of page that there is on the way and beside it."""

import re
from collections.abc import Iterator
from itertools import count

from playwright.sync_api import Browser, Locator, Page, Response

from tests.pages.slow_phone import SlowPhone, slow_phone
from tests.support.live_server import LiveServer

_INPUTS = """all => all.map(one => ({name: one.name, type: one.type, id: one.id, least: one.dataset.min}))"""
_MOST_STEPS = 100
_NUMBERS = count(1)
_PARTS_THAT_DIFFER = {"choices", "scale-3", "scale-7", "scale-11", "numbers", "dependent", "ds-error-summary"}


def forward_button(page: Page) -> Locator:
    """The button that goes on, where a finger finds it."""
    return page.locator("main form#page .actions button").first


def walk(phone: SlowPhone, link: str) -> Iterator[str]:
    """Open a link and name every place on the way to the receipt.

    Whoever takes a place taps its button forward before asking for the next one.
    """
    phone.open(link)
    for _ in range(_MOST_STEPS):
        if phone.kind == "receipt":
            return
        yield phone.place
    raise AssertionError(f"no receipt after {_MOST_STEPS} pages, but {phone.page.url}")


def answer(page: Page) -> None:
    """Give every question of a page an answer by touch: the second choice, the first box, the least number.

    Where a page has no questions there is nothing to do.
    """
    inputs = page.locator("#page input:not([type=hidden])").evaluate_all(_INPUTS)
    by_name: dict[str, list[dict[str, str]]] = {}
    for one in inputs:
        by_name.setdefault(one["name"], []).append(one)
    for group in by_name.values():
        first = group[0]
        if first["type"] == "text":
            if page.locator(f"#{first['id']}").is_visible():
                page.locator(f"#{first['id']}").fill(first.get("least") or "ord")
        else:
            chosen = group[1] if first["type"] == "radio" else first
            label = page.locator(f"label[for='{chosen['id']}']")
            if label.is_visible():
                label.tap()


def kind_of(html: str) -> str:
    """What tells a page's kind and state from another's: its name and the parts that only some pages have."""
    page = re.search(r'data-page="(\w+)"', html)
    assert page is not None, html[:200]
    markup = html.partition("<template")[0]
    classes = {name for names in re.findall(r'class="([^"]*)"', markup) for name in names.split()}
    return " ".join([page[1], *sorted(classes & _PARTS_THAT_DIFFER)])


def every_kind_of_page(browser: Browser, server: LiveServer, language: str) -> dict[str, str]:
    """HTML as the server sent it, one page of each kind and state, by what tells it apart."""
    found: dict[str, str] = {}
    came: list[Response] = []
    with slow_phone(browser, runs_scripts=False, is_slow=False) as phone:
        page = phone.page
        page.on("response", lambda response: came.append(response))

        def keep(name: str = "") -> None:
            html = next(one for one in reversed(came) if one.request.is_navigation_request()).text()
            found.setdefault(name or kind_of(html), html)

        for _ in walk(phone, invited(server, language)):
            n_known = len(found)
            keep()
            if len(found) > n_known and phone.kind == "items":
                phone.tap_to_next_page(forward_button(page))
                keep()
            answer(page)
            phone.tap_to_next_page(forward_button(page))
        keep()
        for name, path in _dead_ends(server, language).items():
            phone.open(f"{server.base_url}{path}?lang={language}")
            keep(f"dead {name}")
    return found


def invited(server: LiveServer, language: str) -> str:
    """The whole address of a link for somebody new."""
    return server.base_url + server.world.invite(_somebody(server, language))


def _somebody(server: LiveServer, language: str) -> str:
    return server.world.add(f"BTB-{next(_NUMBERS):04}", language=language)


def _dead_ends(server: LiveServer, language: str) -> dict[str, str]:
    world = server.world
    revoked, replaced, withdrawn = (_somebody(server, language) for _ in range(3))
    paths = {"unknown": "/s/nothing", "home": "/", "revoked": world.invite(revoked)}
    paths |= {"replaced": world.invite(replaced), "withdrawn": world.invite(withdrawn)}
    world.revoke(revoked)
    world.invite(replaced, replace=True)
    world.withdraw(withdrawn)
    return paths
