"""Codes as a member of staff reads them, in the language of the request, each with a colour for its tag."""

from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import format_date, format_datetime, get_locale, gettext, lazy_gettext

from btb_pro.console.message_words import reason_name, stage_name, state_name
from btb_pro.states import LinkStage

_DAY = {"nb": "d. MMM y", "en": "d MMM y"}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word or two, and a colour that says the same once more: neutral, info, success, warning, danger."""

    text: str
    colour: str = "neutral"


def short_day(day: date) -> str:
    """``24. nov. 2026``, ``24 Nov 2026``."""
    return str(format_date(day, _DAY[str(get_locale())]))


def short_time(instant: datetime) -> str:
    """Day, hour and minute in Norway."""
    return str(format_datetime(instant, f"{_DAY[str(get_locale())]} HH:mm"))


_COLOURS = {
    "queued": "info",
    "sent": "info",
    "delivered": "info",
    "bounced": "danger",
    "failed": "danger",
    "unknown": "danger",
    "started": "warning",
    "in_progress": "warning",
    "submitted": "success",
    "expired": "warning",
}
_REQUESTS = {
    "new_link": (lazy_gettext("Wants a new link"), "info"),
    "not_me": (lazy_gettext("Went to the wrong person"), "danger"),
    "stop": (lazy_gettext("Wants no more reminders"), "warning"),
    "mistake": (lazy_gettext("Wants something corrected"), "info"),
}
_MODES = {"paper": lazy_gettext("Paper form"), "phone_interview": lazy_gettext("Phone interview")}
_WAITING = {
    "safety": lazy_gettext("Participants who need a call"),
    "failed": lazy_gettext("Messages that did not arrive"),
    "ahead": lazy_gettext("Visits in the next seven days with answers missing"),
    "expiring": lazy_gettext("Links that expire soon"),
    "stopped": lazy_gettext("Started and stopped"),
    "replies": lazy_gettext("Replies that wait"),
    "corrections": lazy_gettext("Corrections to decide"),
    "paper": lazy_gettext("Typed in once, waiting for a second person"),
}


def link_phrase(code: str) -> Phrase:
    """The state of a link: services.link_states.LinkStage, and so services.participant_list.ListedState."""
    return Phrase(stage_name(LinkStage(code)), _COLOURS.get(code, "neutral"))


def message_phrase(state: str, reason: str) -> Phrase:
    """What became of a message, and why where there is a word for it."""
    why = reason_name(reason)
    return Phrase(f"{state_name(state)}: {why}" if why else state_name(state), _COLOURS.get(state, "neutral"))


def request_phrase(code: str) -> Phrase:
    """What the holder of a link asked for."""
    text, colour = _REQUESTS[code]
    return Phrase(str(text), colour)


def paper_phrase(code: str) -> Phrase:
    """Where answers come from that are typed in."""
    return Phrase(str(_MODES[code]))


def waiting_phrase(code: str) -> str:
    """Why a visit waits for a person: services.waiting.Waiting."""
    return str(_WAITING[code])


def asker_name(role: str) -> str:
    """Who asks, by role."""
    known: dict[str, str] = {
        "participant": gettext("The participant"),
        "data-manager": gettext("Data manager"),
        "monitor": gettext("Monitor"),
    }
    return known[role]
