"""Somebody who taps at random: what is acknowledged is what is stored, and the server never stumbles."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from btb_pro.instruments.model import FieldKind
from btb_pro.instruments.paging import Page, pages_of
from btb_pro.services.verification import verify
from tests.integration.participant.made_up import make_every_type
from tests.integration.participant.model import Model, Row, Wrong
from tests.integration.participant.steps import buttons, present, session_address
from tests.support.engines import EngineName
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World

TYPED = {
    FieldKind.INTEGER: ["", "0", "1", "5", " 7", "007", "75", "300", "31", "999", "x", "-1", "1.5"],
    FieldKind.TEXT: ["", " ", "blåbær", " a ", "«x» & <y>", "x" * 20, "x" * 41, "a\0b"],
}


class RandomVisit(RuleBasedStateMachine):
    """One tab of one session of the study with every type of question."""

    engine = EngineName.SQLITE
    folder: TemporaryDirectory[str]
    world: World
    browser: PlainBrowser
    pages: tuple[Page, ...]

    @initialize()
    def begin(self) -> None:
        """Press Start."""
        self.folder = TemporaryDirectory()
        self.world = make_every_type(Path(self.folder.name) / "instance", self.engine)
        self.pages = pages_of([(self.world.runtime.instruments["every_type"], None)])
        self.browser = self.world.started()
        self.model = Model()
        self.named: set[str] = set()
        self.last: tuple[str, list[tuple[str, str]]] | None = None

    @rule(number=st.integers(1, 6))
    def open_page(self, number: int) -> None:
        """Go to some page."""
        self.browser.open(f"{session_address(self.browser)}/page/{number}")
        self.named, self.last = set(), None

    @precondition(lambda self: self.browser.page == "items")
    @rule(data=st.data(), is_careful=st.booleans())
    def fill_in(self, data: st.DataObject, is_careful: bool) -> None:
        """Choose or type something in one field, now and then something impossible."""
        fields = {one.code: one for item in self.page.items for one in item.fields}
        one = fields[data.draw(st.sampled_from(sorted(fields)), label="field")]
        codes = [choice.code for choice in one.choices]
        if one.kind is FieldKind.CODE:
            given = [data.draw(st.sampled_from(codes if is_careful else [*codes, "99", ""]))]
        elif one.kind is FieldKind.CODES:
            given = data.draw(st.lists(st.sampled_from(codes if is_careful else [*codes, "99"]), max_size=3))
        else:
            given = [data.draw(st.sampled_from(TYPED[one.kind]))]
        if not is_careful and data.draw(st.integers(0, 9)) == 0:
            given = [*given, *given]
        self.browser.fill(one.code, *given)

    @precondition(lambda self: self.browser.page == "items")
    @rule()
    def press_next(self) -> None:
        """The button at the bottom."""
        page, sent = self.page, self.sent()
        number = page.number
        self.send("next", "1")
        rows = self.rows_after(page, sent)
        if rows is None:
            return
        open_now = self.model.open(page, rows)
        if open_now <= self.named:
            self.model.pass_on(page, rows)
            self.named = set()
            is_last = number == len(self.pages)
            assert self.browser.page == ("review" if is_last else "items")
            assert is_last or self.page.number == number + 1
        else:
            assert (self.browser.page, self.page.number) == ("items", number)
            self.named = open_now
        self.model.rows = rows

    @precondition(lambda self: self.browser.page == "items")
    @rule(data=st.data())
    def press_another(self, data: st.DataObject) -> None:
        """Back, continue later, the other language, or a question's own button."""
        choices = [("back", "1"), ("later", "1"), ("lang", buttons(self.browser, "lang")[0])]
        choices += [(name, code) for name in ("decline", "clear") for code in buttons(self.browser, name)]
        name, value = data.draw(st.sampled_from(choices), label="button")
        page, sent = self.page, self.sent()
        self.send(name, value)
        rows = self.rows_after(page, sent)
        if rows is None:
            return
        if name == "decline":
            self.model.decline(page, value, rows)
        if name == "clear":
            self.model.clear(page, value, rows)
        self.model.rows = rows
        self.named = set()

    @precondition(lambda self: self.last is not None)
    @rule()
    def reload(self) -> None:
        """The last form once more: it gets the same answer, and the invariant says that nothing changed."""
        assert self.last is not None
        self.browser.send(*self.last)
        assert self.answer() == self.answered

    @precondition(lambda self: self.browser.page == "items")
    @rule(whence=st.sampled_from(["stale token", "unknown field"]))
    def send_a_form_that_is_not_right(self, whence: str) -> None:
        """A form whose token has gone, or with a field that nobody asked for: all that was typed stays."""
        sent = [*self.browser.values, ("next", "1")]
        if whence == "stale token":
            sent = [(name, value) for name, value in sent if name != "csrf_token"]
        else:
            sent.append(("nobody_asked", "1"))
        typed = self.sent()
        self.browser.send(self.browser.address, sent)
        assert self.browser.status == (200 if whence == "stale token" else 422)
        self.assert_kept(typed)
        self.last = None

    @invariant()
    def what_is_stored_is_what_the_model_says(self) -> None:
        """After whatever happened, and every page was answered."""
        if hasattr(self, "model"):
            assert present(self.world) == self.model.rows
            assert self.browser.status < 500

    def teardown(self) -> None:
        """The chain holds, whatever was done."""
        if hasattr(self, "world"):
            with self.world.reading() as session:
                verify(session)
            self.world.close()
            self.folder.cleanup()

    @property
    def page(self) -> Page:
        """The page of questions that is shown."""
        number = urlsplit(self.browser.address).path.rsplit("/", 1)[1]
        return self.pages[int(number) - 1]

    def sent(self) -> dict[str, list[str]]:
        """What the form would send, by field."""
        grouped: dict[str, list[str]] = {}
        for name, value in self.browser.values:
            grouped.setdefault(name, []).append(value)
        return grouped

    def send(self, name: str, value: str) -> None:
        """Press a button and remember the form."""
        self.last = (self.browser.address, [*self.browser.values, (name, value)])
        self.browser.press(name, value)
        self.answered = self.answer()

    def answer(self) -> tuple[int, str, list[tuple[str, str]]]:
        """What came back, but for tokens that are fresh each time."""
        fresh = ("csrf_token", "state")
        kept = [(name, value) for name, value in self.browser.values if name not in fresh]
        return self.browser.status, self.browser.page, kept

    def rows_after(self, page: Page, sent: Mapping[str, list[str]]) -> dict[str, Row] | None:
        """The rows that the model expects; None for a page that had to be refused, which is then checked."""
        try:
            rows = self.model.after(page, sent)
        except Wrong:
            assert (self.browser.status, self.browser.page) == (422, "items")
            self.assert_kept(sent)
            return None
        assert self.browser.status == 200
        return rows

    def assert_kept(self, sent: Mapping[str, list[str]]) -> None:
        """Everything that can be shown again is."""
        for item in self.page.items:
            for one in item.fields:
                given = sent.get(one.code, [])
                if not one.choices and len(given) == 1:
                    assert self.browser.value(one.code) == [given[0].replace("\0", "")]
                elif one.choices and set(given) <= {choice.code for choice in one.choices}:
                    assert set(given) - {""} == set(self.browser.value(one.code)) - {""}


TestRandomVisit = RandomVisit.TestCase
TestRandomVisit.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)


class RandomVisitOnPostgresql(RandomVisit):
    """The same, kept in the other engine."""

    engine = EngineName.POSTGRESQL


TestRandomVisitOnPostgresql = RandomVisitOnPostgresql.TestCase
TestRandomVisitOnPostgresql.settings = settings(max_examples=5, stateful_step_count=20, deadline=None)
