"""Every kind and state of page, taken once from the real server and kept for the checks that look at each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext

from btb_pro import clock
from btb_pro.study_file import PACKAGED_STUDY
from tests.browser.phone import Phone
from tests.browser.windows import LOCALES
from tests.support.behind import kept_locked
from tests.support.live_server import LiveServer
from tests.support.outgoing import mailing
from tests.support.world import make_world

NUMBERS, SCALE_11, SEVERAL, FOLLOW_UP, EFFECTS, CHOICES, SCALE_7, CARDS, DAYS = 1, 3, 6, 7, 9, 10, 12, 17, 22
"""Pages of the baseline visit, by the kind of question that they show."""

Snapshots = dict[str, str]
"""Name of a page's kind and state to its HTML, by the order in which a participant would meet them."""


@dataclass
class Photographer:
    """Walks through a visit in one language and keeps every page that it sees."""

    browser: Browser
    server: LiveServer
    language: str
    folder: Path
    """Where it may make a study of its own."""

    def walk(self) -> Snapshots:
        """All pages of the walk."""
        taken: Snapshots = {}
        with self._context() as context:
            phone = Phone(context.new_page(), self.server, self.language)
            for name in self._answering(phone):
                taken[name] = phone.page.content()
            taken |= self._refusals(context, phone.handle)
            for name in self._sending(phone):
                taken[name] = phone.page.content()
        taken |= self._dead_ends()
        taken["step-busy"] = self._busy()
        for name, html in self._code():
            taken[name] = html
        return taken

    @contextmanager
    def _context(self) -> Iterator[BrowserContext]:
        context = self.browser.new_context(
            viewport={"width": 360, "height": 800},
            locale=LOCALES[self.language],
            # Requests that are not a page's own send no language by themselves.
            extra_http_headers={"Accept-Language": LOCALES[self.language]},
            java_script_enabled=False,
        )
        yield context
        context.close()

    def _answering(self, phone: Phone) -> Iterator[str]:
        link = phone.invited()
        phone.page.goto(link)
        yield "start"
        phone.tap("start")
        yield "parts"
        phone.tap("continue")
        yield "items-numbers"
        phone.write("bg_age", "200").write("bg_children", "two").tap("next")
        yield "items-numbers-wrong"
        for number, name in (
            (SCALE_11, "items-scale-11"),
            (SEVERAL, "items-several"),
            (FOLLOW_UP, "items-follow-up"),
            (EFFECTS, "items-effects"),
            (CHOICES, "items-choices"),
            (SCALE_7, "items-scale-7"),
            (CARDS, "items-cards"),
            (DAYS, "items-days"),
        ):
            phone.go_to(number)
            yield name
        yield from self._answered(phone)
        yield from self._second_session(phone, link)

    def _answered(self, phone: Phone) -> Iterator[str]:
        phone.answer({"shc_cold_flu": "0", "shc_cough": "1", "shc_asthma": "3", "shc_cough_days": "31"})
        phone.tap("next")
        yield "items-days-wrong"
        phone.write("shc_cough_days", "30").tap("next")
        yield "items-days-open"
        phone.go_to(SCALE_7).tap("next")
        yield "items-scale-7-open"
        phone.go_to(SCALE_11).tap("next")
        yield "items-scale-11-open"
        phone.go_to(SEVERAL).answer({"pain_worse": "sitting other none", "pain_duration_years": "2"})
        phone.write("pain_worse_other", "æøå").tap("next")
        yield "items-several-wrong"
        phone.choose("pain_worse", "none").tap("next")
        phone.go_to(SEVERAL)
        yield "items-several-answered"
        phone.go_to(EFFECTS).answer({"pain_treat_exercise": "2", "pain_treat_other": "1"}).tap("next")
        yield "items-effects-open"
        phone.go_to(CARDS).answer({"hscl_headache": "1"}).decline("hscl_trembling")
        yield "items-cards-declined"
        stale = "token => { token.value = 'stale'; }"
        phone.page.locator("[name=csrf_token]").evaluate(stale)
        phone.tap("next")
        yield "items-cards-notice"
        phone.tap("later")
        yield "parts-later"

    def _second_session(self, phone: Phone, link: str) -> Iterator[str]:
        phone.page.context.clear_cookies()
        phone.page.goto(link)
        phone.tap("start").go_to(DAYS)
        yield "items-days-kept"
        phone.go_to_review()
        yield "review"

    def _sending(self, phone: Phone) -> Iterator[str]:
        phone.go_to_review().tap("send")
        yield "receipt"

    def _refusals(self, context: BrowserContext, handle: str) -> Snapshots:
        base_url, request = self.server.base_url, context.request
        page = f"{base_url}/q/{handle}/page/{SEVERAL}"
        foreign = {"Sec-Fetch-Site": "cross-site"}
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return {
            "dead-too-big": request.post(page, form={"pain_worse_other": "x" * 300_000}).text(),
            "dead-unreadable": request.post(page, headers=form, data=b"pain_worse_other=%ff").text(),
            "dead-foreign": request.post(page, headers=foreign, form={"next": "1"}).text(),
            "dead-no-such-page": request.get(f"{base_url}/nothing/here").text(),
        }

    def _dead_ends(self) -> Snapshots:
        server, world = self.server, self.server.world
        today = clock.today()
        with self._context() as context:

            def get(address: str) -> str:
                return context.request.get(server.base_url + address).text()

            def add(days: int = 0) -> str:
                return server.add(self.language, day0=(today + timedelta(days)).isoformat())

            taken = {"dead-no-link": get("/"), "dead-unknown": get("/s/nothing")}
            taken["dead-cookies-off"] = self._without_cookies(world.invite(add()))
            taken["dead-not-open-yet"] = get(world.invite(add(60)))
            taken["dead-expired"] = get(self._invited_a_month_ago(add(-30)))
            revoked = world.invite(add())
            world.revoke(server.study_number)
            taken["dead-revoked"] = get(revoked)
            replaced = world.invite(add())
            world.invite(server.study_number, replace=True)
            taken["dead-replaced"] = get(replaced)
            withdrawn = world.invite(add())
            world.withdraw(server.study_number)
            taken["dead-withdrawn"] = get(withdrawn)
        return taken

    def _without_cookies(self, link: str) -> str:
        client = self.server.world.app.test_client(use_cookies=False)
        started = client.post(link)
        return client.get(started.headers["Location"], headers={"Referer": f"http://localhost{link}"}).text

    def _invited_a_month_ago(self, study_number: str) -> str:
        with clock.at(clock.now() - timedelta(days=30)):
            return self.server.world.invite(study_number)

    def _code(self) -> Iterator[tuple[str, str]]:
        """The second step, in a study that asks for it."""
        study = PACKAGED_STUDY.read_text(encoding="utf-8")
        study = study.replace("link_days", "second_step = true\nlink_days", 1)
        world = make_world(self.folder / f"code-{self.language}", study=study)
        mailing(world, "smtp://127.0.0.1:1")
        try:
            number = world.add(language=self.language, email="kari@hospital.example", phone="+47 400 00 042")
            link = world.invite(number)
            world.started(link).press().fill("bg_age", "47").press("later")
            browser = world.browser(self.language).open(link).press()
            yield "step-code", browser.html
            yield "step-code-sent", browser.press().html
            yield "step-code-wrong", browser.fill("code", "").press().html
            for minutes in (1, 2):
                with clock.at(clock.now() + timedelta(minutes=minutes)):
                    browser.press("send", "email")
            yield "step-code-wait", browser.html
            yield "parts-code", browser.press("without").html
        finally:
            world.close()

    def _busy(self) -> str:
        """What a page shows while something else keeps the database locked."""
        world = make_world(self.folder / f"busy-{self.language}")
        try:
            phone = world.started(language=self.language).press()
            with kept_locked(world):
                phone.fill("bg_age", "47").press("next")
            return phone.html
        finally:
            world.close()
