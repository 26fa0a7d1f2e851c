"""The sections of Today as its page shows them: each row with its words and the act that settles it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from flask import url_for
from flask_babel import gettext, ngettext

from btb_pro.clock import last_day
from btb_pro.console.message_words import channel_name, kind_name
from btb_pro.console.phrases import (
    Phrase,
    asker_name,
    message_phrase,
    paper_phrase,
    request_phrase,
    short_day,
    short_time,
    waiting_phrase,
)
from btb_pro.roles import Permission
from btb_pro.services.made_requests import RequestKind
from btb_pro.services.staff_sessions import SignedIn
from btb_pro.services.today import Day, Section


@dataclass(frozen=True, slots=True)
class Action:
    """What settles a row: a button, or words where somebody else has to."""

    text: str = ""
    href: str = ""
    is_post: bool = False
    is_done: bool = False
    """Nothing is left to do today; it leads to what was done."""


@dataclass(frozen=True, slots=True)
class RowOnPage:
    """One participant's visit that waits."""

    study_number: str
    href: str
    site: str
    visit: str
    state: Phrase
    when: str
    action: Action


@dataclass(frozen=True, slots=True)
class SectionOnPage:
    """One heading with its rows."""

    what: str
    title: str
    about: str
    what_head: str
    when_head: str
    heads: tuple[str, ...]
    rows: tuple[RowOnPage, ...]
    number: int
    is_cut: bool
    all_href: str
    all_text: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """How the rows of a section are told."""

    what_head: str
    when_head: str
    tell: Callable[[Any], tuple[Phrase, str, Action]]
    """State, time and action of a row."""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells a day to one member of staff."""

    signed_in: SignedIn
    site_names: dict[str, str]
    visit_titles: dict[str, str]

    def sections(self, day: Day) -> Iterator[SectionOnPage]:
        """Every section that this person may see, in order, the empty ones too."""
        if self.signed_in.may(Permission.ACKNOWLEDGE_SAFETY):
            yield self._section(day.alerts, self._alerts())
        if self.signed_in.may(Permission.DECIDE_CORRECTIONS):
            yield self._section(day.corrections, self._corrections())
        yield self._section(day.failed, self._failed())
        yield self._section(day.ahead, self._ahead())
        yield self._section(day.expiring, self._expiring())
        yield self._section(day.stopped, self._stopped())
        yield self._section(day.replies, self._replies())
        yield self._section(day.paper, self._paper())

    def _section(self, section: Section[Any], kind: _Kind) -> SectionOnPage:
        sites = (gettext("Hospital"),) if len(self.site_names) > 1 else ()
        heads = (gettext("Participant"), *sites, gettext("Visit"), kind.what_head, kind.when_head, "")
        more = section.number - len(section.rows)
        words = ngettext("And %(num)s more", "And %(num)s more", more)
        return SectionOnPage(
            what=section.what.value,
            title=waiting_phrase(section.what),
            about=kind.about,
            what_head=kind.what_head,
            when_head=kind.when_head,
            heads=heads,
            rows=tuple(self._row(row, kind) for row in section.rows),
            number=section.number,
            is_cut=section.is_cut,
            all_href=url_for("console.participants", waiting=section.what.value),
            all_text=gettext("All of these, more than %(num)s", num=section.number)
            if section.is_cut
            else words,
        )

    def _row(self, row: Any, kind: _Kind) -> RowOnPage:
        state, when, action = kind.tell(row)
        return RowOnPage(
            study_number=row.study_number,
            href=url_for("console.participant", number=row.study_number),
            site=self.site_names.get(row.site, row.site),
            visit=self.visit_titles.get(row.visit, row.visit),
            state=state,
            when=when,
            action=action,
        )

    def _if_may(self, permission: Permission, text: str, href: str, *, is_post: bool = False) -> Action:
        return Action(text, href, is_post) if self.signed_in.may(permission) else Action()

    def _invite(self, text: str, row: Any) -> Action:
        where = {"number": row.study_number, "code": row.visit}
        if row.is_written_to:
            words = gettext("Written to already")
            return replace(
                self._if_may(Permission.INVITE, words, url_for("console.link", **where)), is_done=True
            )
        return self._if_may(Permission.INVITE, text, url_for("console.remind", **where), is_post=True)

    def _alerts(self) -> _Kind:
        return _Kind(
            gettext("Rule"),
            gettext("Raised"),
            lambda row: (
                Phrase(row.rule, "danger"),
                short_time(row.raised_at),
                self._if_may(
                    Permission.ACKNOWLEDGE_SAFETY,
                    gettext("I take care of it"),
                    url_for("console.acknowledge", number=row.number),
                    is_post=True,
                ),
            ),
            gettext("The study's safety procedure says who rings, and how soon."),
        )

    def _failed(self) -> _Kind:
        return _Kind(
            gettext("Message"),
            gettext("Sent by"),
            lambda row: (
                message_phrase(row.state, row.reason),
                f"{kind_name(row.kind)}, {channel_name(row.channel)}, {short_day(row.due_at)}",
                self._if_may(
                    Permission.INVITE, gettext("See to it"), url_for("console.message", number=row.number)
                ),
            ),
        )

    def _ahead(self) -> _Kind:
        return _Kind(
            gettext("Answers"),
            gettext("Day"),
            lambda row: (
                _progress(is_started=row.is_started, has_link=row.has_link),
                short_day(row.planned_on),
                self._invite(gettext("Remind") if row.has_link else gettext("Invite"), row),
            ),
        )

    def _expiring(self) -> _Kind:
        return _Kind(
            gettext("Answers"),
            gettext("Last day"),
            lambda row: (
                _progress(is_started=row.is_started, has_link=True),
                short_day(last_day(row.expires_at)),
                self._invite(gettext("Remind"), row),
            ),
        )

    def _stopped(self) -> _Kind:
        return _Kind(
            gettext("Link"),
            gettext("Last answer"),
            lambda row: (
                Phrase(gettext("Works until %(day)s", day=short_day(last_day(row.expires_at))), "info"),
                short_time(row.last_active_at),
                self._invite(gettext("Remind"), row),
            ),
        )

    def _replies(self) -> _Kind:
        return _Kind(
            gettext("Wish"),
            gettext("Received"),
            lambda row: (request_phrase(row.kind), short_time(row.received_at), self._answer(row)),
        )

    def _answer(self, row: Any) -> Action:
        href = url_for("console.wish", number=row.number)
        if row.kind is RequestKind.MISTAKE:
            readable = self._if_may(Permission.READ_WISHES, gettext("Read it"), href)
            return readable if readable.href else Action(gettext("For the investigator"))
        if row.kind is RequestKind.NEW_LINK:
            send = url_for("console.grant_new_link", number=row.number)
            return self._if_may(Permission.INVITE, gettext("Send a new link"), send, is_post=True)
        return self._if_may(Permission.INVITE, gettext("See to it"), href)

    def _paper(self) -> _Kind:
        return _Kind(
            gettext("From"),
            gettext("First typed in"),
            lambda row: (paper_phrase(row.mode), short_time(row.first_done_at), self._type_in(row)),
        )

    def _corrections(self) -> _Kind:
        return _Kind(
            gettext("Asked by"),
            gettext("Asked"),
            lambda row: (
                Phrase(asker_name(row.asked_role)),
                short_time(row.asked_at),
                Action(gettext("Decide"), url_for("console.correction", number=row.number)),
            ),
        )

    def _type_in(self, row: Any) -> Action:
        if row.first_by == self.signed_in.email:
            return Action(gettext("For a colleague"))
        href = url_for("console.paper", number=row.study_number, visit=row.visit)
        return self._if_may(Permission.KEY_PAPER, gettext("Type it in again"), href)


def _progress(*, is_started: bool, has_link: bool) -> Phrase:
    if is_started:
        return Phrase(gettext("Started"), "warning")
    return Phrase(gettext("Invited"), "info") if has_link else Phrase(gettext("Not invited"))
