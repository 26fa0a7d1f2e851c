"""Reading addresses that a participant can be reached at."""

import re

import phonenumbers

_EMAIL = re.compile(
    r"[^\s@,;:<>()\[\]\"\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?\.[A-Za-z]{2,63}"
)


class AddressRefused(Exception):
    """The text is no address that a message can reach. The message says what is expected."""


def read_email(text: str) -> str:
    """One e-mail address, as it is written.

    Raises:
        AddressRefused: it is none, or more than one.
    """
    address = text.strip()
    if not _EMAIL.fullmatch(address) or ".." in address:
        raise AddressRefused(f"{text!r} is no e-mail address: write one, like name@hospital.example.")
    return address


def read_phone(text: str) -> str:
    """A phone number in E.164; a number without a country code is taken as Norwegian.

    Raises:
        AddressRefused: it is none that exists.
    """
    try:
        number = phonenumbers.parse(text, "NO")
    except phonenumbers.NumberParseException as error:
        raise AddressRefused(f"{text!r} is no phone number: write eight digits, or +47 first.") from error
    if not phonenumbers.is_valid_number(number):
        raise AddressRefused(f"{text!r} is no phone number that exists: write eight digits, or +47 first.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
