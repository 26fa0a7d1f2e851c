"""Finding what is wrong with what is said of a new participant, the addresses to reach them at included."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import phonenumbers
from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.participant import Participant
from btb_pro.services.participant_faults import Fault, FaultCode, told
from btb_pro.study import Study

FARTHEST_DAYS = 3660
"""A day that lies farther off than this, about ten years, is a mistyped year."""
_STUDY_NUMBER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,24}[A-Za-z0-9])?")
_LOOKS_LIKE_A_PERSON = re.compile(r"\d{8,}")
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_NORWEGIAN_DAY = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
# Words that stand where a study number stands in an address of the console.
_RESERVED = frozenset({"new", "import"})


class DayRefused(Exception):
    """The text is no day that a study counts from."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.code.value)


@dataclass(frozen=True, slots=True)
class NewParticipant:
    """What is said of a participant who is to be added; empty texts mean that it was not said."""

    study_number: str
    site: str
    language: str = ""
    email: str = ""
    phone: str = ""
    day0: str = ""


def find_faults(
    session: Session, study: Study, new: NewParticipant, sites: Collection[str] | None = None
) -> list[Fault]:
    """Everything that is wrong with what was given for a participant; empty when it can be added.

    `sites` are the codes that whoever adds may add to; None for all.
    """
    known = select(Participant.id).where(Participant.study_number == new.study_number.strip())
    faults = find_faults_of_form(study, new, sites)
    if session.execute(known).first():
        faults.append(Fault(FaultCode.STUDY_NUMBER_TAKEN, "id", new.study_number.strip()))
    return faults


def find_faults_of_form(study: Study, new: NewParticipant, sites: Collection[str] | None) -> list[Fault]:
    """What is wrong whoever else takes part already."""
    may = [site.code for site in study.sites if sites is None or site.code in sites]
    faults = [
        *_study_number_faults(new.study_number.strip()),
        *_choice_faults(FaultCode.SITE_UNKNOWN, "site", new.site, may),
    ]
    if new.language:
        faults += _choice_faults(FaultCode.LANGUAGE_UNKNOWN, "language", new.language, study.languages)
    try:
        if new.email:
            read_email(new.email)
    except AddressRefused as error:
        faults.append(error.fault)
    try:
        if new.phone:
            read_phone(new.phone, study.phone_countries)
    except AddressRefused as error:
        faults.append(error.fault)
    try:
        if new.day0:
            read_day(new.day0)
    except DayRefused as error:
        faults.append(error.fault)
    return faults


def read_day(text: str) -> date:
    """A day written as 2026-01-31 or, the Norwegian way, 31.1.2026.

    Raises:
        DayRefused: it is none, or lies too far off.
    """
    day = _written_day(text.strip())
    if day is None:
        raise DayRefused(Fault(FaultCode.DAY_ILLEGAL, "day0", text))
    if abs((day - clock.today()).days) > FARTHEST_DAYS:
        raise DayRefused(Fault(FaultCode.DAY_FAR, "day0", text))
    return day


def looks_like_a_person(text: str) -> bool:
    """Whether a text holds eight digits or more in a row, as birth and phone numbers have."""
    return _LOOKS_LIKE_A_PERSON.search(text) is not None


def _written_day(text: str) -> date | None:
    try:
        if found := _ISO_DAY.fullmatch(text):
            return date(*map(int, found.groups()))
        if found := _NORWEGIAN_DAY.fullmatch(text):
            day, month, year = map(int, found.groups())
            return date(year, month, day)
    except ValueError:
        return None
    return None


def _study_number_faults(number: str) -> list[Fault]:
    if not _STUDY_NUMBER.fullmatch(number) or number in _RESERVED:
        return [Fault(FaultCode.STUDY_NUMBER_ILLEGAL, "id", number)]
    if looks_like_a_person(number):
        return [Fault(FaultCode.STUDY_NUMBER_PERSONAL, "id", number)]
    return []


def _choice_faults(code: FaultCode, column: str, given: str, allowed: Sequence[str]) -> list[Fault]:
    return [] if given in allowed else [Fault(code, column, given, tuple(allowed))]


NORWAY = ("NO",)

# None begins with a sign that a spreadsheet takes for a formula, though the standard would let it.
_EMAIL = re.compile(
    r"(?![=+@-])[^\s@,;:<>()\[\]\"\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?\.[A-Za-z]{2,63}"
)
# The library finds a number in nearly any text; here the whole text must be one.
_PHONE = re.compile(r"[+(]{0,2}[0-9][0-9 ().\-\u00a0]{0,40}")
_LONGEST_EMAIL = 254


class AddressRefused(Exception):
    """The text is no address that a message can reach. The message says what is expected."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(told(fault))


def read_email(text: str) -> str:
    """One e-mail address, as it is written.

    Raises:
        AddressRefused: it is none, or more than one.
    """
    address = text.strip()
    if "\n" in address or "\r" in address:
        raise AddressRefused(Fault(FaultCode.EMAIL_HAS_LINE_BREAK, "email", text))
    is_one = _EMAIL.fullmatch(address) and ".." not in address and address.isprintable()
    if not is_one or len(address) > _LONGEST_EMAIL:
        raise AddressRefused(Fault(FaultCode.EMAIL_ILLEGAL, "email", text))
    return address


def read_phone(text: str, countries: Sequence[str] = NORWAY) -> str:
    """A phone number in E.164; one without a country code is taken as of the first country.

    Raises:
        AddressRefused: it is none that exists, or of another country than those.
    """
    try:
        number = phonenumbers.parse(text, countries[0])
    except phonenumbers.NumberParseException as error:
        raise AddressRefused(Fault(FaultCode.PHONE_ILLEGAL, "phone", text)) from error
    if not _PHONE.fullmatch(text.strip()):
        raise AddressRefused(Fault(FaultCode.PHONE_ILLEGAL, "phone", text))
    if number.country_code not in [phonenumbers.country_code_for_region(one) for one in countries]:
        wanted = tuple(f"+{phonenumbers.country_code_for_region(one)}" for one in countries)
        raise AddressRefused(Fault(FaultCode.PHONE_ABROAD, "phone", text, wanted))
    if not phonenumbers.is_valid_number(number):
        raise AddressRefused(Fault(FaultCode.PHONE_UNKNOWN, "phone", text))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
