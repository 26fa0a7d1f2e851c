"""Nobody at the console sees what the role hides: two studies that differ in answers alone look the same."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import Element

import pypdfium2
import pytest
from flask import Flask
from werkzeug.routing import Rule

from btb_pro import clock
from btb_pro.roles import PERMISSIONS, Permission, Role
from tests.integration.console import work
from tests.integration.participant.steps import session_address
from tests.support.engines import EngineName
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import World, make_world

CANARIES = {"first": "Kanarifugl", "last": "Papegoyene"}
"""What is written wherever words can be; as long as each other."""
EMAIL, PHONE = "kanari@fugl.example", "+4741234567"
HIDDEN_ADDRESSES = (EMAIL, PHONE, PHONE.removeprefix("+47"))
SEE_NO_ANSWER = (Role.COORDINATOR, Role.ADMIN)
SEE_NO_CONTACT = tuple(role for role in Role if Permission.SEE_CONTACTS not in PERMISSIONS[role])
Look = Callable[[str, Role], dict[str, str]]
_VARYING = re.compile(
    r'name="csrf_token"[^>]*value="[^"]*"|value="[^"]*"[^>]*name="csrf_token"|[\w-]{22}\.[\w-]{22}'
    r"|btb-\w+-\d+|\bv\d\.\S+"
)


def answer_all(browser: PlainBrowser, which: str, pages: int = 99) -> None:
    """Answer every question of the visit, or of its first pages, with each first or each last choice."""
    browser.open(f"{session_address(browser)}/page/1")
    for _ in range(pages):
        if browser.page != "items":
            return
        for name in dict.fromkeys(browser.names()):
            answer = _answer(browser.inputs(name), which)
            if answer:
                browser.fill(name, answer)
        browser.press()
        assert browser.status in (200, 303), browser.text


def _answer(inputs: list[Element], which: str) -> str:
    kind = inputs[0].get("type", "text")
    values = [one.get("value", "") for one in inputs if one.get("value")]
    if kind in ("radio", "checkbox", "range"):
        return values[0 if which == "first" else -1] if values else ""
    if inputs[0].get("inputmode") == "numeric":
        return inputs[0].get("data-min" if which == "first" else "data-max", "")
    return CANARIES[which]


def study(folder: Path, which: str) -> World:
    """A study in which some sent in, one is under way, one wishes to correct, one is on paper."""
    world = make_world(folder / which, engine=EngineName.SQLITE)
    for number in ("DONE", "HALF", "WISH", "PAPER", "ALERT"):
        day0 = (clock.today() + timedelta(days=3)).isoformat()
        world.add(number, "oslo", "nb", day0=day0, email=EMAIL, phone=PHONE)
    done = world.started(world.invite("DONE"))
    answer_all(done, which)
    assert done.open(f"{session_address(done)}/review").press().page == "receipt"
    answer_all(world.started(world.invite("HALF")), which, pages=2)
    wish = world.started(world.invite("WISH"))
    answer_all(wish, which)
    wish.open(f"{session_address(wish)}/review").press()
    _wish_to_correct(wish, CANARIES[which])
    world.invite("PAPER")
    work.paper(world, "PAPER")
    world.invite("ALERT")
    work.alert(world, "ALERT")
    work.message(world, "ALERT", "bounced", "mailbox_full")
    return world


def _wish_to_correct(browser: PlainBrowser, words: str) -> None:
    browser.open(browser.link("Jeg svarte feil"))
    name = next(one.get("name", "") for one in browser.main_form.iter("textarea"))
    browser.fill(name, words).press()


def addresses(app: Flask) -> Iterator[tuple[str, str]]:
    """Method and address of every route of the console, for each thing that is there to look at."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/console"):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                for values in _values(rule):
                    yield method, app.url_map.bind("localhost").build(rule.endpoint, values)


def _values(rule: Rule) -> Iterator[dict[str, object]]:
    is_of_person = rule.rule.startswith("/console/participants/<")
    for number in ("DONE", "HALF", "WISH", "PAPER", "ALERT") if is_of_person else (1, 2, 3):
        known: dict[str, object] = {"number": number, "code": "baseline", "visit": "baseline", "page": 2}
        known |= {"wish": number, "late": number}
        yield {name: known.get(name, "x") for name in rule.arguments}
        if "number" not in rule.arguments:
            return


def words_of(pdf: bytes) -> str:
    """The text of a PDF."""
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def seen(world: World, role: Role) -> dict[str, str]:
    """Everything that a role is shown at any address, without what differs by chance."""
    browser = signed_in(world, role)
    shown = {}
    for method, address in addresses(world.app):
        # The key of a second factor is new each time.
        if (
            "sign-out" in address
            or "second-factor" in address
            or (method == "POST" and address.endswith("/account/sessions"))
        ):
            continue
        response = browser.client.open(address, method=method, headers={"Accept-Language": "nb"})
        if response.mimetype == "application/pdf":
            text = words_of(response.data)
        else:
            text = response.get_data(as_text=True)
        shown[f"{method} {address}"] = _VARYING.sub("", text + str(response.headers.get("Location", "")))
    return shown


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, World]]:
    """The same study twice: every answer is the first that there is, or the last."""
    folder = tmp_path_factory.mktemp("canary")
    with clock.at(work.NOON):
        made = {which: study(folder, which) for which in CANARIES}
        yield made
    for world in made.values():
        world.close()


@pytest.fixture(scope="module")
def look(studies: dict[str, World]) -> Look:
    """What a role is shown of a study; looked at once."""

    @cache
    def looked(which: str, role: Role) -> dict[str, str]:
        with clock.at(work.NOON):
            return seen(studies[which], role)

    return looked


@pytest.mark.parametrize("role", SEE_NO_ANSWER)
def test_whatever_was_answered_the_pages_are_the_same(look: Look, role: Role) -> None:
    first, last = look("first", role), look("last", role)
    assert len(first) > 60
    assert first.keys() == last.keys()
    assert [address for address in first if first[address] != last[address]] == []
    everything = "".join(first.values()) + "".join(last.values())
    assert [word for word in CANARIES.values() if word in everything] == []


def test_the_canaries_are_there_to_be_found(studies: dict[str, World]) -> None:
    with clock.at(work.NOON):
        investigator = signed_in(studies["first"], Role.INVESTIGATOR).open("/console/requests/1")
    assert CANARIES["first"] in investigator.text


@pytest.mark.parametrize("role", SEE_NO_CONTACT)
def test_no_page_tells_an_address_to_who_may_not_see_it(look: Look, role: Role) -> None:
    everything = "".join(look("last", role).values())
    assert [one for one in HIDDEN_ADDRESSES if one in everything] == []
    assert "DONE" in everything or Permission.SEE_PARTICIPANTS not in PERMISSIONS[role]
