"""Pages of questions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from btb_pro.instruments.answers import Refusal, open_items
from btb_pro.instruments.paging import Page
from btb_pro.participant.form import MainForm, Reading, changed, item_named, main_form, read_page
from btb_pro.participant.page_state import PageState, PageStateSigner, new_page_state
from btb_pro.participant.phone import client_key, device_time, is_from_script, shown_time
from btb_pro.participant.presenting import PagePresenter, shown_values, values_to_show
from btb_pro.participant.visitor import (
    Access,
    GoTo,
    ResponseValue,
    Visitor,
    access,
    participant,
    visiting,
    way_out,
)
from btb_pro.services.answers import KeyUsedTwice, PageSave, present_after, save_page
from btb_pro.services.sessions import SeenAnswer, change_language
from btb_pro.services.untaken_answers import keep_late_save, note_refused_answers
from btb_pro.this_request import runtime, speak


@participant.get("/q/<handle>/page/<number>")
@access(Access.SESSION)
def items(handle: str, number: str) -> ResponseValue:
    """Show a page of questions."""
    with visiting(handle) as visitor:
        return PageView(visitor, find_page(visitor, number)).html()


@participant.post("/q/<handle>/page/<number>")
@access(Access.SESSION)
def save_items(handle: str, number: str) -> ResponseValue:
    """Store what the page sent, then go where its button leads."""
    with visiting(handle, writes=True, after_submit=True) as visitor:
        view = PageView(visitor, find_page(visitor, number))
        if visitor.is_sent_in:
            return view.receive_late()
        return view.receive_from_script() if is_from_script() else view.receive()


class PageView:
    """One page of one visitor: showing it, and taking in what it sends."""

    def __init__(self, visitor: Visitor, page: Page, seen: Mapping[str, SeenAnswer] | None = None) -> None:
        self.visitor = visitor
        self.page = page
        self.seen = visitor.seen() if seen is None else seen
        keys = runtime().settings.secret_keys
        self.form: MainForm = main_form(visitor.handle, keys)
        self.signer = PageStateSigner(keys, visitor.handle)
        self.edition = f"{page.instrument.code}/{page.instrument.version}"

    def html(self) -> str:
        """The page with the values that this session entered."""
        shown = shown_values(self.page, self.seen)
        return self._render(self._new_state(shown), values_to_show(self.page, shown))[0]

    def receive(self) -> ResponseValue:
        """Store what was sent and answer with the page that comes next, or with this one again."""
        state = self.state_sent()
        reading = self.reading()
        is_ours = self.form.validate_on_submit()
        self._switch_language()
        if not is_ours:
            notice = gettext("Nothing was saved yet. Your answers are still here: press Next again.")
            return self._again(state, reading, notice)
        if self.is_of_another_edition(state):
            notice = gettext(
                "The questions were changed while you wrote. Look over your answers and press Next."
            )
            return self._again(replace(state, named=frozenset()), reading, notice, status=422)
        if reading.is_wrong:
            self.note_refused(reading)
            return self._again(state, reading, status=422)
        save = self.save_of(state, reading)
        open_now = self._open_after(save)
        stays_open = [code for code in open_now if code not in state.named]
        goes_on = not self._button_beside_next() and not stays_open
        try:
            save_page(
                self.visitor.db,
                self.visitor.context,
                self.visitor.runtime,
                self.visitor.answering,
                replace(save, passes_on=goes_on),
            )
        except KeyUsedTwice:
            notice = gettext("This page was sent before with other answers. Look over them and press Next.")
            return self._again(state, reading, notice, status=422)
        if goes_on or self._button_beside_next() or self.visitor.answering.is_over:
            return redirect(self._next_address(), 303)
        return self._open_questions(open_now)

    def receive_from_script(self) -> ResponseValue:
        """Store a page that was turned on the phone already; its open questions were named there."""
        if not self.form.validate_on_submit():
            return "", 403
        reading, state = self.reading(), self.state_sent()
        if reading.is_wrong:
            self.note_refused(reading)
        if reading.is_wrong or self.is_of_another_edition(state):
            return "", 422
        save = self.save_of(state, reading)
        visitor = self.visitor
        try:
            save_page(
                visitor.db, visitor.context, visitor.runtime, visitor.answering, replace(save, passes_on=True)
            )
        except KeyUsedTwice:
            return "", 422
        return "", 204

    def receive_late(self, *, is_tap: bool = False) -> Response:
        """Keep what comes after the visit was sent in, where the investigator sees it; show the receipt."""
        reading = self.reading()
        save = self.save_of(self.state_sent(), reading)
        if is_tap:
            save = replace(save, values=reading.values)
        keep_late_save(self.visitor.db, self.visitor.context, self.visitor.answering, save)
        return redirect(url_for("participant.receipt", handle=self.visitor.handle), 303)

    def _open_questions(self, open_now: Sequence[str]) -> ResponseValue:
        self.seen = self.visitor.seen()
        shown = shown_values(self.page, self.seen)
        state = self._new_state(shown, open_now)
        return self._render(state, values_to_show(self.page, shown), open_codes=frozenset(open_now))

    def _again(
        self, state: PageState, reading: Reading, notice: str = "", status: int = 200
    ) -> ResponseValue:
        """The page with everything that was typed; nothing was stored."""
        values: dict[str, Sequence[str]] = dict(values_to_show(self.page, state.shown))
        for item in self.page.items:
            for field in item.fields:
                if field.code in request.form:
                    values[field.code] = request.form.getlist(field.code)
        fresh = self._new_state(state.shown, sorted(state.named))
        if reading.unknown and not self.is_of_another_edition(state):
            notice = gettext(
                "The page sent something that it does not ask for: %(names)s. Press Next again.",
                names=", ".join("".join(filter(str.isprintable, name[:40])) for name in reading.unknown[:5]),
            )
        return self._render(fresh, values, refused=reading.refused, notice=notice, status=status)

    def _render(
        self,
        state: PageState,
        values: Mapping[str, Sequence[str]],
        *,
        refused: Mapping[str, Refusal] | None = None,
        open_codes: frozenset[str] = frozenset(),
        notice: str = "",
        status: int = 200,
    ) -> tuple[str, int]:
        visitor, page = self.visitor, self.page
        presenter = PagePresenter(page, visitor.language, self.seen, values, refused or {}, open_codes)
        body = render_template(
            "participant/items.html",
            handle=visitor.handle,
            page=page,
            n_pages=len(visitor.pages),
            instrument_title=page.instrument.title[visitor.language].text,
            stem=page.section.stem[visitor.language].text if page.section.stem else "",
            recall=page.instrument.recall[visitor.language].wording.text,
            items=presenter.items(),
            problems=presenter.problems(),
            is_wrong=bool(refused),
            has_open=bool(open_codes),
            notice=notice,
            csrf_token=self.form.csrf_token.current_token,
            state=self.signer.write(state),
            action=self._address(page.number),
        )
        return body, status

    def state_sent(self) -> PageState:
        """What the page remembers of itself; what it would remember now if that was lost on the way."""
        state = self.signer.read(self.form.state.data or "", self.page.number)
        return state or self._new_state(shown_values(self.page, self.seen))

    def is_of_another_edition(self, state: PageState) -> bool:
        """Whether the page that was sent showed another version of the questions than is asked now.

        Its answers were given to other words, so they are shown to be looked over and not stored under these.
        """
        return state.edition not in ("", self.edition)

    def _new_state(self, shown: Mapping[str, str], named: Sequence[str] = ()) -> PageState:
        return new_page_state(self.page.number, shown, self.visitor.language, named, self.edition)

    def reading(self) -> Reading:
        """What the page sent, read against the instrument."""
        current = {code: answer.stored for code, answer in self.seen.items()}
        reading = read_page(self.page, request.form, current)
        for button in ("decline", "clear"):
            code = request.form.get(button)
            if code is not None and item_named(self.page.items, code) is None:
                reading.unknown.append(f"{button}={code}")
        return reading

    def note_refused(self, reading: Reading) -> None:
        """Let the trail tell which values were refused, by which check."""
        visitor, answering = self.visitor, self.visitor.answering
        typed = {code: request.form.getlist(code) for code in reading.refused}
        place = f"{answering.visit.code}/{self.page.instrument.code}"
        number = answering.participant.study_number
        note_refused_answers(visitor.db, visitor.context, number, place, reading.refused, typed)

    def save_of(self, state: PageState, reading: Reading) -> PageSave:
        """What the page asks to be stored."""
        return PageSave(
            instrument=self.page.instrument,
            items=self.page.items,
            values=changed(reading.values, state.shown),
            client_key=client_key(state.key),
            language=state.language,
            shown_at=shown_time(state.shown_at),
            device_at=device_time(),
            decline=item_named(self.page.items, request.form.get("decline", "")),
            clear=item_named(self.page.items, request.form.get("clear", "")),
        )

    def _open_after(self, save: PageSave) -> list[str]:
        after = present_after(save, self.seen)
        return [item.code for item in open_items(self.page.items, self.page.instrument, after)]

    def _switch_language(self) -> None:
        language = request.form.get("lang", "")
        if language in self.visitor.runtime.study.languages:
            change_language(self.visitor.db, self.visitor.context, self.visitor.answering, language)
            speak(language)

    def _button_beside_next(self) -> str:
        return next(
            (name for name in ("decline", "clear", "lang", "back", "later") if name in request.form), ""
        )

    def _next_address(self) -> str:
        visitor, number, button = self.visitor, self.page.number, self._button_beside_next()
        if visitor.answering.is_over:
            return way_out(visitor.answering, visitor.runtime)
        if button in ("decline", "clear"):
            item = item_named(self.page.items, request.form[button])
            return self._address(number) + (f"#q-{item.code}" if item else "")
        if button == "lang":
            return self._address(number)
        if button == "later":
            return url_for("participant.parts", handle=visitor.handle, later=1)
        if self._comes_from_review():
            return url_for("participant.review", handle=visitor.handle)
        if button == "back":
            if number == 1:
                return url_for("participant.parts", handle=visitor.handle)
            return self._address(number - 1)
        if number == len(visitor.pages):
            return url_for("participant.review", handle=visitor.handle)
        return self._address(number + 1)

    def _comes_from_review(self) -> bool:
        return request.args.get("from") == "review"

    def _address(self, number: int) -> str:
        address = url_for("participant.items", handle=self.visitor.handle, number=number)
        return f"{address}?{urlencode({'from': 'review'})}" if self._comes_from_review() else address


def find_page(visitor: Visitor, number: str) -> Page:
    """The page of that number; a number that no page has leads to the list of parts."""
    if number.isascii() and number.isdigit() and len(number) < 5 and 1 <= int(number) <= len(visitor.pages):
        return visitor.pages[int(number) - 1]
    raise GoTo(url_for("participant.parts", handle=visitor.handle))
