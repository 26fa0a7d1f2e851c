"""What happened to a participant, and why something cannot be changed, as sentences for the reader."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import format_date, gettext, ngettext

from btb_pro import clock
from btb_pro.console.message_words import channel_name, kind_name
from btb_pro.console.phrases import (
    Phrase,
    link_phrase,
    message_phrase,
    request_phrase,
    short_day,
    short_time,
)
from btb_pro.i18n import LANGUAGE_NAMES
from btb_pro.services.change_history import SeenChange
from btb_pro.services.link_states import LinkStatus
from btb_pro.services.participant_faults import RefusalCode
from btb_pro.services.timeline import Happening, HappeningKind
from btb_pro.services.visit_plan import MoveFault, MoveRefused, Stays
from btb_pro.states import LinkStage

_K = HappeningKind


@dataclass(frozen=True, slots=True)
class ToldChange:
    """One changed field as a colleague reads it."""

    what: str
    old: str
    new: str
    who: str
    when: str


def day_or_dash(day: date | None) -> str:
    """A day, or a dash where none is known."""
    return short_day(day) if day else "–"


def days_from_to(first: date, last: date) -> str:
    """Two days, the year once where it is the same."""
    if first.year != last.year:
        return f"{day_or_dash(first)} – {day_or_dash(last)}"
    return f"{format_date(first, 'd. MMM')} – {day_or_dash(last)}"


def language_name(code: str | None) -> str:
    """A language in itself; without one the phone decides."""
    return LANGUAGE_NAMES[code] if code else gettext("As the phone is set")


def contact_name(kind: str) -> str:
    """What a kind of address is called."""
    return str(gettext("E-mail") if kind == "email" else gettext("Mobile phone"))


def visit_phrase(link: LinkStatus) -> Phrase:
    """How far a visit has come; under way it says how far, never what was answered."""
    if link.state is LinkStage.IN_PROGRESS:
        words = gettext("Under way: %(answered)s of %(all)s", answered=link.answered, all=link.fields)
        return Phrase(words, "warning")
    if link.state in (LinkStage.BOUNCED, LinkStage.FAILED):
        return message_phrase(link.state.value, link.reason)
    return link_phrase(link.state.value)


def happening_text(one: Happening, titles: Mapping[str, str]) -> str:
    """One thing that happened, in a sentence."""
    return str(_SENTENCES[one.kind](one, titles.get(one.visit, one.visit)))


def _day(text: str) -> str:
    return day_or_dash(date.fromisoformat(text) if text else None)


def _instant(text: str) -> str:
    return short_time(clock.read_utc(text))


_SENTENCES: Mapping[HappeningKind, Callable[[Happening, str], str]] = {
    _K.ADDED: lambda one, visit: gettext("Added to the study"),
    _K.LANGUAGE: lambda one, visit: gettext(
        "Language changed: %(old)s → %(new)s", old=language_name(one.old), new=language_name(one.new)
    ),
    _K.DAY0: lambda one, visit: gettext("Day 0: %(old)s → %(new)s", old=_day(one.old), new=_day(one.new)),
    _K.CONTACT_ADDED: lambda one, visit: gettext("%(what)s put on file", what=contact_name(one.new)),
    _K.CONTACT_CHANGED: lambda one, visit: gettext("%(what)s changed", what=contact_name(one.new)),
    _K.CONTACT_REMOVED: lambda one, visit: gettext("%(what)s erased", what=contact_name(one.new)),
    _K.WITHDRAWN: lambda one, visit: gettext("Left the study: %(reason)s", reason=one.new),
    _K.VISIT_MOVED: lambda one, visit: gettext(
        "%(visit)s: day %(old)s → %(new)s", visit=visit, old=_day(one.old), new=_day(one.new)
    ),
    _K.APPOINTMENT: lambda one, visit: (
        gettext("%(visit)s: appointment %(when)s", visit=visit, when=_instant(one.new))
        if one.new
        else gettext("%(visit)s: appointment taken out", visit=visit)
    ),
    _K.LINK_MADE: lambda one, visit: gettext("%(visit)s: link made", visit=visit),
    _K.LINK_ENDED: lambda one, visit: gettext(
        "%(visit)s: link ended (%(why)s)", visit=visit, why=link_phrase(one.new).text
    ),
    _K.STARTED: lambda one, visit: gettext("%(visit)s: first answer saved", visit=visit),
    _K.SUBMITTED: lambda one, visit: gettext("%(visit)s: sent in", visit=visit),
    _K.MESSAGE_QUEUED: lambda one, visit: gettext(
        "%(visit)s: %(kind)s put in the queue (%(channel)s)", visit=visit, **_message(one)
    ),
    _K.MESSAGE_SENT: lambda one, visit: gettext(
        "%(visit)s: %(kind)s sent (%(channel)s)", visit=visit, **_message(one)
    ),
    _K.MESSAGE_ENDED: lambda one, visit: gettext(
        "%(visit)s: %(kind)s (%(channel)s): %(state)s", visit=visit, state=_end(one), **_message(one)
    ),
    _K.REQUEST_MADE: lambda one, visit: f"{visit}: {request_phrase(one.new).text}",
    _K.REQUEST_SETTLED: lambda one, visit: gettext(
        "%(visit)s: settled (%(what)s)", visit=visit, what=request_phrase(one.new).text
    ),
    _K.CORRECTION_ASKED: lambda one, visit: gettext(
        "%(visit)s: correction asked for (%(item)s)", visit=visit, item=one.new
    ),
    _K.CORRECTION_ACCEPTED: lambda one, visit: gettext(
        "%(visit)s: corrected (%(item)s)", visit=visit, item=one.new
    ),
    _K.CORRECTION_REFUSED: lambda one, visit: gettext(
        "%(visit)s: correction refused (%(item)s)", visit=visit, item=one.new
    ),
    _K.TEXT_TAKEN_OUT: lambda one, visit: gettext(
        "%(visit)s: text taken out (%(item)s): %(why)s", visit=visit, item=one.new, why=one.reason
    ),
    _K.REVIEWED: lambda one, visit: gettext("%(visit)s: answers reviewed", visit=visit),
    _K.CAME_LATE: lambda one, visit: ngettext(
        "%(visit)s: %(num)s answer came too late to count",
        "%(visit)s: %(num)s answers came too late to count",
        int(one.new),
        visit=visit,
    ),
}


def _message(one: Happening) -> Mapping[str, str]:
    return {"kind": kind_name(one.old), "channel": channel_name(one.new)}


def _end(one: Happening) -> str:
    return message_phrase(one.state, one.reason).text


def told_changes(changes: tuple[SeenChange, ...], titles: Mapping[str, str]) -> list[ToldChange]:
    """What a colleague changed meanwhile; of a contact only that it was."""
    return [
        ToldChange(
            what=_what(one, titles),
            old=_value(one, one.old),
            new=_value(one, one.new),
            who=one.actor if one.actor_kind != "participant" else gettext("the participant"),
            when=short_time(one.at),
        )
        for one in changes
    ]


def _what(one: SeenChange, titles: Mapping[str, str]) -> str:
    if one.kind == "contact":
        return contact_name(one.key)
    names: Mapping[str, str] = {
        "site": gettext("Hospital"),
        "language": gettext("Language"),
        "day0": gettext("Day 0"),
        "is_withdrawn": gettext("Has left the study"),
        "planned_on": gettext("Day of the visit"),
        "begins_at": gettext("Hour of the appointment"),
        "is_moved": gettext("Day set by hand"),
    }
    name = names[one.field]
    return f"{titles.get(one.key, one.key)}: {name}" if one.kind == "visit" else name


def _value(one: SeenChange, text: str | None) -> str:
    if text is None:
        return "–"
    if one.kind == "contact":
        return str(gettext("on file (not shown)"))
    shown: Mapping[str, Callable[[], str]] = {
        "language": lambda: language_name(text),
        "day0": lambda: _day(text),
        "planned_on": lambda: _day(text),
        "begins_at": lambda: _instant(text),
        "is_withdrawn": lambda: gettext("yes") if text == "true" else gettext("no"),
        "is_moved": lambda: gettext("yes") if text == "true" else gettext("no"),
    }
    return shown[one.field]() if one.field in shown else text


def refusal_text(code: RefusalCode) -> str:
    """Why a participant cannot be changed."""
    sentences: Mapping[RefusalCode, str] = {
        RefusalCode.WITHDRAWN: gettext("The participant has left the study. Nothing was changed."),
        RefusalCode.REASON_MISSING: gettext("Write a reason."),
        RefusalCode.REASON_TOO_LONG: gettext("The reason is too long. Shorten it."),
        RefusalCode.REASON_PERSONAL: gettext(
            "The reason holds an address or a long number. It stays in the audit trail for good, so name "
            "nobody."
        ),
    }
    return sentences[code]


def move_text(error: MoveRefused, titles: Mapping[str, str]) -> str:
    """Why a day cannot be set."""
    visit = titles.get(error.visit, error.visit)
    sentences: Mapping[MoveFault, Callable[[], str]] = {
        MoveFault.VISIT_UNKNOWN: lambda: gettext("The study has no such visit any more."),
        MoveFault.SUBMITTED: lambda: gettext(
            "%(visit)s was sent in, and cannot be moved any more.", visit=visit
        ),
        MoveFault.WITHDRAWN: lambda: refusal_text(RefusalCode.WITHDRAWN),
        MoveFault.BEFORE_INCLUSION: lambda: gettext(
            "%(visit)s would come before the participant was included, on %(day)s. Choose a later day, or "
            "move the first visit.",
            visit=visit,
            day=day_or_dash(error.day),
        ),
        MoveFault.NO_DAY: lambda: gettext("There is no day 0 to count from. Write the visit's day."),
        MoveFault.HOUR_ILLEGAL: lambda: gettext(
            "There is no such hour on that day. Write it as 09:30; when the clocks go forward, one hour is "
            "missing."
        ),
    }
    return str(sentences[error.fault]())


def stays_text(stays: Stays) -> str:
    """Why a visit keeps its day."""
    words: Mapping[Stays, str] = {
        Stays.SUBMITTED: gettext("stays: sent in"),
        Stays.SET_BY_HAND: gettext("stays: the day was set by hand"),
        Stays.NOT_IN_STUDY: gettext("stays: no longer in the study"),
        Stays.SAME_DAY: gettext("the same day"),
    }
    return words[stays]


def appointment_text(instant: datetime | None) -> str:
    """The hour in Norway as it is typed, empty where none is noted."""
    return instant.astimezone(clock.OSLO).strftime("%H:%M") if instant else ""
