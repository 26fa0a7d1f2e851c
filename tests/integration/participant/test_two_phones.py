"""Two phones with two tabs each, in any order: taps, pages, repeats of lost replies, reloads, sending in.

Against a model in which every save that was acknowledged is there exactly once, in the order of arrival.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from btb_pro.models.response import ParticipantSession
from btb_pro.services.untaken_answers import late_saves
from btb_pro.services.verification import verify
from tests.integration.participant.steps import go_to, same_cookies, session_address, trail, visit_row
from tests.support.engines import EngineName
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World, make_world

FIELDS = ("pain_duration_years", "pain_duration_months")
# With LONG=1, for a night: five thousand histories on SQLite, and half as many on PostgreSQL.
_LONG = bool(os.environ.get("LONG"))
tabs = st.integers(0, 3)
fields = st.sampled_from(FIELDS)
numbers = st.integers(1, 4).map(str)
earlier = st.integers(0, 10_000)


@dataclass(frozen=True)
class Sent:
    """One request as it went out, and what it says."""

    phone: int
    address: str
    body: tuple[tuple[str, str], ...]
    changes: tuple[tuple[str, str], ...]
    """Field and value, of those that differ from what the page was shown."""
    is_tap: bool
    shown: Mapping[str, str]
    """What the page was shown, by field."""


class TwoPhones(RuleBasedStateMachine):
    """One participant, one link, two phones that each started a session, two tabs on each."""

    engine = EngineName.SQLITE

    @initialize()
    def begin(self) -> None:
        """Start on both phones."""
        self.folder = TemporaryDirectory()
        self.world: World = make_world(Path(self.folder.name) / "instance", engine=self.engine)
        self.world.add()
        link = self.world.invite()
        phones = [self.world.started(link) for _ in range(2)]
        self.tabs = [
            go_to(same_cookies(phone), self.world, "pain_worse") for phone in phones for _ in range(2)
        ]
        self.rows: dict[str, list[tuple[int, str]]] = {field: [] for field in FIELDS}
        self.late: list[tuple[str, str]] = []
        self.sent: list[Sent] = []
        self.is_submitted = False

    @rule(tab=tabs, field=fields, value=numbers)
    def tap(self, tab: int, field: str, value: str) -> None:
        """Give one answer, saved by the script with a key of its own."""
        browser = self.tabs[tab]
        hidden = tuple(pair for pair in browser.values if pair[0] in ("csrf_token", "state"))
        key = ("key", f"tap-{len(self.sent):08}")
        address = browser.address.replace("/page/", "/tap/")
        self._send_first(Sent(tab // 2, address, (*hidden, (field, value), key), ((field, value),), True, {}))

    @rule(tab=tabs, given=st.dictionaries(fields, numbers, min_size=1))
    def send_page(self, tab: int, given: dict[str, str]) -> None:
        """Fill in the page as the tab shows it, however old it is, and go back to the parts."""
        browser = self.tabs[tab]
        shown = {field: browser.value(field)[0] for field in FIELDS}
        changes = tuple((field, value) for field, value in given.items() if shown[field] != value)
        kept = [pair for pair in browser.values if pair[0] not in given]
        body = (*kept, *given.items(), ("later", "1"), ("key", f"page-{len(self.sent):08}"))
        self._send_first(Sent(tab // 2, browser.address, body, changes, False, shown))

    @precondition(lambda self: self.sent)
    @rule(which=earlier)
    def send_again(self, which: int) -> None:
        """The reply was lost, the tap was a double tap, or the page was reloaded: the very same request."""
        sent = self.sent[which % len(self.sent)]
        self._post(sent, 303 if self.is_submitted or not sent.is_tap else 200)

    @precondition(lambda self: any(one.changes for one in self.sent) and not self.is_submitted)
    @rule(which=earlier, value=numbers)
    def use_a_key_twice(self, which: int, value: str) -> None:
        """The same key with another answer is refused, and changes nothing."""
        usable = [one for one in self.sent if one.changes]
        sent = usable[which % len(usable)]
        (field, before), *_ = sent.changes
        if value != before:
            body = tuple((name, value if name == field else given) for name, given in sent.body)
            # A page on which the answer is put back to what was shown asks for nothing.
            if sent.is_tap or value != sent.shown[field]:
                self._post(replace(sent, body=body), 422)

    @rule(tab=tabs)
    def reload(self, tab: int) -> None:
        """Look at the page anew."""
        if not self.is_submitted:
            self.tabs[tab].open(self.tabs[tab].address)

    @rule(phone=st.integers(0, 1))
    def send_in(self, phone: int) -> None:
        """Send the visit in; from the other phone, or a second time, it is the same receipt."""
        browser = same_cookies(self.tabs[phone * 2])
        browser.open(f"{session_address(browser)}/review")
        if browser.page == "review":
            browser.press()
        assert browser.page == "receipt"
        self.is_submitted = True

    @invariant()
    def every_acknowledged_save_is_there_exactly_once(self) -> None:
        """In its order, from its phone, and nothing else is."""
        if not hasattr(self, "world"):
            return
        with self.world.reading() as session:
            wanted = select(ParticipantSession.id).order_by(ParticipantSession.id)
            sessions = list(session.execute(wanted).scalars())
        for field in FIELDS:
            stored = [(sessions.index(row.session_id), row.value) for row in trail(self.world, field)]
            assert stored == self.rows[field]
        with self.world.reading() as session:
            late = [(row.item, row.value) for row in late_saves(session, visit_row(self.world))]
        assert late == self.late

    def teardown(self) -> None:
        """The audit trail tells all of it."""
        if hasattr(self, "world"):
            with self.world.reading() as session:
                verify(session)
            self.world.close()
            self.folder.cleanup()

    def _send_first(self, sent: Sent) -> None:
        self.sent.append(sent)
        self._post(sent, 303 if self.is_submitted or not sent.is_tap else 200)
        # Within a page, answers are stored in the order in which it asks.
        for field, value in sorted(sent.changes, key=lambda change: FIELDS.index(change[0])):
            if self.is_submitted:
                self.late.append((field, value))
            elif self.rows[field][-1:] != [(sent.phone, value)]:
                self.rows[field].append((sent.phone, value))

    def _post(self, sent: Sent, status: int) -> None:
        browser: PlainBrowser = self.tabs[sent.phone * 2]
        response = browser.client.post(sent.address, data=dict(sent.body))
        assert response.status_code == status, (sent, response.get_data(as_text=True)[:300])


class TwoPhonesOnPostgresql(TwoPhones):
    """The same, kept in the other engine."""

    engine = EngineName.POSTGRESQL


TestTwoPhones = TwoPhones.TestCase
TestTwoPhones.settings = settings(max_examples=5_000 if _LONG else 15, stateful_step_count=25, deadline=None)
TestTwoPhonesOnPostgresql = TwoPhonesOnPostgresql.TestCase
TestTwoPhonesOnPostgresql.settings = settings(
    max_examples=2_500 if _LONG else 8, stateful_step_count=25, deadline=None
)
