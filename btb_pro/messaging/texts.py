"""What messages say, in each language.

A message is read by whoever picks up the phone. It says that the hospital asks for answers, and nothing of
the study, the illness or the person; `forbidden_words` is the rule, and a test holds every text against it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from html import escape

from btb_pro.i18n import Words, words_of
from btb_pro.messaging.sms_parts import arrange_sms


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text may hold. There is no name here, no study, no visit and no answer, so that none gets in."""

    asker: str
    """Who asks: the hospital, in the language of the text."""
    phone: str = ""
    """Where the reader can ring."""
    link: str = ""
    minutes: int = 0
    last_day: date | None = None
    """On which the link still works."""
    stop_link: str = ""
    code: str = ""
    """A one-time code."""
    study_number: str = ""
    """Only for the safety contact, who knows the participant by it."""
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A message in words."""

    subject: str
    text: str
    html: str
    sms: str


@dataclass(frozen=True, slots=True)
class _Pieces:
    subject: str
    before: tuple[str, ...]
    link: str
    after: tuple[str, ...]
    sms_before: str
    sms_after: str


def write_message(kind: str, language: str, facts: Facts) -> Written:
    """The words of a message of a kind: invitation, reminder, code, safety or staff_link.

    Raises:
        KeyError: there is no such kind, or no such language.
    """
    words = words_of(language)
    pieces = _KINDS[kind](words, facts)
    mark = words.gettext("TEST: ") if facts.is_test else ""
    sms = arrange_sms(mark + pieces.sms_before, pieces.link, pieces.sms_after)
    return Written(
        subject=mark + pieces.subject,
        text=_plain(pieces, facts, words),
        html=_html(pieces, facts, words),
        sms=sms,
    )


def _invitation(words: Words, facts: Facts) -> _Pieces:
    return _asking(
        words,
        facts,
        subject=words.gettext("Questions for you from %(asker)s", asker=facts.asker),
        opening=words.gettext("%(asker)s asks you to answer some questions.", asker=facts.asker),
        sms=words.gettext("%(asker)s asks you to answer some questions:", asker=facts.asker),
    )


def _reminder(words: Words, facts: Facts) -> _Pieces:
    return _asking(
        words,
        facts,
        subject=words.gettext("A reminder from %(asker)s", asker=facts.asker),
        opening=words.gettext(
            "%(asker)s reminds you of some questions that we have not had your answers to yet.",
            asker=facts.asker,
        ),
        sms=words.gettext("A reminder from %(asker)s: your questions are waiting:", asker=facts.asker),
    )


def _asking(words: Words, facts: Facts, *, subject: str, opening: str, sms: str) -> _Pieces:
    minutes = words.ngettext(
        "It takes about %(num)d minute.", "It takes about %(num)d minutes.", facts.minutes
    )
    until = ""
    if facts.last_day is not None:
        until = words.gettext("You can answer until %(day)s.", day=words.day(facts.last_day))
    stay = words.gettext("You can pause and go on later with the same link.")
    own = words.gettext("The link is yours alone: do not send it on.")
    ring = words.gettext("Do you have a question? Ring %(phone)s.", phone=facts.phone)
    return _Pieces(
        subject=subject,
        before=(opening, " ".join(one for one in (minutes, until) if one)),
        link=facts.link,
        after=(stay, own, ring),
        sms_before=sms,
        sms_after=" ".join(one for one in (until, words.gettext("Ring %(phone)s", phone=facts.phone)) if one),
    )


def _code(words: Words, facts: Facts) -> _Pieces:
    code = words.gettext("Your code is %(code)s.", code=facts.code)
    why = words.gettext("Somebody, most likely you, has just asked for it in order to go on answering.")
    never = words.gettext("Tell it to nobody. We never ask you for it.")
    return _Pieces(
        subject=words.gettext("Your code from %(asker)s", asker=facts.asker),
        before=(code, why, never),
        link="",
        after=(),
        sms_before=words.gettext("%(code)s is your code from %(asker)s.", code=facts.code, asker=facts.asker),
        sms_after=never,
    )


def _safety(words: Words, facts: Facts) -> _Pieces:
    call = words.gettext(
        "Participant %(number)s needs a call under the safety procedure of the study.",
        number=facts.study_number,
    )
    where = words.gettext("Sign in to say that you have taken it in hand:")
    return _Pieces(
        subject=words.gettext("A participant needs a call"),
        before=(call, where),
        link=facts.link,
        after=(),
        sms_before=f"{call} {where}",
        sms_after="",
    )


def _staff_link(words: Words, facts: Facts) -> _Pieces:
    opening = words.gettext(
        "You may choose a password for the study's web pages at %(asker)s:", asker=facts.asker
    )
    once = words.gettext("The link works once. If you did not expect it, do nothing and tell us.")
    return _Pieces(
        subject=words.gettext("Choose your password"),
        before=(opening,),
        link=facts.link,
        after=(once,),
        sms_before=opening,
        sms_after="",
    )


_KINDS: Mapping[str, Callable[[Words, Facts], _Pieces]] = {
    "invitation": _invitation,
    "reminder": _reminder,
    "code": _code,
    "safety": _safety,
    "staff_link": _staff_link,
}
KINDS = tuple(_KINDS)


def _signature(facts: Facts) -> str:
    return f"{facts.asker}\n{facts.phone}" if facts.phone else facts.asker


def _stop_sentence(words: Words) -> str:
    return words.gettext("Would you like no more messages from us?")


def _plain(pieces: _Pieces, facts: Facts, words: Words) -> str:
    blocks = [*pieces.before, *([pieces.link] if pieces.link else []), *pieces.after, _signature(facts)]
    if facts.is_test:
        blocks.insert(0, words.gettext("This is a test. No real answers belong here."))
    if facts.stop_link:
        blocks.append(f"{_stop_sentence(words)} {facts.stop_link}")
    return "\n\n".join(blocks) + "\n"


def _html(pieces: _Pieces, facts: Facts, words: Words) -> str:
    blocks = [escape(block) for block in pieces.before]
    if facts.is_test:
        blocks.insert(0, f"<b>{escape(words.gettext('This is a test. No real answers belong here.'))}</b>")
    if pieces.link:
        link = escape(pieces.link)
        # The address itself is what is shown: a reader can see where it leads.
        blocks.append(f'<a href="{link}">{link}</a>')
    blocks += [escape(block) for block in pieces.after]
    blocks.append(escape(_signature(facts)).replace("\n", "<br>"))
    if facts.stop_link:
        stop = escape(facts.stop_link)
        blocks.append(f'<small>{escape(_stop_sentence(words))} <a href="{stop}">{stop}</a></small>')
    body = "".join(f"<p>{block}</p>\n" for block in blocks)
    return (
        f'<!doctype html>\n<html lang="{words.language}">\n<head><meta charset="utf-8">'
        f"<title>{escape(pieces.subject)}</title></head>\n<body>\n{body}</body>\n</html>\n"
    )


_FORBIDDEN = re.compile(
    r"\b(?:"
    # of the body and the mind
    r"pain\w*|smert\w*|vondt|verk\w*|back(?:s|ache)?|rygg\w*|depres\w*|angst\w*|anxi\w*|mental\w*|psyk\w*|fatigue"
    # of illness and its treatment
    r"|ill(?:ness\w*)?|disease\w*|diagnos\w*|sykdom\w*|syk|health\w*|helse\w*|treat(?:ment)?\w*|behandl\w*|infusion\w*"
    r"|infusjon\w*|infliximab|placebo|drug\w*|medic\w*|medisin\w*|legemid\w*|patient\w*|pasient\w*|symptom\w*"
    # of the study
    r"|trial\w*|fors[øo]k\w*|backtobasic|modic\w*|questionnaire\w*|sp[øo]rreskjema\w*"
    r")\b",
    re.IGNORECASE,
)


def forbidden_words(text: str) -> list[str]:
    """Words of a text that tell a bystander about somebody's health or study, in the order they stand."""
    return _FORBIDDEN.findall(text)
