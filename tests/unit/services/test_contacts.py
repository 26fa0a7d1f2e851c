"""Addresses: what is one is kept, what is none is told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.services.participant_checks import AddressRefused, read_email, read_phone
from btb_pro.services.participant_faults import FaultCode


def fault_of(kind: str, text: str) -> FaultCode:
    with pytest.raises(AddressRefused) as caught:
        read_email(text) if kind == "email" else read_phone(text)
    return caught.value.fault.code


@pytest.mark.parametrize("text", ["40612345", "+47 406 12 345", "0047 40612345", "(+47) 406-12-345"])
def test_a_norwegian_number_is_read_however_it_is_written(text: str) -> None:
    assert read_phone(text) == "+4740612345"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("+46 70 123 45 67", FaultCode.PHONE_ABROAD),
        ("+1 202 555 0123", FaultCode.PHONE_ABROAD),
        ("070-123 45 67", FaultCode.PHONE_UNKNOWN),
        ("12", FaultCode.PHONE_UNKNOWN),
        ("=40612345", FaultCode.PHONE_ILLEGAL),
        ("-40612345", FaultCode.PHONE_ILLEGAL),
        ("tlf 40612345", FaultCode.PHONE_ILLEGAL),
        ("40612345\n40612346", FaultCode.PHONE_ILLEGAL),
        ("", FaultCode.PHONE_ILLEGAL),
    ],
)
def test_a_number_of_another_country_and_one_that_is_none_are_told_apart(text: str, code: FaultCode) -> None:
    assert fault_of("phone", text) is code


def test_a_study_may_reach_further() -> None:
    assert read_phone("+46 70 123 45 67", ("NO", "SE")) == "+46701234567"
    assert read_phone("40612345", ("NO", "SE")) == "+4740612345"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a@hospital.example\nBcc: b@hospital.example", FaultCode.EMAIL_HAS_LINE_BREAK),
        ("a@hospital.example\rb", FaultCode.EMAIL_HAS_LINE_BREAK),
        ("=a@hospital.example", FaultCode.EMAIL_ILLEGAL),
        ("@hospital.example", FaultCode.EMAIL_ILLEGAL),
        ("a\0@hospital.example", FaultCode.EMAIL_ILLEGAL),
        ("a@hospital.example, b@hospital.example", FaultCode.EMAIL_ILLEGAL),
        ("a" * 64 + "@" + "b." * 120 + "example", FaultCode.EMAIL_ILLEGAL),
    ],
)
def test_what_is_no_one_address_is_refused(text: str, code: FaultCode) -> None:
    assert fault_of("email", text) is code


@given(st.text(max_size=60))
def test_whatever_is_typed_is_an_address_on_one_line_or_is_refused(text: str) -> None:
    for reader in (read_email, read_phone):
        try:
            address = reader(text)
        except AddressRefused:
            continue
        assert address.isprintable()
        assert address[0] not in "=-@"
