"""Reading addresses that a participant can be reached at."""

import re
from collections.abc import Sequence

import phonenumbers

from btb_pro.services.participant_faults import Fault, FaultCode, told

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
