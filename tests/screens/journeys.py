"""The ways through the pages, with a picture wherever there is something new to see."""

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from btb_pro import clock
from btb_pro.instruments.paging import Page as ItemPage
from tests.screens.scene import (
    Scene,
    answer_until_review,
    choose,
    go_to,
    looks_of,
    press,
    session_address,
    texts_of_page,
)
from tests.support.behind import kept_locked

Journey = Callable[[Scene], None]

START = "Before the first question"
STATES = "States of a page of questions"
SCRIPT = "With JavaScript: saved on the tap, and without coverage"
END = "Looking over, sending in, afterwards"
REQUESTS = "Not me, no more messages, a mistake"
DEAD = "Where it cannot go on"

_TOO_MUCH = 300_000
"""Characters that are more than any page may send."""


def opening(scene: Scene) -> None:
    """The start page and the list of parts before anything is answered."""
    with scene.phone() as page:
        page.goto(scene.server.base_url)
        scene.take(page, "home", START, "dead", "Somebody comes without a link")
        page.goto(scene.invited())
        scene.take(page, "start", START, "start", "The link was opened", also_dark=True)
        press(page, "start")
        scene.take(page, "parts-new", START, "parts", "The parts, nothing answered yet", also_dark=True)


def questions(scene: Scene) -> None:
    """Every page of questions of the baseline visit, untouched."""
    looks: set[str] = set()
    with scene.started() as page:
        for asked in scene.item_pages():
            page.goto(f"{session_address(page)}/page/{asked.number}")
            _take_questions(scene, page, asked, also_dark=not looks.issuperset(looks_of(asked)))
            looks |= looks_of(asked)


def one_of_each(scene: Scene) -> None:
    """The shortest way past every kind of page."""
    with scene.phone() as page:
        page.goto(scene.server.base_url)
        scene.take(page, "home", START, "dead", "Somebody comes without a link")
        page.goto(scene.invited())
        scene.take(page, "start", START, "start", "The link was opened")
        press(page, "start")
        scene.take(page, "parts-new", START, "parts", "The parts, nothing answered yet", also_dark=True)
        press(page, "next")
        _take_questions(scene, page, scene.item_pages()[0], also_dark=False)
        address = session_address(page)
        page.goto(f"{address}/review")
        scene.take(page, "review-all-open", END, "review", "Looking over, with every question open")
        press(page, "next")
        scene.take(page, "receipt", END, "receipt", "Sent in")
        page.goto(f"{address}/mistake")
        scene.take(page, "step-mistake", REQUESTS, "step", "I made a mistake")


def _take_questions(scene: Scene, page: Page, asked: ItemPage, *, also_dark: bool) -> None:
    """A picture of a page of questions, with its wordings."""
    codes = ", ".join(item.code for item in asked.items)
    scene.take(
        page,
        f"page-{asked.number:02d}",
        asked.instrument.code,
        "items",
        f"Page {asked.number} of {len(scene.item_pages())}: {codes}",
        texts=texts_of_page(asked),
        also_dark=also_dark,
    )


def answered_questions(scene: Scene) -> None:
    """Answers given, and the questions that they bring up."""
    with scene.started() as page:
        go_to(page, scene, "shc_headache")
        choose(page, "shc_headache", "2")
        scene.take(
            page, "state-days", STATES, "items", "A severity brings up the number of days", also_dark=True
        )
        go_to(page, scene, "fabq_activity_worse")
        choose(page, "fabq_activity_worse", "5")
        scene.take(page, "state-scale", STATES, "items", "A number of a scale is chosen", also_dark=True)
        go_to(page, scene, "pain_stiffness_length")
        choose(page, "pain_stiffness", "1")
        scene.take(page, "state-follow-up", STATES, "items", "An answer brings up the next question")
        go_to(page, scene, "pain_worse")
        choose(page, "pain_worse", "sitting", "other")
        scene.take(page, "state-other", STATES, "items", "Several are chosen, one of them asks for words")


def open_and_declined_questions(scene: Scene) -> None:
    """What is told about questions without an answer, and about answers from earlier."""
    with scene.phone() as page:
        link = scene.invited()
        page.goto(link)
        press(page, "start")
        go_to(page, scene, "hscl_headache")
        press(page, "next")
        scene.take(
            page, "state-open", STATES, "items", "Next was pressed, questions are open", also_dark=True
        )
        press(page, "decline")
        scene.take(page, "state-declined", STATES, "items", "One question is declined")
        choose(page, "hscl_trembling", "2")
        press(page, "next")
        with scene.phone() as another:
            another.goto(link)
            press(another, "start")
            go_to(another, scene, "hscl_headache")
            scene.take(
                another, "state-kept", STATES, "items", "Answered in an earlier session: that, but not how"
            )


def script_at_work(scene: Scene) -> None:
    """What the page's script tells: saved, not sent yet, open questions, the end without coverage."""
    with scene.started(runs_scripts=True) as page:
        go_to(page, scene, "hscl_headache")
        if page.locator("script[src]").count() == 0:
            # Pages that bear no script have nothing of the kind to show.
            return
        choose(page, "hscl_headache", "2")
        _await_status(page, "saved")
        scene.take(page, "script-saved", SCRIPT, "items", "An answer was saved on the tap")
        page.goto(f"{session_address(page)}/page/{len(scene.item_pages())}")
        page.context.set_offline(True)
        choose(page, scene.item_pages()[-1].items[0].code, "0")
        _await_status(page, "waiting")
        scene.take(page, "script-waiting", SCRIPT, "items", "An answer waits on the phone", also_dark=True)
        forward = page.locator("main .actions [name=next]")
        forward.click()
        expect(page.locator("#summary")).to_be_visible()
        scene.take(page, "script-open", SCRIPT, "items", "Next was pressed, questions are open")
        forward.click()
        expect(page.locator("main form[data-submits]")).to_be_visible()
        scene.take(page, "script-end", SCRIPT, "review", "The end, come to without coverage", also_dark=True)


def wrong_answers(scene: Scene) -> None:
    """What cannot be stored, and how it is told."""
    with scene.started() as page:
        go_to(page, scene, "bg_age")
        page.locator("#bg_age").fill("fifty")
        press(page, "next")
        scene.take(
            page, "error-no-number", STATES, "items", "A number was written in letters", also_dark=True
        )
        page.locator("#bg_age").fill("500")
        press(page, "next")
        scene.take(page, "error-range", STATES, "items", "A number is out of its range")
        go_to(page, scene, "pain_worse")
        choose(page, "pain_worse", "sitting", "none")
        press(page, "next")
        scene.take(page, "error-excluded", STATES, "items", "An answer that excludes the others has company")
        go_to(page, scene, "pain_worse")
        choose(page, "pain_worse", "other")
        page.locator("#pain_worse_other").evaluate("one => { one.value = 'abc '.repeat(60); }")
        press(page, "next")
        scene.take(page, "error-length", STATES, "items", "A text is too long")
        go_to(page, scene, "bg_age")
        page.locator("#bg_age").fill("50")
        page.locator("[name=csrf_token]").first.evaluate("one => { one.value = 'stale'; }")
        press(page, "next")
        scene.take(
            page, "error-stale", STATES, "items", "The page had grown stale: nothing lost, press again"
        )


def finishing(scene: Scene) -> None:
    """From the first answers to the receipt."""
    with scene.phone() as page:
        link = scene.invited()
        page.goto(link)
        press(page, "start")
        address, hands = session_address(page), scene.hands(page)
        answer_until_review(hands.open(hands.address).press(), n_pages=4)
        page.goto(f"{address}/")
        scene.take(page, "parts-begun", END, "parts", "The parts, some of it answered")
        page.goto(f"{address}/page/1")
        press(page, "later")
        scene.take(page, "parts-later", END, "parts", "Continue later was pressed")
        answer_until_review(hands, n_pages=18)
        page.goto(f"{address}/review")
        scene.take(page, "review-gaps", END, "review", "Looking over, with questions open")
        answer_until_review(hands)
        page.goto(f"{address}/")
        scene.take(page, "parts-done", END, "parts", "The parts, all done")
        page.goto(f"{address}/review")
        page.locator("summary").first.click()
        scene.take(
            page, "review", END, "review", "Looking over, nothing open; one part unfolded", also_dark=True
        )
        press(page, "next")
        scene.take(page, "receipt", END, "receipt", "Sent in", also_dark=True)
        page.goto(link)
        scene.take(page, "receipt-by-link", END, "receipt", "The link, opened after sending in")


def requests_by_link(scene: Scene) -> None:
    """What the holder of a link may ask for on the start page."""
    with scene.phone() as page:
        link = scene.invited()
        page.goto(f"{link}/not-me?lang={scene.language}")
        scene.take(page, "step-not-me", REQUESTS, "step", "This is not me", also_dark=True)
        press(page, "next")
        scene.take(page, "done-not-me", REQUESTS, "receipt", "This is not me: told")
        page.goto(f"{scene.invited()}/stop?lang={scene.language}")
        scene.take(page, "step-stop", REQUESTS, "step", "Stop sending me this")
        press(page, "next")
        scene.take(page, "done-stop", REQUESTS, "receipt", "Stop sending me this: told")
        page.goto(page.url.replace("/stop", ""))
        scene.take(page, "start-stopped", REQUESTS, "start", "The link, opened after that")


def mistakes(scene: Scene) -> None:
    """A wish to correct, from the receipt."""
    with scene.started() as page:
        address = session_address(page)
        page.goto(f"{address}/review")
        press(page, "next")
        page.goto(f"{address}/mistake")
        scene.take(page, "step-mistake", REQUESTS, "step", "I made a mistake", also_dark=True)
        press(page, "next")
        scene.take(page, "step-mistake-empty", REQUESTS, "step", "I made a mistake: nothing written")
        page.locator("#what").fill("fabq 2: 5")
        press(page, "next")
        scene.take(page, "receipt-mistake", REQUESTS, "receipt", "I made a mistake: sent")


def dead_links(scene: Scene) -> None:
    """Links that open nothing."""
    world, base_url, today = scene.server.world, scene.server.base_url, clock.today()
    addresses: dict[str, str] = {"unknown": "/s/nobody-made-this"}
    with clock.at(clock.now() - timedelta(days=35)):
        number = world.add(scene.new_number(), language=scene.language, day0=str(today - timedelta(days=30)))
        addresses["expired"] = world.invite(number)
    number = world.add(scene.new_number(), language=scene.language, day0=str(today + timedelta(days=60)))
    addresses["not-open-yet"] = world.invite(number)
    number = world.add(scene.new_number(), language=scene.language)
    addresses["revoked"] = world.invite(number)
    world.revoke(number)
    number = world.add(scene.new_number(), language=scene.language)
    addresses["replaced"] = world.invite(number)
    world.invite(number, replace=True)
    number = world.add(scene.new_number(), language=scene.language)
    addresses["withdrawn"] = world.invite(number)
    world.withdraw(number)
    with scene.phone() as page:
        for state, address in addresses.items():
            page.goto(base_url + address)
            words = state.replace("-", " ")
            scene.take(
                page, f"dead-{state}", DEAD, "dead", f"The link is {words}", also_dark=state == "expired"
            )
        page.goto(base_url + addresses["expired"])
        press(page, "ask")
        scene.take(page, "done-new-link", DEAD, "receipt", "The link is expired; a new one was asked for")


def refusals(scene: Scene) -> None:
    """What the server refuses, or cannot do just now."""
    with scene.started() as page:
        address = session_address(page)
        go_to(page, scene, "pain_worse")
        choose(page, "pain_worse", "other")
        field = page.locator("#pain_worse_other")
        field.evaluate("(one, length) => { one.value = 'x'.repeat(length); }", _TOO_MUCH)
        press(page, "next")
        scene.take(page, "dead-too-big", DEAD, "dead", "Far too much text was sent")
        go_to(page, scene, "bg_age")
        page.locator("#bg_age").fill("47")
        with kept_locked(scene.server.world):
            # The server gives up after a while.
            press(page, "next")
        scene.take(page, "dead-retry", DEAD, "step", "The server could not store just now")
        page.goto(
            f"data:text/html,<form method=post action='{address}/page/1'><button name=next>x</button></form>"
        )
        press(page, "next")
        scene.take(page, "dead-foreign", DEAD, "dead", "A form came from another site")
        page.goto(f"{scene.server.base_url}/no/such/page")
        scene.take(page, "dead-no-page", DEAD, "dead", "There is no such page")


def _await_status(page: Page, word: str) -> None:
    """Wait until the line under the questions says it in the page's language."""
    status = page.locator("#save-status")
    expect(status).to_have_text(status.get_attribute(f"data-{word}") or "no such word")
