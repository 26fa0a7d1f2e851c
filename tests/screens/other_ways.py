"""Other ways in and out: the clinic's tablet, a code from a letter, a shared phone, the second step."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page

from btb_pro import clock
from btb_pro.participant.guesses import OF_A_NETWORK
from btb_pro.services.limits import network_of, note_failure
from btb_pro.study_file import PACKAGED_STUDY
from tests.screens.scene import Scene, answer_until_review, press, session_address
from tests.support.engines import EngineName
from tests.support.live_server import serving
from tests.support.outgoing import mailing, texting
from tests.support.staff import add_staff, session_cookie
from tests.support.world import make_world

TABLET = "On a tablet at the clinic"
CODES = "By a code: from a letter, and to see earlier answers"
SHARED = "Somebody else uses this phone"
GUARDED = "Without cookies, and too fast"

_TABLET_WIDTH = 820


def tablet(scene: Scene) -> None:
    """From the coordinator's hand to the participant's and back."""
    world, number = scene.server.world, scene.new_number()
    world.add(number, language=scene.language)
    email = add_staff(world, email=f"{number.lower()}@hospital.example", language=scene.language)
    name, value = session_cookie(world, email)
    with scene.phone(width=_TABLET_WIDTH) as page:
        page.context.add_cookies([{"name": name, "value": value, "url": scene.server.base_url}])
        page.goto(f"{scene.server.base_url}/console/participants/{number}/at-hand/baseline")
        with page.expect_navigation():
            page.locator("main form button").first.click()
        scene.take(page, "tablet-start", TABLET, "start", "Handed over", also_dark=True)
        press(page, "start")
        scene.take(page, "tablet-parts", TABLET, "parts", "The parts; handing back is on every page")
        press(page, "next")
        scene.take(page, "tablet-page", TABLET, "items", "A page of questions")
        with page.expect_navigation():
            page.locator("form.leave button").click()
        scene.take(page, "tablet-left", TABLET, "receipt", "Handed back before the end")


def typed_codes(scene: Scene) -> None:
    """Somebody has a letter and no camera."""
    with scene.phone() as page:
        page.goto(f"{scene.server.base_url}/k?lang={scene.language}")
        scene.take(page, "code-typed", CODES, "step", "Where the code of a letter is typed", also_dark=True)
        page.locator("#code").fill("K7PM-2XQ4-B9HX")
        press(page, "next")
        scene.take(page, "code-unknown", CODES, "step", "A code that nobody made")


def shared_phone(scene: Scene) -> None:
    """The phone goes to somebody else."""
    with scene.started() as page:
        page.goto(f"{session_address(page)}/leave")
        scene.take(page, "leave", SHARED, "step", "What leaving means, before it is done", also_dark=True)
        press(page, "next")
        scene.take(page, "left", SHARED, "receipt", "Nothing is left on the phone")


def second_step(scene: Scene) -> None:
    """A study that asks for a code before earlier answers are shown; and whoever guesses links there."""
    with _careful_study(scene) as careful, careful.phone() as page:
        world, number = careful.server.world, careful.new_number()
        world.add(number, language=scene.language, email="kari@hospital.example", phone="+47 400 00 042")
        link = world.invite(number)
        answer_until_review(world.started(link).press(), n_pages=1)
        page.goto(careful.server.base_url + link)
        press(page, "start")
        scene.take(page, "second-step", CODES, "step", "Opened again: a code is offered", also_dark=True)
        press(page, "send")
        scene.take(page, "second-step-sent", CODES, "step", "The code is on its way")
        page.locator("#code").fill("1234567")
        press(page, "next")
        scene.take(page, "second-step-wrong", CODES, "step", "Another code was typed")
        for minutes in (1, 2):
            with clock.at(clock.now() + timedelta(minutes=minutes)):
                world.browser(scene.language).open(link).press().press("send", "email")
        page.reload()
        scene.take(page, "second-step-wait", CODES, "step", "So many codes that the next one has to wait")
        press(page, "without")
        scene.take(page, "second-step-without", CODES, "parts", "Gone on without a code")
        _guess(careful, page)


def cookies_off(scene: Scene) -> None:
    """A browser that keeps no cookies is told so before the first question."""
    with scene.phone() as page:
        link = scene.invited()
        page.goto(link)
        press(page, "start")
        page.context.clear_cookies()
        page.goto(page.url, referer=link)
        scene.take(page, "dead-cookies-off", GUARDED, "dead", "The browser keeps no cookies", also_dark=True)


def _guess(scene: Scene, page: Page) -> None:
    world = scene.server.world
    with world.writing() as session:
        for _ in range(OF_A_NETWORK.free + 7):
            note_failure(
                session, OF_A_NETWORK, network_of("127.0.0.1"), world.runtime.settings.secret_keys[0]
            )
    page.goto(f"{scene.server.base_url}/s/nobody-made-this")
    scene.take(page, "dead-too-fast", GUARDED, "dead", "Too many links that nobody made, one after another")


@contextmanager
def _careful_study(scene: Scene) -> Iterator[Scene]:
    """The same study with the second step, behind a server of its own. It sends nothing."""
    text = PACKAGED_STUDY.read_text(encoding="utf-8").replace("link_days", "second_step = true\nlink_days", 1)
    with tempfile.TemporaryDirectory() as folder:
        world = make_world(Path(folder), study=text, engine=EngineName.SQLITE)
        texting(mailing(world, "smtp://127.0.0.1:1"), "sveve+http://nobody:nothing@127.0.0.1:1/send")
        with serving(world) as server:
            yield replace(scene, server=server)
        world.close()
