"""Codes as a member of staff reads them, in the language of the request, each with a colour for its tag."""

from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import format_date, format_datetime, get_locale, lazy_gettext

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


_LINKS = {
    "not_sent": (lazy_gettext("Not sent"), "neutral"),
    "queued": (lazy_gettext("In the queue"), "info"),
    "sent": (lazy_gettext("Sent"), "info"),
    "delivered": (lazy_gettext("Delivered"), "info"),
    "bounced": (lazy_gettext("Came back"), "danger"),
    "failed": (lazy_gettext("Could not be sent"), "danger"),
    "unknown": (lazy_gettext("Perhaps sent"), "danger"),
    "started": (lazy_gettext("Started"), "warning"),
    "submitted": (lazy_gettext("Sent in"), "success"),
    "expired": (lazy_gettext("Expired"), "warning"),
    "revoked": (lazy_gettext("Revoked"), "neutral"),
    "replaced": (lazy_gettext("Replaced"), "neutral"),
    "withdrawn": (lazy_gettext("Withdrawn"), "neutral"),
}
_REASONS = {
    "mailbox_full": lazy_gettext("the mailbox is full"),
    "unknown_address": lazy_gettext("there is no such address"),
    "address_refused": lazy_gettext("the address was refused"),
    "blocked": lazy_gettext("their mail server blocks us"),
}
_CHANNELS = {"email": lazy_gettext("E-mail"), "sms": lazy_gettext("SMS"), "paper": lazy_gettext("Paper")}
_KINDS = {
    "invitation": lazy_gettext("Invitation"),
    "reminder": lazy_gettext("Reminder"),
    "code": lazy_gettext("One-time code"),
    "safety": lazy_gettext("Safety message"),
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
    "paper": lazy_gettext("Typed in once, waiting for a second person"),
}


def link_phrase(code: str) -> Phrase:
    """The state of a link: services.participant_list.ListedState."""
    text, colour = _LINKS[code]
    return Phrase(str(text), colour)


def message_phrase(state: str, reason: str) -> Phrase:
    """What became of a message, with the reason where it is one that a person can act on."""
    words = str(_LINKS[state][0])
    return Phrase(f"{words}: {_REASONS[reason]}" if reason in _REASONS else words, "danger")


def channel_phrase(code: str) -> str:
    """What a message goes by."""
    return str(_CHANNELS[code])


def kind_phrase(code: str) -> str:
    """What a message is for."""
    return str(_KINDS[code])


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
