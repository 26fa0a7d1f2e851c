"""The study: what one instance asks, of whom, when and where, and the windows that follow from it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

_OSLO = ZoneInfo("Europe/Oslo")


class UnknownCode(LookupError):
    """The study has no visit, site or language of that code."""

    def __init__(self, kind: str, code: str, known: Collection[str]) -> None:
        super().__init__(f'The study has no {kind} "{code}". It has {", ".join(known)}.')


@dataclass(frozen=True, slots=True)
class Site:
    """A hospital that includes participants."""

    code: str
    name: str
    phone: str
    """As it is shown to the participant."""


@dataclass(frozen=True, slots=True)
class VisitPart:
    """An instrument that a visit asks, whole or one section of it."""

    instrument: str
    section: str | None = None

    def __str__(self) -> str:
        """As the study file writes it: ``hscl25``, ``pain/intensity``."""
        return self.instrument if self.section is None else f"{self.instrument}/{self.section}"


@dataclass(frozen=True, slots=True)
class Visit:
    """A planned contact. Its days count from the visit's own day, negative before it."""

    code: str
    title: Mapping[str, str]
    day: int
    """Counted from day 0."""
    opens: int
    closes: int
    """The window's last day."""
    link_expires_after: int
    """The last day on which the link works; never before `closes`."""
    reminder_days: tuple[int, ...]
    minutes: int
    """How long it takes to answer; 0 when nothing is asked."""
    parts: tuple[VisitPart, ...]
    """What is asked, in order; empty when nothing is, and then nobody can be invited to it."""


@dataclass(frozen=True, slots=True)
class VisitWindow:
    """When one participant's visit is. All None until its day is known."""

    planned_on: date | None
    opens_at: datetime | None
    """The first instant (UTC) of the window, midnight in Norway."""
    closes_at: datetime | None
    """The first instant (UTC) after the window, midnight in Norway."""
    expires_at: datetime | None
    """The first instant (UTC) at which the link is dead, midnight in Norway."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """No message goes out from `start` until `end`, Norwegian time; past midnight when `end` is earlier."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class SafetyContact:
    """Where a safety alert goes: an e-mail address, or a phone number in E.164."""

    channel: str
    """``email`` or ``sms``."""
    address: str


@dataclass(frozen=True, slots=True)
class SafetyRule:
    """An answer after which the protocol wants somebody to ring the participant."""

    code: str
    item: str
    """The form field's code."""
    answers: frozenset[str]
    """The codes that raise the alert; one of them is enough."""
    contacts: Mapping[str, SafetyContact]
    """By site code; under `EVERY_OTHER_SITE` for those that have none of their own."""


EVERY_OTHER_SITE = "others"


@dataclass(frozen=True, slots=True)
class Study:
    """A study file, read and found sound: every text is there in each of `languages`."""

    code: str
    version: str
    name: Mapping[str, str]
    languages: tuple[str, ...]
    asker: Mapping[str, str]
    """Who asks the participant: the hospital that runs the study."""
    privacy_url: Mapping[str, str]
    accessibility_url: Mapping[str, str]
    allow_unapproved_wording: bool
    second_step: bool
    """Whether a one-time code, sent to the participant's own address, brings earlier answers back to view."""
    link_days_without_day0: int
    """For how many days a link works whose participant has no day 0 yet."""
    sites: tuple[Site, ...]
    visits: tuple[Visit, ...]
    quiet_hours: QuietHours
    reminders_at_most: int
    """Of one visit, however many reminder days it has."""
    invites_by_itself: bool
    """The worker invites when a visit's window opens; else a person does."""
    minimum_share: Mapping[str, Fraction]
    """By score code, for every score of every instrument: the file's share, or else the instrument's own."""
    safety: tuple[SafetyRule, ...]
    """Empty where the protocol asks for no safety alert."""
    sha256: str
    """Of the file's bytes, in hexadecimal."""
    phone_countries: tuple[str, ...] = ("NO",)
    """Countries (ISO 3166-1 alpha-2) whose phone numbers messages may be sent to."""

    def visit(self, code: str) -> Visit:
        """The visit with that code. Raises `UnknownCode`."""
        for visit in self.visits:
            if visit.code == code:
                return visit
        raise UnknownCode("visit", code, [visit.code for visit in self.visits])

    def site(self, code: str) -> Site:
        """The site with that code. Raises `UnknownCode`."""
        for site in self.sites:
            if site.code == code:
                return site
        raise UnknownCode("site", code, [site.code for site in self.sites])

    def text(self, texts: Mapping[str, str], language: str) -> str:
        """One of the study's own texts in a language of the study. Raises `UnknownCode`."""
        if language not in self.languages:
            raise UnknownCode("language", language, self.languages)
        return texts[language]


def safety_contact(study: Study, rule: str, site: str) -> SafetyContact:
    """Who is told at a site when a safety rule comes true. Raises `UnknownCode` for a rule that is gone.

    A site that the file names no longer has no contact of its own: any of the rule's is better than nobody.
    """
    for known in study.safety:
        if known.code == rule:
            first = next(iter(known.contacts.values()))
            return known.contacts.get(site, known.contacts.get(EVERY_OTHER_SITE, first))
    raise UnknownCode("safety rule", rule, [known.code for known in study.safety])


def sections_asked(parts: tuple[VisitPart, ...]) -> Mapping[str, frozenset[str] | None]:
    """Instrument code to the sections that a visit asks of it, None for all; in the visit's order."""
    asked: dict[str, frozenset[str] | None] = {}
    for part in parts:
        before = asked.get(part.instrument, frozenset())
        if part.section is None or before is None:
            asked[part.instrument] = None
        else:
            asked[part.instrument] = before | {part.section}
    return asked


def visit_window(visit: Visit, day0: date | None) -> VisitWindow:
    """The window of a participant's visit, counted from that participant's day 0."""
    if day0 is None:
        return VisitWindow(None, None, None, None)
    return window_on(visit, day0 + timedelta(days=visit.day))


def window_on(visit: Visit, planned_on: date) -> VisitWindow:
    """The window of a visit whose own day is known, whether counted or set by hand."""
    return VisitWindow(
        planned_on=planned_on,
        opens_at=_midnight(planned_on, visit.opens),
        closes_at=_midnight(planned_on, visit.closes + 1),
        expires_at=_midnight(planned_on, visit.link_expires_after + 1),
    )


def _midnight(day: date, days_later: int) -> datetime:
    # Days are added to the date: a day is 23 or 25 hours long when the clocks change.
    return datetime.combine(day + timedelta(days=days_later), time(), _OSLO).astimezone(UTC)


def is_late(submitted_at: datetime | None, closes_at: datetime | None, paper_on: date | None = None) -> bool:
    """Whether a visit was answered after its window. Paper says a day: it is late from the day after."""
    if submitted_at is None or closes_at is None:
        return False
    return paper_on > _last_day(closes_at) if paper_on else submitted_at >= closes_at


def is_after_visit(
    submitted_at: datetime | None,
    begins_at: datetime | None,
    planned_on: date | None,
    paper_on: date | None = None,
) -> bool:
    """Whether a visit was answered after it had begun; where no hour is noted, after its day in Norway.

    Paper says a day and no hour: that of the visit is not after it.
    """
    if submitted_at is None:
        return False
    if paper_on is not None:
        day = begins_at.astimezone(_OSLO).date() if begins_at else planned_on
        return day is not None and paper_on > day
    if begins_at is not None:
        return submitted_at >= begins_at
    return planned_on is not None and submitted_at.astimezone(_OSLO).date() > planned_on


def _last_day(closes_at: datetime) -> date:
    return (closes_at - timedelta(milliseconds=1)).astimezone(_OSLO).date()
