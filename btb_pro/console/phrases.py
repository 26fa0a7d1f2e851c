"""Codes as a member of staff reads them, in the language of the request, each with a colour for its tag."""

from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import format_date, format_datetime, get_locale, gettext

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


def link_phrase(code: str) -> Phrase:
    """The state of a link: services.participant_list.ListedState."""
    known = {
        "not_sent": Phrase(gettext("Not sent")),
        "queued": Phrase(gettext("In the queue"), "info"),
        "sent": Phrase(gettext("Sent"), "info"),
        "delivered": Phrase(gettext("Delivered"), "info"),
        "bounced": Phrase(gettext("Came back"), "danger"),
        "failed": Phrase(gettext("Could not be sent"), "danger"),
        "unknown": Phrase(gettext("Perhaps sent"), "danger"),
        "started": Phrase(gettext("Started"), "warning"),
        "submitted": Phrase(gettext("Sent in"), "success"),
        "expired": Phrase(gettext("Expired"), "warning"),
        "revoked": Phrase(gettext("Revoked")),
        "replaced": Phrase(gettext("Replaced")),
        "withdrawn": Phrase(gettext("Withdrawn")),
    }
    return known.get(code, Phrase(code))


def message_phrase(state: str, reason: str) -> Phrase:
    """What became of a message, with the reason where it is one that a person can act on."""
    reasons = {
        "mailbox_full": gettext("the mailbox is full"),
        "unknown_address": gettext("there is no such address"),
        "address_refused": gettext("the address was refused"),
        "blocked": gettext("their mail server blocks us"),
    }
    state_words = link_phrase(state).text
    words = f"{state_words}: {reasons[reason]}" if reason in reasons else state_words
    return Phrase(words, "danger")


def channel_phrase(code: str) -> str:
    """What a message goes by."""
    known: dict[str, str] = {"email": gettext("E-mail"), "sms": gettext("SMS"), "paper": gettext("Paper")}
    return known.get(code, code)


def kind_phrase(code: str) -> str:
    """What a message is for."""
    known: dict[str, str] = {
        "invitation": gettext("Invitation"),
        "reminder": gettext("Reminder"),
        "code": gettext("One-time code"),
        "safety": gettext("Safety message"),
    }
    return known.get(code, code)


def request_phrase(code: str) -> Phrase:
    """What the holder of a link asked for."""
    known = {
        "new_link": Phrase(gettext("Wants a new link"), "info"),
        "not_me": Phrase(gettext("Went to the wrong person"), "danger"),
        "stop": Phrase(gettext("Wants no more reminders"), "warning"),
        "mistake": Phrase(gettext("Wants something corrected"), "info"),
    }
    return known[code]


def paper_phrase(code: str) -> Phrase:
    """Where answers come from that are typed in."""
    known = {"paper": gettext("Paper form"), "phone_interview": gettext("Phone interview")}
    return Phrase(known[code])


def waiting_phrase(code: str) -> str:
    """Why a visit waits for a person: services.waiting.Waiting."""
    known: dict[str, str] = {
        "safety": gettext("Participants who need a call"),
        "failed": gettext("Messages that did not arrive"),
        "ahead": gettext("Visits in the next seven days with answers missing"),
        "expiring": gettext("Links that expire soon"),
        "stopped": gettext("Started and stopped"),
        "replies": gettext("Replies that wait"),
        "paper": gettext("Typed in once, waiting for a second person"),
    }
    return known[code]
